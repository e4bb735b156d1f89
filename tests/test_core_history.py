"""What the core does about a conversation that outgrows its model, stepped without a loop."""

import pytest

from conversation import Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.condense import MISSING
from voiceloop.core import Profile
from voiceloop.history import HistoryPolicy
from voiceloop.vocabulary import Cause, Summary, Tier, Traits

READY = on.EngineReady(Tier.REALTIME, "model", Traits(), "ga")


def answered(talk, *numbers):
    """Turns of about 60 tokens."""
    for number in numbers:
        talk.user_turn(f"u{number}", "x" * 100).playing(f"r{number}", "y " * 50).finished(f"r{number}")
        talk.played(f"r{number}")
    return talk


@pytest.fixture
def talk():
    return Talk(Profile(history=HistoryPolicy(limit_tokens=130, keep_turns=1)))


def test_a_long_record_is_summed_up_and_the_next_engine_takes_over_in_a_quiet_moment(talk):
    answered(talk, 1, 2).never(do.Summarise)
    assert answered(talk, 3).only(do.Summarise).items == 4
    talk.heard(on.Summarised("They said x and y.")).expect(do.PrepareEngine(Tier.REALTIME))
    talk.heard(on.SpeechStarted("u4", talk.now - 100)).heard(on.StandbyReady(READY)).never(do.SwitchEngine)
    talk.after(0.8).heard(on.SpeechStopped("u4", talk.now - 100), on.TurnCommitted("u4"), on.UserTranscribed("u4", "z"))
    talk.playing("r4", "Yes.").finished("r4").never(do.SwitchEngine)
    talk.played("r4").expect(do.SwitchEngine(), do.Recall(5))
    assert talk.core.narrator.conversation.history[0] == Summary("They said x and y.")
    assert talk.said("warning") == []


def test_without_a_summary_the_older_part_is_left_out_and_the_transcript_says_so(talk):
    answered(talk, 1, 2, 3)
    talk.heard(on.SummaryFailed("no such model")).expect(do.PrepareEngine(Tier.REALTIME))
    assert talk.core.narrator.conversation.history[0] == Summary(MISSING)
    (warning,) = talk.said("warning")
    assert (warning["code"], warning["detail"]) == ("summary_failed", "no such model")


def test_a_profile_of_a_time_without_limits_sums_nothing_up():
    answered(Talk(), *range(1, 20)).never(do.Summarise)


def test_an_engine_that_can_take_no_more_is_replaced_with_a_shorter_record_once_a_turn(talk):
    answered(talk, 1, 2)
    full = on.EngineLost(Cause.CONTEXT_FULL, "context_length_exceeded")
    talk.user_turn("u3", "z").heard(full).expect(do.OpenEngine(Tier.REALTIME))
    assert talk.core.narrator.conversation.history[0] == Summary(MISSING)
    talk.heard(READY).expect(do.Recall(len(talk.core.narrator.conversation.items)))
    assert talk.only(do.AskReply).say is None
    talk.heard(full)
    assert talk.ended == do.EndSession("engine_lost_context_full", 5, "context_length_exceeded")


def overfilled():
    """REST goes on with a conversation that was too long for the first tier, even shortened."""
    policy = HistoryPolicy(limit_tokens=130, keep_turns=1)
    talk = Talk(Profile(history=policy, tiers=(Tier.REALTIME, Tier.REST))).user_turn("u1", "x" * 800)
    full = on.EngineLost(Cause.CONTEXT_FULL, "context_length_exceeded")
    rest = on.EngineReady(Tier.REST, "chat", Traits(ends_turns=False, starts_replies=False))
    talk.heard(full, READY, full).heard(on.StandbyReady(rest)).expect(do.SwitchEngine(Tier.REST))
    ask_id = talk.only(do.AskReply).ask_id
    return talk.playing("r1", "Yes.", ask_id).finished("r1").played("r1")


def test_a_tier_that_the_record_is_too_long_for_is_left_while_it_is():
    overfilled().after(300.0).never(do.PrepareEngine)


def test_a_tier_that_the_record_was_too_long_for_is_tried_again_once_that_is_summed_up():
    talk = overfilled().heard(on.TextTyped("t1", "and now"))
    assert talk.playing("r2", "Now.", talk.only(do.AskReply).ask_id).finished("r2").played("r2").only(do.Summarise)
    talk.heard(on.Summarised("They said x.")).after(1.1).expect(do.PrepareEngine(Tier.REALTIME))
    talk.heard(on.StandbyReady(READY)).expect(do.SwitchEngine(Tier.REALTIME))
    assert [line["cause"] for line in talk.said("tier_changed")] == ["context_full", "recovered"]


def test_the_next_turn_may_shorten_the_record_again(talk):
    full = on.EngineLost(Cause.CONTEXT_FULL, "context_length_exceeded")
    answered(talk, 1, 2).user_turn("u3", "z").heard(full).heard(READY)
    ask_id = talk.only(do.AskReply).ask_id
    talk.playing("r3", "Yes.", ask_id).finished("r3").played("r3")
    talk.user_turn("u4", "z").heard(full)
    assert talk.ended is None
