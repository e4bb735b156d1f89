"""Writes chat completions, whole and in chunks; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.errors import error_body
from voiceloop_local.rest.inner import Answer, Called, Ended, Piece, Reason, Words
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.streaming import DONE, EVENTS, event

__all__ = ["ChatWriter"]

Json = dict[str, Any]

REASONS: Final = {
    Reason.FINISHED: "stop",
    Reason.CALLS: "tool_calls",
    Reason.LENGTH: "length",
    Reason.STOP_TEXT: "stop",
}


class ChatWriter:
    """Writes one completion. `counts`: a stream ends with its usage."""

    media_type = EVENTS
    last = DONE

    def __init__(self, completion_id: str, created_s: int, model: str, *, counts: bool = False) -> None:
        self._head: Json = {"id": completion_id, "created": created_s, "model": model}
        self._counts = counts
        self._calls = 0

    def whole(self, answer: Answer) -> Json:
        """Return the completion."""
        message: Json = {"role": "assistant", "content": answer.text, "refusal": None}
        if answer.calls:
            message |= {"content": answer.text or None, "tool_calls": [_call(call) for call in answer.calls]}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": REASONS[answer.ended.reason]}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": _usage(answer.ended)}

    def begin(self, read: Spent) -> Sequence[Json]:
        """Return the chunk that names the role."""
        del read  # chunks tell usage in the end
        return [self._delta({"role": "assistant", "content": ""})]

    def add(self, piece: Piece) -> Sequence[Json]:
        """Return the chunks of more words, or of a call: its name first, as upstream sends it."""
        if isinstance(piece, Words):
            return [self._delta({"content": piece.text})]
        at, self._calls = self._calls, self._calls + 1
        named = {"index": at, **_call(Called(piece.call_id, piece.name, ""))}
        told = {"index": at, "function": {"arguments": piece.arguments}}
        return [self._delta({"tool_calls": [named]}), self._delta({"tool_calls": [told]})]

    def end(self, ended: Ended) -> Sequence[Json]:
        """Return the last chunks."""
        last = self._delta({}, REASONS[ended.reason])
        if not self._counts:
            return [last]
        return [last, self._chunk([]) | {"usage": _usage(ended)}]

    def failed(self, problem: ApiProblem) -> Sequence[Json]:
        """Return the error in place of a chunk."""
        path = "/v1/chat/completions"
        return [error_body(path, problem.status, problem.message, problem.code, problem.param)]

    def frame(self, event_: Json) -> bytes:
        """Return a server-sent event without a name."""
        return event(event_)

    def _delta(self, delta: Json, reason: str | None = None) -> Json:
        return self._chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}])

    def _chunk(self, choices: Sequence[Json]) -> Json:
        chunk = {**self._head, "object": "chat.completion.chunk", "choices": choices}
        return chunk | {"usage": None} if self._counts else chunk


def _call(call: Called) -> Json:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _usage(ended: Ended) -> Json:
    read, written = ended.read, ended.written
    return {
        "prompt_tokens": read.total,
        "completion_tokens": written.total,
        "total_tokens": read.total + written.total,
        "prompt_tokens_details": {"cached_tokens": 0, "text_tokens": read.text, "audio_tokens": read.audio},
        "completion_tokens_details": {"text_tokens": written.text, "audio_tokens": 0, "reasoning_tokens": 0},
    }
