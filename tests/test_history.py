from __future__ import annotations

import pytest

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.condense import MISSING
from voiceloop.conversation import Conversation
from voiceloop.history import History, HistoryPolicy
from voiceloop.rollover import RollOver
from voiceloop.vocabulary import AssistantTurn, Item, ReplyStatus, Summary, Tier, Usage, UserTurn

TURN_OVER = on.PlaybackFinished("r", ())
FRESH_ENGINE = [do.PrepareEngine(Tier.REALTIME)]


def turn(number: int) -> list[Item]:
    """About 200 tokens."""
    return [UserTurn(f"u{number}", "x" * 384), AssistantTurn(f"r{number}", "y" * 384, 900)]


@pytest.fixture
def talk():
    return Conversation()


@pytest.fixture
def history(talk):
    return History(talk, RollOver(3300), HistoryPolicy(limit_tokens=1000, keep_turns=2))


def grow(talk, *numbers):
    for number in numbers:
        talk.items += turn(number)


def replied(input_tokens):
    return on.ReplyFinished("r", ReplyStatus.COMPLETED, usage=Usage(input_tokens=input_tokens))


def test_a_short_record_needs_nothing(talk, history):
    grow(talk, 1, 2, 3, 4, 5)
    assert history.tokens == 1000
    assert history.happened(TURN_OVER) == []
    assert history.happened(on.UserTranscribed("u5", "x")) == []


@pytest.mark.parametrize("over", [TURN_OVER, on.PlaybackFlushed(())])
def test_a_long_record_needs_a_summary_of_its_older_part_once(talk, history, over):
    grow(talk, 1, 2, 3, 4, 5, 6)
    assert history.happened(over) == [do.Summarise(8, 1200)]
    assert history.older == tuple(talk.items[:8])
    grow(talk, 7)
    assert history.happened(over) == []


def test_a_fresh_engine_gets_the_summary_and_the_next_summary_holds_it(talk, history):
    grow(talk, 1, 2, 3, 4, 5, 6)
    history.happened(TURN_OVER)
    grow(talk, 7)
    assert history.happened(on.Summarised("They said x and y.")) == FRESH_ENGINE
    assert talk.history == (Summary("They said x and y."), *turn(5), *turn(6), *turn(7))
    assert history.older == ()
    assert history.happened(TURN_OVER) == []
    grow(talk, 8, 9)
    assert history.happened(TURN_OVER) == [do.Summarise(7, history.tokens)]
    assert history.older[0] == Summary("They said x and y.")


def test_without_a_summary_the_older_part_is_left_out(talk, history):
    grow(talk, 1, 2, 3, 4, 5, 6)
    history.happened(TURN_OVER)
    assert history.happened(on.SummaryFailed("no model")) == FRESH_ENGINE
    assert talk.history == (Summary(MISSING), *turn(5), *turn(6))


def test_without_a_limit_nothing_is_ever_needed(talk):
    history = History(talk, RollOver(3300), HistoryPolicy(limit_tokens=0))
    grow(talk, *range(200))
    history.happened(replied(1_000_000))
    assert history.happened(TURN_OVER) == []


def test_sound_that_fills_the_servers_context_needs_a_fresh_engine_once(talk, history):
    grow(talk, 1)
    history.happened(replied(300))
    history.happened(replied(1001))
    assert history.happened(TURN_OVER) == FRESH_ENGINE
    assert history.happened(TURN_OVER) == []


def test_a_fresh_engine_is_of_no_use_against_long_instructions(talk, history):
    history.happened(replied(5000))
    history.happened(replied(5249))
    assert history.happened(TURN_OVER) == []
    history.happened(replied(5250))
    assert history.happened(TURN_OVER) == FRESH_ENGINE


def test_a_server_that_does_not_count_is_not_taken_for_empty(talk, history):
    history.happened(replied(100))
    history.happened(replied(1100))
    history.happened(replied(0))
    assert history.happened(TURN_OVER) == FRESH_ENGINE


def test_what_an_earlier_engine_held_does_not_count(talk, history):
    history.happened(replied(100))
    history.happened(replied(1100))
    history.engine_came()
    assert history.happened(TURN_OVER) == []


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
    history.happened(TURN_OVER)
    history.overflowed("u6")
    history.happened(on.Summarised("They said x and y."))
    assert talk.history == (Summary("They said x and y."), *turn(5), *turn(6))
