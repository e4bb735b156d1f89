"""Has the older part of a long conversation summed up by a chat model, beside the conversation.

Whatever goes wrong is an event: the conversation goes on without what nobody summed up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from voiceloop.condense import prompt
from voiceloop.errors import VoiceloopError
from voiceloop.events import Event, Summarised, SummaryFailed
from voiceloop.settings import Settings
from voiceloop.vocabulary import Item

__all__ = ["SUMMARY_WITHIN_S", "AskChat", "backend_chat", "sum_up"]

SUMMARY_WITHIN_S: Final = 20.0

AskChat = Callable[[str, str], Awaitable[str]]
"""Asks a chat model: system message, user message -> its answer. Raises a VoiceloopError when there is none."""


async def sum_up(older: Sequence[Item], language: str, ask: AskChat, happened: Callable[[Event], None]) -> None:
    """Report the summary, or why there is none, within 20 s. `language` is a BCP 47 tag or `auto`. Safe to cancel."""
    try:
        async with asyncio.timeout(SUMMARY_WITHIN_S):
            text = (await ask(*prompt(older, language))).strip()
    except TimeoutError:
        happened(SummaryFailed(f"no summary within {SUMMARY_WITHIN_S:g} s"))
    except VoiceloopError as error:
        happened(SummaryFailed(str(error)))
    else:
        happened(Summarised(text) if text else SummaryFailed("the chat model wrote nothing"))


def backend_chat(settings: Settings) -> AskChat:
    """Return what asks the chat model of the settings' backend. Nothing is loaded before the first question."""

    async def ask(task: str, question: str) -> str:
        # Loading the HTTP library and certificates takes 0.2 s, in which no sound must wait.
        model = await asyncio.to_thread(_loaded, settings)
        return await model(task, question)

    return ask


def _loaded(settings: Settings) -> AskChat:
    from voiceloop.chatmodel import ChatModel  # noqa: PLC0415 - see above

    return ChatModel(settings)
