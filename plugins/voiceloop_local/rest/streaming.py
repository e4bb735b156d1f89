"""Answers that go out while they are made: bytes as they come, and server-sent events."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Send
from typing_extensions import override

from voiceloop_local.rest.problems import ApiProblem

__all__ = ["DONE", "EVENTS", "Streamed", "event"]

_log = logging.getLogger(__name__)

EVENTS = "text/event-stream"
DONE = b"data: [DONE]\n\n"
"""What ends the streams of some families."""


def event(data: Any, name: str = "") -> bytes:  # noqa: ANN401 - any JSON
    """Return one server-sent event that holds `data` as JSON, named where the family names its events."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + msgspec.json.encode(data) + b"\n\n"


class Streamed(StreamingResponse):
    """Sends what a generator yields and closes it in the end, also when the client leaves early.

    A problem halfway comes out as ConnectionAbortedError: the status is out, so only the end that is missing can tell.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None], media_type: str) -> None:
        super().__init__(chunks, media_type=media_type, headers={"Cache-Control": "no-cache"})
        self._chunks = chunks

    @override
    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._chunks):
            try:
                await super().stream_response(send)
            except ApiProblem as problem:
                _log.warning("an answer broke off: %s", problem)
                raise ConnectionAbortedError(problem.message) from problem
