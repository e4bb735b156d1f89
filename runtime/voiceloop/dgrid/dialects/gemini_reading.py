"""Gemini's answers, whole and in pieces of a stream, which are alike. Pure; nothing it is given is too odd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from voiceloop.dgrid.chat_answer import ChatDelta, Gathering, Stop
from voiceloop.dgrid.chat_reading import arguments
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.dgrid.dialects.gemini_json import camel, first_candidate, parts_of, stop_of, usage, why_blocked
from voiceloop.wire.lenient import Json, text

__all__ = ["GeminiReader", "Unending"]


class Unending(Gathering):
    """An answer of which no piece is known to be the last: some models say with each one that they stop, and count.

    The connection's end tells, or [DONE] of a gateway.
    """

    @property
    @override
    def complete(self) -> bool:
        """Whether nothing is missing any more."""
        return self.closed


class GeminiReader:
    """Takes the pieces of one answer. What has to go back with its calls is kept in `echoes`.

    `new_id` names calls that the server gave no id, as Google does as a rule.
    """

    def __init__(self, echoes: Echoes[Json], new_id: Callable[[], str]) -> None:
        self.answer: Gathering = Unending()
        self._echoes = echoes
        self._new_id = new_id
        self._figures: dict[str, Any] = {}
        self._calls = 0

    def take(self, raw: object, event: str) -> list[ChatDelta]:
        """Return the news of a piece; `event` has no meaning here."""
        del event
        piece = camel(raw)
        if piece.keys().isdisjoint(("candidates", "promptFeedback", "usageMetadata")):
            return []
        self.answer.began = True
        self.answer.id = text(piece, "responseId") or self.answer.id
        self.answer.model = text(piece, "modelVersion") or self.answer.model
        self._figures |= {name: told for name, told in camel(piece.get("usageMetadata")).items() if told is not None}
        self.answer.usage = usage({"usageMetadata": self._figures})
        candidate = first_candidate(piece)
        news = [delta for part in parts_of(candidate) for delta in self._part(part)]
        blocked = Stop.FILTERED if why_blocked(piece) else None
        self.answer.stop = blocked or stop_of(candidate) or self.answer.stop
        return news

    def _part(self, part: Json) -> list[ChatDelta]:
        """Return the news of a part; what shows or plays something is none for a chat."""
        if call := camel(part.get("functionCall")):
            return self._call(call, text(part, "thoughtSignature"))
        words = text(part, "text")
        return self.answer.think(words) if part.get("thought") is True else self.answer.say(words)

    def _call(self, call: Json, signature: str) -> list[ChatDelta]:
        """Take a call, which comes at once."""
        told = {"id": text(call, "id"), "thoughtSignature": signature}
        call_id = told["id"] or self._new_id()
        self._echoes.keep(call_id, {name: value for name, value in told.items() if value})
        place, self._calls = self._calls, self._calls + 1
        return self.answer.call(place, call_id, text(call, "name"), arguments(call.get("args")))
