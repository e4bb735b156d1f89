"""Writes answers of Gemini's dialect, whole, as events and as a growing array; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from typing_extensions import override

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.errors import error_body
from voiceloop_local.rest.inner import Answer, Called, Ended, Piece, Reason, Words
from voiceloop_local.rest.inner_fields import arguments_object
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.streaming import EVENTS, event

__all__ = ["ArrayWriter", "GeminiWriter"]

Json = dict[str, Any]

PATH: Final = "/v1beta/models/"
"""Whose errors are written here."""


class GeminiWriter:
    """Writes one answer; its stream is one of server-sent events."""

    media_type = EVENTS
    last = b""

    def __init__(self, response_id: str, model: str) -> None:
        self._head: Json = {"modelVersion": model, "responseId": response_id}

    def whole(self, answer: Answer) -> Json:
        """Return the answer. Raises ApiProblem for a call whose arguments are no object."""
        text = [{"text": answer.text}] if answer.text or not answer.calls else []
        return self._response([*text, *map(_call, answer.calls)], answer.ended)

    def begin(self, read: Spent) -> Sequence[Json]:
        """Return nothing: every event of a stream has words or a call."""
        del read
        return []

    def add(self, piece: Piece) -> Sequence[Json]:
        """Return the event of more words, or of a call. Raises ApiProblem like `whole`."""
        return [self._response([{"text": piece.text} if isinstance(piece, Words) else _call(piece)])]

    def end(self, ended: Ended) -> Sequence[Json]:
        """Return the last event."""
        return [self._response([{"text": ""}], ended)]

    def failed(self, problem: ApiProblem) -> Sequence[Json]:
        """Return the error."""
        return [error_body(PATH, problem.status, problem.message, problem.code, problem.param)]

    def frame(self, event_: Json) -> bytes:
        """Return an event as it goes out."""
        return event(event_)

    def _response(self, parts: Sequence[Json], ended: Ended | None = None) -> Json:
        candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
        if ended is None:
            return {"candidates": [candidate], **self._head}
        candidate["finishReason"] = "MAX_TOKENS" if ended.reason is Reason.LENGTH else "STOP"
        return {"candidates": [candidate], "usageMetadata": _usage(ended), **self._head}


class ArrayWriter(GeminiWriter):
    """Writes one answer; its stream is a JSON array."""

    media_type = "application/json"
    last = b"]"

    def __init__(self, response_id: str, model: str) -> None:
        super().__init__(response_id, model)
        self._mark = b"["

    @override
    def frame(self, event_: Json) -> bytes:
        mark, self._mark = self._mark, b",\n"
        return mark + msgspec.json.encode(event_)


def _call(call: Called) -> Json:
    arguments = arguments_object(call.name, call.arguments)
    return {"functionCall": {"id": call.call_id, "name": call.name, "args": arguments}}


def _usage(ended: Ended) -> Json:
    read, written = ended.read, ended.written
    spent = [("TEXT", read.text), ("AUDIO", read.audio)]
    return {
        "promptTokenCount": read.total,
        "candidatesTokenCount": written.total,
        "totalTokenCount": read.total + written.total,
        "promptTokensDetails": [{"modality": kind, "tokenCount": count} for kind, count in spent if count],
    }
