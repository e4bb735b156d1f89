"""What a line is told about the place it runs in."""

from __future__ import annotations

from voiceloop.devices.context import LineContext


def test_warnings_go_to_the_log_unless_someone_takes_them(caplog):
    LineContext().warn("recording_stopped", "the disk is full")
    assert caplog.messages == ["recording_stopped: the disk is full"]
