from __future__ import annotations

import asyncio
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from voiceloop import machine

HOME = Path.home()


@pytest.fixture
def on(monkeypatch):
    """Pretend to be another system."""

    def pretend(*, windows=False, macos=False):
        monkeypatch.setattr(machine, "WINDOWS", windows)
        monkeypatch.setattr(machine, "MACOS", macos)

    return pretend


@pytest.mark.parametrize(
    ("system", "environ", "folder"),
    [
        ({}, {"XDG_DATA_HOME": "/data"}, Path("/data/voiceloop")),
        ({}, {"XDG_DATA_HOME": "relative"}, HOME / ".local/share/voiceloop"),
        ({}, {}, HOME / ".local/share/voiceloop"),
        ({"macos": True}, {"XDG_DATA_HOME": "/data"}, HOME / "Library/Application Support/voiceloop"),
        ({"windows": True}, {"LOCALAPPDATA": "/users/a/local"}, Path("/users/a/local/voiceloop")),
        ({"windows": True}, {}, HOME / "AppData/Local/voiceloop"),
    ],
)
def test_files_are_kept_where_the_system_keeps_them(on, system, environ, folder):
    on(**system)
    assert machine.data_dir(environ) == folder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_a_private_file_is_its_owners_even_when_it_was_everybodys(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    with open(machine.private_file(path), "w") as file:  # noqa: PTH123 - a descriptor
        file.write("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "new"


def test_a_private_file_is_empty_where_modes_cannot_be_set(tmp_path, monkeypatch):
    monkeypatch.delattr(machine.os, "fchmod")
    path = tmp_path / "file"
    path.write_text("old")
    machine.os.close(machine.private_file(path))
    assert path.read_text() == ""


def test_ctrl_c_does_not_reach_a_child_of_ours(on):
    assert machine.child_options() == {"start_new_session": True}
    on(windows=True)
    flag = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200)
    assert machine.child_options() == {"creationflags": flag}


def test_every_signal_that_ends_a_conversation_has_a_reason():
    assert machine.SIGNAL_REASONS[signal.SIGINT] == "interrupted"
    assert machine.SIGNAL_REASONS[signal.SIGTERM] == "terminated"


async def test_a_system_without_signal_handlers_is_left_as_it_is(monkeypatch):
    def refuse(number, callback, *arguments):
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", refuse)
    monkeypatch.setattr(machine, "BACKGROUND_READ", None)
    machine.on_signals(print)


def test_stock_asyncio_runs_where_uvloop_has_no_build(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)

    async def work():
        return int(type(asyncio.get_running_loop()).__module__.startswith("asyncio"))

    assert machine.run_loop(work()) == 1


@pytest.mark.real
async def test_a_child_that_is_gone_can_be_asked_to_leave():
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await child.wait()
    machine.politely_stop(child)
    assert child.returncode == 0


def test_other_modules_do_not_look_at_the_system_themselves():
    """What differs between systems stands in machine.py; these names tell that somebody decides elsewhere."""
    names = ("sys.platform", "os.name", "platform.system", "os.uname", "add_signal_handler", "start_new_session")
    root = Path(machine.__file__).parent
    found = [
        f"{path.relative_to(root)}: {name}"
        for path in root.rglob("*.py")
        if path.name != "machine.py"
        for name in names
        if name in path.read_text("utf-8")
    ]
    assert found == []
