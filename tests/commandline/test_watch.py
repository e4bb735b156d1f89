from __future__ import annotations

import asyncio
import os
import sys

import pytest

from voiceloop.commandline import watch as module
from voiceloop.commandline.watch import WATCHED, Watcher, changed, gateway_of, stamps, watch
from voiceloop.embedded import EmbeddedGateway
from voiceloop.errors import SettingsError, UsageError
from voiceloop.sources import Origins

CHILD = """
import os, signal, sys
log = open(os.environ["LOG"], "a", buffering=1)
def leave(number, frame):
    log.write("asked to leave\\n")
    sys.exit(143)
if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, leave)
text = open("agent.txt").read()
log.write(f"started {text}\\n")
if text.startswith("status"):
    sys.exit(int(text.split()[1]))
if text == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
signal.pause()
"""


class Room:
    """A watched file, a child that writes down what happens to it, and what the watcher tells."""

    def __init__(self, folder, **environ):
        self.file = folder / "agent.txt"
        self.log = folder / "log.txt"
        self.log.write_text("")
        self.environ = {**os.environ, "LOG": str(self.log), **environ}
        self.told = []
        self.watcher = Watcher([self.file], [sys.executable, "-c", CHILD], self.told.append)
        self._holding = None

    def save(self, text):
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)  # as editors do

    def begin(self, text):
        self.save(text)
        self._holding = asyncio.get_running_loop().create_task(self.watcher.hold(self.environ))

    async def logged(self, *lines):
        async with asyncio.timeout(10):
            while self.log.read_text().splitlines() != list(lines):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.01)

    async def says(self, text):
        async with asyncio.timeout(10):
            while text not in self.told:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def status(self):
        async with asyncio.timeout(10):
            return await self._holding

    def cancel(self):
        self._holding.cancel()


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.02)
    return Room(tmp_path)


@pytest.mark.real
async def test_a_save_asks_the_child_to_leave_and_starts_another(room):
    room.begin("one")
    await room.logged("started one")
    room.save("two")
    await room.logged("started one", "asked to leave", "started two")
    assert room.told == ["Saved: starting again."]
    room.watcher.stop("terminated")
    assert await room.status() == 143
    await room.logged("started one", "asked to leave", "started two", "asked to leave")


@pytest.mark.real
async def test_a_child_that_ends_by_itself_ends_the_watch_with_its_status(room):
    room.begin("status 0")
    assert await room.status() == 0
    assert room.told == []


@pytest.mark.real
async def test_a_child_that_was_killed_ends_it_as_a_shell_would_tell(room):
    room.begin("killed")
    assert await room.status() == 137


@pytest.mark.real
@pytest.mark.parametrize("status", [1, 2, 3])
async def test_a_mistake_in_a_file_waits_for_the_next_save(room, status):
    room.begin(f"status {status}")
    await room.says("Waiting for a file to be saved; Ctrl-C ends.")
    room.save("better")
    await room.logged(f"started status {status}", "started better")
    room.watcher.stop("hung_up")
    assert await room.status() == 143


@pytest.mark.real
@pytest.mark.parametrize("status", [4, 5, 6])
async def test_what_no_save_puts_right_ends_it(room, status):
    room.begin(f"status {status}")
    assert await room.status() == status


@pytest.mark.real
async def test_while_it_waits_a_signal_ends_it_at_once(room):
    room.begin("status 2")
    await room.says("Waiting for a file to be saved; Ctrl-C ends.")
    assert not room.watcher.stop("interrupted")  # nobody to wait for: the caller cancels
    room.cancel()
    with pytest.raises(asyncio.CancelledError):
        await room.status()


@pytest.mark.real
async def test_cancelling_ends_the_child(room):
    room.begin("one")
    await room.logged("started one")
    room.cancel()
    with pytest.raises(asyncio.CancelledError):
        await room.status()
    await room.logged("started one", "asked to leave")


@pytest.mark.real
async def test_a_child_that_does_not_leave_is_ended_all_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(module, "LEAVE_WITHIN_S", 0.1)
    room = Room(tmp_path, STUBBORN="1")
    room.begin("one")
    await room.logged("started one")
    room.save("two")
    await room.logged("started one", "started two")
    room.cancel()
    with pytest.raises(asyncio.CancelledError):
        await room.status()


def test_a_file_that_is_gone_is_being_replaced(tmp_path):
    here, gone = tmp_path / "here", tmp_path / "gone"
    here.write_text("1")
    gone.write_text("1")
    before = stamps([here, gone])
    gone.unlink()
    assert not changed(before, stamps([here, gone]))
    gone.write_text("12")
    assert changed(before, stamps([here, gone]))


def test_a_file_that_appears_was_saved(tmp_path):
    path = tmp_path / ".env"
    before = stamps([path])
    path.write_text("")
    assert changed(before, stamps([path]))


def test_there_must_be_a_file_to_watch():
    with pytest.raises(UsageError, match=r"name AGENT\.py or --config FILE"):
        watch(Origins(), None, None, print)


def test_settings_that_are_wrong_from_the_start_are_told_at_once(tmp_path):
    config = tmp_path / "a.toml"
    config.write_text("[realtime]\nmodle = 1\n")
    with pytest.raises(SettingsError, match="line 2"):
        watch(Origins(config=config), None, None, print)


def test_the_child_finds_the_watchers_gateway():
    assert gateway_of({WATCHED: "http://127.0.0.1:1 key"}) == EmbeddedGateway("http://127.0.0.1:1", "key")
    assert gateway_of({WATCHED: "-"}) is None
    assert gateway_of({}) is None
