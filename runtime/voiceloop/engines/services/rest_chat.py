"""A chat model over REST, in any dialect, which may listen to the user itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from pydantic import ValidationError

from voiceloop.dgrid.chat import Chat
from voiceloop.dgrid.chat_answer import ChatDelta
from voiceloop.dgrid.chat_items import messages_of
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.dialects.base import ChatDialect
from voiceloop.engines.services.seams import Question
from voiceloop.engines.services.uploads import wav_of
from voiceloop.errors import RefusedError, SettingsError

__all__ = ["RestChat"]


class RestChat:
    """Asks one model; one for each conversation, since dialects remember."""

    def __init__(self, client: Client, dialect: ChatDialect, model: str) -> None:
        self._chat = Chat(client, dialect)
        self._model = model

    @contextlib.asynccontextmanager
    async def __call__(self, question: Question) -> AsyncIterator[AsyncIterator[ChatDelta]]:
        """Yield the deltas of the answer, `Ended` last. Safe to cancel; leaving early closes the request.

        A question without any words is refused, and so is what the dialect has no words for. Entering and reading
        raise BackendError.
        """
        wav = await asyncio.to_thread(wav_of, question.speech, question.speech_rate_hz) if question.speech else b""
        try:
            messages = messages_of(question.items, question.instructions, wav)
            request = ChatRequest(
                model=self._model,
                messages=messages,
                tools=tuple(question.tools),
                max_tokens=question.most_tokens,
            )
        except ValidationError as error:
            raise RefusedError(f"this cannot be asked: {error.errors()[0]['msg']}") from None
        async with contextlib.AsyncExitStack() as stack:
            try:
                deltas = await stack.enter_async_context(self._chat.stream(request))
            except SettingsError as error:
                raise RefusedError(str(error)) from None
            yield deltas
