import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop_local.models.wishes import Wishes, understood

KNOWN = {
    "what time is it": "time",
    "set a timer for five minutes": "timer",
    "add milk": "add milk",
    "add milk and bread": "add both",
    "add milk and set a timer for five minutes": "greedy",
    "hello": "hi",
}


def understand(text):
    return KNOWN.get(text.lower().strip(" .?!"))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("What time is it?", ["time"]),
        ("what time is it and set a timer for five minutes", ["time", "timer"]),
        ("What time is it? Set a timer for five minutes.", ["time", "timer"]),
        ("what time is it, then set a timer for five minutes, and also add milk", ["time", "timer", "add milk"]),
        ("add milk and bread", ["add both"]),
        ("add milk and bread and what time is it", ["add both", "time"]),
        ("add milk and set a timer for five minutes", ["add milk", "timer"]),
        ("Set a timer. For five minutes.", ["timer"]),
        ("", []),
        ("   ", []),
    ],
)
def test_everything_asked_is_found(said, meant):
    assert understood(said, understand) == Wishes(tuple(meant))


def test_what_nobody_understands_is_handed_back():
    assert understood("sing a song and what time is it", understand) == Wishes(("time",), ("sing a song",))
    assert understood("sing a song and dance", understand) == Wishes((), ("sing a song and dance",))


def test_the_cut_that_leaves_fewest_words_over_wins():
    assert understood("add milk and bread and jump", understand) == Wishes(("add both",), ("jump",))


def test_a_ramble_stays_bounded():
    asked = []

    def count(text):
        asked.append(text)

    understood(" and ".join(["something else"] * 40), count)
    assert len(asked) <= 15


@given(st.lists(st.sampled_from(["and", "then", "a", "b", ",", ".", "?", " ", "also"])).map(" ".join))
def test_no_word_is_understood_twice(text):
    wishes = understood(text, lambda part: part if "a" in part else None)
    assert sum(len(part.split()) for part in (*wishes.meanings, *wishes.unexplained)) <= len(text.split())
