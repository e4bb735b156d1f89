"""Writes responses, whole and event by event; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.inner import Answer, Called, Ended, Piece, Reason, Words
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.streaming import EVENTS, event

__all__ = ["ResponsesWriter"]

Json = dict[str, Any]

ALWAYS: Final = {
    "background": False,
    "previous_response_id": None,
    "store": False,
    "text": {"format": {"type": "text"}},
    "truncation": "disabled",
}
"""What holds for every response of the gateway."""


class ResponsesWriter:
    """Writes one response. `echo` is what it repeats of its request."""

    media_type = EVENTS
    last = b""

    def __init__(self, response_id: str, created_s: int, model: str, echo: Json) -> None:
        self._id = response_id
        self._head = {"id": response_id, "object": "response", "created_at": created_s, "model": model}
        self._echo = echo
        self._output: list[Json] = []
        self._text: str | None = None
        """Words of the message that is open."""
        self._sent = 0

    def whole(self, answer: Answer) -> Json:
        """Return the response."""
        for piece in answer.pieces:
            self.add(piece)
        response: Json = self.end(answer.ended)[-1]["response"]
        return response

    def begin(self, read: Spent) -> Sequence[Json]:
        """Return the events that tell of the response."""
        del read  # usage comes in the end
        kinds = ("response.created", "response.in_progress")
        return [self._event(kind, response=self._response("in_progress")) for kind in kinds]

    def add(self, piece: Piece) -> Sequence[Json]:
        """Return the events of more words, or of a call."""
        return self._words(piece.text) if isinstance(piece, Words) else [*self._close(), *self._call(piece)]

    def end(self, ended: Ended) -> Sequence[Json]:
        """Return the last events."""
        status = "incomplete" if ended.reason is Reason.LENGTH else "completed"
        closed = self._close(status)
        response = self._response(status, ended)
        return [*closed, self._event(f"response.{status}", response=response)]

    def failed(self, problem: ApiProblem) -> Sequence[Json]:
        """Return the error, and the response that failed with it."""
        told = {"code": problem.code or "server_error", "message": problem.message}
        error = self._event("error", **told, param=problem.param)
        response = self._response("failed") | {"error": told}
        return [error, self._event("response.failed", response=response)]

    def frame(self, event_: Json) -> bytes:
        """Return a server-sent event under the name of its type."""
        return event(event_, event_["type"])

    # Items -----------------------------------------------------------------------------------------------------------

    def _words(self, text: str) -> Sequence[Json]:
        opened = [] if self._text is not None else self._open()
        self._text = (self._text or "") + text
        return [*opened, self._of_part("response.output_text.delta", delta=text, logprobs=[])]

    def _open(self) -> Sequence[Json]:
        item = self._message("in_progress", [])
        return [
            self._event("response.output_item.added", output_index=len(self._output), item=item),
            self._of_part("response.content_part.added", part=_part("")),
        ]

    def _close(self, status: str = "completed") -> Sequence[Json]:
        """Return the events that finish the open message, none where there is none."""
        if self._text is None:
            return []
        part, self._text = _part(self._text), None
        events = [
            self._of_part("response.output_text.done", text=part["text"], logprobs=[]),
            self._of_part("response.content_part.done", part=part),
        ]
        return [*events, self._done(self._message(status, [part]))]

    def _call(self, call: Called) -> Sequence[Json]:
        at = len(self._output)
        item = {"id": self._item_id("fc"), "type": "function_call", "call_id": call.call_id, "name": call.name}
        where = {"item_id": item["id"], "output_index": at}
        arguments = call.arguments
        return [
            self._event(
                "response.output_item.added", output_index=at, item=item | {"status": "in_progress", "arguments": ""}
            ),
            self._event("response.function_call_arguments.delta", **where, delta=arguments),
            self._event("response.function_call_arguments.done", **where, name=call.name, arguments=arguments),
            self._done(item | {"status": "completed", "arguments": arguments}),
        ]

    def _done(self, item: Json) -> Json:
        told = self._event("response.output_item.done", output_index=len(self._output), item=item)
        self._output.append(item)
        return told

    def _message(self, status: str, content: Sequence[Json]) -> Json:
        return {
            "id": self._item_id("msg"),
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": content,
        }

    def _item_id(self, kind: str) -> str:
        return f"{kind}_{self._id.removeprefix('resp_')}_{len(self._output)}"

    # Events ----------------------------------------------------------------------------------------------------------

    def _of_part(self, kind: str, **fields: object) -> Json:
        where = {"item_id": self._item_id("msg"), "output_index": len(self._output), "content_index": 0}
        return self._event(kind, **where, **fields)

    def _event(self, kind: str, **fields: object) -> Json:
        at, self._sent = self._sent, self._sent + 1
        return {"type": kind, "sequence_number": at, **fields}

    def _response(self, status: str, ended: Ended | None = None) -> Json:
        return {
            **self._head,
            **ALWAYS,
            **self._echo,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "output": list(self._output),
            "usage": None if ended is None else _usage(ended),
        }


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(ended: Ended) -> Json:
    read, written = ended.read, ended.written
    return {
        "input_tokens": read.total,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": written.total,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read.total + written.total,
    }
