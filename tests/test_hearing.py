"""Captured audio on its way to the engine."""

from pathlib import Path

import pytest

from voiceloop.clips import decode
from voiceloop.events import SayAsked, SpeechStarted, SpeechStopped, TurnCommitted, UserTranscribed
from voiceloop.hearing import MAX_KEPT_FRAMES, Hearing
from voiceloop.settings import TurnSettings
from voiceloop.testing.numbers import Run, numbered, runs
from voiceloop.vocabulary import Traits

RATE = 24_000
FRAME = 480
MANUAL = Traits(ends_turns=False, starts_replies=False)
SPEECH = Path(__file__).parent / "fixtures" / "speech"


class Ear:
    """An engine that takes what it is told to take."""

    def __init__(self):
        self.takes = True
        self.heard = []

    def hear(self, pcm, first_sample):
        if self.takes:
            self.heard.append((first_sample, pcm))
        return self.takes

    @property
    def pcm(self):
        return b"".join(pcm for _, pcm in self.heard)


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def events():
    return []


@pytest.fixture
def hearing(ear, events):
    hearing = Hearing(RATE, TurnSettings(ending="fixed"), events.append)
    hearing.connect(ear.hear, Traits(), "")
    return hearing


def feed(hearing, frames, first=0):
    for number in range(first, first + frames):
        hearing.take(numbered(number * FRAME, FRAME), number * FRAME)


def test_what_waits_for_a_gap_between_frames_is_done_after_the_next_one_once(hearing, ear):
    done = []
    hearing.between_frames(lambda: done.append(len(ear.heard)))
    assert not done
    feed(hearing, 2)
    assert done == [1]
    hearing.frame_over()
    assert done == [1]


def test_without_a_microphone_nothing_waits_for_frames_for_ever(hearing):
    done = []
    hearing.between_frames(lambda: done.append("now"))
    hearing.frame_over()
    assert done == ["now"]


def test_frames_go_to_the_engine_as_they_come(hearing, ear):
    feed(hearing, 3)
    assert [first for first, _ in ear.heard] == [0, FRAME, 2 * FRAME]
    assert runs(ear.pcm) == [Run(0, 0, 3 * FRAME)]
    assert hearing.last == numbered(2 * FRAME, FRAME)


def test_what_the_engine_refuses_is_kept_and_handed_over_in_order(hearing, ear):
    feed(hearing, 2)
    ear.takes = False
    feed(hearing, 5, first=2)
    assert len(ear.heard) == 2
    ear.takes = True
    feed(hearing, 1, first=7)
    assert runs(ear.pcm) == [Run(0, 0, 8 * FRAME)]
    assert hearing.dropped_frames == 0


def test_an_engine_that_takes_only_some_gets_the_rest_later_in_order(hearing, ear):
    ear.takes = False
    feed(hearing, 5)
    room = iter([True, True, False])
    take, ear.takes = Ear.hear, True

    def reluctant(pcm, first_sample):
        ear.takes = next(room, False)
        return take(ear, pcm, first_sample)

    hearing._hear = reluctant
    feed(hearing, 1, first=5)
    assert len(ear.heard) == 2
    room = iter([True] * 10)
    feed(hearing, 1, first=6)
    assert runs(ear.pcm) == [Run(0, 0, 7 * FRAME)]


def test_after_half_a_minute_the_oldest_is_dropped_and_counted(hearing, ear):
    ear.takes = False
    feed(hearing, MAX_KEPT_FRAMES + 3)
    assert hearing.dropped_frames == 3
    ear.takes = True
    feed(hearing, 1, first=MAX_KEPT_FRAMES + 3)
    assert ear.heard[0][0] == 3 * FRAME
    assert len(ear.heard) == MAX_KEPT_FRAMES + 1


def test_an_engine_that_ends_turns_needs_no_gate(hearing, ear, events):
    hearing.connect(ear.hear, MANUAL, "")
    hearing.disconnect(0.0)
    hearing.connect(ear.hear, Traits(), "")
    feed(hearing, 10)
    assert len(ear.heard) == 10
    assert events == []


