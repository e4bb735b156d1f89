from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.languages.guess import LanguageGuess, language_of_text


def after(*turns, guess=None):
    guess = guess or LanguageGuess()
    for turn in turns:
        guess = guess.heard(*turn) if isinstance(turn, tuple) else guess.heard(turn)
    return guess.language


def test_before_anybody_spoke_it_is_english_and_the_first_turn_is_believed():
    assert after() == "en"
    assert after("de") == "de"


def test_a_language_holds_until_two_turns_in_a_row_agree_on_another():
    assert after("de", "en") == "de"
    assert after("de", "en", "en") == "en"
    assert after("de", "en", "de", "en") == "de"
    assert after("de", "en", "zh") == "de"
    assert after("de", "en", "zh", "zh") == "zh"


@pytest.mark.parametrize("unsure", [("en", 0.49), ("", 0.0), ("", 1.0)])
def test_a_turn_that_cannot_be_told_changes_nothing_and_breaks_a_row(unsure):
    assert after(unsure) == "en"
    assert after("de", unsure, unsure) == "de"
    assert after("de", "en", unsure, "en") == "de"


@given(st.lists(st.tuples(st.sampled_from(["en", "de", "zh"]), st.floats(0, 1))))
def test_it_only_ever_speaks_a_language_that_was_heard_surely(turns):
    assert after(*turns) in {"en"} | {tag for tag, probability in turns if probability >= 0.5}


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("what time is it", "en"),
        ("Wie spät ist es?", "de"),
        ("Stelle einen Timer auf fünf Minuten", "de"),
        ("现在几点？", "zh"),
        ("كم الساعة الآن", "ar"),
        ("¿Qué hora es?", "es"),
        ("Pon un temporizador de cinco minutos", "es"),
        ("Me gustaría reservar una mesa", "es"),
        ("Quelle heure est-il ?", "fr"),
        ("Mets un minuteur de cinq minutes", "fr"),
        ("Je voudrais réserver une table", "fr"),
    ],
)
def test_a_text_is_told_by_its_frequent_words(text, tag):
    found, probability = language_of_text(text)
    assert found == tag
    assert probability > 0.5


@pytest.mark.parametrize("text", ["", "Kubernetes", "42"])
def test_a_text_without_a_known_word_is_in_no_language(text):
    assert language_of_text(text) == ("", 0.0)
