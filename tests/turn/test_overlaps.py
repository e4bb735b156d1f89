"""Speech over the agent, told by the machine through the core: what stops the agent, and what lets it go on."""

from conversation import CLIENT, MANUAL, Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Profile
from voiceloop.vocabulary import Flow, HeardSpan, ReplyStatus, Traits

HALF = (HeardSpan("r1", "r1-a", 0, 1500, 4000),)
DUCK, LOUD = do.DuckPlayback(0.25), do.DuckPlayback(1.0)


def test_speech_that_lasts_interrupts_at_once():
    talk = Talk().user_turn().playing().after(2.0).heard(on.SpeechStarted("u2", 3.5)).after(0.55)
    talk.heard(on.SpeechFlowed("u2", Flow.LASTED)).expect(do.CancelReply("r1"), do.FlushPlayback())


def test_who_has_paused_when_speech_that_goes_on_would_be_long_has_not_interrupted():
    talk = Talk().user_turn().playing().after(2.0).heard(on.SpeechStarted("u2", 3.5)).after(0.9)
    talk.heard(on.SpeechFlowed("u2", Flow.PAUSED)).after(0.5).never(do.FlushPlayback)
    talk.heard(on.SpeechStopped("u2", 4.2)).never(do.FlushPlayback)


def short_word(traits=CLIENT):
    """The user says a word of 400 ms over the agent, which goes on as before."""
    talk = Talk(traits=traits).heard(on.SayAsked("A long story.")).playing(ask_id="ask-1").after(2.0)
    source = "engine" if traits.ends_turns else "local"
    talk.heard(on.SpeechStarted("u2", 3.5, source)).expect(DUCK).after(0.55)
    talk.heard(on.SpeechFlowed("u2", Flow.PAUSED)).expect(LOUD).after(0.3)
    return talk.heard(on.SpeechStopped("u2", 3.9, source)).never(do.FlushPlayback, do.CancelReply)


def test_a_word_that_shows_that_somebody_listens_is_forgotten_when_it_is_known():
    talk = short_word().heard(on.TurnCommitted("u2")).never(do.AskReply, do.ForgetTurn)
    assert not talk.core.machine.settled
    talk.heard(on.UserTranscribed("u2", "Mm-hmm.")).expect(do.ForgetTurn("u2")).never(do.FlushPlayback)
    talk.finished().played().after(10.0).never(do.AskReply)
    assert talk.core.machine.settled
    assert talk.said("user_said") == []


def test_a_word_that_was_meant_stops_the_agent_when_it_is_known_and_is_answered():
    talk = short_word().heard(on.TurnCommitted("u2"))
    talk.flushes = HALF
    talk.heard(on.UserTranscribed("u2", "Stop!")).expect(
        do.CancelReply("r1"), do.FlushPlayback(), do.TrimReply(HALF[0])
    )
    talk.finished(status=ReplyStatus.CANCELLED).expect(do.AskReply("ask-2"))
    assert [line["text"] for line in talk.said("user_said")] == ["Stop!"]


def test_a_word_that_is_known_before_its_turn_is_taken_counts_the_same():
    talk = short_word().heard(on.UserTranscribed("u2", "No.")).expect(do.FlushPlayback())
    talk.finished(status=ReplyStatus.CANCELLED).heard(on.TurnCommitted("u2")).expect(do.AskReply("ask-2"))


def test_a_word_without_words_in_time_was_none():
    short_word().heard(on.TurnCommitted("u2")).after(5.0).expect(do.ForgetTurn("u2")).never(do.FlushPlayback)


def test_a_word_whose_recognition_failed_was_none():
    talk = short_word().heard(on.TurnCommitted("u2"))
    talk.heard(on.TranscriptionFailed("u2", "no sound")).expect(do.ForgetTurn("u2")).never(do.FlushPlayback)


def test_in_manual_mode_a_word_is_handed_over_to_be_known():
    talk = short_word(MANUAL).expect(do.CommitTurn("u2", 3.9)).heard(on.TurnCommitted("u2")).never(do.AskReply)
    talk.heard(on.UserTranscribed("u2", "okay")).expect(do.ForgetTurn("u2"))


