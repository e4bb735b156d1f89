"""Conversations with the turn machine, most of them through the core, as a session would hold them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversation import CLIENT, MANUAL, Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Profile
from voiceloop.turn.machine import TurnMachine
from voiceloop.turn.phase import phase_of
from voiceloop.turn.policy import TurnPolicy
from voiceloop.turn.states import Slot
from voiceloop.vocabulary import Cause, HeardSpan, Outcome, Phase, ReplyStatus, Tier, ToolCall, Traits, UserImage

HALF = (HeardSpan("r1", "r1-a", 0, 1500, 4000),)
DUCK, LOUD = do.DuckPlayback(0.25), do.DuckPlayback(1.0)


# A turn and its reply ------------------------------------------------------------------------------------------------


def test_a_server_that_starts_replies_is_not_asked_for_one():
    talk = Talk().user_turn()
    talk.never(do.AskReply)
    talk.playing().finished().expect(do.SealPlayback("r1"))
    talk.played()
    assert talk.core.machine.settled


def test_a_client_that_starts_replies_asks_when_the_turn_is_handed_over():
    Talk(traits=CLIENT).user_turn().expect(do.AskReply("ask-1"))


def test_in_manual_mode_the_local_gate_hands_the_turn_over_and_we_ask():
    talk = Talk(traits=MANUAL)
    talk.heard(on.SpeechStarted("turn-1", 0.5, "local")).after(1.0)
    talk.heard(on.SpeechStopped("turn-1", 1.2, "local")).expect(do.CommitTurn("turn-1", 1.2))
    talk.heard(on.TurnCommitted("u1")).expect(do.AskReply("ask-1"))


def test_a_turn_that_is_taken_late_does_not_end_the_next_one():
    talk = Talk(traits=MANUAL)
    talk.heard(on.SpeechStarted("turn-1", 0.5, "local")).after(1.0)
    talk.heard(on.SpeechStopped("turn-1", 1.2, "local")).after(0.1)
    talk.heard(on.SpeechStarted("turn-2", 1.6, "local"), on.TurnCommitted("turn-1")).never(do.AskReply)
    assert talk.core.machine.floor.speaking_turn == "turn-2"
    talk.after(1.0).heard(on.SpeechStopped("turn-2", 2.6, "local")).expect(do.CommitTurn("turn-2", 2.6))
    talk.heard(on.TurnCommitted("turn-2")).expect(do.AskReply("ask-1"))
    assert talk.said("warning") == []


def test_the_local_gate_is_not_heard_where_the_engine_ends_turns_and_the_other_way_round():
    talk = Talk().playing()
    talk.heard(on.SpeechStarted("turn-1", 0.5, "local")).never(do.PausePlayback)
    talk = Talk(traits=MANUAL).playing()
    talk.heard(on.SpeechStarted("u1", 0.5)).never(do.PausePlayback)


def test_an_empty_commit_gives_the_turn_up():
    talk = Talk(traits=MANUAL)
    talk.heard(on.SpeechStarted("t", 0.5, "local"), on.SpeechStopped("t", 0.6, "local"))
    talk.heard(on.EngineComplained("input_audio_buffer_commit_empty", "too small"))
    assert talk.core.machine.settled


def test_race_11_an_empty_commit_means_nothing_where_the_server_commits():
    talk = Talk().heard(on.SpeechStarted("u1", 0.5))
    talk.heard(on.EngineComplained("input_audio_buffer_commit_empty", "too small"))
    assert not talk.core.machine.floor.quiet


def test_a_turn_that_is_never_handed_over_does_not_block_the_conversation():
    talk = Talk()
    talk.heard(on.SpeechStarted("u1", 0.5), on.SpeechStopped("u1", 0.9))
    talk.after(6.0)
    assert talk.core.machine.settled


def test_a_server_that_owes_a_reply_and_starts_none_is_asked():
    talk = Talk(Profile(ask_after_s=4.0)).user_turn()
    talk.after(3.9).never(do.AskReply)
    talk.after(0.2).expect(do.AskReply("ask-1"))


def test_a_turn_that_ended_during_another_reply_and_brought_none_is_asked_for():
    talk = Talk().user_turn().playing()
    talk.heard(on.TurnCommitted("u2")).finished()
    talk.after(0.2).never(do.AskReply)
    talk.after(0.2).expect(do.AskReply("ask-1"))


def test_a_typed_turn_interrupts_is_sent_and_asked_for():
    talk = Talk().user_turn().playing()
    talk.flushes = HALF
    talk.heard(on.TextTyped("typed-1", "stop")).expect(
        do.CancelReply("r1"), do.FlushPlayback(), do.SendText("typed-1", "stop")
    )
    talk.finished(status=ReplyStatus.CANCELLED).expect(do.AskReply("ask-1"))


def test_a_saying_waits_until_the_user_is_silent():
    talk = Talk().heard(on.SpeechStarted("u1", 0.2))
    talk.heard(on.SayAsked("Your timer is done.")).never(do.AskReply)
    talk.heard(on.SpeechStopped("u1", 0.6), on.TurnCommitted("u1")).expect(do.AskReply("ask-1", "Your timer is done."))


def test_too_many_sayings_are_dropped_with_a_warning():
    talk = Talk()
    talk.heard(*[on.SayAsked(str(number)) for number in range(12)])
    assert {line["code"] for line in talk.said("warning")} == {"too_much_to_say"}


# Interruption --------------------------------------------------------------------------------------------------------


def test_speech_over_the_agent_ducks_it_at_once_and_trims_it_when_it_is_meant():
    talk = Talk().user_turn().playing().after(2.0)
    talk.heard(on.SpeechStarted("u2", 3.5)).expect(DUCK).never(do.PausePlayback, do.CancelReply, do.FlushPlayback)
    talk.flushes = HALF
    talk.after(1.2).expect(do.CancelReply("r1"), do.MuteReply("r1"), do.FlushPlayback(), do.TrimReply(HALF[0]))


def test_an_interruption_is_decided_by_the_stop_when_that_comes_first():
    talk = Talk().user_turn().playing().after(2.0)
    talk.heard(on.SpeechStarted("u2", 3.5)).after(1.0)
    talk.heard(on.SpeechStopped("u2", 4.2)).expect(do.CancelReply("r1"), do.FlushPlayback())


def test_a_cough_resumes_the_agent_and_leaves_no_trace():
    talk = Talk().user_turn().playing().after(2.0)
    talk.heard(on.SpeechStarted("u2", 3.5)).after(0.6)
    talk.heard(on.SpeechStopped("u2", 3.6)).expect(LOUD).never(do.CancelReply)
    talk.heard(on.TurnCommitted("u2")).expect(do.ForgetTurn("u2")).never(do.AskReply)
    talk.heard(on.UserTranscribed("u2", "Khm."))
    talk.finished().played()
    assert [line["text"] for line in talk.said("user_said")] == ["what time is it"]
    assert talk.said("agent_said")[0]["interrupted"] is False


def test_a_reply_the_server_starts_to_a_cough_is_cancelled_and_never_heard():
    talk = Talk().user_turn().playing().finished()
    talk.heard(on.SpeechStarted("u2", 3.5), on.SpeechStopped("u2", 3.6), on.TurnCommitted("u2"))
    talk.heard(on.ReplyStarted("r2")).expect(do.CancelReply("r2"), do.MuteReply("r2"))
    talk.heard(on.ReplyFinished("r2", ReplyStatus.CANCELLED), on.PlaybackFinished("r2", ()))
    talk.played()
    assert [line["reply_id"] for line in talk.said("agent_said")] == ["r1"]


def test_in_manual_mode_a_cough_is_not_handed_over():
    talk = Talk(traits=MANUAL).heard(on.SayAsked("A long story.")).playing(ask_id="ask-1")
    talk.heard(on.SpeechStarted("t", 1.0, "local"), on.SpeechStopped("t", 1.1, "local"))
    talk.never(do.CommitTurn).expect(LOUD)
    assert talk.core.machine.floor.free


def test_a_commit_without_a_stop_decides_the_hold_too():
    talk = Talk().user_turn().playing()
    talk.heard(on.SpeechStarted("u2", 3.5)).heard(on.TurnCommitted("u2")).expect(do.CancelReply("r1"))


def test_a_server_that_stops_on_speech_is_not_told_to_cancel():
    talk = Talk(traits=Traits(stops_on_speech=True)).user_turn().playing()
    talk.flushes = HALF
    talk.heard(on.SpeechStarted("u2", 3.0)).expect(do.MuteReply("r1"), do.FlushPlayback(), do.TrimReply(HALF[0]))
    talk.never(do.CancelReply, do.PausePlayback)


def test_an_engine_that_keeps_no_audio_is_not_told_to_trim():
    talk = Talk(traits=Traits(keeps_audio=False)).user_turn().playing()
    talk.flushes = HALF
    talk.heard(on.InterruptAsked()).expect(do.FlushPlayback()).never(do.TrimReply)


def test_an_interrupt_with_nothing_to_interrupt_does_nothing():
    Talk().heard(on.InterruptAsked()).never(do.FlushPlayback, do.CancelReply)


def test_a_greeting_that_may_not_be_interrupted_goes_on_and_the_next_reply_may_be():
    talk = Talk(Profile(greeting="Hello.", greeting_interruptible=False))
    talk.playing(ask_id="ask-1")
    talk.heard(on.SpeechStarted("u1", 0.5)).never(do.PausePlayback, do.DuckPlayback)
    talk.heard(on.SpeechStopped("u1", 1.0), on.TurnCommitted("u1")).finished().played()
    talk.playing("r2").heard(on.SpeechStarted("u2", 3.0)).expect(DUCK)


@pytest.mark.parametrize("begun", [False, True])
def test_a_greeting_that_may_not_be_interrupted_may_not_be_when_the_next_engine_says_it(begun):
    talk = Talk(Profile(greeting="Hello.", greeting_interruptible=False))
    if begun:
        talk.playing(ask_id="ask-1")
    talk.heard(on.EngineLost(Cause.DROP, "gone"), on.EngineReady(Tier.REALTIME, "model", Traits(), "ga"))
    if begun:
        talk.played()
    talk.expect(do.AskReply("ask-2", "Hello.")).playing("r2", ask_id="ask-2")
    talk.heard(on.SpeechStarted("u1", 0.5)).after(1.5).never(do.PausePlayback, do.DuckPlayback, do.FlushPlayback)


def test_a_reply_that_starts_while_the_user_speaks_is_held_before_its_first_sound():
    talk = Talk().user_turn().heard(on.SpeechStarted("u2", 2.0))
    talk.heard(on.ReplyStarted("r1")).expect(do.PausePlayback())
    talk.after(1.2).expect(do.CancelReply("r1"))
    talk.heard(on.SpeechStopped("u2", 3.0), on.TurnCommitted("u2")).finished(status=ReplyStatus.CANCELLED)
    talk.playing("r2").never(do.PausePlayback)


def test_speech_that_goes_on_before_the_first_sound_holds_and_a_cough_lets_it_come():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    talk.heard(on.SpeechStarted("u2", 2.0), on.SpeechStopped("u2", 2.1)).expect(do.ResumePlayback())
    talk.heard(on.ReplyAudioStarted("r1", "a"), on.PlaybackStarted("r1"))
    assert phase_of(talk.core.machine) is Phase.AGENT_SPEAKING


# Tools ---------------------------------------------------------------------------------------------------------------


def test_two_tools_at_once_bring_two_outputs_and_one_follow_up():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    talk.tool_call("c1")
    talk.tool_call("c2")
    talk.finished()
    talk.heard(on.ToolFinished("c2", Outcome.OK, "b")).expect(do.SendToolOutput("c2", "b")).never(do.AskReply)
    talk.heard(on.ToolFinished("c1", Outcome.ERROR, "a")).expect(do.SendToolOutput("c1", "a"), do.AskReply("ask-1"))


def test_a_call_of_a_reply_that_was_cancelled_is_answered_but_not_followed_up():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1")).heard(on.InterruptAsked())
    call = talk.tool_call()
    talk.expect(do.RunTool(call), do.CancelTool("c1"))
    talk.finished(status=ReplyStatus.CANCELLED)
    talk.heard(on.ToolFinished("c1", Outcome.CANCELLED, "cancelled")).expect(do.SendToolOutput("c1", "cancelled"))
    talk.never(do.AskReply)


def test_after_the_last_allowed_round_the_follow_up_comes_without_tools():
    talk = Talk(Profile(tool_rounds=1)).user_turn().heard(on.ReplyStarted("r1"))
    for number, tools_allowed in ((1, True), (2, False)):
        talk.tool_call(f"c{number}", f"r{number}")
        talk.heard(on.ToolFinished(f"c{number}", Outcome.OK, "x")).finished(f"r{number}")
        talk.expect(do.AskReply(f"ask-{number}", tools_allowed=tools_allowed))
        talk.heard(on.ReplyStarted(f"r{number + 1}", f"ask-{number}"))


# The last word -------------------------------------------------------------------------------------------------------


def leaving(*calls, words=True):
    """A reply that called these tools, the last of which ends the session."""
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    if words:
        talk.heard(on.ReplyTextArrived("r1", "r1-a", 0, "Bye!"), on.ReplyTextArrived("ghost", "a", 0, "Boo!"))
    for call_id in calls:
        talk.tool_call(call_id)
    talk.heard(on.EndWhenSaid("agent_ended"))
    return talk.finished().heard(*(on.ToolFinished(call_id, Outcome.OK, "ok") for call_id in calls))


def test_a_goodbye_that_came_with_its_call_is_not_said_twice():
    leaving("c1").expect(do.SendToolOutput("c1", "ok")).never(do.AskReply)


def test_a_call_without_words_gets_its_follow_up_even_so():
    leaving("c1", words=False).expect(do.SendToolOutput("c1", "ok"), do.AskReply("ask-1"))


def test_another_call_beside_it_is_told_about():
    leaving("c1", "c2").expect(do.SendToolOutput("c2", "ok"), do.AskReply("ask-1"))


def test_the_user_going_on_is_the_end_of_leaving():
    assert leaving("c1").core.machine.leaving == "agent_ended"
    assert leaving("c1").heard(on.TurnCommitted("u2")).core.machine.leaving == ""
    assert leaving("c1").heard(on.TextTyped("t1", "wait")).core.machine.leaving == ""


# What the conversation is doing --------------------------------------------------------------------------------------


def test_phases_follow_the_conversation():
    talk = Talk()
    machine = talk.core.machine
    assert phase_of(machine) is Phase.IDLE
    talk.heard(on.SpeechStarted("u1", 0.1))
    assert phase_of(machine) is Phase.USER_SPEAKING
    talk.heard(on.SpeechStopped("u1", 0.5), on.TurnCommitted("u1"))
    assert phase_of(machine) is Phase.THINKING
    talk.heard(on.ReplyStarted("r1"))
    talk.tool_call()
    assert phase_of(machine) is Phase.TOOL_RUNNING
    talk.heard(on.ReplyAudioStarted("r1", "a"), on.PlaybackStarted("r1"))
    assert phase_of(machine) is Phase.AGENT_SPEAKING
    talk.finished()
    assert phase_of(machine) is Phase.AUDIO_QUEUED


def test_steps_out_of_order_are_warnings_not_failures():
    talk = Talk().heard(on.SpeechStopped("u1", 0.5))
    assert talk.said("warning")[0]["code"] == "out_of_order"


def test_unknown_deadlines_and_late_ones_do_nothing():
    machine = TurnMachine(TurnPolicy())
    for name in ("barge_in", "reply_due", "commit_due", "reply_slot", "whatever"):
        assert machine.step(on.DeadlinePassed(name), 1.0) == []
    assert machine.settled


def test_audio_of_a_reply_nobody_knows_changes_nothing():
    machine = TurnMachine(TurnPolicy())
    assert machine.step(on.ReplyAudioStarted("ghost", "a"), 1.0) == []
    assert machine.settled


def test_an_answer_with_a_second_reply_waiting_goes_on_speaking():
    talk = Talk().user_turn().playing("r1").finished("r1")
    talk.heard(on.SayAsked("one more thing")).reply("r2", ask_id="ask-1")
    talk.played("r1")
    assert phase_of(talk.core.machine) is Phase.AGENT_SPEAKING


def test_a_picture_goes_to_the_engine_and_asks_for_nothing():
    image = UserImage("image-1", "image/png", b"png")
    talk = Talk().user_turn().playing()
    talk.heard(on.ImageShown(image)).expect(do.SendImage(image)).never(do.AskReply, do.PausePlayback, do.FlushPlayback)


def test_the_answer_to_silence_is_the_agents_own():
    talk = Talk().user_turn().playing().finished().played()
    talk.heard(on.SilenceCommitted(), on.ReplyStarted("r2")).never(do.CancelReply)
    talk.heard(on.ReplyTextArrived("r2", "r2-a", 0, "Are you there?"), on.ReplyAudioStarted("r2", "r2-a"))
    talk.finished("r2").played("r2")
    assert "turn_id" not in talk.said("agent_said")[-1]


# Any order -----------------------------------------------------------------------------------------------------------

TURNS = st.sampled_from(["u1", "u2"])
REPLIES = st.sampled_from(["r1", "r2", "r3"])
ASKS = st.sampled_from(["", "ask-1", "ask-2"])
CALLS = st.sampled_from(["c1", "c2"])
EVENTS = st.one_of(
    st.builds(on.SpeechStarted, TURNS, st.floats(0, 50)),
    st.builds(on.SpeechStopped, TURNS, st.floats(0, 50)),
    st.builds(on.TurnCommitted, TURNS),
    st.builds(on.ReplyStarted, REPLIES, ASKS),
    st.builds(on.ReplyAudioStarted, REPLIES, st.just("a")),
    st.builds(on.ReplyFinished, REPLIES, st.sampled_from(ReplyStatus)),
    st.builds(on.PlaybackStarted, REPLIES),
    st.builds(on.PlaybackFinished, REPLIES, st.just(())),
    st.builds(on.ToolCalled, REPLIES, st.builds(ToolCall, CALLS, st.just("clock"), st.just("{}"))),
    st.builds(on.ToolFinished, CALLS, st.sampled_from(Outcome), st.just("out")),
    st.builds(on.EngineComplained, st.just("code"), st.just("detail"), ASKS),
    st.builds(on.TextTyped, TURNS, st.just("text")),
    st.builds(on.SayAsked, st.just("text")),
    st.builds(on.InterruptAsked),
    st.builds(on.EndWhenSaid, st.just("agent_ended")),
    st.builds(on.UpdateAsked, st.none(), st.just(()), st.sampled_from([(), ("clock",)])),
    st.floats(0, 20),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, max_size=40), st.sampled_from([Traits(), CLIENT, MANUAL, Traits(stops_on_speech=True)]))
def test_in_any_order_of_events_the_rules_hold(steps, traits):
    talk = Talk(traits=traits)
    run, answered, ended = [], [], 0
    for step in steps:
        open_before = talk.core.machine.arbiter.slot is not Slot.FREE
        talk = talk.after(step) if isinstance(step, float) else talk.heard(step)
        asks = [command for command in talk.new if isinstance(command, do.AskReply)]
        assert len(asks) <= 1 or not open_before
        run += [command.call.call_id for command in talk.new if isinstance(command, do.RunTool)]
        answered += [command.call_id for command in talk.new if isinstance(command, do.SendToolOutput)]
        ended += sum(isinstance(command, do.EndSession) for command in talk.new)
    assert len(run) == len(set(run))
    assert len(answered) == len(set(answered))
    assert set(answered) <= set(run)
    talk.heard(on.EndAsked("over"))
    ended += sum(isinstance(command, do.EndSession) for command in talk.new)
    assert ended == 1
    assert talk.heard(on.SayAsked("hello")).new == []


def test_an_interruption_silences_every_reply_that_is_still_made_not_only_the_newest():
    talk = Talk().user_turn().reply("r1")
    talk.heard(on.ReplyStarted("r2"), on.ReplyFinished("r2", ReplyStatus.COMPLETED))
    talk.heard(on.InterruptAsked()).expect(do.CancelReply("r1"), do.MuteReply("r1"), do.FlushPlayback())
