"""Captured audio on its way to the engine."""

from pathlib import Path

import pytest

from voiceloop.clips import decode
from voiceloop.events import SpeechStarted, SpeechStopped
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
    return Hearing(ear, RATE, TurnSettings(), events.append)


def feed(hearing, frames, first=0):
    for number in range(first, first + frames):
        hearing.take(numbered(number * FRAME, FRAME), number * FRAME)


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
    hearing.configure(MANUAL)
    hearing.configure(Traits())
    feed(hearing, 10)
    assert len(ear.heard) == 10
    assert events == []


@pytest.mark.parametrize("block", [160, 480, 1000, 4800])
def test_with_the_gate_speech_is_handed_over_with_its_preroll_and_silence_is_not(hearing, ear, events, block):
    voice = bytes(2 * RATE * 3) + decode((SPEECH / "hello.wav").read_bytes(), RATE) + bytes(2 * RATE * 3)
    hearing.configure(MANUAL)
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
    hearing = Hearing(ear, RATE, TurnSettings(silence_ms=60, prefix_padding_ms=1000), events.append)
    word = decode((SPEECH / "hello.wav").read_bytes(), RATE)[2 * RATE // 4 : -2 * RATE * 6 // 10]
    voice = word + bytes(2 * 4800) + word + bytes(2 * RATE)
    hearing.configure(MANUAL)
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
    hearing = Hearing(ear, RATE, TurnSettings(), lambda event: told.append((event, len(ear.pcm) // 2)))
    voice = decode((SPEECH / "hello.wav").read_bytes(), RATE) + bytes(2 * RATE)
    hearing.configure(MANUAL)
    for first in range(0, len(voice) // 2, FRAME):
        hearing.take(voice[2 * first : 2 * (first + FRAME)], first)
    (_, at_start), (_, at_end) = told
    assert at_start > 0.3 * RATE
    assert at_end == len(ear.pcm) // 2
