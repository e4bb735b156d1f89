"""Carries out what the middle orders, one order after the other, and keeps the one timer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import assert_never

from voiceloop.engines.base import EnginePort
from voiceloop.engines.cascade.crew import Crew
from voiceloop.engines.cascade.desk import Desk
from voiceloop.engines.cascade.orders import (
    AskChat,
    Deadlines,
    Drop,
    Order,
    Outcome,
    Play,
    Speak,
    Tell,
    TellSoFar,
    Transcribe,
    WakeAt,
)
from voiceloop.engines.services.seams import Services
from voiceloop.vocabulary import Item

__all__ = ["Errands"]


class Errands:
    """Between the desk on one side, session and services on the other."""

    def __init__(self, desk: Desk, port: EnginePort, services: Services, rate_hz: int, deadlines: Deadlines) -> None:
        self.desk = desk
        self._port = port
        self._crew = Crew(services, rate_hz, deadlines, port.spawn, self._report)
        self._orders: deque[Order] = deque()
        self._working = False
        self._timer: asyncio.TimerHandle | None = None

    def recall(self, items: Sequence[Item]) -> None:
        """Take over what was said so far."""
        self.carry_out(self.desk.recall(items, self._port.speech))

    def carry_out(self, orders: list[Order]) -> None:
        """Work orders off; those that a session causes while it is told of something wait for their turn."""
        self._orders.extend(orders)
        if self._working:
            return
        self._working = True
        try:
            while self._orders:
                self._do(self._orders.popleft())
        finally:
            self._working = False

    async def close(self, within_s: float) -> None:
        """Close every request, waiting for `within_s` at most; nothing is carried out any more. Safe to cancel."""
        self._orders.clear()
        if self._timer is not None:
            self._timer.cancel()
        await self._crew.close(within_s)

    def _do(self, order: Order) -> None:
        match order:
            case Tell(event=event):
                self._port.happened(event)
            case TellSoFar(text=text):
                self._port.said_so_far(text)
            case Play(reply_id=reply_id, item_id=item_id, content_index=index, pcm=pcm):
                if not self.desk.is_cancelled(reply_id):
                    self._port.audio(reply_id, item_id, index, pcm)
            case Transcribe() | AskChat() | Speak():
                self._crew.start(order)
            case Drop(job=job):
                self._crew.drop(job)
            case WakeAt(at_s=at_s):
                self._wake_at(at_s)
            case _:
                assert_never(order)

    def _wake_at(self, at_s: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= at_s:
                return  # whoever is woken too early says again when
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at_s, self._woke, at_s)

    def _woke(self, at_s: float) -> None:
        self._timer = None  # loops may call a little early
        self.carry_out(self.desk.woke(max(at_s, asyncio.get_running_loop().time())))

    def _report(self, job: int, outcome: Outcome) -> None:
        self.carry_out(self.desk.outcome(job, outcome, asyncio.get_running_loop().time()))
