"""What a dialect of chat is: how a question is put, and how the events of its answer are read. Pure.

A dialect lives as long as a conversation: some servers want back, unchanged, what they sent beside a tool call.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from voiceloop.dgrid.chat_answer import ChatDelta, Gathering
from voiceloop.dgrid.chat_request import ChatRequest, ImagePart
from voiceloop.errors import SettingsError

__all__ = ["AnswerReader", "Asked", "ChatDialect", "Echoes", "inline_image", "refuse"]

T = TypeVar("T")
MOST_ECHOES: Final = 64
DATA_URL: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.=-]+)*;base64")
"""What stands before the comma."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as one dialect puts it: a POST of a JSON object."""

    path: str
    """From the base URL on, with its leading slash."""
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    """More than the client sends by itself."""


class AnswerReader(Protocol):
    """Takes the events of one answer in order; one whole answer is one event."""

    @property
    def answer(self) -> Gathering:
        """What came so far."""

    def take(self, raw: object, event: str) -> list[ChatDelta]:
        """Return the news of an event: its decoded data, whatever they are, and the name it came under, or "".

        Errors and the marker that ends a stream never come here.
        """


class ChatDialect(Protocol):
    """Writes questions, reads answers."""

    @property
    def optional(self) -> Sequence[str]:
        """Which fields of the body a question can do without, where a model does not know them."""

    def asked(self, request: ChatRequest, *, streamed: bool) -> Asked:
        """Return how a question is put. Raises SettingsError for what this dialect has no words for."""

    def reader(self) -> AnswerReader:
        """Return what reads the answer to one question, whole or streamed."""


class Echoes(Generic[T]):
    """What a server wants back with its tool calls, by their ids; of more than 64 the oldest are forgotten."""

    def __init__(self) -> None:
        self._kept: dict[str, T] = {}

    def keep(self, call_id: str, echo: T) -> None:
        """Remember what came with a call."""
        self._kept[call_id] = echo
        while len(self._kept) > MOST_ECHOES:
            del self._kept[next(iter(self._kept))]

    def of(self, call_id: str) -> T | None:
        """Return what came with a call; None where nothing did."""
        return self._kept.get(call_id)


def refuse(request: ChatRequest, dialect: str, *wordless: str) -> None:
    """Raise SettingsError where a request says something that a dialect has no words for: these fields of it."""
    for name in wordless:
        if getattr(request, name) is not None:
            raise SettingsError(f"chat in the dialect {dialect} has no {name}: leave it out, or choose another dialect")


def inline_image(part: ImagePart) -> tuple[str, str] | None:
    """Return kind and base64 of an image that is sent with the question; None for an address.

    Raises SettingsError for a data URL that holds no image in base64.
    """
    url = part.image_url.url
    if not url.startswith("data:"):
        return None
    head, _, data = url.partition(",")
    kind = DATA_URL.fullmatch(head)
    try:
        whole = kind and a2b_base64(data, strict_mode=True)
    except ValueError:
        whole = b""
    if not kind or not whole:
        raise SettingsError("an image's data URL must look like data:image/png;base64,... without blanks")
    return kind[1], data
