"""The backend's chat model, asked one question at a time, beside a conversation."""

from __future__ import annotations

import importlib
import os
from typing import Final

from voiceloop.dgrid.chat import Chat
from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.chat_request import ChatRequest, SystemMessage, UserMessage
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.dialects import dialect
from voiceloop.dgrid.models import OURS, choose, list_models
from voiceloop.errors import UnreachableError
from voiceloop.network.route import route_to
from voiceloop.settings import Settings

__all__ = ["ChatModel"]

MOST_TOKENS: Final = 2_000
"""Of an answer: some models think aloud before they write."""


class ChatModel:
    """Asks the model that settings name for summaries or for chat, else the best that their backend lists.

    Each question opens connections of its own: they come half an hour apart.
    """

    def __init__(self, settings: Settings) -> None:
        """Loads what asking takes, for about 0.2 s. Raises SettingsError for certificates or a proxy of no use."""
        importlib.import_module("httpx")
        backend, who = settings.backend, settings.agent
        self._base_url = backend.base_url or ""
        self._key = None if backend.api_key is None else backend.api_key.get_secret_value()
        self._model = who.history.summary_model or who.models.chat
        self._answers = settings.tiers.engine == "rest"
        self._route = route_to(self._base_url, os.environ, backend) if self._base_url else None

    async def __call__(self, task: str, question: str) -> str:
        """Return the answer to a system and a user message. Raises RefusedError or UnreachableError. Safe to cancel."""
        if not self._base_url:
            raise UnreachableError("there is no backend with a chat model; set DGRID_BASE_URL")
        request = ChatRequest(
            model=self._model or await self._best(),
            messages=(SystemMessage(content=task), UserMessage(content=question)),
            max_tokens=MOST_TOKENS,
        )
        async with Client(self._base_url, self._key, route=self._route) as client:
            answer = await Chat(client, dialect("openai")).complete(request)
        if answer.stop not in {Stop.END, Stop.LENGTH}:
            raise UnreachableError(f"{request.model} did not write its answer to the end: {answer.stop}")
        return answer.text

    async def _best(self) -> str:
        listed = await list_models(self._base_url, self._key, route=self._route)
        if listed is not None and not self._answers:  # a model that only answers sentences it was told sums up nothing
            listed = tuple(model for model in listed if model.owner != OURS)
        return choose("chat", listed, self._base_url).model
