"""Conversation items of a scripted server, and the form its replies take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from voiceloop.testing.numbers import Run, numbered
from voiceloop.testing.script import Spoken

__all__ = ["Counters", "Event", "Form", "Item", "usage"]

Event = dict[str, Any]


class Counters:
    """What is counted through all connections of a server: ids and the samples of its voice."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._number = 0

    def new_id(self, prefix: str) -> str:
        """A fresh id."""
        self._ids[prefix] = self._ids.get(prefix, 0) + 1
        return f"{prefix}_{self._ids[prefix]}"

    def next_number(self, samples: int) -> int:
        """Take so many sample numbers; tells the first."""
        first, self._number = self._number, self._number + samples
        return first


@dataclass(slots=True)
class Item:
    """A conversation item as the server keeps it."""

    item_id: str
    body: Event
    """Its wire form without id."""
    first_number: int = 0
    """Number of its first audio sample."""
    samples: int = 0
    """Audio sent so far."""
    kept_ms: int | None = None
    """What the last truncation left of it."""
    rate_hz: int = 24_000
    words: str = ""
    """What the user said in it, transcribed or not."""
    speech: tuple[Run, ...] = ()
    """The numbered samples in it, where the user's audio is 16-bit PCM; `at` counts from its beginning."""

    @property
    def audio_ms(self) -> int:
        """Length of the audio sent so far."""
        return self.samples * 1000 // self.rate_hz

    @property
    def text(self) -> str:
        """What it says: its words, its text, its output, or the arguments of a call."""
        parts = self.body.get("content") or ()
        written = " ".join(str(part.get("text") or part.get("transcript") or "") for part in parts).strip()
        return self.words or written or str(self.body.get("output") or self.body.get("arguments") or "")

    def wire(self) -> Event:
        """The item as it stands in events."""
        return {"id": self.item_id, "object": "realtime.item", **self.body}


@dataclass(frozen=True, slots=True)
class Form:
    """What the session and the server's quirks say about every reply."""

    beta: bool = False
    text_only: bool = False
    g711: bool = False
    pcm_rate_hz: int = 24_000
    odd_deltas: bool = False
    metadata_echoed: bool = True

    @property
    def rate_hz(self) -> int:
        """Samples a second in replies."""
        return 8000 if self.g711 else self.pcm_rate_hz

    def silent(self, spoken: Spoken) -> bool:
        """Whether this is only text."""
        return self.text_only or not spoken.audio_ms

    def content_type(self, part_type: str) -> str:
        """The type of a content part inside an item."""
        return part_type if self.beta else f"output_{part_type}"

    def audio(self, item: Item, size_ms: int) -> Iterator[bytes]:
        """The item's next audio, whole or cut in the middle of a sample."""
        samples = size_ms * item.rate_hz // 1000
        number = item.first_number + item.samples
        item.samples += samples
        if self.g711:
            yield bytes(each % 128 for each in range(number, number + samples))
            return
        pcm = numbered(number, samples)
        if self.odd_deltas:
            middle = len(pcm) // 2 | 1
            yield pcm[:middle]
            yield pcm[middle:]
        else:
            yield pcm


def usage(items: Sequence[Item]) -> Event:
    """Believable token counts for a reply."""
    audio = sum(item.audio_ms for item in items) // 50
    return {
        "total_tokens": 140 + audio,
        "input_tokens": 100,
        "output_tokens": 40 + audio,
        "input_token_details": {"text_tokens": 60, "audio_tokens": 40, "cached_tokens": 20},
        "output_token_details": {"text_tokens": 40, "audio_tokens": audio},
    }
