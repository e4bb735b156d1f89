"""`POST /v1/completions`: a text that a model goes on with, whole or while it is being written. The legacy of chat.

Request and whole answer are as DGrid documents them; it is silent about streams, whose chunks are OpenAI's. `seed` and
prompts of tokens are upstream's.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, Self, TypeVar

import msgspec
from pydantic import Field, model_validator

from voiceloop.dgrid.adapting import adapted
from voiceloop.dgrid.client import Client, OpenAnswer, Request
from voiceloop.dgrid.completions_reading import CompletionReader, Continued, Finished, TextCompletion
from voiceloop.dgrid.frames import frames, whole_frames
from voiceloop.dgrid.refused_parameters import RefusedParameters
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.shape import RequestShape

__all__ = ["CompletionRequest", "Completions"]

T = TypeVar("T")
PATH: Final = "/v1/completions"
STREAMED: Final = {"stream": True, "stream_options": {"include_usage": True}}

Texts = Annotated[tuple[str, ...], Field(min_length=1)]
Tokens = Annotated[tuple[int, ...], Field(min_length=1)]


class CompletionRequest(RequestShape):
    """What to go on with. What is None is not sent, and the server's default counts."""

    model: str = Field(min_length=1)
    """Sent as it is; ids are opaque."""
    prompt: str | Texts | Tokens | Annotated[tuple[Tokens, ...], Field(min_length=1)]
    """One text, several, or either as tokens (upstream only)."""
    suffix: str | None = None
    """What comes after the part to be written."""
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    n: int | None = Field(default=None, ge=1)
    """Texts for each prompt."""
    logprobs: int | None = Field(default=None, ge=0)
    """For how many candidates of each token its probability is told."""
    echo: bool | None = None
    """Whether the prompt stands before what was written."""
    stop: str | tuple[str, ...] | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    best_of: int | None = Field(default=None, ge=1)
    """Of how many the best `n` are given; vendors do not stream those, nor take fewer than `n`."""
    logit_bias: Mapping[str, float] | None = None
    user: str | None = None
    seed: int | None = None
    """Upstream only."""

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.best_of is not None and self.best_of < (self.n or 1):
            raise ValueError(f"best_of is {self.best_of}, fewer than n, {self.n}: raise it, or leave it out")
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        return self.model_dump(mode="json", exclude_none=True)


class Completions:
    """Asks the models of one server that go on with a text.

    A parameter that a model refuses, such as `temperature`, is left out from then on and the question asked again. Both
    methods raise RequestRefusedError and RequestFailedError. A question changes nothing at the server, so one whose
    connection broke before the answer began is asked again; tokens may be billed twice then.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._refused = RefusedParameters()

    async def complete(self, request: CompletionRequest) -> TextCompletion:
        """Return all that was written; a server that streams all the same is understood. Safe to cancel."""
        answer = await self._adapted(request, {}, self._client.ask)
        reader = CompletionReader()
        for raw, _ in whole_frames(self._client, answer, reader):
            reader.take(raw)
        if not reader.began:
            raise self._client.broken("no text that goes on", answer, answer.body)
        return reader.completion(answer.request_id)

    @contextlib.asynccontextmanager
    async def stream(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Continued | Finished]]:
        """Yield what is written as it comes, `Finished` last. Safe to cancel; leaving early closes the connection.

        A connection that breaks in the middle leaves the texts truncated. A server that answers with one whole JSON
        object gives the same at once.
        """
        async with contextlib.AsyncExitStack() as stack:

            async def attempt(asked: Request) -> OpenAnswer:
                return await stack.enter_async_context(self._client.stream(asked))

            yield self._pieces(await self._adapted(request, STREAMED, attempt))

    async def _pieces(self, answer: OpenAnswer) -> AsyncIterator[Continued | Finished]:
        reader = CompletionReader()
        async for raw, _ in frames(self._client, answer, reader):
            for piece in reader.take(raw):
                yield piece
        if not reader.began:
            raise self._client.broken("the stream holds no text that goes on", answer)
        yield Finished(reader.completion(answer.request_id))
        await answer.finish()

    async def _adapted(
        self, request: CompletionRequest, more: dict[str, Any], attempt: Callable[[Request], Awaitable[T]]
    ) -> T:
        def post(body: dict[str, Any]) -> Awaitable[T]:
            return attempt(Request("POST", PATH, msgspec.json.encode(body), repeat=Repeat.SAFE))

        return await adapted(self._refused, request.model, request.to_json() | more, post)