def test_what_a_server_begins_for_a_word_is_cancelled_and_asked_for_again_when_it_was_meant():
    talk = short_word(Traits()).heard(on.TurnCommitted("u2"), on.ReplyStarted("r2")).expect(do.CancelReply("r2"))
    talk.heard(on.ReplyFinished("r2", ReplyStatus.CANCELLED)).heard(on.UserTranscribed("u2", "louder please"))
    talk.expect(do.FlushPlayback(), do.AskReply("ask-2"))


def test_a_word_that_a_longer_turn_follows_is_answered_with_it():
    talk = short_word().heard(on.TurnCommitted("u2")).heard(on.SpeechStarted("u3", 5.0)).after(0.6)
    talk.heard(on.SpeechFlowed("u3", Flow.LASTED)).expect(do.FlushPlayback())
    talk.heard(on.SpeechStopped("u3", 6.0), on.TurnCommitted("u3"), on.UserTranscribed("u2", "no"))
    talk.never(do.ForgetTurn, do.FlushPlayback).finished(status=ReplyStatus.CANCELLED).expect(do.AskReply("ask-2"))


def test_early_words_stop_the_agent_before_the_turn_is_over():
    talk = Talk(traits=MANUAL).heard(on.SayAsked("A long story.")).playing(ask_id="ask-1")
    talk.heard(on.SpeechStarted("t", 1.0, "local"), on.SpeechFlowed("t", Flow.PAUSED))
    talk.heard(on.UserSaidSoFar("")).never(do.FlushPlayback)
    talk.heard(on.UserSaidSoFar("Stop.")).expect(do.FlushPlayback())


def test_early_words_of_a_listener_are_never_handed_over():
    talk = Talk(traits=MANUAL).heard(on.SayAsked("A long story.")).playing(ask_id="ask-1")
    talk.heard(on.SpeechStarted("t", 1.0, "local"), on.SpeechFlowed("t", Flow.PAUSED), on.UserSaidSoFar("Uh-huh."))
    talk.heard(on.SpeechStopped("t", 1.4, "local")).never(do.CommitTurn, do.FlushPlayback)


def test_a_yes_to_an_agent_that_has_finished_meanwhile_is_a_turn_as_always():
    talk = Talk(traits=MANUAL).heard(on.SayAsked("Shall I?")).playing(ask_id="ask-1").finished()
    talk.heard(on.SpeechStarted("t", 1.0, "local")).expect(DUCK).played().expect(LOUD)
    talk.heard(on.SpeechStopped("t", 1.4, "local")).expect(do.CommitTurn("t", 1.4))
    talk.heard(on.TurnCommitted("t")).expect(do.AskReply("ask-2"))


def test_where_no_words_are_written_short_speech_is_a_cough():
    talk = Talk(Profile(transcribes=False)).user_turn().playing()
    talk.heard(on.SpeechStarted("u2", 3.5)).after(0.6)
    talk.heard(on.SpeechStopped("u2", 3.9)).expect(LOUD).heard(on.TurnCommitted("u2")).expect(do.ForgetTurn("u2"))


EARLY = Traits(ends_turns=False, starts_replies=False, tells_words=True)


def long_word(ms=800):
    """The user speaks for so long over an agent that knows soon what was said; it is silent meanwhile."""
    talk = Talk(traits=EARLY).heard(on.SayAsked("A long story.")).playing(ask_id="ask-1").after(2.0)
    talk.heard(on.SpeechStarted("u2", 3.5, "local")).expect(DUCK).after(0.55)
    talk.heard(on.SpeechFlowed("u2", Flow.LASTED)).expect(do.PausePlayback()).never(do.FlushPlayback, do.CancelReply)
    return talk.after(ms / 1000 - 0.1)


def over(talk, at_s=4.3):
    """It is over, its words are not known yet, and its turn is handed over to be understood."""
    talk.heard(on.SpeechFlowed("u2", Flow.PAUSED), on.SpeechStopped("u2", at_s, "local"))
    talk.expect(do.CommitTurn("u2", at_s)).never(do.FlushPlayback, do.ResumePlayback)
    return talk.heard(on.TurnCommitted("u2")).never(do.FlushPlayback, do.AskReply)


