"""Answers a chat request in its dialect: whole, or while the brain thinks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from starlette.responses import JSONResponse, Response

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.inner import Answer, Ask, Ended, Piece
from voiceloop_local.rest.inner_thinking import pieces, settle
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.streaming import Streamed

__all__ = ["Writer", "answer", "now_s", "random_id"]

Json = dict[str, Any]


class Writer(Protocol):
    """Writes one answer in a dialect, whole or event by event; pure."""

    media_type: str
    """Of a stream."""
    last: bytes
    """What closes a stream, whatever happened in it."""

    def whole(self, answer: Answer) -> Json:
        """Return the whole answer. Raises ApiProblem for one that the dialect cannot hold."""

    def begin(self, read: Spent) -> Iterable[Json]:
        """Return the first events of a stream."""

    def add(self, piece: Piece) -> Iterable[Json]:
        """Return the events of more words, or of a call. Raises ApiProblem."""

    def end(self, ended: Ended) -> Iterable[Json]:
        """Return the last events of an answer that ended well."""

    def failed(self, problem: ApiProblem) -> Iterable[Json]:
        """Return the last events of an answer that broke off."""

    def frame(self, event: Json) -> bytes:
        """Return an event as it goes out."""


async def answer(desk: Desk, ask: Ask, writer: Writer) -> Response:
    """Return the response. Raises ApiProblem for what goes wrong before the first word. Safe to cancel."""
    models = desk.models()
    settled = await settle(models.transcriber, ask, desk.language)
    source = pieces(models.brain, ask, settled)
    if ask.streamed:
        first = await anext(source)  # before the status is out: a brain that cannot think is told by the status
        return Streamed(_events(first, source, writer, settled.read), writer.media_type)
    told: list[Piece] = []
    async with aclosing(source):
        async for piece in source:
            if isinstance(piece, Ended):
                return JSONResponse(writer.whole(Answer(told, piece)))
            told.append(piece)
    raise AssertionError("every answer has an end")


async def _events(
    first: Piece | Ended, source: AsyncGenerator[Piece | Ended, None], writer: Writer, read: Spent
) -> AsyncGenerator[bytes, None]:
    async with aclosing(source):
        for event in writer.begin(read):
            yield writer.frame(event)
        try:
            for event in _told(first, writer):
                yield writer.frame(event)
            async for piece in source:
                for event in _told(piece, writer):
                    yield writer.frame(event)
        except ApiProblem as problem:
            for event in writer.failed(problem):
                yield writer.frame(event)
        if writer.last:
            yield writer.last


def _told(piece: Piece | Ended, writer: Writer) -> Iterable[Json]:
    return writer.end(piece) if isinstance(piece, Ended) else writer.add(piece)


def random_id(prefix: str) -> str:
    """Return a new id."""
    return f"{prefix}{uuid4().hex}"


def now_s() -> int:
    """Return seconds since 1970."""
    return round(datetime.now(UTC).timestamp())
