"""The gate that takes over from an engine which ended turns itself."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from voiceloop.clips import decode
from voiceloop.events import SpeechFlowed, SpeechStarted, SpeechStopped
from voiceloop.localturns import LocalTurns
from voiceloop.settings import TurnSettings
from voiceloop.turn.endpointing import Endpointing
from voiceloop.vocabulary import Flow, FlowTimes

RATE = 24_000
BLOCK = 2_400
SPEECH = Path(__file__).parent / "fixtures" / "speech"
WORD = decode((SPEECH / "hello.wav").read_bytes(), RATE)
PAUSE = bytes(2 * RATE)
VOWEL = slice(9_600, 16_320)
"""Of the word."""


class Bench:
    """What the gate hands over and tells of."""

    def __init__(self, endpointing=None):
        self.sent = []
        self.events = []
        self.turns = LocalTurns(
            RATE,
            TurnSettings(),
            send=lambda pcm, first: self.sent.append((first, pcm)),
            report=self.events.append,
            numbers=itertools.count(1),
            endpointing=endpointing,
        )

    @property
    def told(self):
        return [(type(event), event.turn_id) for event in self.events]

    def sent_samples(self):
        """Numbers of the samples that were handed over, each exactly once and in order."""
        for (first, pcm), (following, _) in itertools.pairwise(self.sent):
            assert following == first + len(pcm) // 2
        return self.sent[0][0], self.sent[-1][0] + len(self.sent[-1][1]) // 2


def blocks(pcm, first=0):
    return [(pcm[at : at + 2 * BLOCK], first + at // 2) for at in range(0, len(pcm), 2 * BLOCK)]


def test_a_turn_that_is_being_spoken_keeps_its_id_and_goes_on():
    bench = Bench()
    half = len(WORD) // 4 * 2
    begun = PAUSE[: 2 * RATE * 3 // 10] + WORD[:half]
    bench.turns.take_over("item_7", blocks(begun))
    assert bench.told == [(SpeechStarted, "item_7")]
    for pcm, first in blocks(WORD[half:] + PAUSE, len(begun) // 2):
        bench.turns.take(pcm, first)
    assert bench.told == [(SpeechStarted, "item_7"), (SpeechStopped, "item_7")]
    first, end = bench.sent_samples()
    assert first == 0
    assert end >= bench.events[-1].at_s * RATE > len(begun) // 2


def test_a_turn_that_was_over_is_handed_over_at_once():
    bench = Bench()
    bench.turns.take_over("item_7", blocks(PAUSE[: 2 * RATE * 3 // 10] + WORD + PAUSE))
    assert bench.told == [(SpeechStarted, "item_7"), (SpeechStopped, "item_7")]


def test_what_is_said_after_it_is_the_next_turn():
    bench = Bench()
    spoken = PAUSE + WORD + PAUSE
    bench.turns.take_over("item_7", blocks(spoken))
    for pcm, first in blocks(spoken, len(spoken) // 2):
        bench.turns.take(pcm, first)
    assert [turn_id for _, turn_id in bench.told] == ["item_7", "item_7", "turn-1", "turn-1"]


def test_a_turn_in_which_the_gate_hears_nobody_is_handed_over_whole():
    bench = Bench()
    bench.turns.take_over("item_7", blocks(PAUSE))
    assert bench.events == [SpeechStopped("item_7", 1.0, "local")]
    assert bench.sent_samples() == (0, RATE)


def test_without_a_turn_silence_is_nothing_and_speech_is_a_turn_of_its_own():
    bench = Bench()
    bench.turns.take_over("", blocks(PAUSE))
    assert (bench.events, bench.sent) == ([], [])
    bench = Bench()
    bench.turns.take_over("", blocks(PAUSE + WORD + PAUSE))
    assert [turn_id for _, turn_id in bench.told] == ["turn-1", "turn-1"]


def test_a_turn_of_which_nothing_is_left_is_over():
    bench = Bench()
    bench.turns.take_over("item_7", [])
    assert (bench.told, bench.sent) == ([(SpeechStopped, "item_7")], [])


@pytest.mark.parametrize("block", [160, 480, 1000, 4800])
def test_it_does_not_matter_how_the_sound_is_cut(block):
    bench = Bench()
    voice = PAUSE + WORD + PAUSE
    for at in range(0, len(voice), 2 * block):
        bench.turns.take(voice[at : at + 2 * block], at // 2)
    started, stopped = bench.events
    first, end = bench.sent_samples()
    assert first / RATE == pytest.approx(started.at_s - 0.3, abs=0.25)
    assert stopped.at_s < end / RATE < stopped.at_s + 1.25


def silence_that_ended_it(said=None, sound=None):
    """How long the gate waits after a word, when these are the words told in the pause after it."""
    endpointing = Endpointing(TurnSettings(), model=lambda pcm, rate_hz: sound)
    bench = Bench(endpointing)
    for at in range(0, len(WORD + 4 * PAUSE), 960):
        bench.turns.take((WORD + 4 * PAUSE)[at : at + 960], at // 2)
        if said is not None and at // 2 > len(WORD) // 2 - 6 * RATE // 10:  # the recording ends in silence
            endpointing.said(said)
    _, end = bench.sent_samples()
    return round(end / RATE - bench.events[-1].at_s, 2)


@pytest.mark.parametrize(("said", "silence_s"), [("Hello.", 0.4), ("hello and", 2.65), ("hello", 1.4), (None, 0.5)])
def test_the_silence_that_ends_a_turn_follows_from_its_words(said, silence_s):
    assert silence_that_ended_it(said) == pytest.approx(silence_s, abs=0.021)


def test_it_follows_from_the_voice_too_when_there_are_no_words():
    assert silence_that_ended_it(sound=0.9) == pytest.approx(0.4, abs=0.021)


def softest_heard_db(*, agent_speaks):
    """How loud the loudest 20 ms of a word must be for it to be a turn."""
    word = np.frombuffer(WORD, np.int16) / 32768
    loudest = np.sqrt((word[: len(word) // 480 * 480].reshape(-1, 480) ** 2).mean(axis=1)).max()
    for level_db in range(-70, -20):
        bench = Bench(Endpointing(TurnSettings(), agent_speaks=lambda: FlowTimes() if agent_speaks else None))
        for pcm, first in blocks((word * 10 ** (level_db / 20) / loudest * 32767).astype(np.int16).tobytes()):
            bench.turns.take(pcm, first)
        if bench.events:
            return level_db
    return 0


def test_over_the_agent_one_has_to_be_a_little_louder():
    assert softest_heard_db(agent_speaks=True) - softest_heard_db(agent_speaks=False) == pytest.approx(5, abs=1)


def lasts_after_ms(*, noise):
    """How much of a voice without a gap is long, over the agent and in noise of this level."""
    vowel = np.tile(np.frombuffer(WORD, np.int16)[VOWEL], 4)
    room = np.random.default_rng(4).normal(0, noise, 4 * RATE + len(vowel))
    room[4 * RATE :] += vowel
    bench = Bench(Endpointing(TurnSettings(), agent_speaks=FlowTimes))
    frame = RATE // 50
    for first in range(0, len(room), frame):
        bench.turns.take(np.rint(room[first : first + frame]).astype(np.int16).tobytes(), first)
        match bench.events:
            case [*_, SpeechStarted(at_s=began_s), SpeechFlowed(flow=Flow.LASTED)]:
                return round((first + frame) * 1000 / RATE - began_s * 1000)
    return None


def test_where_noise_hides_how_a_voice_begins_more_of_it_counts_as_unheard():
    assert (lasts_after_ms(noise=10), lasts_after_ms(noise=1000)) == (580, 560)
