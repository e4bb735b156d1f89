"""What a canceller leaves: told from the user by how much it took away, with made-up cancellers."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.audio.pcm import level_db
from voiceloop.audio.residual import PATIENCE_S, EchoEvidence, ResidualGate, Trust, Verdict

RATE_HZ = 16_000
BLOCK = RATE_HZ // 100
QUIET = np.zeros(BLOCK)


def pcm(samples: np.ndarray) -> bytes:
    return np.rint(samples * 32767).astype(np.int16).tobytes()


class Room:
    """An agent who speaks in noise, its echo 60 ms later, and a canceller that takes `removed_db` of it."""

    def __init__(self, gate: ResidualGate | None = None) -> None:
        self.gate = gate or ResidualGate(RATE_HZ)
        self.delay = 6
        self._rng = np.random.default_rng(8)
        self._far = [QUIET] * 70
        self._blocks = 0

    @property
    def evidence(self) -> EchoEvidence:
        return self.gate.evidence

    def pass_s(self, seconds: float, *, agent=0.1, user=0.0, removed_db=30.0, ducked_db=0.0) -> list[Verdict]:
        """Time passes; how each block was judged. `ducked_db`: what the canceller takes of the user."""
        verdicts = []
        for _ in range(round(seconds * 100)):
            self._blocks += 1
            loud = agent * (1.0 if (self._blocks // 12) % 2 else 0.1)  # syllables
            self._far.append(self._rng.normal(0, 1, BLOCK) * loud)
            echo = self._far[-1 - self.delay]
            said = self._rng.normal(0, 1, BLOCK) * user
            clean = echo * 10 ** (-removed_db / 20) + said * 10 ** (-ducked_db / 20)
            self.out = self.gate.process(pcm(echo + said), pcm(self._far[-1]), pcm(clean))
            self.clean = pcm(clean)
            verdicts.append(self.evidence.verdict)
        return verdicts


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def proven(room):
    room.pass_s(4.0)
    assert room.evidence.trust is Trust.PROVEN
    return room


def test_while_the_agent_is_silent_everything_passes_as_it_is(room):
    assert set(room.pass_s(1.0, agent=0.0, user=0.1)) == {Verdict.FREE}
    assert room.out == room.clean


def test_what_is_left_of_an_echo_is_turned_down(proven):
    assert set(proven.pass_s(2.0)) == {Verdict.ECHO}
    assert level_db(proven.clean) - level_db(proven.out) > 35
    assert proven.evidence.ratio_db < -25


@pytest.mark.parametrize("ducked_db", [0.0, 4.0])
def test_a_user_as_loud_as_the_echo_is_heard_within_50_ms(proven, ducked_db):
    verdicts = proven.pass_s(0.5, user=0.1, ducked_db=ducked_db)
    assert Verdict.USER in verdicts[:5]
    assert set(verdicts[5:]) == {Verdict.USER}
    assert proven.out == proven.clean


def test_the_pauses_within_words_do_not_close_the_gate_but_silence_does(proven):
    proven.pass_s(0.3, user=0.1)
    assert set(proven.pass_s(0.3)) == {Verdict.USER}
    assert Verdict.ECHO in proven.pass_s(0.3)


def test_the_tail_of_an_echo_is_echo_too_and_then_the_room_is_free(proven):
    assert set(proven.pass_s(0.3, agent=0.0)) == {Verdict.ECHO}
    assert set(proven.pass_s(1.0, agent=0.0)[50:]) == {Verdict.FREE}


def test_a_canceller_that_has_not_found_its_echo_yet_is_not_believed(room):
    assert set(room.pass_s(1.0, removed_db=0.0)[5:]) == {Verdict.ECHO}
    assert room.evidence.trust is Trust.UNPROVEN
    assert level_db(room.out) < -60
    room.pass_s(1.5)
    assert room.evidence.trust is Trust.PROVEN


def test_who_speaks_when_the_agent_begins_is_not_cut_off(room):
    room.pass_s(1.0, agent=0.0, user=0.1)
    assert set(room.pass_s(1.0, user=0.1)) == {Verdict.USER}


def test_a_user_who_never_stops_is_heard_in_the_end_though_the_canceller_proves_nothing(room):
    verdicts = room.pass_s(PATIENCE_S + 0.5, user=0.1)
    assert set(verdicts[:200]) == {Verdict.ECHO}
    assert verdicts[-1] is Verdict.USER


def test_a_path_that_jumps_is_noticed_although_the_canceller_passes_all(proven):
    proven.pass_s(2.0)
    proven.delay = 18
    verdicts = proven.pass_s(1.5, removed_db=0.0)
    assert proven.evidence.trust is Trust.LOST
    assert verdicts.count(Verdict.USER) <= 10
    proven.pass_s(1.5)
    assert proven.evidence.trust is Trust.PROVEN
    assert Verdict.USER in proven.pass_s(0.2, user=0.1)


def test_the_gate_opens_without_a_step():
    gate = ResidualGate(RATE_HZ)
    room = Room(gate)
    room.pass_s(4.0)
    tone = 0.2 * np.ones(BLOCK)
    steps = []
    for _ in range(8):
        out = np.frombuffer(gate.process(pcm(0.0 * tone), pcm(0.1 * room._far[-1]), pcm(tone)), np.int16)
        steps.append(np.abs(np.diff(out)).max())
    assert max(steps) <= 2 + 0.2 * 32768 / BLOCK


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_every_rate_of_the_canceller_will_do(rate_hz):
    block = pcm(np.random.default_rng(1).normal(0, 0.1, rate_hz // 100))
    gate = ResidualGate(rate_hz)
    assert len(gate.process(block * 2, block * 2, block * 2)) == 2 * len(block)
