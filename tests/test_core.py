"""The life of a session, stepped without a loop."""

import pytest

from conversation import CLIENT, Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Core, Life, Profile
from voiceloop.transcript import TranscriptLine, problems
from voiceloop.vocabulary import Cause, HeardSpan, Outcome, Tier, ToolSpec, Traits


def test_a_session_opens_its_engine_then_its_line_and_says_so():
    core = Core(Profile())
    assert core.step(on.SessionOpened(), 1.0) == [do.OpenEngine(Tier.REALTIME)]
    started, opened = core.step(on.EngineReady(Tier.REALTIME, "m", Traits(), "ga"), 1.5)
    assert started.event == "session_started"
    assert opened == do.OpenLine()
    assert core.step(on.LineOpened(), 2.0) == [do.SetDeadline("limit_near", 2882.0), do.SetDeadline("limit", 3602.0)]


def test_a_greeting_is_the_first_thing_asked_for():
    Talk(Profile(greeting="Hello.")).expect(do.AskReply("ask-1", "Hello."))


def test_an_engine_that_is_ready_again_does_not_open_the_line_again():
    Talk().heard(on.EngineReady(Tier.REALTIME, "m", Traits(), "ga")).never(do.OpenLine)


def test_every_line_has_the_fields_the_transcript_promises():
    talk = Talk(Profile(greeting="Hello.")).playing("r0", ask_id="ask-1").finished("r0").played("r0")
    talk.user_turn().heard(on.ReplyStarted("r1"))
    talk.tool_call()
    talk.heard(on.ToolFinished("c1", Outcome.OK, "noon")).finished()
    talk.playing("r2", ask_id="ask-2").heard(on.EndAsked("bye"))
    assert not problems([TranscriptLine.of(line).as_dict() for line in talk.lines])


# The end -------------------------------------------------------------------------------------------------------------


def test_the_end_writes_down_what_was_heard_before_it_ends():
    talk = Talk().user_turn().playing()
    talk.flushes = (HeardSpan("r1", "r1-a", 0, 400, 2000),)
    talk.heard(on.EndAsked("ctrl_c"))
    assert [line.event for line in talk.lines[-4:]] == [
        "agent_speech_stopped",
        "agent_said",
        "turn_metrics",
        "session_ended",
    ]
    assert talk.said("agent_said")[0]["heard_ms"] == 400
    assert talk.ended == do.EndSession("ctrl_c")


def test_calls_that_run_at_the_end_get_their_outcome():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    talk.tool_call()
    talk.heard(on.EndAsked("bye"))
    assert talk.said("tool_finished")[0]["outcome"] == "cancelled"


def test_the_end_comes_once_and_nothing_after_it():
    talk = Talk().heard(on.EndAsked("bye"))
    assert talk.heard(on.EndAsked("again"), on.SayAsked("hello")).new == []
    assert len(talk.said("session_ended")) == 1


def test_between_the_flush_and_its_answer_nothing_else_counts():
    core = Core(Profile())
    assert core.step(on.EndAsked("bye"), 1.0) == [do.FlushPlayback()]
    assert core.life is Life.ENDING
    assert core.step(on.SayAsked("hello"), 1.0) == []
    assert core.step(on.PlaybackFlushed(()), 1.0)[-1] == do.EndSession("bye")


@pytest.mark.parametrize(
    ("cause", "status"),
    [(Cause.BAD_KEY, 4), (Cause.QUOTA, 4), (Cause.BAD_MODEL, 4), (Cause.REFUSED, 4), (Cause.DROP, 5)],
)
def test_a_lost_engine_ends_the_session_with_the_status_of_its_cause(cause, status):
    talk = Talk().heard(on.EngineLost(cause, "because"))
    assert talk.ended == do.EndSession(f"engine_lost_{cause}", status, "because")
    assert talk.said("warning")[-1]["detail"] == "because"


def test_a_lost_line_is_a_device_failure():
    assert Talk().heard(on.LineLost("unplugged")).ended == do.EndSession("line_lost", 6, "unplugged")


def test_a_session_may_not_run_for_ever():
    assert Talk(Profile(limit_s=60.0)).after(61.0).ended == do.EndSession("time_limit")


# A conversation from a file ------------------------------------------------------------------------------------------


def test_silence_only_ends_after_the_quiet_time():
    talk = Talk().heard(on.LineEnded())
    assert talk.after(1.9).ended is None
    assert talk.after(0.2).ended == do.EndSession("input_ended")


def test_a_turn_at_the_end_of_the_file_is_answered_and_played_first():
    talk = Talk().heard(on.SpeechStarted("u1", 0.5), on.LineEnded()).after(3.0)
    talk.heard(on.SpeechStopped("u1", 2.5), on.TurnCommitted("u1")).after(3.0)
    talk.playing().finished().after(3.0)
    talk.played().after(1.9)
    assert talk.ended is None, "the words of the turn are still to come"
    talk.heard(on.UserTranscribed("u1", "hello")).after(1.9)
    assert talk.ended is None
    assert talk.after(0.2).ended == do.EndSession("input_ended")


def test_words_that_never_come_do_not_hold_the_end_for_ever():
    talk = Talk().user_turn(text="").heard(on.TurnCommitted("u2"), on.LineEnded())
    talk.playing().finished().played()
    assert talk.after(20.0).ended == do.EndSession("input_ended")


