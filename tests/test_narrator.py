import pytest

from voiceloop import events as on
from voiceloop.narrator import STEP_BACK_S, Narrator
from voiceloop.vocabulary import HeardSpan, Outcome, ReplyStatus, ToolCall, Usage, UserTurn


@pytest.fixture
def narrator():
    narrator = Narrator(transcribes=True)
    narrator.zero_s = 100.0
    return narrator


def told(lines):
    return [line.event for line in lines]


def speak(narrator, reply_id="r1", turn_id="u1"):
    narrator.conversation.reply_started(reply_id, turn_id)
    narrator.reply_grew(on.ReplyTextArrived(reply_id, "a", 0, "It is noon."), 101.0)
    narrator.reply_grew(on.ReplyAudioStarted(reply_id, "a"), 101.1)
    return narrator.playback_started(on.PlaybackStarted(reply_id, 1.2), 101.22)


def spoken_at(narrator, event, now):
    (line,) = narrator.speech(event, now)
    return line.t


def test_before_the_recording_begins_everything_happens_at_zero():
    assert Narrator(transcribes=True).t(55.0) == 0.0


def test_speech_bears_the_time_it_happened_not_the_time_we_learned_of_it(narrator):
    assert spoken_at(narrator, on.SpeechStarted("u1", 1.25), 101.5) == 1.25
    assert spoken_at(narrator, on.SpeechStopped("u1", 2.0), 102.5) == 2.0


def test_speech_cannot_happen_before_the_beginning_nor_after_now(narrator):
    assert spoken_at(narrator, on.SpeechStarted("u1", -0.3), 100.5) == 0.0
    assert spoken_at(narrator, on.SpeechStarted("u2", 9.0), 100.5) == 0.5


def test_speech_that_is_heard_of_late_is_told_no_further_back_than_lines_may_step(narrator):
    assert spoken_at(narrator, on.SpeechStarted("u1", 1.0), 104.5) == 2.5
    assert spoken_at(narrator, on.SpeechStopped("u1", 2.0), 104.5) == 2.5
    now = narrator.zero_s + 16.638
    assert spoken_at(narrator, on.SpeechStarted("u2", 1.0), now) >= narrator.t(now) - STEP_BACK_S


def test_a_turn_that_is_heard_again_begins_and_ends_once(narrator):
    spoken_at(narrator, on.SpeechStarted("u1", 1.0), 101.2)
    assert narrator.speech(on.SpeechStarted("u1", 1.1), 103.0) == []
    spoken_at(narrator, on.SpeechStopped("u1", 2.0), 103.0)
    assert narrator.speech(on.SpeechStopped("u1", 2.1), 104.0) == []
    speak(narrator)
    lines = narrator.playback_finished(on.PlaybackFinished("r1", (HeardSpan("r1", "a", 0, 900, 900),)), 105.0)
    (metrics,) = narrator.turns_over("", 105.0)
    assert told(lines) == ["agent_speech_stopped", "agent_said"]
    assert metrics.fields["last_speech_ms"] == 2100


def test_a_turn_is_written_with_its_words(narrator):
    assert narrator.committed("u1", 101.0) == []
    (line,) = narrator.words("u1", "hello", 101.3)
    assert (line.event, line.t, line.fields) == ("user_said", 1.3, {"turn_id": "u1", "text": "hello"})
    assert narrator.conversation.history == (UserTurn("u1", "hello"),)


def test_a_typed_turn_says_so(narrator):
    assert narrator.typed(on.TextTyped("typed-1", "hello"), 101.0).fields["typed"] is True


def test_a_cough_leaves_no_line(narrator):
    narrator.committed("u1", 101.0)
    assert narrator.forget("u1", 101.1) == []
    assert narrator.words("u1", "khm", 101.2) == []


def test_words_that_are_overdue_are_given_up(narrator):
    narrator.committed("u1", 101.0)
    assert narrator.give_up_words(120.0) == []
    assert not narrator.captions.waiting


