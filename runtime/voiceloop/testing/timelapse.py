"""Lets time pass quickly on the loop a test already runs on.

The clock of the loop is moved ahead in small steps, with the loop's work done in between, so tools stay on the loop
that their fixtures belong to. It never moves back, also when the test goes on with something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voiceloop.testing.clock import VirtualLoop

__all__ = ["let_pass", "wait_for_real"]

TURNS = 12
"""Turns of the loop that one step lasts: the longest chain of callbacks between a client and a server in memory."""
REAL_S = 0.001


class _Ahead:
    """A loop's clock that can be moved ahead."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return self._time() + self.ahead_s


async def let_pass(seconds: float) -> None:
    """Let the loop work, then move its clock ahead. A loop whose clock cannot be moved (uvloop) takes real time."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop):
        await asyncio.sleep(seconds)
        return
    for _ in range(TURNS):
        await asyncio.sleep(0)
    clock = _clock_of(loop)
    if clock is None:
        await asyncio.sleep(seconds)
    else:
        clock.ahead_s += seconds


async def wait_for_real() -> None:
    """Wait for a moment of real time: something that this loop does not do is under way."""
    await asyncio.sleep(REAL_S)


def _clock_of(loop: asyncio.AbstractEventLoop) -> _Ahead | None:
    found: object = loop.time
    if isinstance(found, _Ahead):
        return found
    if not isinstance(loop, asyncio.BaseEventLoop):  # others keep their timers by a clock of their own
        return None
    clock = _Ahead(loop.time)
    loop.time = clock  # type: ignore[method-assign]
    return clock