def test_a_file_conversation_ends_a_minute_after_its_file_at_the_latest():
    talk = Talk(Profile(reply_start_s=500.0)).user_turn().heard(on.LineEnded())
    assert talk.after(59.0).ended is None
    assert talk.after(1.1).ended == do.EndSession("input_ended")


# Nobody says anything ------------------------------------------------------------------------------------------------


def test_silence_brings_a_prompt_then_a_goodbye_then_the_end():
    talk = Talk(Profile(idle_prompt="Still there?", idle_goodbye="Goodbye.", idle_after_s=10.0))
    talk.after(10.0).expect(do.AskReply("ask-1", "Still there?"))
    talk.playing(ask_id="ask-1").finished().played()
    talk.after(10.0).expect(do.AskReply("ask-2", "Goodbye."))
    talk.playing("r2", ask_id="ask-2").finished("r2").played("r2")
    assert talk.after(0.1).ended == do.EndSession("idle")


def test_a_user_who_speaks_again_is_prompted_again():
    talk = Talk(Profile(idle_prompt="Still there?", idle_after_s=10.0))
    talk.after(10.0).playing(ask_id="ask-1").finished().played().after(30.0).never(do.AskReply)
    talk.user_turn().reply("r2").finished("r2").played("r2")
    talk.after(10.0).expect(do.AskReply("ask-2", "Still there?"))


def test_without_a_prompt_the_goodbye_comes_first():
    talk = Talk(Profile(idle_goodbye="Goodbye.", idle_after_s=10.0))
    talk.after(9.0).heard(on.SpeechStarted("u1", 9.0)).after(60.0).never(do.AskReply)
    talk.heard(on.SpeechStopped("u1", 69.0), on.TurnCommitted("u1")).playing().finished().played()
    talk.after(10.1).expect(do.AskReply("ask-1", "Goodbye."))


# Typed turns without audio -------------------------------------------------------------------------------------------


def test_typed_lines_wait_for_the_reply_before_them():
    talk = Talk(captions=True).heard(on.TextTyped("t1", "one")).expect(do.SendText("t1", "one"))
    talk.heard(on.TextTyped("t2", "two")).never(do.SendText, do.CancelReply)
    talk.heard(on.ReplyStarted("r1", "ask-1"), on.ReplyTextArrived("r1", "a", 0, "One."))
    talk.finished().heard(on.PlaybackFinished("r1", ())).expect(do.SendText("t2", "two"), do.AskReply("ask-2"))
    assert [line["text"] for line in talk.said("user_said")] == ["one", "two"]


def test_typed_input_that_ends_is_answered_to_the_last_line():
    talk = Talk(captions=True).heard(on.TextTyped("t1", "one"), on.TextTyped("t2", "two"), on.LineEnded())
    for number in (1, 2):
        talk.heard(on.ReplyStarted(f"r{number}", f"ask-{number}"))
        talk.finished(f"r{number}").after(5.0).heard(on.PlaybackFinished(f"r{number}", ()))
    assert talk.after(2.1).ended == do.EndSession("input_ended")


def test_too_many_typed_lines_are_dropped_with_a_warning():
    talk = Talk(captions=True).heard(*[on.TextTyped(f"t{number}", "x") for number in range(40)])
    assert talk.said("warning")[0]["code"] == "too_much_typed"


# Other instructions and tools ----------------------------------------------------------------------------------------


def test_other_instructions_and_tools_reach_the_engine_at_once():
    tools = (ToolSpec("lamp", "Switches the lamp.", {}),)
    talk = Talk().user_turn().playing().heard(on.UpdateAsked("Be brief.", tools))
    assert talk.new == [do.UpdateEngine("Be brief.", tools)]


def test_which_calls_survive_an_interruption_follows_the_tools_and_only_them():
    talk = Talk(Profile(survivors=("clock",))).user_turn().reply()
    talk.heard(on.UpdateAsked(instructions="Be brief.")).tool_call("c1")
    talk.heard(on.UpdateAsked(tools=())).tool_call("c2")
    talk.heard(on.InterruptAsked()).expect(do.CancelTool("c2"))
    assert do.CancelTool("c1") not in talk.new


# What is told --------------------------------------------------------------------------------------------------------


def test_a_failed_transcription_is_a_warning_and_the_turn_stands():
    talk = Talk().heard(on.TurnCommitted("u1"), on.TranscriptionFailed("u1", "too noisy"))
    assert talk.said("warning")[0]["turn_id"] == "u1"
    assert not talk.core.narrator.captions.waiting


def test_complaints_about_asks_are_handled_and_others_are_told():
    talk = Talk(traits=CLIENT).user_turn()
    talk.heard(on.EngineComplained("conversation_already_has_active_response", "busy", "ask-1"))
    assert talk.said("warning") == []
    talk.heard(on.EngineComplained("invalid_value", "no such voice"))
    assert talk.said("warning")[0]["code"] == "invalid_value"


def test_a_call_of_an_unknown_reply_belongs_to_the_newest_turn():
    talk = Talk().user_turn()
    talk.tool_call(reply_id="ghost")
    assert talk.said("tool_called")[0]["turn_id"] == "u1"


def test_the_same_events_bring_the_same_commands():
    def hold() -> list:
        talk = Talk(Profile(greeting="Hello.")).playing("r0", ask_id="ask-1").user_turn().playing()
        talk.heard(on.InterruptAsked()).heard(on.EndAsked("bye"))
        return talk.lines

    assert hold() == hold()
