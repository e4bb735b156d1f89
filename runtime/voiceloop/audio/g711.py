"""G.711 mu-law and A-law: one byte a sample on the wire, 16-bit PCM inside.

Both directions are table look-ups. The tables are computed from the segment definitions of ITU-T G.711 as its reference
encoder applies them (14-bit input for mu-law, 13-bit for A-law), because encoders derived from the decoding table
disagree with it at the segments' edges.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from voiceloop.vocabulary import Encoding

__all__ = ["decode", "decode_alaw", "decode_ulaw", "encode", "encode_alaw", "encode_ulaw"]

_ULAW_BIAS = 33
_ULAW_CLIP = 8158
"""The reference clips at 8159, which with the bias is one past the last segment and gets the last code all the same."""


def encode(pcm: bytes, encoding: Encoding) -> bytes:
    """PCM as it crosses the wire in this encoding."""
    if encoding is Encoding.G711_ULAW:
        return encode_ulaw(pcm)
    if encoding is Encoding.G711_ALAW:
        return encode_alaw(pcm)
    return pcm


def decode(data: bytes, encoding: Encoding) -> bytes:
    """Wire bytes of this encoding as PCM."""
    if encoding is Encoding.G711_ULAW:
        return decode_ulaw(data)
    if encoding is Encoding.G711_ALAW:
        return decode_alaw(data)
    return data


def encode_ulaw(pcm: bytes) -> bytes:
    """PCM to mu-law, half as many bytes."""
    return _ulaw_codes()[np.frombuffer(pcm, np.uint16)].tobytes()


def decode_ulaw(data: bytes) -> bytes:
    """Mu-law to PCM, twice as many bytes."""
    return _ulaw_samples()[np.frombuffer(data, np.uint8)].tobytes()


def encode_alaw(pcm: bytes) -> bytes:
    """PCM to A-law, half as many bytes."""
    return _alaw_codes()[np.frombuffer(pcm, np.uint16)].tobytes()


def decode_alaw(data: bytes) -> bytes:
    """A-law to PCM, twice as many bytes."""
    return _alaw_samples()[np.frombuffer(data, np.uint8)].tobytes()


def _all_samples() -> NDArray[np.int32]:
    """Every 16-bit sample in the order of its unsigned bit pattern, the index of both encoding tables."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


@cache
def _ulaw_codes() -> NDArray[np.uint8]:
    sample = _all_samples() >> 2
    mask = np.where(sample < 0, 0x7F, 0xFF)
    biased = np.minimum(np.abs(sample), _ULAW_CLIP) + _ULAW_BIAS
    segment = np.searchsorted([0x40 << n for n in range(8)], biased, side="right")
    codes: NDArray[np.int64] = ((segment << 4) | (biased >> (segment + 1)) & 0xF) ^ mask
    return codes.astype(np.uint8)


@cache
def _ulaw_samples() -> NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0xF) << 1) + _ULAW_BIAS) << ((code >> 4) & 7)) - _ULAW_BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) << 2).astype(np.int16)


@cache
def _alaw_codes() -> NDArray[np.uint8]:
    sample = _all_samples() >> 3
    mask = np.where(sample < 0, 0x55, 0xD5)
    magnitude = np.where(sample < 0, -sample - 1, sample)
    segment = np.searchsorted([0x20 << n for n in range(8)], magnitude, side="right")
    step = np.maximum(segment, 1)
    codes: NDArray[np.int64] = ((segment << 4) | (magnitude >> step) & 0xF) ^ mask
    return codes.astype(np.uint8)


@cache
def _alaw_samples() -> NDArray[np.int16]:
    code = np.arange(256) ^ 0x55
    segment = (code >> 4) & 7
    mantissa = ((code & 0xF) << 4) + np.where(segment == 0, 8, 0x108)
    magnitude = mantissa << np.maximum(segment - 1, 0)
    samples: NDArray[np.int64] = np.where(code & 0x80, magnitude, -magnitude)
    return samples.astype(np.int16)
