"""The races of the protocol reference, section 21, as conversations with the turn machine."""

import pytest

from conversation import CLIENT, Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Profile
from voiceloop.vocabulary import HeardSpan, Outcome, ReplyStatus, ToolCall, Traits

HALF = (HeardSpan("r1", "r1-a", 0, 1500, 4000),)


def test_race_1_a_cancel_that_comes_too_late_is_swallowed():
    talk = Talk().user_turn().playing().finished()
    talk.flushes = HALF
    talk.heard(on.InterruptAsked()).never(do.CancelReply).expect(do.FlushPlayback(), do.TrimReply(HALF[0]))
    talk.heard(on.EngineComplained("response_cancel_not_active", "no active response"))
    assert talk.core.machine.settled


def test_race_2_a_new_ask_waits_until_the_cancelled_reply_is_over():
    talk = Talk(traits=CLIENT).user_turn().playing(ask_id="ask-1")
    talk.heard(on.TextTyped("typed-1", "no, wait")).never(do.AskReply)
    talk.finished(status=ReplyStatus.CANCELLED).expect(do.AskReply("ask-2"))


def test_race_3_an_ask_interrupted_before_it_started_is_cancelled_when_it_starts():
    talk = Talk(traits=CLIENT).user_turn().expect(do.AskReply("ask-1"))
    talk.heard(on.InterruptAsked()).never(do.CancelReply)
    talk.heard(on.ReplyStarted("ghost", "ask-1")).expect(do.CancelReply("ghost"), do.MuteReply("ghost"))
    talk.heard(on.ReplyAudioStarted("ghost", "a"), on.ReplyFinished("ghost", ReplyStatus.CANCELLED))
    assert talk.core.machine.settled


def test_race_4_a_typed_turn_that_meets_the_servers_own_reply_is_asked_for_after_it():
    talk = Talk().user_turn()
    talk.heard(on.TextTyped("typed-1", "and tomorrow?")).expect(do.AskReply("ask-1"))
    talk.reply("r1")
    talk.heard(on.EngineComplained("conversation_already_has_active_response", "busy", "ask-1")).never(do.AskReply)
    talk.finished().expect(do.AskReply("ask-2"))


def test_race_5_a_tool_output_during_a_reply_is_sent_now_and_followed_up_later():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    call = talk.tool_call()
    talk.expect(do.RunTool(call))
    talk.heard(on.ToolFinished("c1", Outcome.OK, "noon")).expect(do.SendToolOutput("c1", "noon")).never(do.AskReply)
    talk.finished().expect(do.AskReply("ask-1"))


def test_race_6_a_tool_result_after_an_interruption_is_sent_without_a_follow_up():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    talk.tool_call()
    talk.finished()
    talk.heard(on.InterruptAsked()).expect(do.CancelTool("c1"))
    talk.heard(on.ToolFinished("c1", Outcome.CANCELLED, "cancelled")).expect(do.SendToolOutput("c1", "cancelled"))
    talk.never(do.AskReply)
    talk.heard(on.ToolFinished("c1", Outcome.OK, "late")).never(do.SendToolOutput)


@pytest.mark.parametrize("heard_ms", [0, 1, 3999, 4000])
def test_races_7_and_8_the_trim_says_exactly_what_was_heard_never_more_than_was_received(heard_ms):
    span = HeardSpan("r1", "r1-a", 0, heard_ms, 4000)
    talk = Talk().user_turn().playing()
    talk.flushes = (span,)
    talk.heard(on.InterruptAsked()).expect(do.TrimReply(span))


def test_race_8_without_audio_there_is_nothing_to_trim():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    talk.heard(on.InterruptAsked()).expect(do.CancelReply("r1"), do.FlushPlayback()).never(do.TrimReply)


def test_race_9_a_reply_heard_to_its_end_is_not_trimmed():
    whole = HeardSpan("r1", "r1-a", 0, 4000, 4000)
    talk = Talk().user_turn().playing().finished()
    talk.flushes = (whole,)
    talk.heard(on.InterruptAsked()).never(do.TrimReply)


