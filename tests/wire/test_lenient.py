from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.wire.lenient import child, flag, integer, listing, number, optional_text, text

anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()) | st.just({"a": 1})


@given(anything)
def test_whatever_stands_there_the_type_asked_for_comes_out(value):
    raw = {"key": value}
    assert isinstance(text(raw, "key"), str)
    assert isinstance(integer(raw, "key"), int)
    assert isinstance(listing(raw, "key"), list)
    assert isinstance(child(raw, "key"), dict)
    assert flag(raw, "key") in {True, False, None}
    assert integer(raw, "key") >= 0


@pytest.mark.parametrize(
    ("value", "words"), [("a", "a"), (7, "7"), (True, ""), (None, ""), (1.5, ""), ({}, "")], ids=str
)
def test_text_is_a_string_or_a_number_written_out(value, words):
    assert text({"key": value}, "key") == words


@pytest.mark.parametrize(("value", "words"), [("a", "a"), ("", None), (7, None), (None, None)], ids=str)
def test_optional_text_has_no_empty_form(value, words):
    assert optional_text({"key": value}, "key") == words


@pytest.mark.parametrize(
    ("value", "found", "whole"),
    [
        (7, 7, 7),
        (7.9, 7.9, 7),
        (-7, -7, 0),
        (True, None, 0),
        ("7", None, 0),
        (None, None, 0),
        (float("nan"), None, 0),
        (float("inf"), None, 0),
        (10**300, None, 0),
    ],
    ids=str,
)
def test_a_number_is_finite_and_not_a_truth_value(value, found, whole):
    assert number({"key": value}, "key") == found
    assert integer({"key": value}, "key") == whole


def test_what_is_missing_is_a_default():
    assert (text({}, "k"), optional_text({}, "k"), number({}, "k"), integer({}, "k")) == ("", None, None, 0)
    assert (flag({}, "k"), child({}, "k"), listing({}, "k")) == (None, {}, [])
