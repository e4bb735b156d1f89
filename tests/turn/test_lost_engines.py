"""What becomes of a conversation when its engine is lost: what is owed, what was cut off, what is being said."""

import pytest

from conversation import CLIENT, MANUAL, Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Profile
from voiceloop.turn.arbiter import Arbiter, Want
from voiceloop.turn.states import Slot
from voiceloop.vocabulary import Cause, HeardSpan, Outcome, ReplyStatus, Tier, ToolCall, Traits

DROP = on.EngineLost(Cause.DROP, "closed with 1006")
STALL = on.EngineLost(Cause.SLOW_MODEL, "no reply came in time")


def ready(traits=None):
    return on.EngineReady(Tier.REALTIME, "m", traits or Traits(), "ga")


def codes(talk):
    return [line["code"] for line in talk.said("warning")]


# What is owed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("traits", [Traits(), CLIENT], ids=["server", "client"])
def test_a_turn_without_a_reply_is_asked_for_on_the_next_engine_once(traits):
    talk = Talk(traits=traits).user_turn().heard(DROP).never(do.AskReply)
    talk.heard(ready(traits)).only(do.AskReply)
    talk.playing("r1", ask_id=talk.only(do.AskReply).ask_id).finished().played().after(20.0).never(do.AskReply)
    assert talk.core.machine.settled


def test_nothing_is_asked_for_while_there_is_no_engine():
    talk = Talk().heard(DROP, on.TextTyped("typed-1", "hello"), on.SayAsked("Your timer is done."))
    talk.after(0.1).never(do.AskReply)
    talk.heard(ready()).expect(do.AskReply("ask-1"))
    talk.playing(ask_id="ask-1").finished().expect(do.AskReply("ask-2", "Your timer is done."))


def test_a_sentence_that_was_not_begun_is_asked_for_before_those_that_came_later():
    talk = Talk().heard(on.SayAsked("one")).expect(do.AskReply("ask-1", "one"))
    talk.heard(on.SayAsked("two"), DROP, ready()).expect(do.AskReply("ask-2", "one"))


def test_what_the_user_took_back_is_not_asked_for():
    talk = Talk().heard(on.SayAsked("A long story.")).heard(on.InterruptAsked(), DROP, ready())
    talk.never(do.AskReply)
    assert talk.core.machine.arbiter.slot is Slot.FREE


def test_a_reply_to_a_cough_is_no_matter_for_the_next_engine():
    talk = Talk().user_turn().playing().finished()
    talk.heard(on.SpeechStarted("u2", 3.5), on.SpeechStopped("u2", 3.6), on.TurnCommitted("u2"))
    talk.heard(DROP, ready()).played().heard(on.SpeechStarted("u3", 5.0), on.SpeechStopped("u3", 6.0))
    talk.heard(on.TurnCommitted("u3")).reply("r3").never(do.CancelReply)


@pytest.mark.parametrize("name", ["reply_slot", "reply_due", "commit_due"])
def test_deadlines_of_a_lost_engine_are_cleared(name):
    Talk().user_turn().heard(DROP).expect(do.ClearDeadline(name))


# What was cut off ----------------------------------------------------------------------------------------------------


def test_a_cut_reply_is_played_to_its_end_and_then_asked_for_again():
    talk = Talk().user_turn().playing().heard(DROP).expect(do.SealPlayback("r1")).never(do.FlushPlayback)
    talk.heard(ready()).never(do.AskReply)
    talk.played().only(do.AskReply)
    assert talk.said("agent_said")[0]["interrupted"] is False
    talk.playing("r2", ask_id="ask-1").finished("r2").played("r2").after(20.0).never(do.AskReply)
    assert talk.said("agent_said")[1]["turn_id"] == "u1"


def test_a_cut_reply_that_ends_before_the_next_engine_comes_is_asked_for_then():
    talk = Talk().user_turn().playing().heard(DROP).played().never(do.AskReply)
    talk.heard(ready()).only(do.AskReply)


def test_a_cut_sentence_is_said_again_as_it_stands():
    talk = Talk(Profile(greeting="Hello.")).playing("r0", ask_id="ask-1").heard(DROP, ready())
    talk.played("r0").expect(do.AskReply("ask-2", "Hello."))


def test_a_reply_that_was_complete_plays_on_and_is_not_asked_for_again():
    talk = Talk().user_turn().playing().finished().heard(DROP).never(do.SealPlayback)
    talk.heard(ready()).played().after(20.0).never(do.AskReply)


