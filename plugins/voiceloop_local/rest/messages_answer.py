"""Writes messages of Claude's dialect, whole and event by event; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.errors import error_body
from voiceloop_local.rest.inner import Answer, Called, Ended, Piece, Reason, Words
from voiceloop_local.rest.inner_fields import arguments_object
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.streaming import EVENTS, event

__all__ = ["PATH", "MessagesWriter"]

Json = dict[str, Any]

PATH: Final = "/v1/messages"
REASONS: Final = {
    Reason.FINISHED: "end_turn",
    Reason.CALLS: "tool_use",
    Reason.LENGTH: "max_tokens",
    Reason.STOP_TEXT: "stop_sequence",
}


class MessagesWriter:
    """Writes one message."""

    media_type = EVENTS
    last = b""

    def __init__(self, message_id: str, model: str) -> None:
        self._head: Json = {"id": message_id, "type": "message", "role": "assistant", "model": model}
        self._blocks = 0
        """How many have begun."""
        self._text_is_open = False

    def whole(self, answer: Answer) -> Json:
        """Return the message. Raises ApiProblem for a call whose arguments are no object."""
        text = [{"type": "text", "text": answer.text}] if answer.text else []
        calls = [_call(call, arguments_object(call.name, call.arguments)) for call in answer.calls]
        ended = answer.ended
        usage = _usage(ended.read, ended.written.total)
        return {**self._head, "content": [*text, *calls], **_ending(ended), "usage": usage}

    def begin(self, read: Spent) -> Sequence[Json]:
        """Return the message without content."""
        empty: Json = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": _usage(read, 0)}
        return [{"type": "message_start", "message": self._head | empty}]

    def add(self, piece: Piece) -> Sequence[Json]:
        """Return the events of more words, or of a call. Raises ApiProblem like `whole`."""
        if isinstance(piece, Words):
            opened = [] if self._text_is_open else [self._open({"type": "text", "text": ""})]
            self._text_is_open = True
            return [*opened, self._delta({"type": "text_delta", "text": piece.text})]
        arguments = json.dumps(arguments_object(piece.name, piece.arguments), ensure_ascii=False)
        return [
            *self._close(),
            self._open(_call(piece, {})),
            self._delta({"type": "input_json_delta", "partial_json": arguments}),
            self._stop(),
        ]

    def end(self, ended: Ended) -> Sequence[Json]:
        """Return the last events."""
        usage = _usage(ended.read, ended.written.total)
        return [
            *self._close(),
            {"type": "message_delta", "delta": _ending(ended), "usage": usage},
            {"type": "message_stop"},
        ]

    def failed(self, problem: ApiProblem) -> Sequence[Json]:
        """Return the error."""
        return [error_body(PATH, problem.status, problem.message, problem.code, problem.param)]

    def frame(self, event_: Json) -> bytes:
        """Return a server-sent event under the name of its type."""
        return event(event_, event_["type"])

    def _open(self, block: Json) -> Json:
        self._blocks += 1
        return {"type": "content_block_start", "index": self._blocks - 1, "content_block": block}

    def _delta(self, delta: Json) -> Json:
        return {"type": "content_block_delta", "index": self._blocks - 1, "delta": delta}

    def _stop(self) -> Json:
        return {"type": "content_block_stop", "index": self._blocks - 1}

    def _close(self) -> Sequence[Json]:
        was_open, self._text_is_open = self._text_is_open, False
        return [self._stop()] if was_open else []


def _call(call: Called, arguments: Json) -> Json:
    return {"type": "tool_use", "id": call.call_id, "name": call.name, "input": arguments}


def _ending(ended: Ended) -> Json:
    return {"stop_reason": REASONS[ended.reason], "stop_sequence": ended.stop}


def _usage(read: Spent, written: int) -> Json:
    return {
        "input_tokens": read.total,
        "output_tokens": written,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
