"""Runs one coroutine as a process: its loop, its signals, its exit status. Signal handlers are installed only here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

from voiceloop.machine import SIGNAL_REASONS, on_signals, run_loop

__all__ = ["POLITE_S", "run"]

POLITE_S = 0.8
"""How long a polite end may take after the first signal; then it is cut short."""


class Stop:
    """Turns the first signal into a polite end and the second into a hard one."""

    def __init__(self, task: asyncio.Task[Any], polite: Callable[[str], bool], tidy: Callable[[], None]) -> None:
        self.status = 0
        """128 and the number of the signal that came; 0 when none did."""
        self._task = task
        self._polite = polite
        self._tidy = tidy

    def __call__(self, number: int) -> None:
        """Take a signal. Runs on the loop."""
        if self.status:
            self._tidy()
            os._exit(128 + number)
        self.status = 128 + number
        if self._polite(SIGNAL_REASONS[number]):
            asyncio.get_running_loop().call_later(POLITE_S, self._task.cancel)
        else:
            self._task.cancel()


def run(
    work: Callable[[], Coroutine[Any, Any, int]],
    *,
    polite: Callable[[str], bool] = lambda reason: False,
    tidy: Callable[[], None] = lambda: None,
) -> int:
    """Run `work` on uvloop where it is installed and return its exit status, or 128 and the signal that ended it.

    `polite(reason)` asks the work to end by itself and says whether it can; if it cannot it is cancelled. `tidy` puts
    the terminal in order before a hard exit.
    """
    return run_loop(_with_signals(work, polite, tidy))


async def _with_signals(
    work: Callable[[], Coroutine[Any, Any, int]], polite: Callable[[str], bool], tidy: Callable[[], None]
) -> int:
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    stop = Stop(task, polite, tidy)
    on_signals(stop)
    try:
        status = await work()
    except asyncio.CancelledError:
        if not stop.status:
            raise
        return stop.status
    return stop.status or status