def test_a_cut_reply_that_the_user_talks_over_is_not_asked_for_again():
    talk = Talk().user_turn().playing().heard(DROP, ready())
    talk.flushes = (HeardSpan("r1", "r1-a", 0, 400, 900),)
    talk.heard(on.SpeechStarted("u2", 3.0)).after(1.2).expect(do.FlushPlayback()).never(do.AskReply)
    talk.heard(on.SpeechStopped("u2", 3.9), on.TurnCommitted("u2")).reply("r2").finished("r2")
    talk.after(20.0).never(do.AskReply)


def test_a_reply_that_is_held_goes_on_after_the_cough_and_is_asked_for_again_at_its_end():
    talk = Talk().user_turn().playing().heard(on.SpeechStarted("u2", 3.5), DROP, ready())
    talk.heard(on.SpeechStarted("u2", 3.5), on.SpeechStopped("u2", 3.6)).expect(do.DuckPlayback(1.0))
    talk.heard(on.TurnCommitted("u2")).played().only(do.AskReply)


# Tools ---------------------------------------------------------------------------------------------------------------


def called(talk, call_id="c1"):
    talk.user_turn().heard(on.ReplyStarted("r1"), on.ToolCalled("r1", ToolCall(call_id, "clock", "{}")))
    return talk


def test_a_call_that_runs_gets_its_outcome_and_its_one_follow_up_on_the_next_engine():
    talk = called(Talk()).heard(DROP).never(do.CancelTool)
    talk.heard(ready(), on.PlaybackFinished("r1", ())).never(do.AskReply)
    talk.heard(on.ToolFinished("c1", Outcome.OK, "noon")).expect(do.SendToolOutput("c1", "noon"), do.AskReply("ask-1"))
    talk.playing("r2", ask_id="ask-1").finished("r2").played("r2").after(20.0).never(do.AskReply)


def test_a_call_that_ends_while_there_is_no_engine_is_followed_up_by_the_next():
    talk = called(Talk()).heard(DROP, on.PlaybackFinished("r1", ()), on.ToolFinished("c1", Outcome.OK, "noon"))
    talk.never(do.AskReply)
    talk.heard(ready()).expect(do.Recall(3, "")).only(do.AskReply)


def test_a_call_that_ended_before_its_reply_did_is_followed_up_and_not_repeated():
    talk = called(Talk()).heard(on.ToolFinished("c1", Outcome.OK, "noon")).never(do.AskReply)
    talk.heard(DROP, on.PlaybackFinished("r1", ()), ready()).only(do.AskReply)
    talk.never(do.RunTool)


def test_a_reply_cut_after_the_last_allowed_round_is_asked_for_again_without_tools():
    talk = called(Talk(Profile(tool_rounds=0))).finished()
    talk.heard(on.PlaybackFinished("r1", ()), on.ToolFinished("c1", Outcome.OK, "noon"))
    talk.playing("r2", ask_id="ask-1").heard(DROP, ready())
    talk.played("r2").expect(do.AskReply("ask-2", tools_allowed=False))


# Models that stall ---------------------------------------------------------------------------------------------------


def test_a_reply_that_does_not_begin_is_asked_for_once_more_and_then_given_up():
    talk = Talk().user_turn().heard(STALL, ready()).expect(do.AskReply("ask-1"))
    assert "no_reply" not in codes(talk)
    talk.heard(STALL, ready()).never(do.AskReply)
    assert codes(talk).count("no_reply") == 1
    assert talk.core.machine.settled


def test_a_reply_that_does_not_go_on_is_asked_for_once_more_and_then_given_up():
    talk = Talk().user_turn().playing().heard(STALL, ready()).played().expect(do.AskReply("ask-1"))
    talk.playing("r2", ask_id="ask-1").heard(STALL, ready()).played("r2").never(do.AskReply)
    assert codes(talk).count("no_reply") == 1
    assert talk.core.machine.settled


def test_a_connection_that_breaks_does_not_count_as_a_try():
    talk = Talk().user_turn().heard(STALL, ready())
    for _ in range(4):
        talk.heard(DROP, ready()).only(do.AskReply)
    assert "no_reply" not in codes(talk)
    talk.heard(STALL, ready()).never(do.AskReply)
    assert codes(talk).count("no_reply") == 1


