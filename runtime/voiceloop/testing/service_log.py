"""What scripted services were asked, and what became of each request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from voiceloop.engines.services.seams import Question
from voiceloop.testing.numbers import runs
from voiceloop.testing.script import Reply, Stall, Vanish
from voiceloop.testing.service_faults import Endpoint, ServiceFault
from voiceloop.testing.spans import Span, spans_of
from voiceloop.vocabulary import Item, ToolCall, ToolOutput

__all__ = ["Asked", "Ending", "Listing", "Purpose", "Recognition", "Sentence", "Writing", "outputs_missing"]


class Ending(StrEnum):
    """What became of a request."""

    OPEN = "open"
    ANSWERED = "answered"
    FAILED = "failed"
    LEFT = "left"
    """The client closed it before it had all."""


class Purpose(StrEnum):
    """What a request is for."""

    CONVERSATION = "conversation"
    REHEARSAL = "rehearsal"
    """An engine tries whether an endpoint is well again. It takes none of the script's replies."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request. Times are those of the running loop, in seconds."""

    endpoint: Endpoint
    purpose: Purpose = Purpose.CONVERSATION
    at_s: float
    ended_s: float | None = None
    ending: Ending = Ending.OPEN
    met: ServiceFault | None = None
    """What was wrong when it began."""
    struck: Vanish | Stall | None = field(default=None, repr=False)
    """What befell it while it was under way."""
    news: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)
    """Set when that happens."""


@dataclass(slots=True, kw_only=True)
class Listing(Asked):
    """Which models are there."""

    endpoint: Endpoint = "models"


@dataclass(slots=True, kw_only=True)
class Recognition(Asked):
    """What was said."""

    endpoint: Endpoint = "transcribe"
    pcm: bytes = field(repr=False)
    """16-bit mono."""
    rate_hz: int
    text: str = ""
    """The words in it; there before they are sent."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The user's numbered samples in it."""
        return tuple(spans_of(runs(self.pcm)))


@dataclass(slots=True, kw_only=True)
class Writing(Asked):
    """A question to the chat model."""

    endpoint: Endpoint = "chat"
    question: Question
    reply: Reply | None = None
    """What it was answered with, in whole or in part."""


@dataclass(slots=True, kw_only=True)
class Sentence(Asked):
    """Something to be said."""

    endpoint: Endpoint = "speak"
    text: str
    rate_hz: int
    voice: str = ""
    """Which was asked for over a connection; in memory services are made with one."""
    first_number: int = 0
    """Number of its first sample."""
    samples: int = 0
    """How many of them were sent."""

    @property
    def span(self) -> Span:
        """The numbers of what was sent."""
        return Span(self.first_number, self.first_number + self.samples)


def outputs_missing(items: Sequence[Item]) -> list[str]:
    """What is wrong with the calls of a history: those without exactly one output, and outputs of no call."""
    calls = [item.call_id for item in items if isinstance(item, ToolCall)]
    outputs = [item.call_id for item in items if isinstance(item, ToolOutput)]
    wrong = [f"{outputs.count(call)} outputs for {call}" for call in calls if outputs.count(call) != 1]
    return wrong + [f"an output for {output}, which was not called" for output in outputs if output not in calls]
