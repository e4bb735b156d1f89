"""Virtual time: an event loop whose clock jumps to the next timer as soon as nothing is ready to run.

A minute of conversation takes milliseconds and happens the same way each time. Virtual time is for in-memory
transports: a real socket is served, but the clock does not wait for its peer. Work given to an executor is waited for
in real time; other threads are not.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, ParamSpec, TypeVar, TypeVarTuple, Unpack

from typing_extensions import override

from voiceloop.errors import MisuseError

__all__ = ["VirtualLoop", "run_virtual", "virtual_time"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

_START_S = 1000.0  # not zero, so that a time is never mistaken for "not set"


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time; give it to `asyncio.Runner(loop_factory=VirtualLoop)`.

    When nothing can ever happen any more, running it raises MisuseError instead of hanging.
    """

    def __init__(self) -> None:
        self._now_s = _START_S
        self._executing = 0
        super().__init__(_Jump(self))

    @override
    def time(self) -> float:
        """Virtual seconds."""
        return self._now_s

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """Run in a thread; virtual time stands still until it is done."""
        self._executing += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._executed)
        return future

    @override
    async def shutdown_default_executor(self, *args: Any) -> None:
        """Wait for the threads; virtual time stands still meanwhile."""
        self._executing += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._executing -= 1

    def pass_time(self, duration_s: float | None) -> float | None:
        """Jump ahead by `duration_s`; answers how long to wait for real, None for ever."""
        if self._executing:
            return None
        if duration_s is None:
            raise MisuseError(f"nothing can ever happen any more; waiting: {self._waiting() or 'no task'}")
        self._now_s += duration_s
        return 0.0

    def _executed(self, _: object) -> None:
        self._executing -= 1

    def _waiting(self) -> str:
        return ", ".join(sorted(task.get_name() for task in asyncio.all_tasks(self)))


class _Jump(selectors.DefaultSelector):
    """A selector that does not wait: it lets time pass instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        return super().select(self._loop.pass_time(timeout))


def run_virtual(main: Coroutine[Any, Any, _T], *, within_s: float = 3600.0) -> _T:
    """Run `main` on virtual time and return its result; TimeoutError after `within_s` virtual seconds."""

    async def bounded() -> _T:
        async with asyncio.timeout(within_s):
            return await main

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(bounded())


def virtual_time(test: Callable[_P, Coroutine[Any, Any, _T]]) -> Callable[_P, _T]:
    """Make an async test run on virtual time, under pytest or anything else that calls it.

    Fixtures that are async run on another loop: open what the test needs inside the test.
    """

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        return run_virtual(test(*args, **kwargs))

    return run