def test_the_next_turn_has_its_tries_anew():
    talk = Talk().user_turn().heard(STALL, ready(), STALL, ready()).user_turn("u2").heard(STALL, ready())
    talk.only(do.AskReply)


# What is being said --------------------------------------------------------------------------------------------------


def test_the_turn_that_is_being_spoken_survives_and_is_answered_once():
    talk = Talk().heard(on.SpeechStarted("u1", 0.5)).after(1.0)
    talk.heard(DROP, ready()).expect(do.Recall(0, "u1")).never(do.AskReply)
    talk.heard(on.SpeechStarted("u1", 0.5)).after(1.0)
    talk.heard(on.SpeechStopped("u1", 2.5), on.TurnCommitted("u1"), on.UserTranscribed("u1", "hello"))
    talk.reply().finished().played().after(20.0).never(do.AskReply)
    assert [line["turn_id"] for line in talk.said("user_said")] == ["u1"]
    assert len(talk.said("user_speech_started")) == len(talk.said("user_speech_stopped")) == 1


@pytest.mark.parametrize("stopped", [False, True])
def test_speech_that_the_next_engine_does_not_find_was_nothing(stopped):
    talk = Talk().heard(on.SpeechStarted("u1", 0.5))
    if stopped:
        talk.heard(on.SpeechStopped("u1", 0.9))
    talk.heard(DROP, ready()).after(4.9)
    assert not talk.core.machine.settled
    talk.after(0.2)
    assert talk.core.machine.settled


def test_a_manual_turn_that_was_not_acknowledged_is_committed_again():
    talk = Talk(traits=MANUAL).heard(on.SpeechStarted("turn-1", 0.5, "local")).after(1.0)
    talk.heard(on.SpeechStopped("turn-1", 1.2, "local")).expect(do.CommitTurn("turn-1", 1.2))
    talk.heard(DROP, ready(MANUAL)).expect(do.Recall(0, "turn-1"), do.CommitTurn("turn-1"))
    talk.heard(on.TurnCommitted("turn-1")).only(do.AskReply)


def test_a_manual_turn_that_ends_while_there_is_no_engine_is_committed_to_the_next():
    talk = Talk(traits=MANUAL).heard(on.SpeechStarted("turn-1", 0.5, "local"), DROP)
    talk.heard(on.SpeechStopped("turn-1", 1.2, "local")).never(do.CommitTurn).after(10.0)
    talk.heard(ready(MANUAL)).expect(do.Recall(0, "turn-1"), do.CommitTurn("turn-1"))


def test_a_manual_turn_that_goes_on_is_committed_when_it_ends():
    talk = Talk(traits=MANUAL).heard(on.SpeechStarted("turn-1", 0.5, "local"), DROP, ready(MANUAL))
    talk.never(do.CommitTurn).after(10.0)
    talk.heard(on.SpeechStopped("turn-1", 11.0, "local")).expect(do.CommitTurn("turn-1", 11.0))


def test_a_manual_turn_that_is_never_acknowledged_does_not_block_the_conversation():
    talk = Talk(traits=MANUAL).heard(on.SpeechStarted("turn-1", 0.5, "local"), on.SpeechStopped("turn-1", 1.2, "local"))
    talk.heard(DROP, ready(MANUAL)).after(5.1)
    assert talk.core.machine.settled


# The slot ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slot", Slot)
def test_whatever_the_slot_held_it_is_free_for_the_next_engine(slot):
    arbiter = Arbiter(10.0)
    if slot in {Slot.ACTIVE, Slot.CANCELLING}:
        arbiter.started("r1", "")
    elif slot is not Slot.FREE:
        arbiter.want(Want("u1"))
        arbiter.next_ask(0.0)
    if slot in {Slot.WITHDRAWN, Slot.CANCELLING}:
        arbiter.cancel(1.0)
    assert arbiter.slot is slot
    arbiter.lost(stalled=False)
    assert (arbiter.slot, arbiter.reply_id) == (Slot.FREE, "")
    assert arbiter.waiting is (slot is Slot.ASKED)


def test_a_late_word_about_a_reply_of_the_lost_engine_changes_nothing():
    talk = Talk().user_turn().playing().heard(DROP, ready()).heard(on.ReplyFinished("r1", ReplyStatus.COMPLETED))
    talk.played().only(do.AskReply)
