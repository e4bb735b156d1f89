"""The three seams of a cascade. Audio is 16-bit mono PCM, little-endian; its rate is always said.

All three raise `BackendError` when they fail for good (retries are behind them), and are safe to cancel: what is under
way at a server is closed at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from voiceloop.dgrid.chat_answer import ChatDelta
from voiceloop.vocabulary import Item, ToolSpec, Usage

__all__ = ["Chat", "Question", "Services", "Speak", "Transcribe", "Transcript"]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What recognition made of a turn; empty text means that nobody said anything."""

    text: str
    language: str = ""
    """A tag, where the server tells; empty where it does not."""
    usage: Usage | None = None


class Transcribe(Protocol):
    """Turns the speech of one turn into words."""

    async def __call__(self, pcm: bytes, rate_hz: int) -> Transcript:
        """Return the words. Language and vocabulary are the service's own, set when it was made."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a chat model is asked: the conversation so far."""

    instructions: str
    items: Sequence[Item]
    tools: Sequence[ToolSpec] = ()
    speech: bytes = b""
    """PCM of the newest user turn for models that listen themselves; its item then has no words."""
    speech_rate_hz: int = 0
    most_tokens: int | None = None
    """Of the answer; None leaves that to the service."""


class Chat(Protocol):
    """Answers; deltas as they come, `Ended` last."""

    def __call__(self, question: Question) -> AbstractAsyncContextManager[AsyncIterator[ChatDelta]]:
        """Open the answer; leaving the context early closes the request."""


class Speak(Protocol):
    """Turns one sentence into speech."""

    def __call__(self, text: str, rate_hz: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Yield PCM at `rate_hz`, chunks as they come; leaving the context early closes the request."""


@dataclass(frozen=True, slots=True)
class Services:
    """The three together; `transcribe` None: the chat model listens itself."""

    transcribe: Transcribe | None
    chat: Chat
    speak: Speak
    model: str
    """The chat model's id, for the record."""
    transcription_model: str = ""
    warm: Callable[[], Coroutine[Any, Any, None]] | None = None
    """Gets ready what the first request would wait for, and asks for nothing that is billed; never fails."""