def test_a_reply_is_told_once_with_its_metrics(narrator):
    narrator.committed("u1", 100.9)
    assert told(speak(narrator)) == ["agent_speech_started"]
    narrator.reply_grew(on.ReplyFinished("r1", ReplyStatus.COMPLETED), 101.3)
    spans = (HeardSpan("r1", "a", 0, 900, 900),)
    lines = narrator.playback_finished(on.PlaybackFinished("r1", spans), 102.1)
    assert told(lines) == ["agent_speech_stopped", "agent_said"]
    assert lines[1].fields["heard_ms"] == 900
    assert lines[1].fields["heard_text"] == "It is noon."
    (metrics,) = narrator.turns_over("", 102.1)
    assert metrics.fields == {
        "turn_id": "u1",
        "end_of_turn_ms": 900,
        "first_text_ms": 1000,
        "first_audio_ms": 1100,
        "first_played_ms": 1200,
    }
    assert narrator.playback_finished(on.PlaybackFinished("r1", spans), 103.0) == []
    assert narrator.turns_over("", 103.0) == []


def test_the_metrics_of_a_turn_wait_until_nothing_more_can_come_of_it(narrator):
    narrator.committed("u1", 100.9)
    narrator.spending.reply_started("r1", "u1")
    speak(narrator)
    narrator.playback_finished(on.PlaybackFinished("r1", ()), 102.1)
    assert narrator.turns_over("", 102.1) == []
    narrator.spending.happened(on.ReplyFinished("r1", ReplyStatus.COMPLETED, usage=Usage(90, 10)), 102.2)
    assert narrator.turns_over("u1", 102.2) == []
    (metrics,) = narrator.turns_over("u2", 103.0)
    assert metrics.fields["tokens"]["input"] == 90


def test_at_the_end_the_metrics_of_every_answered_turn_are_told(narrator):
    narrator.committed("u1", 100.9)
    narrator.spending.reply_started("r1", "u1")
    speak(narrator)
    narrator.flushed(on.PlaybackFlushed(()), 102.0)
    assert told(narrator.turns_over(None, 102.0)) == ["turn_metrics"]


def test_a_second_answer_to_a_turn_that_is_over_adds_no_second_line(narrator):
    narrator.committed("u1", 100.9)
    for reply_id, lines in (("r1", ["turn_metrics"]), ("r2", [])):
        speak(narrator, reply_id)
        narrator.playback_finished(on.PlaybackFinished(reply_id, ()), 102.1)
        assert told(narrator.turns_over("", 102.1)) == lines


def test_the_agents_own_words_belong_to_no_turn(narrator):
    (line,) = speak(narrator, turn_id="")
    assert "turn_id" not in line.fields
    assert told(narrator.playback_finished(on.PlaybackFinished("r1", ()), 102.0)) == [
        "agent_speech_stopped",
        "agent_said",
    ]


def test_speech_of_the_agent_bears_the_times_its_samples_were_played(narrator):
    (started,) = speak(narrator)
    assert started.t == 1.2
    stopped, *_ = narrator.playback_finished(on.PlaybackFinished("r1", (), 1.9), 102.2)
    assert (stopped.event, stopped.t) == ("agent_speech_stopped", 1.9)


def test_an_interrupted_reply_fell_silent_with_its_last_sample_not_when_that_was_decided(narrator):
    speak(narrator)
    lines = narrator.flushed(on.PlaybackFlushed((HeardSpan("r1", "a", 0, 300, 900),), 1.5), 102.2)
    assert (lines[0].event, lines[0].t) == ("agent_speech_stopped", 1.5)
    assert lines[1].fields["interrupted"] is True
    assert lines[1].fields["heard_ms"] == 300


def test_a_line_steps_back_no_further_than_the_format_allows(narrator):
    speak(narrator)
    assert narrator.flushed(on.PlaybackFlushed((), 1.5), 109.0)[0].t == 7.0


