"""The requests to scripted services while they are under way: what befalls them, and how long they take."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from voiceloop.errors import BackendError
from voiceloop.testing.faults import Refuse
from voiceloop.testing.script import NoAnswer, Refusal, Stall, Vanish
from voiceloop.testing.service_faults import Endpoint, Garbled, ServiceFault, ServiceFaults, cut_off, failure_error
from voiceloop.testing.service_log import Asked, Ending

__all__ = ["Requests", "now_s"]

REFUSED_S = 0.05
"""Until a refusal comes."""


class Requests:
    """Every request there was, and what is broken for those to come. Times are those of the running loop."""

    def __init__(self, seed: int = 0) -> None:
        self.asked: list[Asked] = []
        self.faults = ServiceFaults(seed)
        self._watchers: list[Callable[[], None]] = []

    @contextlib.contextmanager
    def under_way(self, asked: Asked) -> Iterator[ServiceFault | None]:
        """Yield what this request meets; who leaves before it was answered has left or was failed."""
        self.asked.append(asked)
        self._changed()
        try:
            asked.met = self.faults.meets(asked.endpoint, asked.at_s)
            yield asked.met
        except BackendError:
            asked.ending = Ending.FAILED
            raise
        finally:
            asked.ending = Ending.LEFT if asked.ending is Ending.OPEN else asked.ending
            asked.ended_s = now_s()
            self._changed()

    async def begin(self, asked: Asked, fault: ServiceFault | None, after_s: float) -> None:
        """Wait until the answer begins; raises where none does."""
        if isinstance(fault, Refuse | Refusal | Garbled):
            await self.passes(asked, after_s if isinstance(fault, Garbled) else REFUSED_S)
            raise failure_error(fault)
        await self.passes(asked, None if isinstance(fault, NoAnswer) else after_s)

    async def end(self, asked: Asked, fault: ServiceFault | None) -> None:
        """All of an answer that does not stream comes at once, or never."""
        if isinstance(fault, Stall | Vanish):
            asked.struck = fault
            await self.passes(asked, None)
        asked.ending = Ending.ANSWERED

    async def passes(self, asked: Asked, seconds: float | None) -> None:
        """Let time pass, for ever without `seconds`; raises when the connection breaks meanwhile."""
        while not isinstance(asked.struck, Vanish):
            asked.news.clear()
            try:
                async with asyncio.timeout(seconds if asked.struck is None else None):
                    await asked.news.wait()
            except TimeoutError:
                return
        raise cut_off()

    def strike(self, endpoints: tuple[Endpoint, ...], fault: Stall | Vanish) -> None:
        """Let this happen to what is under way at these endpoints, or at all."""
        for asked in self.asked:
            if asked.ending is Ending.OPEN and (asked.endpoint in endpoints or not endpoints):
                asked.struck = fault
                asked.news.set()

    async def until(self, condition: Callable[[], object], within_s: float) -> None:
        """Wait for something that a request's beginning or ending makes true; TimeoutError else."""
        waiting = asyncio.Event()
        self._watchers.append(waiting.set)
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    waiting.clear()
                    await waiting.wait()
        finally:
            self._watchers.remove(waiting.set)

    def _changed(self) -> None:
        for watcher in self._watchers:
            watcher()


def now_s() -> float:
    """Loop time."""
    return asyncio.get_running_loop().time()
