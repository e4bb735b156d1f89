from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.tools.spoken import as_number, numbers_in, parse_number


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("five", 5),
        ("twenty five", 25),
        ("Twenty Five", 25),
        ("a hundred and ten", 110),
        ("hundred", 100),
        ("two hundred and thirty five thousand six hundred and one", 235_601),
        ("fifteen hundred", 1500),
        ("one million two thousand", 1_002_000),
        ("two thousand and five", 2005),
        ("1 hundred", 100),
        ("2.5 million", 2_500_000),
        ("two and a half", 2.5),
        ("an and a half", 1.5),
        ("3 and three quarters", 3.75),
        ("half", 0.5),
        ("half an", 0.5),
        ("a quarter of an", 0.25),
        ("two thirds", Fraction(2, 3)),
        ("three point one four", 3.14),
        ("point five", 0.5),
        ("3 point 5", 3.5),
        ("minus twenty", -20),
        ("negative 3", -3),
        ("-7.5", -7.5),
        ("a couple of", 2),
        ("half a dozen", 6),
        ("two dozen", 24),
        ("dozen", 12),
        ("four seven one one", 4711),
        ("oh five", 5),
        ("forty seven eleven", 4711),
        ("nineteen eighty four", 1984),
        ("twenty oh five", 2005),
        ("zero", 0),
        ("an", 1),
    ],
)
def test_people_say_numbers_in_many_ways(said, value):
    found = parse_number(said.split())
    assert found is not None
    assert float(found) == pytest.approx(float(value), abs=0)


@pytest.mark.parametrize(
    "said",
    [
        "", "and five", "five and", "hundred and", "twenty zero", "ten five", "a a", "million", "five hundred hundred",
        "one thousand two million", "three and five", "minus", "five apples", "two and two", "three point",
        "apples dozen", "five point twenty", "a 5", "two halves and two", "twenty a",
    ],
)  # fmt: skip
def test_other_words_are_no_number(said):
    assert parse_number(said.split()) is None


def test_a_sentence_yields_every_number_in_it_and_parts_of_longer_ones():
    words = ["set", "a", "timer", "for", "twenty", "five", "minutes"]
    assert {(" ".join(words[span.start : span.end]), int(span.value)) for span in numbers_in(words)} == {
        ("a", 1),
        ("twenty", 20),
        ("twenty five", 25),
        ("five", 5),
    }


def test_whole_values_are_ints():
    assert as_number(Fraction(4, 2)) == 2
    assert isinstance(as_number(Fraction(4, 2)), int)
    assert as_number(Fraction(1, 2)) == 0.5


ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
ONES += ["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """Say a number: written apart from the parser, to check it."""
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if number >= size:
            rest = number % size
            joint = " and " if 0 < rest < 100 else " "
            return f"{in_words(number // size)} {name}" + (joint + in_words(rest) if rest else "")
    if number >= 100:
        return f"{ONES[number // 100]} hundred" + (f" and {in_words(number % 100)}" if number % 100 else "")
    if number >= 20:
        return TENS[number // 10 - 2] + (f" {ONES[number % 10]}" if number % 10 else "")
    return ONES[number]


@given(st.integers(0, 10**12 - 1))
def test_every_number_that_is_said_is_understood(number):
    assert parse_number(in_words(number).split()) == number


@given(st.lists(st.sampled_from([*ONES, *TENS, "hundred", "thousand", "and", "a", "half", "point", "of", "5", "2.5"])))
def test_no_run_of_number_words_breaks_the_reader(words):
    for span in numbers_in(words):
        assert parse_number(words[span.start : span.end]) == span.value
