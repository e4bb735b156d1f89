"""One small request in earnest: whether an endpoint that failed is well again, before a conversation depends on it."""

from __future__ import annotations

import asyncio
from typing import Final

from voiceloop.dgrid.chat_answer import Ended, Stop
from voiceloop.engines.cascade.crew import Crew, Spawn
from voiceloop.engines.cascade.orders import (
    Arrived,
    AskChat,
    Deadlines,
    Failed,
    Finished,
    Outcome,
    Speak,
    Transcribe,
    Trouble,
    Wrote,
)
from voiceloop.engines.cascade.recital import SILENT
from voiceloop.engines.cascade.reply import CUT_OFF
from voiceloop.engines.services.seams import Question, Services, Transcript
from voiceloop.vocabulary import Cause, UserTurn

__all__ = ["Rehearsal"]

JOB: Final = 1
MURMUR_S: Final = 0.3
MURMUR: Final = b"\x04\x00\xfc\xff"
"""Two samples that nobody hears: some servers refuse what is wholly silent."""
QUESTION: Final = Question("Answer with one word.", (UserTurn("rehearsal", "Say OK."),), most_tokens=16)
SENTENCE: Final = "OK."


class Rehearsal:
    """Tries one endpoint, once."""

    def __init__(self, services: Services, rate_hz: int, deadlines: Deadlines, spawn: Spawn) -> None:
        """The request runs as a task of `spawn`."""
        self._orders: dict[str, Transcribe | AskChat | Speak] = {
            "chat": AskChat(JOB, QUESTION),
            "speak": Speak(JOB, SENTENCE),
        }
        if services.transcribe is not None:
            self._orders["transcribe"] = Transcribe(JOB, MURMUR * round(MURMUR_S * rate_hz / 2))
        self._crew = Crew(services, rate_hz, deadlines, spawn, self._report)
        self._over: asyncio.Future[Trouble | None] = asyncio.get_running_loop().create_future()
        self._sounded = False

    async def run(self, endpoint: str) -> Trouble | None:
        """Return what is wrong with an endpoint; None when it is well, unknown or not to be had, and once closed.

        A request that is refused was understood. Cancelling closes it.
        """
        order = self._orders.get(endpoint)
        if order is None:
            return None
        self._crew.start(order)
        try:
            return await self._over
        finally:
            self._crew.drop(JOB)

    async def close(self, within_s: float) -> None:
        """Close the request, waiting for `within_s` at most. Safe to cancel."""
        self._end(None)
        await self._crew.close(within_s)

    def _report(self, _job: int, outcome: Outcome) -> None:
        match outcome:
            case Failed(trouble=trouble):
                self._end(None if trouble.cause is Cause.REFUSED else trouble)
            case Arrived():
                self._sounded = True
            case Finished():
                self._end(None if self._sounded else SILENT)
            case Wrote(delta=Ended(completion=completion)):
                self._end(CUT_OFF if completion.stop is Stop.TRUNCATED else None)
            case Transcript():
                self._end(None)
            case _:
                pass

    def _end(self, trouble: Trouble | None) -> None:
        if not self._over.done():
            self._over.set_result(trouble)
