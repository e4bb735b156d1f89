"""The seams between the gateway and whatever recognises, speaks and thinks for it.

Audio here is always mono 16-bit little-endian PCM. All methods are safe to cancel; none may block the loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from voiceloop.languages.guess import LanguageGuess
from voiceloop.vocabulary import Item, ToolSpec

__all__ = ["LACKING", "SPEECH_RATE_HZ", "Brain", "Call", "Heard", "Say", "Speaker", "Thought", "Transcriber"]

SPEECH_RATE_HZ = 24_000
"""The rate every `Speaker` produces."""
LACKING = "language_unavailable"
"""Code of errors that no other request in the same language can escape."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What recognition made of a stretch of speech; empty text means that nobody said anything."""

    text: str
    guess: LanguageGuess
    """The language of the conversation, this speech counted in."""


@dataclass(frozen=True, slots=True)
class Say:
    """Words to speak; a brain may yield many, each as soon as it has a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A tool the brain wants called."""

    name: str
    arguments: str
    """JSON text of the arguments object."""


Thought = Say | Call


class Transcriber(Protocol):
    """Turns speech into words."""

    async def transcribe(self, pcm: bytes, rate_hz: int, language: str = "en", vocabulary: Sequence[str] = ()) -> str:
        """Return the words in `pcm`, empty when there are none."""

    async def translate(self, pcm: bytes, rate_hz: int, language: str) -> str:
        """Return in English what is said in `language` in `pcm`, empty when nothing is."""

    async def identify(self, pcm: bytes, rate_hz: int, among: Sequence[str]) -> tuple[str, float]:
        """Return which language of `among` is spoken and its probability from 0 to 1; "" and 0 when none is."""


class Speaker(Protocol):
    """Turns words into speech."""

    def speak(self, text: str, voice: str | None = None, language: str = "en") -> AsyncIterator[bytes]:
        """Yield PCM at `SPEECH_RATE_HZ`, chunks as they are ready; an unknown voice falls back to the default."""


class Brain(Protocol):
    """Decides what to say or do next."""

    def think(
        self, instructions: str, items: Sequence[Item], tools: Sequence[ToolSpec], say: str | None, language: str = "en"
    ) -> AsyncIterator[Thought]:
        """Yield what to say or call, in order. `say` is a text to be said word for word instead of an own thought.

        `language` is the tag of the language to answer in.
        """
