from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop_local.realtime.words import SPOKEN_CHAR_MS, WordClock, exact_words, words_of


@pytest.mark.parametrize(
    ("instructions", "exact"),
    [
        ("Say exactly this, and nothing else: Good day!", "Good day!"),
        ("  Say exactly this, and nothing else:  One.\nTwo. ", "One.\nTwo."),
        ("Be kind.", None),
        ("Never say exactly this, and nothing else: x", None),
    ],
)
def test_exact_words_are_recognised(instructions, exact):
    assert exact_words(instructions) == exact


@given(st.text(max_size=200))
def test_no_word_is_lost_or_added(text):
    assert "".join(words_of(text)) == text


def test_words_come_when_their_audio_does():
    clock = WordClock("four more wordy words")
    assert clock.due(0) == ["four"]
    assert clock.due(4 * SPOKEN_CHAR_MS - 1) == []
    assert clock.due(4 * SPOKEN_CHAR_MS) == [" more"]
    assert clock.rest() == [" wordy", " words"]
    assert clock.rest() == clock.due(10_000) == []


def test_where_words_have_no_spaces_each_character_comes_by_itself():
    clock = WordClock("好的。OK 吗", char_ms=200)
    assert clock.due(200) == ["好", "的"]
    assert clock.rest() == ["。", "OK", " 吗"]
