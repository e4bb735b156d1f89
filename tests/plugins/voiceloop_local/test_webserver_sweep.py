"""Whom the web server drops in time."""

import pytest

from voiceloop_local.webserver import WebServer


class Line:
    """A connection and its transport in one."""

    def __init__(self, *unread, closing=True):
        self._unread = list(unread)
        self._closing = closing
        self.aborted = False
        self.transport = self

    def is_closing(self):
        return self._closing

    def get_write_buffer_size(self):
        return self._unread.pop(0)

    def abort(self):
        self.aborted = True


@pytest.mark.parametrize(
    ("line", "dropped"),
    [
        (Line(900, 900), True),  # was hung up on, and reads nothing
        (Line(900, 400), False),  # reads slowly
        (Line(900, 900, closing=False), False),  # may be sent more
    ],
)
def test_only_who_was_hung_up_on_and_reads_nothing_is_dropped(line, dropped):
    server = WebServer(None)
    server.server_state.connections.add(line)
    server.sweep()
    assert not line.aborted
    server.sweep()
    assert line.aborted is dropped
