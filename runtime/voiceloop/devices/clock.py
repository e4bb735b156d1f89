"""The audio clock of lines that have none of their own: WAV files, RTP, AudioSocket, text.

One clock per event loop calls every subscriber once per block, on an absolute schedule, so no line drifts. Subscribers
are spread over phases; a wake-up that serves all of them at once makes the last one wait for the others.
"""

from __future__ import annotations

import asyncio
import math
import weakref
from collections.abc import Callable
from functools import partial
from typing import Protocol

from voiceloop.errors import MisuseError

__all__ = ["BLOCK_S", "AudioClock", "Subscription", "shared_clock"]

BLOCK_S = 0.02
PHASES = 4
CATCH_UP_BLOCKS = 10
"""Blocks delivered in one go after a stall; the rest follows in the loop's next turns, so it stays responsive."""

_ROUNDING = 1e-6
"""Blocks of slack: a due time computed from the same floats must not count as not yet due."""


class _Cancellable(Protocol):
    def cancel(self) -> None: ...


class ClockLoop(Protocol):
    """The two things the clock needs of an event loop."""

    def time(self) -> float:
        """Seconds on a clock that never steps back."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> _Cancellable:
        """Call back once at `when` or soon after."""

    def call_soon(self, callback: Callable[[], object], /) -> object:
        """Call back in the loop's next turn."""


def _alive(reference: weakref.ref[ClockLoop]) -> ClockLoop:
    loop = reference()
    if loop is None:
        raise MisuseError("the event loop of this audio clock is gone; take shared_clock() of the running one")
    return loop


class Subscription:
    """One subscriber's place in the clock."""

    __slots__ = ("_phase", "active", "first_block", "origin_s", "tick")

    def __init__(self, phase: _Phase, tick: Callable[[], None], first_block: int) -> None:
        self._phase = phase
        self.tick = tick
        self.active = True
        self.first_block = first_block
        self.origin_s = phase.due_s(first_block - 1)
        """Loop time at which the first block begins: at most 20 ms ahead. Its tick comes when it is over."""

    def cancel(self) -> None:
        """Never tick again. Idempotent."""
        if self.active:
            self.active = False
            self._phase.remove(self)


class _Phase:
    """The subscribers whose blocks end at the same moments, and the timer that wakes them."""

    __slots__ = ("_epoch_s", "_loop", "_next_block", "_subscribers", "_timer")

    def __init__(self, loop: weakref.ref[ClockLoop], epoch_s: float) -> None:
        self._loop = loop
        self._epoch_s = epoch_s
        self._next_block = 0
        self._subscribers: list[Subscription] = []
        self._timer: _Cancellable | None = None

    def __len__(self) -> int:
        return len(self._subscribers)

    def due_s(self, block: int) -> float:
        """When a block ends. A product, not a sum: rounding never adds up."""
        return self._epoch_s + block * BLOCK_S

    def add(self, tick: Callable[[], None]) -> Subscription:
        origin = math.ceil((_alive(self._loop).time() - self._epoch_s) / BLOCK_S - _ROUNDING)
        subscription = Subscription(self, tick, origin + 1)
        self._subscribers.append(subscription)
        if self._timer is None:
            self._next_block = origin + 1
            self._arm()
        return subscription

    def remove(self, subscription: Subscription) -> None:
        self._subscribers.remove(subscription)
        if not self._subscribers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = _alive(self._loop).call_at(self.due_s(self._next_block), self._wake)

    def _wake(self) -> None:
        """Deliver what is due, at least the block the timer was set for: timers may fire a little early."""
        due = math.floor((_alive(self._loop).time() - self._epoch_s) / BLOCK_S + _ROUNDING)
        first = self._next_block
        last = min(max(due, first), first + CATCH_UP_BLOCKS - 1)
        self._next_block = last + 1
        self._arm()
        self._deliver([(block, each) for block in range(first, last + 1) for each in self._subscribers])

    def _deliver(self, rounds: list[tuple[int, Subscription]]) -> None:
        """Tick everyone; one that raises reaches the loop's handler without silencing those after it."""
        done = 0
        try:
            for block, subscription in rounds:
                done += 1
                if subscription.active and block >= subscription.first_block:
                    subscription.tick()
        finally:
            if done < len(rounds):
                _alive(self._loop).call_soon(partial(self._deliver, rounds[done:]))


class AudioClock:
    """Ticks every subscriber once per 20 ms block of audio; also testable on any object with a loop's timers."""

    def __init__(self, loop: ClockLoop) -> None:
        self._loop = weakref.ref(loop)  # a strong one would keep its own entry in the table of clocks alive
        self._phases: list[_Phase] = []

    def subscribe(self, tick: Callable[[], None]) -> Subscription:
        """Call `tick` once per block from now on: exactly floor(elapsed / 20 ms) times, late ones caught up.

        The subscriber joins the emptiest phase. A clock nobody listens to starts afresh, its first block now.
        """
        if not any(self._phases):
            now = _alive(self._loop).time()
            self._phases = [_Phase(self._loop, now + n * BLOCK_S / PHASES) for n in range(PHASES)]
        return min(self._phases, key=len).add(tick)


_CLOCKS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, AudioClock] = weakref.WeakKeyDictionary()


def shared_clock() -> AudioClock:
    """The audio clock of the running loop; each loop has its own, so two loops in one process work."""
    loop = asyncio.get_running_loop()
    clock = _CLOCKS.get(loop)
    if clock is None:
        clock = _CLOCKS[loop] = AudioClock(loop)
    return clock
