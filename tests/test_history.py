from __future__ import annotations

import pytest

from voiceloop.condense import MISSING
from voiceloop.conversation import Conversation
from voiceloop.history import History, HistoryPolicy, Need
from voiceloop.vocabulary import AssistantTurn, Item, Summary, Usage, UserTurn

POLICY = HistoryPolicy(limit_tokens=1000, keep_turns=2)


def turn(number: int) -> list[Item]:
    """About 200 tokens."""
    return [UserTurn(f"u{number}", "x" * 384), AssistantTurn(f"r{number}", "y" * 384, 900)]


@pytest.fixture
def talk():
    return Conversation()


@pytest.fixture
def history(talk):
    return History(talk, POLICY)


def grow(talk, *numbers):
    for number in numbers:
        talk.items += turn(number)


def test_a_short_record_needs_nothing(talk, history):
    grow(talk, 1, 2, 3, 4, 5)
    assert history.tokens == 1000
    assert history.look() is Need.NOTHING


def test_a_long_record_needs_a_summary_of_its_older_part_once(talk, history):
    grow(talk, 1, 2, 3, 4, 5, 6)
    assert history.look() is Need.SUMMARY
    assert history.older == tuple(talk.items[:8])
    grow(talk, 7)
    assert history.look() is Need.NOTHING


def test_the_summary_takes_the_older_parts_place_and_is_part_of_the_next_one(talk, history):
    grow(talk, 1, 2, 3, 4, 5, 6)
    history.look()
    grow(talk, 7)
    history.summed_up("They said x and y.")
    assert talk.history == (Summary("They said x and y."), *turn(5), *turn(6), *turn(7))
    assert history.older == ()
    assert history.look() is Need.NOTHING
    grow(talk, 8, 9)
    assert history.look() is Need.SUMMARY
    assert history.older[0] == Summary("They said x and y.")


def test_without_an_answer_the_older_part_is_left_out(talk, history):
    grow(talk, 1, 2, 3, 4, 5, 6)
    history.look()
    history.unanswered()
    assert talk.history == (Summary(MISSING), *turn(5), *turn(6))


def test_without_a_limit_nothing_is_ever_needed(talk):
    history = History(talk, HistoryPolicy(limit_tokens=0))
    grow(talk, *range(200))
    history.replied(Usage(input_tokens=1_000_000))
    assert history.look() is Need.NOTHING


def test_sound_that_fills_the_servers_context_needs_a_fresh_engine(talk, history):
    grow(talk, 1)
    history.replied(Usage(input_tokens=300))
    history.replied(Usage(input_tokens=1001))
    assert history.look() is Need.FRESH_ENGINE
    assert history.look() is Need.NOTHING, "told once"


def test_a_fresh_engine_is_of_no_use_against_long_instructions(talk, history):
    history.engine_came()
    history.replied(Usage(input_tokens=5000))
    history.replied(Usage(input_tokens=5249))
    assert history.look() is Need.NOTHING
    history.replied(Usage(input_tokens=5250))
    assert history.look() is Need.FRESH_ENGINE


def test_a_server_that_does_not_count_is_not_taken_for_empty(talk, history):
    history.replied(Usage(input_tokens=100))
    history.replied(Usage(input_tokens=1100))
    history.replied(Usage())
    assert history.look() is Need.FRESH_ENGINE


def test_what_an_earlier_engine_held_does_not_count(talk, history):
    history.replied(Usage(input_tokens=100))
    history.replied(Usage(input_tokens=1100))
    history.engine_came()
    assert history.look() is Need.NOTHING


def test_a_server_that_holds_no_more_gets_half_the_record_once_a_turn(talk, history):
    grow(talk, 1, 2, 3, 4)
    assert history.overflowed("u4")
    assert talk.history == (Summary(MISSING), *turn(4))
    assert not history.overflowed("u4")
    assert len(talk.history) == 3
    grow(talk, 5)
    assert history.overflowed("u5")
    assert talk.history == (Summary(MISSING), *turn(5))


def test_what_was_summed_up_meanwhile_takes_the_place_of_the_note(talk, history):
    grow(talk, 1, 2, 3, 4, 5, 6)
    history.look()
    history.overflowed("u6")
    history.summed_up("They said x and y.")
    assert talk.history == (Summary("They said x and y."), *turn(5), *turn(6))
