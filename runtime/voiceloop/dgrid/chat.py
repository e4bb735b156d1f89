"""A question to a chat model, answered whole or while it is being written, in whichever dialect its server speaks."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from voiceloop.dgrid.adapting import adapted
from voiceloop.dgrid.chat_answer import ChatDelta, Completion, Ended
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.client import Client, OpenAnswer, Request
from voiceloop.dgrid.dialects.base import Asked, ChatDialect
from voiceloop.dgrid.frames import frames, whole_frames
from voiceloop.dgrid.refused_parameters import RefusedParameters
from voiceloop.dgrid.retries import Repeat

__all__ = ["Chat"]

T = TypeVar("T")


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
        reader = self._dialect.reader()
        for raw, event in whole_frames(self._client, answer, reader.answer):
            reader.take(raw, event)
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
        reader = self._dialect.reader()
        async for raw, event in frames(self._client, answer, reader.answer):
            for delta in reader.take(raw, event):
                yield delta
        if not reader.answer.began:
            raise self._client.broken("the stream holds nothing of a chat model", answer)
        yield Ended(reader.answer.completion(answer.request_id))
        await answer.finish()

    async def _adapted(self, model: str, asked: Asked, attempt: Callable[[Request], Awaitable[T]]) -> T:
        """Attempt with what the model takes, as far as that is known."""

        async def sent(body: dict[str, Any]) -> T:
            encoded = msgspec.json.encode(body)
            return await attempt(Request("POST", asked.path, encoded, asked.headers, repeat=Repeat.SAFE))

        return await adapted(self._refused, model, asked.body, sent)
