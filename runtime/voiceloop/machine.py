"""What differs between operating systems, in one place: paths, signals, the event loop, child processes, file modes.

Linux is what the tests run on. macOS and Windows follow what their documentation says.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "BUSY_HINT",
    "MICROPHONE_HINT",
    "PORTAUDIO_HINT",
    "SIGNAL_REASONS",
    "SOUND_PERMISSION_HINT",
    "SOUND_SERVER_HINT",
    "child_options",
    "data_dir",
    "on_signals",
    "politely_stop",
    "private_file",
    "run_loop",
]

WINDOWS = sys.platform == "win32"
MACOS = sys.platform == "darwin"

SIGNAL_REASONS = {
    number: reason
    for name, reason in (("SIGINT", "interrupted"), ("SIGTERM", "terminated"), ("SIGHUP", "hung_up"))
    if (number := getattr(signal, name, None)) is not None
}
"""The signals that end a conversation politely, and the reason each gives. Windows has no SIGHUP."""

BACKGROUND_READ = getattr(signal, "SIGTTIN", None)
"""What stops a process in the background that reads from its terminal; Windows has none."""

PORTAUDIO_HINT = (
    "brew install portaudio"
    if MACOS
    else "pip install --force-reinstall sounddevice"  # its wheels for Windows bring the library
    if WINDOWS
    else "sudo apt-get install libportaudio2"
)
MICROPHONE_HINT = (
    "allow it under System Settings, Privacy & Security, Microphone, for the terminal you use"
    if MACOS
    else "allow it under Settings, Privacy & security, Microphone, for desktop apps"
    if WINDOWS
    else "see whether it is muted (pavucontrol, alsamixer), or choose another: voiceloop devices"
)
"""What to do about a microphone that gives nothing but zeros."""
BUSY_HINT = (
    "close the program that took it for itself (Audio MIDI Setup shows it)"
    if MACOS
    else "close that program, or forbid exclusive control in the device's properties under Sound"
    if WINDOWS
    else "close that program (fuser -v /dev/snd/* names it), or share it through the sound server: device default"
)
"""What to do about a device that another program holds."""
SOUND_PERMISSION_HINT = None if MACOS or WINDOWS else "sudo usermod -aG audio $USER, then log in again"
"""How to be let to the sound devices; None where there is only the microphone's own permission."""
SOUND_SERVER_HINT = (
    "restart it: sudo killall coreaudiod"
    if MACOS
    else "restart the service Windows Audio"
    if WINDOWS
    else "restart it: systemctl --user restart pipewire pipewire-pulse, or pulseaudio --start"
)


# Paths ---------------------------------------------------------------------------------------------------------------


def data_dir(environ: Mapping[str, str]) -> Path:
    """Return where an application keeps files of its user: XDG, Application Support, or AppData."""
    if WINDOWS:
        local = environ.get("LOCALAPPDATA", "")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "voiceloop"
    if MACOS:
        return Path.home() / "Library" / "Application Support" / "voiceloop"
    home = environ.get("XDG_DATA_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".local" / "share") / "voiceloop"


def private_file(path: Path) -> int:
    """Open a file for writing, empty and readable by its owner alone, and return its descriptor. Raises OSError.

    Windows has no such modes: there a file has the rights of its folder, which in a home are the owner's.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o600)
    if path.is_file() and hasattr(os, "fchmod"):  # a file that was there keeps its mode otherwise
        os.fchmod(descriptor, 0o600)
    return descriptor


# Processes -----------------------------------------------------------------------------------------------------------


def run_loop(work: Coroutine[Any, Any, int]) -> int:
    """Run a coroutine on uvloop where it is installed, else on asyncio's own loop; uvloop has no Windows build."""
    try:
        import uvloop  # noqa: PLC0415 - it does not install everywhere
    except ImportError:
        return asyncio.run(work)
    status: int = uvloop.run(work)
    return status


def on_signals(take: Callable[[int], None]) -> None:
    """Call `take` on the running loop for each signal that ends a conversation.

    Windows knows no such handlers: there Ctrl-C arrives as KeyboardInterrupt. Put into the background, a process reads
    no more from its terminal instead of being stopped.
    """
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):
        for number in SIGNAL_REASONS:
            loop.add_signal_handler(number, take, number)
    if BACKGROUND_READ is not None:
        signal.signal(BACKGROUND_READ, signal.SIG_IGN)


def child_options() -> Mapping[str, Any]:
    """Return the options of a child process that Ctrl-C in the terminal must not reach: it is for us alone."""
    return {"creationflags": 0x200} if WINDOWS else {"start_new_session": True}  # CREATE_NEW_PROCESS_GROUP


def politely_stop(process: asyncio.subprocess.Process) -> None:
    """Ask a child to end; on Windows, where nobody can be asked, end it."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
