"""`voiceloop talk --watch`: the conversation starts again whenever the agent or its settings are saved.

Each conversation is a child process with this terminal, so nothing of the old agent is left behind. The embedded
gateway belongs to the watcher: its models are loaded once.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from voiceloop.backend import embedded_backend
from voiceloop.commandline.running import run
from voiceloop.embedded import EmbeddedGateway
from voiceloop.errors import UsageError
from voiceloop.machine import politely_stop
from voiceloop.sources import Origins, read_settings

__all__ = ["WATCHED", "gateway_of", "watch"]

WATCHED = "VOICELOOP_WATCHED"
"""Set in the child: base URL and key of the watcher's gateway, or `-` where there is none."""
NO_GATEWAY = "-"
LOOK_EVERY_S = 0.3
LEAVE_WITHIN_S = 1.5
MISTAKES = (1, 2, 3)
"""Exit statuses that the next save may put right: the watcher waits for it."""

Stamp = tuple[int, int]


def gateway_of(environ: Mapping[str, str]) -> EmbeddedGateway | None:
    """Return the watcher's gateway, in its child."""
    base_url, _, key = environ.get(WATCHED, NO_GATEWAY).partition(" ")
    return EmbeddedGateway(base_url, key) if key else None


def watch(origins: Origins, agent_file: Path | None, brain: str | None, tell: Callable[[str], None]) -> int:
    """Hold one conversation after the other until one ends by itself; return its exit status.

    Raises UsageError where there is no file to watch, and SettingsError for settings that are wrong from the start.
    """
    named = [path for path in (agent_file, origins.config) if path is not None]
    if not named:
        raise UsageError("--watch waits for a file to be saved: name AGENT.py or --config FILE")
    files = [*named, origins.folder / ".env"]
    embedded = read_settings(origins).settings.backend.base_url is None
    watcher = Watcher(files, [sys.executable, *sys.orig_argv[1:]], tell)

    async def work() -> int:
        async with contextlib.AsyncExitStack() as stack:
            handed = NO_GATEWAY
            if embedded:
                gateway = await embedded_backend(stack, tell, brain=brain)
                handed = f"{gateway.base_url} {gateway.key}"
            return await watcher.hold({**origins.environ, WATCHED: handed})

    return run(work, polite=watcher.stop)


class Watcher:
    """Starts a command again whenever one of some files is saved, and ends with it when it ends by itself."""

    def __init__(self, files: Sequence[Path], command: Sequence[str], tell: Callable[[str], None]) -> None:
        self._files = files
        self._command = command
        self._tell = tell
        self._child: asyncio.subprocess.Process | None = None
        self._stopping = False

    def stop(self, reason: str) -> bool:
        """Take a signal; Ctrl-C reached the child too, through the terminal. Whether there is a child to wait for."""
        self._stopping = True
        if self._child is None:
            return False
        if reason != "interrupted":
            politely_stop(self._child)
        return True

    async def hold(self, environ: Mapping[str, str]) -> int:
        """Run the command until it ends by itself and return its exit status. Cancelling ends it."""
        while True:
            before = stamps(self._files)
            self._child = child = await asyncio.create_subprocess_exec(*self._command, env=environ)
            try:
                saved = await self._saved(before, child)
            finally:
                await self._end(child)
            self._child = None
            status = child.returncode or 0
            if self._stopping or (not saved and status not in MISTAKES):
                return status if status >= 0 else 128 - status
            if not saved:
                self._tell("Waiting for a file to be saved; Ctrl-C ends.")
                await self._saved(before)
            self._tell("Saved: starting again.")

    async def _saved(self, before: Mapping[Path, Stamp], child: asyncio.subprocess.Process | None = None) -> bool:
        """Wait until a file was saved, or until the child ended by itself; tells which."""
        while not self._stopping and not changed(before, stamps(self._files)):
            if child is None:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await child.wait()
                    return False
        return not self._stopping

    async def _end(self, child: asyncio.subprocess.Process) -> None:
        """Ask the child to end, wait for it, and end it for good when it does not."""
        if child.returncode is None and not self._stopping:  # else it was asked already
            politely_stop(child)
        for insist in (politely_stop, end_for_good):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_WITHIN_S):
                    await child.wait()
                    return
            insist(child)
        await child.wait()


def end_for_good(child: asyncio.subprocess.Process) -> None:
    """End a child that is perhaps gone."""
    with contextlib.suppress(ProcessLookupError):
        child.kill()


def stamps(files: Sequence[Path]) -> dict[Path, Stamp]:
    """Return when each file was saved and how long it is, for those that are there."""
    found = {}
    for path in files:
        with contextlib.suppress(OSError):
            status = path.stat()
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def changed(before: Mapping[Path, Stamp], now: Mapping[Path, Stamp]) -> bool:
    """Whether a file was saved. One that is gone is being replaced: its editor will bring it back."""
    return any(stamp != before.get(path) for path, stamp in now.items())