@pytest.mark.parametrize("block", [160, 480, 1000, 4800])
def test_with_the_gate_speech_is_handed_over_with_its_preroll_and_silence_is_not(hearing, ear, events, block):
    voice = bytes(2 * RATE * 3) + decode((SPEECH / "hello.wav").read_bytes(), RATE) + bytes(2 * RATE * 3)
    hearing.connect(ear.hear, MANUAL, "")
    for first in range(0, len(voice) // 2, block):
        hearing.take(voice[2 * first : 2 * (first + block)], first)
    started, stopped = events
    assert isinstance(started, SpeechStarted)
    assert isinstance(stopped, SpeechStopped)
    assert (started.turn_id, stopped.turn_id) == ("turn-1", "turn-1")
    assert (started.source, stopped.source) == ("local", "local")
    assert 3.25 < started.at_s < 3.45
    first, until = ear.heard[0][0], ear.heard[-1][0] + len(ear.heard[-1][1]) // 2
    assert first / RATE == pytest.approx(started.at_s - 0.3, abs=0.001)
    assert until / RATE == pytest.approx(stopped.at_s + 0.5, abs=block / RATE + 0.021)
    assert ear.pcm == voice[2 * first : 2 * until]


def test_the_preroll_of_a_turn_never_repeats_what_the_turn_before_had(ear, events):
    hearing = Hearing(RATE, TurnSettings(silence_ms=60, prefix_padding_ms=1000), events.append)
    word = decode((SPEECH / "hello.wav").read_bytes(), RATE)[2 * RATE // 4 : -2 * RATE * 6 // 10]
    voice = word + bytes(2 * 4800) + word + bytes(2 * RATE)
    hearing.connect(ear.hear, MANUAL, "")
    for first in range(0, len(voice) // 2, FRAME):
        hearing.take(voice[2 * first : 2 * (first + FRAME)], first)
    turns = [event.turn_id for event in events if isinstance(event, SpeechStarted)]
    assert len(turns) >= 2
    assert len(set(turns)) == len(turns)
    covered = 0
    for first, pcm in ear.heard:
        assert first >= covered
        covered = first + len(pcm) // 2


def test_the_end_of_a_turn_is_told_after_its_last_sound_was_handed_over(ear):
    told = []
    hearing = Hearing(RATE, TurnSettings(), lambda event: told.append((event, len(ear.pcm) // 2)))
    voice = decode((SPEECH / "hello.wav").read_bytes(), RATE) + bytes(2 * RATE)
    hearing.connect(ear.hear, MANUAL, "")
    for first in range(0, len(voice) // 2, FRAME):
        hearing.take(voice[2 * first : 2 * (first + FRAME)], first)
    (_, at_start), (_, at_end) = told
    assert at_start > 0.3 * RATE
    assert at_end == len(ear.pcm) // 2


# From one engine to the next -----------------------------------------------------------------------------------------


def heard_by(ear):
    """The numbered samples an engine heard, as one run: from and how many."""
    (run,) = runs(ear.pcm)
    return run.number, run.samples


def test_until_there_is_an_engine_nothing_is_handed_over_and_the_turn_is_heard_again_by_the_next(hearing, ear):
    feed(hearing, 50)
    hearing.told(SpeechStarted("u1", 0.5))
    hearing.disconnect(0.1)
    feed(hearing, 50, first=50)
    assert len(ear.heard) == 50
    second = Ear()
    hearing.connect(second.hear, Traits(), "u1")
    feed(hearing, 10, first=100)
    assert heard_by(second) == (RATE // 5, 110 * FRAME - RATE // 5)
    assert [first for first, _ in second.heard] == sorted(first for first, _ in second.heard)


def test_what_goes_on_waits_behind_what_is_heard_again(hearing):
    feed(hearing, 50)
    hearing.told(SpeechStarted("u1", 0.5))
    hearing.disconnect(0.1)
    second, room = Ear(), iter([True, True, False])

    def reluctant(pcm, first_sample):
        second.takes = next(room, False)
        return second.hear(pcm, first_sample)

    hearing.connect(reluctant, Traits(), "u1")
    feed(hearing, 5, first=50)
    assert len(second.heard) == 2
    room = iter([True] * 100)
    feed(hearing, 1, first=55)
    assert heard_by(second) == (RATE // 5, 56 * FRAME - RATE // 5)


def test_what_an_engine_did_not_take_before_it_was_lost_is_heard_by_the_next_once(hearing, ear):
    ear.takes = False
    feed(hearing, 5)
    hearing.disconnect(0.1)
    second = Ear()
    hearing.connect(second.hear, Traits(), "")
    assert heard_by(second) == (0, 5 * FRAME)
    assert hearing.dropped_frames == 0


def test_a_commit_never_overtakes_the_sound_it_is_about(hearing, ear):
    done = []
    hearing.after_kept(lambda: done.append(len(ear.heard)))
    assert done == [0]
    ear.takes = False
    feed(hearing, 3)
    hearing.after_kept(lambda: done.append(len(ear.heard)))
    feed(hearing, 1, first=3)
    assert done == [0]
    ear.takes = True
    feed(hearing, 1, first=4)
    assert done == [0, 3]


def test_a_turn_that_an_engine_could_not_take_at_once_is_handed_over_in_the_silence_after_it(ear, events):
    hearing = Hearing(RATE, TurnSettings(ending="fixed"), events.append)
    voice = decode((SPEECH / "hello.wav").read_bytes(), RATE) + bytes(2 * RATE)
    hearing.connect(ear.hear, MANUAL, "")
    ear.takes = False
    for first in range(0, len(voice) // 2, FRAME):
        hearing.take(voice[2 * first : 2 * (first + FRAME)], first)
    assert isinstance(events[-1], SpeechStopped)
    done = []
    hearing.after_kept(lambda: done.append(len(ear.pcm)))
    ear.takes = True
    assert ear.pcm == b""
    hearing.take(bytes(2 * FRAME), len(voice) // 2)
    assert done == [len(ear.pcm)] != [0]


def test_a_commit_that_waited_for_a_lost_engine_is_not_for_the_next(hearing, ear):
    done = []
    ear.takes = False
    feed(hearing, 3)
    hearing.after_kept(lambda: done.append("committed"))
    hearing.disconnect(0.0)
    ear.takes = True
    hearing.connect(ear.hear, Traits(), "")
    feed(hearing, 3, first=3)
    assert done == []


def test_the_gate_goes_on_with_its_turns_while_there_is_no_engine_and_the_next_one_hears_the_turn_once(ear, events):
    hearing = Hearing(RATE, TurnSettings(ending="fixed"), events.append)
    hearing.connect(ear.hear, MANUAL, "")
    word = decode((SPEECH / "hello.wav").read_bytes(), RATE)
    voice = bytes(2 * RATE) + word + bytes(2 * RATE)
    lost_at = RATE + len(word) // 4 // FRAME * FRAME
    for first in range(0, len(voice) // 2, FRAME):
        if first == lost_at:
            hearing.disconnect(0.0)
        hearing.take(voice[2 * first : 2 * (first + FRAME)], first)
    started, stopped = events
    assert (started.turn_id, stopped.turn_id) == ("turn-1", "turn-1")
    second = Ear()
    hearing.connect(second.hear, MANUAL, "turn-1")
    first = second.heard[0][0]
    assert first / RATE == pytest.approx(started.at_s - 0.3, abs=0.001)
    assert (first + len(second.pcm) // 2) / RATE == pytest.approx(stopped.at_s + 0.1, abs=0.001)
    assert second.pcm == voice[2 * first : 2 * first + len(second.pcm)]
    for first in range(0, len(voice) // 2, FRAME):
        hearing.take(voice[2 * first : 2 * (first + FRAME)], len(voice) // 2 + first)
    assert [event.turn_id for event in events[2:]] == ["turn-2", "turn-2"]


def test_what_engines_took_is_counted_and_told_with_each_turn(hearing, ear):
    feed(hearing, 50)
    assert hearing.told(TurnCommitted("u1")) == TurnCommitted("u1", heard_s=1.0)
    hearing.told(SpeechStarted("u2", 0.8))
    hearing.disconnect(0.0)
    feed(hearing, 50, first=50)
    assert hearing.heard_s == 1.0
    hearing.connect(ear.hear, Traits(), "u2")
    assert hearing.heard_s == pytest.approx(1.9)
    ear.takes = False
    feed(hearing, 50, first=100)
    assert hearing.heard_s == pytest.approx(1.9)


def test_a_turn_is_kept_as_sound_until_its_words_are_known(hearing):
    feed(hearing, 100)
    for event in (SpeechStarted("u1", 0.5), SpeechStopped("u1", 1.0), TurnCommitted("u1")):
        hearing.told(event)
    assert runs(hearing.unanswered.speech("u1")) == [Run(0, RATE // 5, RATE * 9 // 10)]
    hearing.told(UserTranscribed("u1", ""))
    assert hearing.unanswered.speech("u1")
    assert hearing.told(UserTranscribed("u1", "Hello.")) == UserTranscribed("u1", "Hello.")
    assert hearing.unanswered.speech("u1") == b""


def test_other_events_pass_as_they_are(hearing):
    assert hearing.told(SayAsked("hello")) == SayAsked("hello")


def test_a_turn_that_an_engine_heard_goes_on_at_the_gate_when_the_next_engine_needs_it(events):
    hearing = Hearing(RATE, TurnSettings(ending="fixed"), events.append)
    hearing.connect(Ear().hear, Traits(), "")
    word = decode((SPEECH / "hello.wav").read_bytes(), RATE)
    voice = bytes(2 * RATE) + word + bytes(2 * RATE)
    second = Ear()
    for first in range(0, len(voice) // 2, FRAME):
        if first == RATE + 2 * FRAME:
            hearing.told(SpeechStarted("item_7", 1.0))
        if first == RATE + 10 * FRAME:
            hearing.disconnect(0.0)
        if first == RATE + 20 * FRAME:
            hearing.connect(second.hear, MANUAL, "item_7")
        hearing.take(voice[2 * first : 2 * (first + FRAME)], first)
    assert [(type(event), event.turn_id) for event in events] == [
        (SpeechStarted, "item_7"),
        (SpeechStopped, "item_7"),
    ]
    first = second.heard[0][0]
    assert first <= 0.75 * RATE
    assert second.pcm == voice[2 * first : 2 * first + len(second.pcm)]
    assert first + len(second.pcm) // 2 >= events[-1].at_s * RATE


def test_turns_that_were_said_while_nobody_listened_are_handed_over_one_by_one():
    word = decode((SPEECH / "hello.wav").read_bytes(), RATE)
    voice = bytes(2 * RATE) + word + bytes(2 * RATE) + word + bytes(2 * RATE)
    second, told = Ear(), []
    hearing = Hearing(RATE, TurnSettings(), lambda event: told.append((event, len(second.pcm))))
    hearing.connect(Ear().hear, Traits(), "")
    for first in range(0, len(voice) // 2, FRAME):
        if first == RATE + 2 * FRAME:
            hearing.told(SpeechStarted("item_7", 1.0))
        if first == RATE + 4 * FRAME:
            hearing.disconnect(0.0)
        hearing.take(voice[2 * first : 2 * (first + FRAME)], first)
    hearing.connect(second.hear, MANUAL, "item_7")
    assert (told, second.pcm) == ([], b"")  # within the step of the take-over nothing could be handed over
    assert hearing.behind
    hearing.listen_again()
    assert [(type(event), event.turn_id) for event, _ in told] == [
        (SpeechStarted, "item_7"),
        (SpeechStopped, "item_7"),
        (SpeechStarted, "turn-1"),
        (SpeechStopped, "turn-1"),
    ]
    heard_by_then = [heard for _, heard in told]
    assert heard_by_then == sorted(heard_by_then)
    assert heard_by_then[1] < heard_by_then[3]  # the end of the first is told before the second is handed over
    assert not hearing.behind


def test_a_gate_that_had_no_time_to_listen_leaves_everything_to_the_next():
    hearing = Hearing(RATE, TurnSettings(), (events := []).append)
    hearing.connect(Ear().hear, Traits(), "")
    word = decode((SPEECH / "hello.wav").read_bytes(), RATE)
    voice = bytes(2 * RATE) + word + bytes(2 * RATE)
    for first in range(0, len(voice) // 2, FRAME):
        if first == RATE + 2 * FRAME:
            hearing.told(SpeechStarted("item_7", 1.0))
            hearing.disconnect(0.0)
        hearing.take(voice[2 * first : 2 * (first + FRAME)], first)
    second, third = Ear(), Ear()
    hearing.connect(second.hear, MANUAL, "item_7")
    hearing.disconnect(0.0)
    hearing.connect(third.hear, MANUAL, "item_7")
    hearing.listen_again()
    assert (second.pcm, [event.turn_id for event in events]) == (b"", ["item_7", "item_7"])
    assert len(third.pcm) > len(word) // 2


def test_turns_of_the_gate_never_share_a_name(events):
    hearing = Hearing(RATE, TurnSettings(ending="fixed"), events.append)
    voice = bytes(2 * RATE) + decode((SPEECH / "hello.wav").read_bytes(), RATE) + bytes(2 * RATE)
    for number, traits in enumerate((MANUAL, Traits(), MANUAL)):
        hearing.connect(Ear().hear, traits, "")
        for first in range(0, len(voice) // 2, FRAME):
            hearing.take(voice[2 * first : 2 * (first + FRAME)], number * len(voice) // 2 + first)
        hearing.disconnect(0.0)
    assert [event.turn_id for event in events] == ["turn-1", "turn-1", "turn-2", "turn-2"]
