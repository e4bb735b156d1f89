import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop_local.models.spoken import clauses, speakable


def texts(text):
    return [clause.text for clause in clauses(text)]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is **3:45** and *25 %* off.", "It is 3:45 and 25 % off."),
        ("# Title\n- one\n2. two", "Title\none\ntwo"),
        ("[the page](https://example.com/x)", "the page"),
        ("Run `ls`:\n```\nls -l\n```\nthen stop", "Run ls:\nthen stop"),
        ("snake_case and 2 * 3 * 4", "snake_case and 2 * 3 * 4"),
        ("Great \U0001f389\U0001f44d!", "Great !"),
        ("20 °C for €5", "20 °C for €5"),
        ("see https://www.example.com/a?b=c.", "see example dot com."),
        ("write to jo.do@my-mail.org", "write to jo dot do at my dash mail dot org"),
        ("12.50 € or 3 EUR, 5 USD", "€12.50 or €3, $5"),
        ("10 m, 1 h, 2 h, 100 m/s, 7 W", "10 meters, 1 hour, 2 hours, 100 meters per second, 7 watts"),
        ("$5 million, 5 pm, 3 km", "$5 million, 5 pm, 3 km"),
        ("code 0042 and 123456789", "code 0 0 4 2 and 1 2 3 4 5 6 7 8 9"),
        ("2026-11-22 at 07:05, 1,000,000 or 3.14", "2026-11-22 at 07:05, 1,000,000 or 3.14"),
        ("e.g. this, i.e. that, etc.", "for example this, that is that, et cetera."),
        ("open 24/7", "open twenty-four seven"),
        ("!!! --- \U0001f600", ""),
    ],
)
def test_what_is_written_becomes_what_is_said(written, said):
    assert speakable(written) == said


def test_sentences_are_spoken_one_by_one_with_a_pause():
    found = list(clauses("It is noon. The sun is out! Is it warm?"))
    assert [clause.text for clause in found] == ["It is noon.", "The sun is out!", "Is it warm?"]
    assert all(clause.pause_ms >= 200 for clause in found)


@pytest.mark.parametrize(
    "text",
    ["Dr. Smith met J. K. Rowling.", "It costs 3.50 at St. Mary's.", "Go to 10.0.0.1 now.", "It is so... quiet here."],
)
def test_a_full_stop_that_ends_nothing_does_not_cut(text):
    assert texts(text) == [text]


def test_no_and_i_end_sentences():
    assert texts("No. It was I. Yes.") == ["No.", "It was I.", "Yes."]


def test_a_long_first_sentence_is_cut_early_at_its_best_place():
    first, *rest = clauses(
        "I can tell you the time, roll dice, set timers, and find out the weather for any city you like."
    )
    assert first.text == "I can tell you the time, roll dice, set timers,"
    assert first.pause_ms < 200
    assert len(rest) == 1


def test_later_sentences_stay_whole_up_to_a_breath():
    long = "this sentence goes on " * 8
    assert len(texts(f"Yes. {long}")) == 2
    assert len(texts(f"Yes. {long * 3}")) > 2


def test_a_sentence_without_any_break_is_left_alone():
    assert texts("a" * 300) == ["a" * 300]


@given(st.text(alphabet="ab,. !?;:A1\n-", max_size=400))
def test_no_word_is_lost_by_cutting(text):
    assert " ".join(texts(text)).split() == text.split()


@given(st.text(max_size=200))
def test_anything_can_be_made_speakable_and_cut(text):
    said = speakable(text)
    assert all(clause.text.strip() for clause in clauses(said))


@given(st.lists(st.text(alphabet="abcdefg", min_size=1, max_size=9), min_size=20, max_size=80))
def test_the_first_clause_is_short(words):
    assert len(texts(" ".join(words))[0]) <= 60
