"""`voiceloop gateway`: the embedded DGrid-compatible server, by hand or as the child of `voiceloop talk`."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import threading
from collections.abc import Callable

from voiceloop.commandline.running import run
from voiceloop.errors import DeviceError, UsageError

__all__ = ["gateway"]

LEAVE_WITHIN_S = 2.0


def gateway(host: str, port: int, key: str | None, brain: str, *, language: str, child: bool) -> int:
    """Serve until a signal comes or, as a child, until the parent's pipe closes.

    `language` is a tag or `auto`, for callers that name none.
    """
    try:
        serve = importlib.import_module("voiceloop_local.gateway").serve_gateway
    except ImportError as error:
        raise DeviceError(f"the embedded gateway needs pip install 'voiceloop[local]': {error}") from error
    if child:
        key = sys.stdin.buffer.readline().decode().strip()
        if not key:
            raise UsageError("--child takes its key as the first line of standard input")

    async def work() -> int:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        if child:
            watch_parent(asyncio.get_running_loop(), task.cancel)
        try:
            await serve(host, port, key, brain, tell_ready, language=language)
        except asyncio.CancelledError:
            if not child:
                raise
        return 0

    return run(work)


def tell_ready(url: str) -> None:
    """Print the one line that callers wait for."""
    sys.stdout.write(f"voiceloop gateway ready {url}\n")
    sys.stdout.flush()


def watch_parent(loop: asyncio.AbstractEventLoop, leave: Callable[[], object]) -> None:
    """Leave when standard input ends, for good after a moment: nobody is left who could wait."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(leave)
        threading.Event().wait(LEAVE_WITHIN_S)
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()
