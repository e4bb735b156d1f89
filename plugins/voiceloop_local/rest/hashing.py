"""Embeddings without a model: words and pieces of words hashed into a vector; pure.

Texts that share words, or words that share pieces, come out near each other. What words mean plays no part: this stands
in for an embedding model where none is installed, and says so in its name.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["DIMENSIONS", "EMBEDDER", "MOST_DIMENSIONS", "embedding", "packed"]

EMBEDDER: Final = "voiceloop-embedding-hashing"
DIMENSIONS: Final = 256
MOST_DIMENSIONS: Final = 4096
_WORD: Final = re.compile(r"\w+")
_PIECE: Final = 3
"""Characters: enough to tell words apart, few enough that forms of one word share most pieces."""
_PIECE_WEIGHT: Final = 0.4


def embedding(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Return a vector of length 1; the same text always gives the same, and one without words a fixed one."""
    vector = [0.0] * dimensions
    for feature, weight in _features(text):
        hashed = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "little")
        vector[(hashed >> 1) % dimensions] += weight if hashed & 1 else -weight
    length = math.sqrt(sum(value * value for value in vector))
    if not length:
        return [1.0, *vector[1:]]
    return [value / length for value in vector]


def packed(vector: Sequence[float]) -> str:
    """Return a vector as base64 of little-endian 32-bit floats."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in _WORD.findall(text.casefold()):
        yield f"word {word}", 1.0
        framed = f"<{word}>"
        for start in range(len(framed) - _PIECE + 1):
            yield f"piece {framed[start : start + _PIECE]}", _PIECE_WEIGHT
