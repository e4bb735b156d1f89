"""The events of what a model writes, decoded and checked, until all of it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final, Protocol

from voiceloop.dgrid.chat_reading import DONE, decoded
from voiceloop.dgrid.client import Answer, Client, OpenAnswer
from voiceloop.dgrid.failures import Kind, RequestFailedError
from voiceloop.dgrid.sse import EventReader, ServerSentEvent, TooLongError

__all__ = ["Frame", "Gathered", "frames", "whole_frames"]

FIGURES_WITHIN_S: Final = 1.0
"""How long tokens are waited for after all was said; many servers never tell them, some never hang up."""

Frame = tuple[object, str]
"""What an event holds, whatever that is, and the name it came under, or ""."""


class Gathered(Protocol):
    """What came of an answer so far."""

    @property
    def began(self) -> bool:
        """Whether anything came that belongs to an answer."""

    @property
    def stopped(self) -> bool:
        """Whether the server said why it ends; after that only figures come."""

    @property
    def complete(self) -> bool:
        """Whether nothing is missing any more."""

    def close(self) -> None:
        """Take the marker that ends a stream."""


def whole_frames(client: Client, answer: Answer, gathered: Gathered) -> Iterator[Frame]:
    """Yield the one frame of an answer that came whole, or those of a server that streams all the same.

    Raises RequestRefusedError and RequestFailedError.
    """
    reader = EventReader()
    try:
        events = reader.feed(answer.body) + reader.end()
    except TooLongError as error:
        raise client.broken(str(error), answer) from None
    for event in events:
        if event.data.strip() == DONE:
            gathered.close()
            return
        yield frame(client, answer, event)


async def frames(client: Client, answer: OpenAnswer, gathered: Gathered) -> AsyncIterator[Frame]:
    """Yield the frames of a stream as they come, until `gathered`, to which they are given, is complete.

    It also ends where the connection breaks after the answer began. Raises RequestRefusedError and RequestFailedError.
    Cancelling ends the answer.
    """
    events = answer.events()
    while not gathered.complete and (event := await awaited(events, gathered)) is not None:
        if event.data.strip() == DONE:
            gathered.close()
            return
        yield frame(client, answer, event)


def frame(client: Client, answer: Answer | OpenAnswer, event: ServerSentEvent) -> Frame:
    """Return what an event holds; raise what it complains about."""
    raw = decoded(event)
    client.check(raw, answer)
    return raw, event.event


async def awaited(events: AsyncIterator[ServerSentEvent], gathered: Gathered) -> ServerSentEvent | None:
    """Return the next event; None where the answer ends, well or not."""
    try:
        async with asyncio.timeout(FIGURES_WITHIN_S if gathered.stopped else None):
            return await anext(events, None)
    except TimeoutError:
        return None
    except RequestFailedError as error:
        if gathered.stopped or (gathered.began and error.failure.kind is Kind.DROPPED):
            return None
        raise