def test_a_sample_cannot_have_been_played_after_now(narrator):
    narrator.conversation.reply_started("r1", "u1")
    assert narrator.playback_started(on.PlaybackStarted("r1", 9.0), 101.0)[0].t == 1.0


def test_a_reply_that_was_never_heard_is_told_without_speech(narrator):
    narrator.conversation.reply_started("r1", "u1")
    narrator.reply_grew(on.ReplyTextArrived("r1", "a", 0, "It is"), 101.0)
    line = narrator.flushed(on.PlaybackFlushed(()), 101.5)[0]
    assert (line.fields["text"], line.fields["heard_text"], line.fields["heard_ms"]) == ("It is", "", 0)


def test_a_reply_of_text_only_has_no_heard_ms(narrator):
    narrator.conversation.reply_started("r1", "typed-1")
    narrator.reply_grew(on.ReplyTextArrived("r1", "a", 0, "Noon."), 101.0)
    narrator.reply_grew(on.ReplyFinished("r1", ReplyStatus.COMPLETED), 101.0)
    (line,) = narrator.playback_finished(on.PlaybackFinished("r1", ()), 101.0)[:1]
    assert (line.fields["heard_ms"], line.fields["heard_text"]) == (None, "Noon.")


def test_a_reply_that_only_called_tools_says_nothing(narrator):
    narrator.conversation.reply_started("r1", "u1")
    assert narrator.playback_finished(on.PlaybackFinished("r1", ()), 101.0) == []


def test_nothing_is_told_of_replies_nobody_knows(narrator):
    assert narrator.playback_started(on.PlaybackStarted("ghost"), 101.0) == []
    narrator.reply_grew(on.ReplyTextArrived("ghost", "a", 0, "boo"), 101.0)
    assert narrator.flushed(on.PlaybackFlushed(()), 101.0) == []


def test_a_call_and_its_one_outcome(narrator):
    call = ToolCall("c1", "clock", '{"zone": "UTC"}')
    (called,) = narrator.tool_called(call, "r1", "u1", 101.0)
    assert called.fields["arguments"] == {"zone": "UTC"}
    assert told(narrator.tool_finished("c1", Outcome.OK, "noon", 101.1)) == ["tool_finished"]
    assert narrator.tool_finished("c1", Outcome.OK, "again", 101.2) == []


@pytest.mark.parametrize("text", ["{oops", "", "null", "[7]", '"{}"', r'{"a": "\ud800"}', '{"a":' + "[" * 5000])
def test_arguments_that_are_no_object_are_told_as_they_came(narrator, text):
    (called,) = narrator.tool_called(ToolCall("c1", "clock", text), "r1", "", 101.0)
    assert called.fields["arguments"] == text


def test_calls_that_still_run_at_the_end_are_cancelled(narrator):
    narrator.tool_called(ToolCall("c1", "clock", "{}"), "r1", "u1", 101.0)
    (line,) = narrator.tools_abandoned(102.0)
    assert line.fields["outcome"] == "cancelled"


def lost_before_it_sounded(narrator):
    narrator.conversation.reply_started("r1", "u1")
    narrator.reply_grew(on.ReplyTextArrived("r1", "a", 0, "It is"), 101.0)
    return narrator.playback_finished(on.PlaybackFinished("r1", ()), 102.0)[-1].fields


def test_a_spoken_reply_whose_engine_was_lost_before_it_sounded_was_not_heard(narrator):
    said = lost_before_it_sounded(narrator)
    assert (said["text"], said["heard_text"], said["heard_ms"]) == ("It is", "", 0)
    assert narrator.conversation.items == []


def test_a_written_reply_whose_engine_was_lost_was_read_as_far_as_it_came(narrator):
    narrator.speaks = False
    said = lost_before_it_sounded(narrator)
    assert (said["heard_text"], said["heard_ms"]) == ("It is", None)
