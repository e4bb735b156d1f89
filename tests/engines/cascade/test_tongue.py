from __future__ import annotations

import pytest

from engines.cascade.book import Book
from voiceloop.commands import CommitTurn
from voiceloop.engines.cascade.tongue import Tongue

ORDINAL = "Das ist am 3. Mai so. Gut."


def pieces(tongue):
    cutter = tongue.cutter()
    return [piece.strip() for piece in [*cutter.feed(ORDINAL), *cutter.end()]]


def test_answers_are_cut_by_the_rules_of_the_language():
    assert pieces(Tongue("de-AT", {})) == ["Das ist am 3. Mai so.", "Gut."]
    assert pieces(Tongue("en", {}))[0] != "Das ist am 3. Mai so."


@pytest.mark.parametrize("tag", ["auto", "xx-unknown"])
def test_where_no_rules_are_known_those_of_english_hold(tag):
    assert pieces(Tongue(tag, {})) == pieces(Tongue("en", {}))


def test_in_any_language_the_one_that_was_heard_counts():
    tongue = Tongue("auto", {})
    tongue.heard("de")
    tongue.heard("")
    assert pieces(tongue) == ["Das ist am 3. Mai so.", "Gut."]


def test_a_language_that_was_chosen_stays():
    tongue = Tongue("en", {})
    tongue.heard("de")
    assert pieces(tongue) == pieces(Tongue("en", {}))


def test_words_sound_as_they_are_to_be_pronounced():
    assert Tongue("en", {"GIF": "jif"}).reader()("A GIF.") == "A jif."


def test_the_answer_is_cut_in_the_language_that_recognition_heard():
    book = Book(language="auto")
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.asks()
    book.recognised("wann ist das", "de")
    book.answers(ORDINAL)
    assert [text for text in book.asked_to_speak if "Mai" in text] == book.asked_to_speak[:1]
