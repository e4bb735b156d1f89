"""What engine and line may do to their session: report, hand audio over, run tasks. Not for applications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from voiceloop.audio.ledger import Ledger
from voiceloop.events import EngineReady, Event, LineEnded, LineLost
from voiceloop.hearing import Hearing

__all__ = ["Backstage"]


class Backstage:
    """The session's side of `EnginePort` and `LineReports`."""

    def __init__(self, happened: Callable[[Event], None], ledger: Ledger, hearing: Hearing) -> None:
        self.group: asyncio.TaskGroup | None = None
        """Set while the session runs."""
        self.audio = ledger.put
        self._happened = happened
        self._hearing = hearing
        self._tasks: set[asyncio.Task[None]] = set()

    def happened(self, event: Event) -> None:
        """Report an event to the core."""
        if isinstance(event, EngineReady):
            self._hearing.configure(event.traits)
        self._happened(event)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a named task that ends with the session; before and after it, nothing is run."""
        if self.group is None:
            work.close()
            return
        task = self.group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel_all(self) -> None:
        """Cancel what still runs; nothing new is started."""
        self.group = None
        for task in list(self._tasks):
            task.cancel()

    def input_ended(self) -> None:
        """The line's input is over."""
        self.happened(LineEnded())

    def lost(self, detail: str) -> None:
        """The line is gone."""
        self.happened(LineLost(detail))
