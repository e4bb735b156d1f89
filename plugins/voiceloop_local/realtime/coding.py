"""Wire audio to PCM and back, in the three encodings both dialects know."""

from __future__ import annotations

from voiceloop.audio import g711
from voiceloop.audio.resample import Resampler
from voiceloop.vocabulary import Encoding
from voiceloop_local.realtime.config import rate_of
from voiceloop_local.seams import SPEECH_RATE_HZ

__all__ = ["DELTA_MS", "FIRST_DELTA_MS", "DeltaCutter", "from_wire", "to_wire"]

FIRST_DELTA_MS = 40
"""A short first delta lets the listener hear it early."""
DELTA_MS = 100


def from_wire(encoding: Encoding, data: bytes) -> bytes:
    """Wire bytes as PCM at the encoding's rate; half a sample at the end stays as it is."""
    return g711.decode(data, encoding)


def to_wire(encoding: Encoding, pcm: bytes, rate_hz: int) -> bytes:
    """A whole recording in wire bytes."""
    resampler = Resampler(rate_hz, rate_of(encoding))
    return g711.encode(resampler.feed(pcm) + resampler.drain(), encoding)


class DeltaCutter:
    """Cuts a speaker's chunks, of any length, into deltas at the rate of an encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.rate_hz = rate_of(encoding)
        self._resampler = Resampler(SPEECH_RATE_HZ, self.rate_hz)
        self._odd = b""
        self._held = bytearray()
        self._next_ms = FIRST_DELTA_MS

    def feed(self, chunk: bytes) -> list[bytes]:
        """The deltas, as PCM, that this chunk completes."""
        pcm = self._odd + chunk
        whole = len(pcm) // 2 * 2
        self._odd = pcm[whole:]
        self._held += self._resampler.feed(pcm[:whole])
        return self._cut()

    def drain(self) -> list[bytes]:
        """What is left; the next chunk begins a new stretch of speech."""
        self._odd = b""
        self._held += self._resampler.drain()
        deltas = self._cut()
        if self._held:
            deltas.append(bytes(self._held))
            self._held.clear()
        return deltas

    def wire(self, pcm: bytes) -> bytes:
        """A delta as it crosses the wire."""
        return g711.encode(pcm, self.encoding)

    def ms(self, pcm: bytes) -> int:
        """How long a delta lasts."""
        return len(pcm) * 500 // self.rate_hz

    def _cut(self) -> list[bytes]:
        deltas = []
        while len(self._held) >= (size := self.rate_hz * self._next_ms // 1000 * 2):
            deltas.append(bytes(self._held[:size]))
            del self._held[:size]
            self._next_ms = DELTA_MS
        return deltas
