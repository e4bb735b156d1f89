"""The life of a session, stepped without a loop."""

import pytest

from conversation import CLIENT, Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Core, Life, Profile
from voiceloop.transcript import TranscriptLine, problems
from voiceloop.vocabulary import Cause, HeardSpan, Outcome, ReplyStatus, Tier, ToolSpec, Traits, Usage


def test_a_session_opens_its_engine_then_its_line_and_says_so():
    core = Core(Profile())
    assert core.step(on.SessionOpened(), 1.0) == [do.OpenEngine(Tier.REALTIME)]
    *_, started, opened = core.step(on.EngineReady(Tier.REALTIME, "m", Traits(), "ga"), 1.5)
    assert started.event == "session_started"
    assert opened == do.OpenLine()
    assert core.step(on.LineOpened(), 2.0) == [do.SetDeadline("limit", 2882.0)]


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


def test_a_call_that_is_told_again_after_its_outcome_is_written_down_once():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    call = talk.tool_call()
    talk.heard(on.ToolFinished("c1", Outcome.OK, "noon"), on.ToolCalled("r1", call))
    assert len(talk.said("tool_called")) == len(talk.said("tool_finished")) == 1
    assert talk.core.narrator.conversation.items.count(call) == 1


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
    [
        (Cause.BAD_KEY, 4),
        (Cause.QUOTA, 4),
        (Cause.BAD_MODEL, 4),
        (Cause.SETTINGS, 3),
    ],
)
def test_what_no_other_engine_can_cure_ends_the_session_with_the_status_of_its_cause(cause, status):
    talk = Talk().heard(on.EngineLost(cause, "because")).never(do.OpenEngine)
    assert talk.ended == do.EndSession(f"engine_lost_{cause}", status, "because")
    assert talk.said("warning")[-1]["detail"] == "because"


@pytest.mark.parametrize(("cause", "status"), [(Cause.REFUSED, 4), (Cause.UNSUPPORTED_DIALECT, 5)])
def test_being_turned_away_is_the_end_unless_the_server_knows_the_session(cause, status):
    core = Core(Profile())
    core.step(on.SessionOpened(), 1.0)
    core.step(on.EngineLost(cause, "because"), 1.1)
    assert core.step(on.PlaybackFlushed(()), 1.1)[-1] == do.EndSession(f"engine_lost_{cause}", status, "because")
    assert Talk().heard(on.EngineLost(cause, "because")).ended is None


def test_a_lost_line_is_a_device_failure():
    assert Talk().heard(on.LineLost("unplugged")).ended == do.EndSession("line_lost", 6, "unplugged")


def test_a_session_may_not_run_for_ever():
    assert Talk(Profile(limit_s=60.0)).after(61.0).ended == do.EndSession("time_limit")


@pytest.mark.parametrize(("limit_s", "minutes"), [(600.0, "8 of 10"), (90.0, "1.2 of 1.5")])
def test_four_fifths_of_the_time_are_announced(limit_s, minutes):
    talk = Talk(Profile(limit_s=limit_s)).after(0.79 * limit_s)
    assert talk.said("warning") == []
    talk.after(0.02 * limit_s)
    assert talk.said("warning") == [
        {"t": 0.8 * limit_s, "code": "time_limit_near", "detail": f"{minutes} minutes are over"}
    ]


def test_what_is_being_said_at_the_time_limit_is_heard_to_its_end():
    talk = Talk(Profile(limit_s=60.0)).after(58.0).user_turn().playing().after(5.0)
    assert talk.ended is None
    talk.finished().played()
    assert talk.ended == do.EndSession("time_limit")


def test_a_session_over_its_limit_does_not_go_on_for_ever():
    talk = Talk(Profile(limit_s=60.0)).after(59.0).heard(on.SpeechStarted("u1", 59.0))
    assert talk.after(30.9).ended is None
    assert talk.after(0.2).ended == do.EndSession("time_limit")


def spend(talk, reply_id, tokens):
    usage = Usage(input_tokens=tokens - 10, output_tokens=10)
    talk.heard(on.ReplyStarted(reply_id), on.ReplyFinished(reply_id, ReplyStatus.COMPLETED, usage=usage))
    return talk.heard(on.PlaybackFinished(reply_id, ()))


def test_tokens_are_counted_announced_and_end_the_session():
    talk = Talk(Profile(token_limit=1000))
    spend(talk.user_turn("u1"), "r1", 790)
    assert talk.said("warning") == []
    spend(talk.user_turn("u2"), "r2", 100)
    spend(talk.user_turn("u3"), "r3", 100)
    assert [(line["code"], line["detail"]) for line in talk.said("warning")] == [
        ("token_limit_near", "890 of 1000 tokens are used")
    ]
    assert talk.ended is None
    spend(talk.user_turn("u4"), "r4", 20)
    assert talk.ended == do.EndSession("token_limit")


def test_the_reply_that_used_the_last_tokens_is_heard_to_its_end_and_its_tool_is_answered():
    talk = Talk(Profile(token_limit=100)).user_turn().heard(on.ReplyStarted("r1"))
    talk.tool_call()
    talk.heard(on.ReplyFinished("r1", ReplyStatus.COMPLETED, usage=Usage(90, 20)), on.PlaybackFinished("r1", ()))
    talk.heard(on.ToolFinished("c1", Outcome.OK, "noon")).expect(do.AskReply("ask-1"))
    talk.playing("r2", ask_id="ask-1").heard(on.ReplyFinished("r2", ReplyStatus.COMPLETED, usage=Usage(90, 20)))
    assert talk.ended is None
    assert talk.played("r2").ended == do.EndSession("token_limit")


