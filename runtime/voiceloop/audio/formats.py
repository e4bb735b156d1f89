"""The formats of samples in a WAV file, as 16-bit mono PCM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from voiceloop.audio import g711
from voiceloop.audio.pcm import to_int16, to_mono

__all__ = ["to_pcm"]

_PCM, _FLOAT, _ALAW, _ULAW = 1, 3, 6, 7


def to_pcm(tag: int, bits: int, channels: int) -> Callable[[bytes], bytes] | None:
    """Return what turns interleaved samples of this format into 16-bit mono; None for an unknown format.

    `tag` is the number a WAV file gives its format. Channels are mixed to their mean.
    """
    samples = _to_int16(tag, bits)
    return None if samples is None else lambda raw: to_mono(samples(raw), channels)


def _to_int16(tag: int, bits: int) -> Callable[[bytes], bytes] | None:
    def from_float(kind: type[np.floating[Any]]) -> Callable[[bytes], bytes]:
        return lambda raw: to_int16(np.nan_to_num(np.frombuffer(raw, kind)))

    kinds: dict[tuple[int, int], Callable[[bytes], bytes]] = {
        (_PCM, 8): lambda raw: ((np.frombuffer(raw, np.uint8).astype(np.int16) - 128) << 8).tobytes(),
        (_PCM, 16): lambda raw: raw,
        (_PCM, 24): lambda raw: np.frombuffer(raw, np.uint8).reshape(-1, 3)[:, 1:].tobytes(),
        (_PCM, 32): lambda raw: (np.frombuffer(raw, "<i4") >> 16).astype(np.int16).tobytes(),
        (_FLOAT, 32): from_float(np.float32),
        (_FLOAT, 64): from_float(np.float64),
        (_ALAW, 8): g711.decode_alaw,
        (_ULAW, 8): g711.decode_ulaw,
    }
    return kinds.get((tag, bits))
