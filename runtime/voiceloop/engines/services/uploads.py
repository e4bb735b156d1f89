"""A turn's speech as it is sent to a server: a WAV file that is no larger than recognition needs; pure."""

from __future__ import annotations

from typing import Final

from voiceloop.audio.resample import Resampler
from voiceloop.clips import to_wav

__all__ = ["wav_of"]

ENOUGH_HZ: Final = 16_000
"""What recognition works at; more would only take longer to arrive."""


def wav_of(pcm: bytes, rate_hz: int) -> bytes:
    """Return 16-bit mono PCM as a WAV file of at most 16 kHz. A minute takes some 25 ms: call it in a thread."""
    if rate_hz > ENOUGH_HZ:
        resampler = Resampler(rate_hz, ENOUGH_HZ)
        pcm, rate_hz = resampler.feed(pcm) + resampler.drain(), ENOUGH_HZ
    return to_wav(pcm, rate_hz)
