"""What a scripted server hears: the audio written to it, and the speech the script says is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from voiceloop.testing.script import Utterance

__all__ = ["Heard", "Hearing"]


SLICE_MS = 20
"""One append may hold several turns: audio that waited comes in big pieces."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Speech began or ended; `clock_ms` as voice activity events count."""

    what: Literal["started", "stopped"]
    clock_ms: int
    utterance: Utterance


class Hearing:
    """Buffer clock and speech of one connection.

    Speech comes from scripted utterances. With `listens` it comes from the audio itself: anything but zeros is speech,
    which suits a microphone whose silence is exact.
    """

    def __init__(self, *, listens: bool, keeps_s: float | None = None, transcribed_after_s: float = 0.0) -> None:
        self.pcm = bytearray()
        """Everything written, decoded from base64; with `keeps_s` only the last of it."""
        self.dropped = 0
        """Bytes written that are no longer in `pcm`."""
        self.buffered_from = 0
        """Where the current input buffer begins, in bytes written."""
        self.bytes_per_ms = 48
        self._keeps_s = keeps_s
        self._transcribed_after_s = transcribed_after_s
        self._listens = listens
        self._utterances: list[Utterance] = []
        self._speaking: Utterance | None = None
        self._last_sound = 0
        self._next_text = 0
        self.texts: list[str] = []
        """What `listens` makes of each utterance in turn; then "hello"."""

    @property
    def written(self) -> int:
        """Bytes written since the connection opened."""
        return self.dropped + len(self.pcm)

    @property
    def clock_ms(self) -> int:
        """Audio written since the connection opened."""
        return self.written // self.bytes_per_ms

    @property
    def buffered_ms(self) -> int:
        """Audio in the input buffer."""
        return (self.written - self.buffered_from) // self.bytes_per_ms

    @property
    def buffered(self) -> bytes:
        """Audio in the input buffer, as it was written."""
        return bytes(self.pcm[max(0, self.buffered_from - self.dropped) :])

    @property
    def unheard(self) -> int:
        """Scripted utterances that have not ended yet."""
        return len(self._utterances) + (self._speaking is not None)

    def expect(self, utterance: Utterance) -> None:
        """The user will speak as told."""
        self._utterances.append(utterance)
        self._utterances.sort(key=lambda each: each.at_ms)

    def append(self, pcm: bytes, silence_ms: int | None) -> Iterator[Heard]:
        """Take audio; yields what turn detection makes of it (`silence_ms` None: there is none)."""
        size = max(1, SLICE_MS * self.bytes_per_ms)
        for start in range(0, len(pcm), size):
            before = self.written
            self.pcm += (part := pcm[start : start + size])
            if self._listens:
                self._listen(part, before)
            if silence_ms is not None:
                yield from self._heard(silence_ms)
        self._forget()

    def _forget(self) -> None:
        if self._keeps_s is None:
            return
        kept = int(self._keeps_s * 1000) * self.bytes_per_ms
        if len(self.pcm) > 2 * kept:
            self.dropped += len(self.pcm) - kept
            del self.pcm[:-kept]

    def _heard(self, silence_ms: int) -> Iterator[Heard]:
        if self._speaking is None and self._utterances and self.clock_ms >= self._utterances[0].at_ms:
            self._speaking = self._utterances.pop(0)
            yield Heard("started", self._speaking.at_ms, self._speaking)
        speaking = self._speaking
        if speaking is not None and self.clock_ms >= self._end_ms(speaking) + silence_ms:
            self._speaking = None
            yield Heard("stopped", self._end_ms(speaking) + silence_ms, speaking)

    def empty_buffer(self) -> None:
        """The buffer was committed or cleared."""
        self.buffered_from = self.written

    def forget_speech(self) -> None:
        """The buffer with the speech in progress was cleared."""
        self._speaking = None

    def take_speech(self) -> Utterance:
        """The speech the client committed by itself: the one in progress, or the next."""
        speaking, self._speaking = self._speaking, None
        if speaking is None and self._utterances:
            speaking = self._utterances.pop(0)
        return speaking or Utterance(0, self.clock_ms, transcribed_after_s=self._transcribed_after_s)

    def _listen(self, pcm: bytes, before: int) -> None:
        if not pcm.strip(b"\0"):
            return
        self._last_sound = before + len(pcm.rstrip(b"\0"))
        if self._speaking is None and not self._utterances:
            text = self.texts[self._next_text] if self._next_text < len(self.texts) else "hello"
            self._next_text += 1
            onset = before + len(pcm) - len(pcm.lstrip(b"\0"))
            self._utterances.append(Utterance(onset // self.bytes_per_ms, -1, text, self._transcribed_after_s))

    def _end_ms(self, utterance: Utterance) -> int:
        return utterance.end_ms if utterance.end_ms >= 0 else -(-self._last_sound // self.bytes_per_ms)
