"""`POST /v1/chat/completions`: a question to a chat model, answered whole or while it is being written.

Request and whole answer are as DGrid documents them; the chunks of a stream are OpenAI's, since DGrid says only that it
streams. Servers differ in what they leave out: see `chat_reading`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from voiceloop.dgrid.chat_answer import ChatDelta, Completion, Ended
from voiceloop.dgrid.chat_reading import DONE, ChatReader, decoded
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.client import Answer, Client, OpenAnswer, Request
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.dgrid.refused_parameters import RefusedParameters
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.sse import EventReader, ServerSentEvent, TooLongError

__all__ = ["ChatCompletions"]

log = logging.getLogger(__name__)

T = TypeVar("T")
PATH: Final = "/v1/chat/completions"
STREAMED: Final = {"stream": True, "stream_options": {"include_usage": True}}
FIGURES_WITHIN_S: Final = 1.0
"""How long tokens are waited for after all was said; many servers never tell them, some never hang up."""


class ChatCompletions:
    """Asks the chat models of one server.

    A parameter that a model refuses, such as `temperature` or `max_tokens`, is left out from then on and the question
    asked again. Both methods raise RequestRefusedError and RequestFailedError. A question changes nothing at the
    server, so one whose connection broke before the answer began is asked again; tokens may be billed twice then.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._refused = RefusedParameters()

    async def complete(self, request: ChatRequest) -> Completion:
        """Return the whole answer; a server that streams all the same is understood. Safe to cancel."""
        answer = await self._adapted(request, {}, self._client.ask)
        reader, events = ChatReader(), EventReader()
        try:
            found = events.feed(answer.body) + events.end()
        except TooLongError as error:
            raise self._broken(str(error), answer) from None
        for event in found:
            if event.data.strip() == DONE:
                reader.done()
                break
            raw = decoded(event)
            self._client.check(raw, answer)
            reader.take(raw)
        if not reader.began:
            raise self._broken("it holds no answer of a chat model", answer)
        return reader.completion(answer.request_id)

    @contextlib.asynccontextmanager
    async def stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[ChatDelta]]:
        """Yield the answer's deltas as they come, `Ended` last. Safe to cancel; leaving early closes the connection.

        A connection that breaks in the middle ends the answer as truncated. A server that answers with one whole JSON
        object gives the same deltas at once.
        """
        async with contextlib.AsyncExitStack() as stack:

            async def attempt(asked: Request) -> OpenAnswer:
                return await stack.enter_async_context(self._client.stream(asked))

            yield self._deltas(await self._adapted(request, STREAMED, attempt))

    async def _deltas(self, answer: OpenAnswer) -> AsyncIterator[ChatDelta]:
        reader, events = ChatReader(), answer.events()
        while not reader.complete and (event := await self._next(events, reader)) is not None:
            if event.data.strip() == DONE:
                reader.done()
                break
            raw = decoded(event)
            self._client.check(raw, answer)
            for delta in reader.take(raw):
                yield delta
        if not reader.began:
            raise self._broken("the stream holds nothing of a chat model", answer)
        yield Ended(reader.completion(answer.request_id))
        with contextlib.suppress(
            TimeoutError, RequestFailedError
        ):  # an answer read to its end leaves a warm connection
            async with asyncio.timeout(FIGURES_WITHIN_S):
                async for _ in events:
                    pass

    async def _next(self, events: AsyncIterator[ServerSentEvent], reader: ChatReader) -> ServerSentEvent | None:
        """Return the next event; None where the answer ends, well or not."""
        try:
            async with asyncio.timeout(FIGURES_WITHIN_S if reader.stopped else None):
                return await anext(events, None)
        except TimeoutError:
            return None
        except RequestFailedError as error:
            if reader.stopped or (reader.began and error.failure.kind is Kind.DROPPED):
                return None
            raise

    async def _adapted(
        self, request: ChatRequest, more: dict[str, Any], attempt: Callable[[Request], Awaitable[T]]
    ) -> T:
        """Attempt with what the model takes, as far as that is known; once more for each parameter it refuses."""
        asked = request.to_json() | more
        while True:
            body = self._refused.without(request.model, asked)
            try:
                return await attempt(Request("POST", PATH, msgspec.json.encode(body), repeat=Repeat.SAFE))
            except RequestRefusedError as error:
                refused = self._refused.learn(request.model, error.failure, body)
                if refused is None:
                    raise
                log.warning("%s takes no %s: asking without it from now on", request.model, refused)

    def _broken(self, why: str, answer: Answer | OpenAnswer) -> Exception:
        return self._client.error(Failure(Kind.BROKEN, why, answer.status, request_id=answer.request_id))