def test_without_a_limit_tokens_are_no_matter():
    assert spend(Talk().user_turn(), "r1", 10**9).ended is None


# The agent hangs up --------------------------------------------------------------------------------------------------


def goodbye(words="", profile=None):
    """The reply to the user's goodbye calls the tool that ends the session, perhaps after words of its own."""
    talk = Talk(profile).user_turn(text="goodbye").heard(on.ReplyStarted("r1"))
    if words:
        talk.heard(on.ReplyTextArrived("r1", "r1-a", 0, words), on.ReplyAudioStarted("r1", "r1-a"))
        talk.heard(on.PlaybackStarted("r1"))
    talk.tool_call(name="end_conversation")
    talk.heard(on.EndWhenSaid("agent_ended"), on.ToolFinished("c1", Outcome.OK, "Goodbye!"))
    talk.heard(on.ReplyFinished("r1", ReplyStatus.COMPLETED))
    return talk if words else talk.heard(on.PlaybackFinished("r1", ()))


def test_the_words_after_the_call_are_heard_before_the_session_ends():
    talk = goodbye().playing("r2", "Goodbye!", ask_id="ask-1").finished("r2")
    assert talk.ended is None
    assert talk.played("r2").ended == do.EndSession("agent_ended")
    assert [line["text"] for line in talk.said("agent_said")] == ["Goodbye!"]
    assert talk.said("session_ended")[0]["reason"] == "agent_ended"


def test_words_before_the_call_are_the_last_ones():
    talk = goodbye("Bye, then!").never(do.AskReply)
    assert talk.ended is None
    assert talk.played("r1").ended == do.EndSession("agent_ended")


def test_the_users_words_are_written_down_before_the_end():
    talk = Talk().heard(on.TurnCommitted("u1")).heard(on.ReplyStarted("r1"))
    talk.tool_call(name="end_conversation")
    talk.heard(on.EndWhenSaid("agent_ended"), on.ToolFinished("c1", Outcome.OK, "Bye!")).finished()
    talk.heard(on.PlaybackFinished("r1", ())).playing("r2", ask_id="ask-1").finished("r2").played("r2")
    assert talk.ended is None
    assert talk.heard(on.UserTranscribed("u1", "goodbye")).ended == do.EndSession("agent_ended")


def test_a_user_who_speaks_over_the_goodbye_stays():
    talk = goodbye().playing("r2", ask_id="ask-1")
    talk.heard(on.SpeechStarted("u2", 2.0)).after(1.0).heard(on.SpeechStopped("u2", 2.9), on.TurnCommitted("u2"))
    talk.finished("r2", ReplyStatus.CANCELLED).heard(on.UserTranscribed("u2", "wait")).playing("r3").finished("r3")
    talk.played("r3").after(60.0)
    assert talk.ended is None


def test_a_cough_over_the_goodbye_does_not_keep_the_session():
    talk = goodbye().playing("r2", ask_id="ask-1").heard(on.SpeechStarted("u2", 2.0)).after(0.6)
    talk.heard(on.SpeechStopped("u2", 2.1), on.TurnCommitted("u2")).expect(do.ForgetTurn("u2"))
    assert talk.finished("r2").played("r2").ended == do.EndSession("agent_ended")


@pytest.mark.parametrize("captions", [True, False])
def test_a_user_who_types_on_stays(captions):
    talk = Talk(captions=captions).heard(on.TextTyped("t1", "bye"), on.ReplyStarted("r1", "ask-1"))
    talk.tool_call(name="end_conversation")
    talk.heard(on.EndWhenSaid("agent_ended"), on.TextTyped("t2", "no, wait"))
    talk.heard(on.ToolFinished("c1", Outcome.OK, "Bye!")).finished().heard(on.PlaybackFinished("r1", ()))
    asked = len([line for line in talk.lines if line.event == "user_said"])
    for number in range(2, 5):
        talk.reply(f"r{number}", ask_id=f"ask-{number}").finished(f"r{number}")
        talk.heard(on.PlaybackFinished(f"r{number}", ()))
    assert asked == (1 if captions else 2)
    assert talk.after(60.0).ended is None


def test_a_goodbye_that_never_comes_is_not_waited_for():
    talk = goodbye(profile=Profile(reply_start_s=500.0))
    assert talk.after(29.9).ended is None
    assert talk.after(0.2).ended == do.EndSession("agent_ended")


def test_an_agent_that_hangs_up_while_nothing_is_said_is_gone():
    assert Talk().heard(on.EndWhenSaid("agent_ended")).ended == do.EndSession("agent_ended")


def test_a_deadline_of_an_end_that_was_called_off_ends_nothing():
    talk = goodbye().heard(on.TextTyped("t1", "wait"), on.DeadlinePassed("parting"))
    assert talk.ended is None


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


def test_a_reply_nobody_wants_any_more_is_not_told():
    talk = Talk(traits=CLIENT).user_turn().heard(on.InterruptAsked()).heard(on.ReplyStarted("r1", "ask-1"))
    assert talk.core.narrator.conversation.replies == {}


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
