"""Embeddings of hashed words: near for similar texts, far for different ones."""

from __future__ import annotations

import base64
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop_local.rest.hashing import DIMENSIONS, embedding, packed


def nearness(one, other, dimensions=DIMENSIONS):
    return sum(a * b for a, b in zip(embedding(one, dimensions), embedding(other, dimensions), strict=True))


@given(st.text(max_size=80), st.integers(1, 600))
def test_every_text_has_a_vector_of_length_one(text, dimensions):
    vector = embedding(text, dimensions)
    assert len(vector) == dimensions
    assert math.hypot(*vector) == pytest.approx(1.0)
    assert vector == embedding(text, dimensions)


@pytest.mark.parametrize("dimensions", [64, 256, 1536])
@pytest.mark.parametrize(
    ("text", "similar", "different"),
    [
        ("Where is my order?", "where are my orders", "The weather is nice today."),
        ("Set a timer for five minutes.", "Please set the timer to ten minutes.", "Tell me a story about the sea."),
        ("Wie spät ist es jetzt?", "Wie spät ist es in Berlin?", "Stelle das Licht in der Küche an."),
    ],
)
def test_similar_texts_are_nearer_than_different_ones(text, similar, different, dimensions):
    assert nearness(text, similar, dimensions) > nearness(text, different, dimensions) + 0.15


def test_case_and_punctuation_do_not_count_and_words_do():
    assert nearness("Hello, World!", "hello world") == pytest.approx(1.0)
    assert nearness("hello world", "goodbye moon") < 0.3


def test_the_same_text_has_the_same_vector_on_every_machine():
    assert packed(embedding("Hello", 8)) == "RbNvvgAAAADcvFG/AAAAAEWz774AAAAARbNvPgAAAAA="


def test_packed_vectors_are_little_endian_floats():
    vector = embedding("Where is my order?")
    assert struct.unpack(f"<{DIMENSIONS}f", base64.b64decode(packed(vector))) == pytest.approx(vector, abs=1e-6)
