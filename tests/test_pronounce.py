"""Words that are spoken otherwise than they are written."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.pronounce import pronounced, pronunciations

REWRITES = {"DGrid": "dee grid", "SQL": "sequel", "New York": "Nu York", "York": "Yorrick", "C++": "see plus plus"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("DGrid speaks SQL.", "dee grid speaks sequel."),
        ("dgrid, DGRID; (DGrid)", "dee grid, dee grid; (dee grid)"),
        ("DGrid's", "dee grid's"),
        ("MySQL and SQLite and SQL_2 and 2SQL", "MySQL and SQLite and SQL_2 and 2SQL"),
        ("New York, York", "Nu York, Yorrick"),
        ("New Yorker, New York", "New Yorker, Nu York"),
        ("C++ or C+++", "see plus plus or see plus plus+"),
        ("", ""),
    ],
)
def test_whole_words_in_any_case_are_rewritten_and_the_longest_wins(written, said):
    assert pronounced(written, REWRITES) == said


def test_a_shorter_word_is_found_where_a_longer_one_only_begins():
    assert pronounced("New Yorker", {"New York": "x", "New": "Nu"}) == "Nu Yorker"


def test_what_was_put_in_is_not_rewritten_again():
    assert pronounced("a b", {"a": "b", "b": "a"}) == "b a"


@pytest.mark.parametrize(
    ("word", "text", "said"),
    [
        ("café", "Ein Café.", "Ein X."),
        ("café", unicodedata.normalize("NFD", "Ein Café."), "Ein X."),
        ("cafe", unicodedata.normalize("NFD", "Ein Café."), "Ein Café."),
        ("ΑΘΗΝΑ", "η αθηνα", "η X"),
        ("हिन", "हिन्दी हिन", "हिन्दी X"),
        ("東京", "東京都に行く", "X都に行く"),
        ("서울", "서울에 서울", "서울에 X"),
        ("ไทย", "ประเทศไทยใหญ่", "ประเทศXใหญ่"),
        ("القاهرة", "في القاهرة.", "في X."),
        ("°C", "20°C", "20X"),
    ],
)
def test_words_end_where_their_script_says(word, text, said):
    assert pronounced(text, {word: "X"}) == unicodedata.normalize("NFC", said)


def test_without_rewrites_a_text_is_left_alone():
    text = unicodedata.normalize("NFD", "Café")
    assert pronounced(text, {}) is text
    assert pronounced(text, {"  ": "x"}) is text


def test_a_model_is_told_in_one_line():
    assert pronunciations({" DGrid ": "dee grid", "SQL": " sequel"}) == (
        'When you speak, say "DGrid" as "dee grid", "SQL" as "sequel".'
    )
    assert pronunciations({}) == pronunciations({" ": "x"}) == ""


LETTERS = "aA\u00df\u03c3\u03c2\u03a3\u0301 ._\u00e9\u6771"


@given(st.text(alphabet=LETTERS), st.lists(st.text(alphabet=LETTERS, min_size=1), max_size=4))
def test_words_that_sound_as_they_are_written_change_nothing_but_case(text, words):
    itself = {word: unicodedata.normalize("NFC", word.strip()) for word in words}
    said = unicodedata.normalize("NFC", pronounced(text, itself))
    assert said.casefold() == unicodedata.normalize("NFC", text).casefold()


@given(st.lists(st.sampled_from(["alpha", "beta", "Alpha", "gamma"])), st.sampled_from([" ", ", ", ". ", "\n", "-"]))
def test_every_standing_word_is_rewritten(words, gap):
    said = pronounced(gap.join(words), {"ALPHA": "a", "beta": "b"})
    assert said == gap.join({"alpha": "a", "Alpha": "a", "beta": "b"}.get(word, word) for word in words)
