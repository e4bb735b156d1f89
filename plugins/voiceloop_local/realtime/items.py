"""Items of a conversation: messages, function calls and their outputs, with the audio they carry."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ItemKind", "ItemStatus", "Part", "PartKind", "Role", "StoredItem"]

ItemKind = Literal["message", "function_call", "function_call_output"]
ItemStatus = Literal["completed", "incomplete", "in_progress"]
Role = Literal["system", "user", "assistant"]
PartKind = Literal["text", "audio", "image"]


@dataclass(slots=True)
class Part:
    """One content part. Audio is 16-bit mono PCM at `rate_hz`, whatever the wire carried."""

    kind: PartKind
    text: str | None = None
    """Words of a text part, or the transcript of an audio part; None while nobody knows them."""
    pcm: bytearray = field(default_factory=bytearray)
    rate_hz: int = 24_000
    image_url: str = ""
    detail: str = "auto"
    truncated: bool = False
    """The client cut it; nothing is added any more."""
    dropped_ms: int = 0
    """Length of audio that was thrown away to bound memory; the part still counts it."""
    _starts_ms: list[int] = field(default_factory=list)
    _starts_at: list[int] = field(default_factory=list)

    @property
    def audio_ms(self) -> int:
        """Milliseconds of audio the part has, kept or dropped."""
        return self.dropped_ms + len(self.pcm) * 1000 // (2 * self.rate_hz)

    def add_words(self, words: str) -> None:
        """Add words that are spoken from the end of the audio received so far."""
        if self.truncated:
            return
        self._starts_ms.append(self.audio_ms)
        self._starts_at.append(len(self.text or ""))
        self.text = (self.text or "") + words

    def add_audio(self, pcm: bytes) -> None:
        """Add audio."""
        if not self.truncated:
            self.pcm += pcm

    def cut(self, audio_end_ms: int) -> None:
        """Keep only what was heard up to `audio_end_ms`: the audio, and the words that were spoken whole."""
        if audio_end_ms < self.audio_ms:
            spoken = bisect_right(self._starts_ms, audio_end_ms) - 1
            self.text = (self.text or "")[: self._starts_at[spoken]].rstrip() if spoken >= 0 else ""
        del self.pcm[audio_end_ms * self.rate_hz // 1000 * 2 :]
        self.dropped_ms = min(self.dropped_ms, audio_end_ms)
        self.truncated = True


@dataclass(slots=True)
class StoredItem:
    """One item. Fields of other kinds stay empty."""

    item_id: str
    kind: ItemKind
    status: ItemStatus = "completed"
    role: Role = "user"
    parts: list[Part] = field(default_factory=list)
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str = ""

    @property
    def words(self) -> str:
        """All known words of a message."""
        return " ".join(part.text for part in self.parts if part.text)