def test_an_agent_that_was_silenced_by_a_listener_goes_on_where_it_was():
    talk = over(long_word()).heard(on.UserTranscribed("u2", "Oh, I see."))
    talk.expect(do.ForgetTurn("u2"), LOUD, do.ResumePlayback()).never(do.FlushPlayback)
    talk.finished().played().after(10.0).never(do.AskReply)
    assert talk.core.machine.settled
    assert talk.said("user_said") == []


def test_an_agent_that_was_silenced_by_a_laugh_goes_on_where_it_was():
    over(long_word()).heard(on.UserTranscribed("u2", "Ha ha ha!")).expect(do.ResumePlayback())


def test_a_sentence_over_an_agent_that_it_silenced_is_answered():
    talk = over(long_word())
    talk.heard(on.UserTranscribed("u2", "What about tomorrow?")).expect(do.CancelReply("r1"), do.FlushPlayback())
    talk.finished(status=ReplyStatus.CANCELLED).expect(do.AskReply("ask-2"))


def test_words_that_come_before_the_end_is_told_spare_the_wait():
    talk = long_word().heard(on.SpeechFlowed("u2", Flow.PAUSED), on.UserSaidSoFar("Okay, great."))
    talk.heard(on.SpeechStopped("u2", 4.3, "local")).expect(do.ResumePlayback()).never(do.CommitTurn)
    long_word().heard(on.UserSaidSoFar("Okay, and tomorrow?")).expect(do.FlushPlayback())


def test_who_goes_on_after_such_words_is_judged_anew():
    talk = long_word().heard(on.SpeechFlowed("u2", Flow.PAUSED), on.UserSaidSoFar("Okay."))
    talk.heard(on.SpeechFlowed("u2", Flow.WENT_ON)).after(0.6)
    over(talk, 5.2).heard(on.UserTranscribed("u2", "Okay, and tomorrow?")).expect(do.FlushPlayback())


def test_nobody_who_only_listens_speaks_for_two_seconds():
    long_word().after(0.6).never(do.FlushPlayback).after(0.2).expect(do.CancelReply("r1"), do.FlushPlayback())


def test_long_speech_that_nobody_can_tell_the_words_of_was_meant():
    over(long_word()).heard(on.UserTranscribed("u2", "")).expect(do.FlushPlayback())
    talk = over(long_word()).heard(on.TranscriptionFailed("u2", "no answer")).expect(do.FlushPlayback())
    talk.finished(status=ReplyStatus.CANCELLED).expect(do.AskReply("ask-2"))
    over(long_word()).after(3.9).never(do.FlushPlayback).after(0.2).expect(do.FlushPlayback())


def test_an_agent_that_was_silenced_goes_on_when_all_that_was_said_is_known():
    talk = over(long_word()).heard(on.SpeechStarted("u3", 5.0, "local")).after(0.8)
    talk.heard(on.UserTranscribed("u2", "Oh, I see.")).never(do.ResumePlayback)
    talk.heard(on.SpeechFlowed("u3", Flow.PAUSED), on.SpeechStopped("u3", 5.3, "local")).never(do.ResumePlayback)
    talk.heard(on.TurnCommitted("u3"), on.UserTranscribed("u3", "Yeah.")).expect(do.ResumePlayback())


def test_who_speaks_at_length_once_more_to_a_silent_agent_interrupts_it():
    talk = over(long_word()).heard(on.SpeechStarted("u3", 5.0, "local")).after(0.6)
    talk.heard(on.SpeechFlowed("u3", Flow.LASTED)).expect(do.FlushPlayback())


def test_an_agent_that_had_said_all_before_it_was_silent_is_answered():
    talk = long_word().finished().played().expect(do.ResumePlayback())
    talk.heard(on.SpeechStopped("u2", 4.3, "local")).expect(do.CommitTurn("u2", 4.3))
    talk.heard(on.TurnCommitted("u2")).expect(do.AskReply("ask-2"))


def test_by_length_alone_speech_that_lasts_interrupts_at_once():
    talk = Talk(Profile(interrupt_by="length"), EARLY).heard(on.SayAsked("A long story.")).playing(ask_id="ask-1")
    talk.heard(on.SpeechStarted("u2", 3.5, "local"), on.SpeechFlowed("u2", Flow.LASTED)).expect(do.FlushPlayback())
