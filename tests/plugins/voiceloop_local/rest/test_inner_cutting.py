"""Where an answer ends: at its length, or before a text that was named."""

import pytest

from voiceloop_local.rest.inner import Reason
from voiceloop_local.rest.inner_cutting import Cutter


def test_without_bounds_everything_goes_out_at_once():
    cutter = Cutter((), None)
    assert [cutter.feed("One."), cutter.feed(" Two."), cutter.drain()] == ["One.", " Two.", ""]
    assert cutter.reason is None


def test_a_named_text_ends_it_even_in_pieces():
    cutter = Cutter(["END"], None)
    assert [cutter.feed("so far E"), cutter.feed("N"), cutter.feed("D and on")] == ["so far ", "", ""]
    assert (cutter.reason, cutter.stop) == (Reason.STOP_TEXT, "END")
    assert [cutter.feed("more"), cutter.drain()] == ["", ""]


def test_what_only_began_like_it_goes_out_after_all():
    cutter = Cutter(["END"], None)
    assert [cutter.feed("the E"), cutter.feed("Nvelope"), cutter.feed(" EN"), cutter.drain()] == [
        "the ",
        "ENvelope",
        " ",
        "EN",
    ]


def test_the_first_of_several_counts_and_of_two_at_one_place_the_longer():
    cutter = Cutter(["three", "two", "two and"], None)
    assert cutter.feed("one two and three") == "one "
    assert cutter.stop == "two and"


@pytest.mark.parametrize(("text", "reason"), [("12345678", None), ("123456789", Reason.LENGTH)])
def test_its_length_is_bounded_in_tokens(text, reason):
    cutter = Cutter((), 2)
    assert cutter.feed(text) == "12345678"
    assert cutter.reason is reason


def test_a_named_text_behind_the_bound_does_not_count():
    cutter = Cutter(["END"], 1)
    assert cutter.feed("12345 END") == "1234"
    assert (cutter.reason, cutter.stop) == (Reason.LENGTH, None)