def test_race_10_a_cancelled_reply_is_muted_before_playback_is_flushed():
    talk = Talk().user_turn().playing()
    talk.heard(on.InterruptAsked()).expect(do.MuteReply("r1"), do.FlushPlayback())


def test_race_12_swapped_transcripts_are_written_in_the_order_of_the_turns():
    talk = Talk().heard(on.TurnCommitted("u1"), on.TurnCommitted("u2", "u1"))
    talk.heard(on.UserTranscribed("u2", "second")).heard(on.UserTranscribed("u1", "first"))
    assert [line["text"] for line in talk.said("user_said")] == ["first", "second"]


def test_race_13_a_reply_that_fails_without_an_error_is_tried_again_once_and_then_reported():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    talk.finished("r1", ReplyStatus.FAILED).expect(do.AskReply("ask-1"))
    talk.heard(on.ReplyStarted("r2", "ask-1"))
    talk.heard(on.ReplyFinished("r2", ReplyStatus.FAILED, "rate_limit_exceeded")).never(do.AskReply)
    assert [(line["code"], line["detail"]) for line in talk.said("warning")] == [
        ("reply_failed", "rate_limit_exceeded")
    ]


def test_race_14_a_reply_that_never_starts_is_asked_for_twice_and_then_reported():
    talk = Talk(Profile(reply_start_s=2.0), CLIENT).user_turn()
    talk.after(5.0).expect(do.AskReply("ask-2"))
    talk.after(5.0).never(do.AskReply)
    assert [line["code"] for line in talk.said("warning")] == ["no_reply"]
    assert talk.core.machine.settled


def test_race_20_a_call_reported_three_times_runs_once():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    call = ToolCall("c1", "clock", "{}")
    talk.heard(*[on.ToolCalled("r1", call)] * 3)
    assert talk.only(do.RunTool).call == call


@pytest.mark.parametrize("traits", [Traits(), CLIENT])
def test_race_23_a_second_reply_that_nobody_asked_for_is_cancelled_unheard(traits):
    talk = Talk(traits=traits).user_turn().playing("r1").finished("r1")
    talk.heard(on.ReplyStarted("r2")).expect(do.CancelReply("r2"), do.MuteReply("r2"))
    talk.finished("r2", ReplyStatus.CANCELLED).played("r1")
    assert talk.core.machine.settled
    assert len(talk.said("agent_said")) == 1


def test_race_23_an_ask_that_another_reply_was_quicker_than_is_cancelled_when_it_starts():
    talk = Talk(traits=CLIENT).user_turn().expect(do.AskReply("ask-1"))
    talk.reply("r1").finished("r1")
    talk.heard(on.ReplyStarted("r2", "ask-1")).expect(do.CancelReply("r2"), do.MuteReply("r2"))


def test_race_23_a_tool_called_once_more_by_a_second_reply_costs_the_first_nothing():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    talk.tool_call("c1")
    talk.finished("r1")
    talk.heard(on.ReplyStarted("r2")).expect(do.CancelReply("r2"))
    talk.tool_call("c2", "r2")
    talk.expect(do.CancelTool("c2"))
    talk.heard(on.ToolFinished("c2", Outcome.CANCELLED, "cancelled"))
    talk.finished("r2", ReplyStatus.CANCELLED).never(do.AskReply)
    talk.heard(on.ToolFinished("c1", Outcome.OK, "noon")).expect(do.AskReply("ask-1"))


def test_what_an_engine_says_before_anybody_spoke_is_its_own_greeting():
    talk = Talk().heard(on.ReplyStarted("r1")).never(do.CancelReply)
    talk.finished("r1")


