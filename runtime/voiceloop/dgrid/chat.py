"""A question to a chat model, answered whole or while it is being written, in whichever dialect its server speaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from voiceloop.dgrid.adapting import adapted
from voiceloop.dgrid.chat_answer import ChatDelta, Completion, Ended, Gathering
from voiceloop.dgrid.chat_reading import DONE, decoded
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.client import Client, OpenAnswer, Request
from voiceloop.dgrid.dialects.base import Asked, ChatDialect
from voiceloop.dgrid.failures import Kind, RequestFailedError
from voiceloop.dgrid.refused_parameters import RefusedParameters
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.sse import EventReader, ServerSentEvent, TooLongError

__all__ = ["Chat"]

T = TypeVar("T")
FIGURES_WITHIN_S: Final = 1.0
"""How long tokens are waited for after all was said; many servers never tell them, some never hang up."""


class Chat:
    """Asks the chat models of one server in one dialect; one for each conversation, since dialects remember.

    A parameter that a model refuses, such as `temperature` or `max_tokens`, is left out from then on and the question
    asked again. Both methods raise RequestRefusedError and RequestFailedError, and SettingsError for what the dialect
    has no words for. A question changes nothing at the server, so one whose connection broke before the answer began is
    asked again; tokens may be billed twice then.
    """

    def __init__(self, client: Client, dialect: ChatDialect) -> None:
        self._client = client
        self._dialect = dialect
        self._refused = RefusedParameters(dialect.optional)

    async def complete(self, request: ChatRequest) -> Completion:
        """Return the whole answer; a server that streams all the same is understood. Safe to cancel."""
        answer = await self._adapted(request.model, self._dialect.asked(request, streamed=False), self._client.ask)
        reader, events = self._dialect.reader(), EventReader()
        try:
            found = events.feed(answer.body) + events.end()
        except TooLongError as error:
            raise self._client.broken(str(error), answer) from None
        for event in found:
            if event.data.strip() == DONE:
                reader.answer.close()
                break
            raw = decoded(event)
            self._client.check(raw, answer)
            reader.take(raw, event.event)
        if not reader.answer.began:
            raise self._client.broken("it holds no answer of a chat model", answer)
        return reader.answer.completion(answer.request_id)

    @contextlib.asynccontextmanager
    async def stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[ChatDelta]]:
        """Yield the answer's deltas as they come, `Ended` last. Safe to cancel; leaving early closes the connection.

        A connection that breaks in the middle ends the answer as truncated. A server that answers with one whole JSON
        object gives the same deltas at once.
        """
        async with contextlib.AsyncExitStack() as stack:

            async def attempt(asked: Request) -> OpenAnswer:
                return await stack.enter_async_context(self._client.stream(asked))

            asked = self._dialect.asked(request, streamed=True)
            yield self._deltas(await self._adapted(request.model, asked, attempt))

    async def _deltas(self, answer: OpenAnswer) -> AsyncIterator[ChatDelta]:
        reader, events = self._dialect.reader(), answer.events()
        while not reader.answer.complete and (event := await self._next(events, reader.answer)) is not None:
            if event.data.strip() == DONE:
                reader.answer.close()
                break
            raw = decoded(event)
            self._client.check(raw, answer)
            for delta in reader.take(raw, event.event):
                yield delta
        if not reader.answer.began:
            raise self._client.broken("the stream holds nothing of a chat model", answer)
        yield Ended(reader.answer.completion(answer.request_id))
        with contextlib.suppress(
            TimeoutError, RequestFailedError
        ):  # an answer read to its end leaves a warm connection
            async with asyncio.timeout(FIGURES_WITHIN_S):
                async for _ in events:
                    pass

    async def _next(self, events: AsyncIterator[ServerSentEvent], gathered: Gathering) -> ServerSentEvent | None:
        """Return the next event; None where the answer ends, well or not."""
        try:
            async with asyncio.timeout(FIGURES_WITHIN_S if gathered.stop else None):
                return await anext(events, None)
        except TimeoutError:
            return None
        except RequestFailedError as error:
            if gathered.stop or (gathered.began and error.failure.kind is Kind.DROPPED):
                return None
            raise

    async def _adapted(self, model: str, asked: Asked, attempt: Callable[[Request], Awaitable[T]]) -> T:
        """Attempt with what the model takes, as far as that is known."""

        async def sent(body: dict[str, Any]) -> T:
            encoded = msgspec.json.encode(body)
            return await attempt(Request("POST", asked.path, encoded, asked.headers, repeat=Repeat.SAFE))

        return await adapted(self._refused, model, asked.body, sent)