def test_a_turn_that_goes_on_before_its_answer_began_is_answered_once():
    talk = Talk().user_turn("u0").playing().heard(on.InterruptAsked())
    talk.heard(on.SpeechStarted("u1", 3.0), on.SpeechStopped("u1", 3.4), on.TurnCommitted("u1"))
    talk.finished(status=ReplyStatus.CANCELLED).after(0.2)
    talk.heard(on.SpeechStarted("u2", 4.2)).after(1.5).never(do.AskReply)
    talk.heard(on.SpeechStopped("u2", 5.0), on.TurnCommitted("u2", "u1")).never(do.AskReply)
    talk.heard(on.ReplyStarted("r2")).finished("r2").heard(on.PlaybackFinished("r2", ()))
    talk.after(20.0).never(do.AskReply)


def test_an_answer_owed_for_a_typed_turn_comes_with_the_spoken_one_that_follows():
    talk = Talk().heard(on.SpeechStarted("u1", 0.5), on.TextTyped("typed-1", "and quickly")).never(do.AskReply)
    talk.heard(on.SpeechStopped("u1", 1.0), on.TurnCommitted("u1")).never(do.AskReply)


def test_speech_that_was_nothing_after_all_leaves_the_answer_owed():
    talk = Talk().user_turn("u1")
    talk.heard(on.SpeechStarted("u2", 2.0), on.SpeechStopped("u2", 2.1)).never(do.AskReply)
    talk.after(6.0).expect(do.AskReply("ask-1"))


def test_a_follow_up_that_is_owed_does_not_take_the_place_of_the_answer_to_a_newer_turn():
    talk = Talk(traits=CLIENT).heard(on.SpeechStarted("u1", 0.5), on.SpeechStopped("u1", 1.0), on.ReplyStarted("r1"))
    talk.tool_call()
    talk.heard(on.TurnCommitted("u1"), on.ToolFinished("c1", Outcome.OK, "noon")).never(do.AskReply)
    talk.finished().expect(do.AskReply("ask-1")).played("r1", ms=0)
    talk.playing("r2", ask_id="ask-1").finished("r2").played("r2").never(do.AskReply)
    assert talk.core.machine.settled


def test_a_typed_turn_that_comes_before_the_ask_for_a_spoken_one_is_answered_with_it():
    talk = Talk(traits=CLIENT).user_turn("u0").expect(do.AskReply("ask-1")).heard(on.InterruptAsked())
    talk.user_turn("u1").never(do.AskReply).heard(on.TextTyped("typed-1", "and quickly")).never(do.AskReply)
    talk.heard(on.ReplyStarted("ghost", "ask-1")).finished("ghost", ReplyStatus.CANCELLED).expect(do.AskReply("ask-2"))
    talk.playing("r2", ask_id="ask-2").finished("r2").played("r2").never(do.AskReply)
    assert talk.core.machine.settled


def test_a_reply_that_is_told_to_begin_once_more_is_neither_cancelled_nor_waited_for():
    talk = Talk().user_turn().playing("r1")
    talk.heard(on.ReplyStarted("r1")).never(do.CancelReply, do.MuteReply)
    talk.finished("r1").played("r1")
    assert talk.said("agent_said")[0]["text"] == "It is noon."
    talk.heard(on.ReplyStarted("r1"))
    assert talk.core.machine.settled


def test_a_reply_that_ends_before_it_began_is_not_waited_for():
    talk = Talk().heard(on.ReplyFinished("r1", ReplyStatus.COMPLETED), on.PlaybackFinished("r1", ()))
    talk.heard(on.ReplyStarted("r1"))
    assert talk.core.machine.settled


def test_a_cough_before_the_answer_began_leaves_the_answer_owed():
    talk = Talk(Profile(survivors=("taxi",))).user_turn("u0").heard(on.ReplyStarted("r1"))
    talk.tool_call(name="taxi")
    talk.finished("r1").user_turn("u1")
    talk.heard(on.SpeechStarted("u2", 3.2), on.SpeechStopped("u2", 3.3), on.TurnCommitted("u2"))
    talk.expect(do.ForgetTurn("u2"))
    talk.after(3.0).expect(do.AskReply("ask-1"))
