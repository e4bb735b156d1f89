"""A microphone beside another card's speaker: their clocks differ, and the echo is still taken away."""

from __future__ import annotations

import numpy as np
import pytest

from devices.test_exchange import Scene
from journeys.echoroom import pcm16, speech
from voiceloop.audio.echo import make_echo_canceller
from voiceloop.devices.exchange import Trouble

RATE_HZ = 24_000
BLOCK = 240
ECHO_S = 0.045


class Kept:
    """A canceller that keeps what it was given, and what it made of it with the help of another."""

    def __init__(self, canceller=None):
        self._canceller = canceller
        self._sound = {"near": bytearray(), "far": bytearray(), "clean": bytearray()}

    def process(self, near, far):
        clean = near if self._canceller is None else self._canceller.process(near, far)
        for name, pcm in (("near", near), ("far", far), ("clean", clean)):
            self._sound[name] += pcm
        return clean

    def __getitem__(self, name):
        return np.frombuffer(bytes(self._sound[name]), np.int16) / 32768


class TwoClocks:
    """The microphone's clock is slower by `ppm`; callbacks come up to 8 ms late. The echo is as loud as the agent."""

    def __init__(self, ppm, canceller=None):
        self.scene, self.kept = Scene(), Kept(canceller)
        self.exchange, self._card = self.scene.exchange, self.scene.card
        self.exchange.microphone.canceller = self.kept
        self._period = 1 + ppm / 1e6
        self._dice = np.random.default_rng(4)

    def pass_s(self, seconds, said):
        """The agent says that."""
        blocks = round(100 * seconds)
        ends_s = 1.0034 + np.arange(blocks) / 100 * self._period
        captured_s, played_s = self._late(ends_s), self._late(1.0 + np.arange(blocks + 100) / 100)
        sound, played = np.zeros(len(played_s) * BLOCK), 0
        for end_s, at_s in zip(ends_s, captured_s, strict=True):
            while played_s[played] < at_s:
                if played % 100 == 0:
                    second = pcm16(said[played * BLOCK : (played + 100) * BLOCK])
                    self.scene.ledger.put("r", "i", 0, second)
                self.exchange.turn(played_s[played])
                block = np.frombuffer(self._card.play(played_s[played]), np.int16)
                sound[played * BLOCK : (played + 1) * BLOCK] = block / 32768
                played += 1
            self._card.captured.put(memoryview(self._echo(sound, end_s).tobytes()), at_s)
            self.exchange.turn(at_s)

    def _late(self, times_s):
        return np.maximum.accumulate(times_s + self._dice.uniform(0, 0.008, len(times_s)))

    def _echo(self, sound, end_s):
        places = (end_s - 1.0 - ECHO_S) * RATE_HZ - (BLOCK - np.arange(BLOCK)) * self._period
        first = int(places[0])
        if first < 0:
            return np.zeros(BLOCK, np.float32)
        heard = np.interp(places - first, np.arange(BLOCK + 3), sound[first : first + BLOCK + 3])
        return (heard + self._dice.normal(0, 10 ** (-65 / 20), BLOCK)).astype(np.float32)


def taken_db(kept):
    """How much of the microphone is gone, for each two seconds."""
    near, clean = (kept[name][: len(kept["near"]) // 48_000 * 48_000].reshape(-1, 48_000) for name in ("near", "clean"))
    return 10 * np.log10((near**2).mean(axis=1) / ((clean**2).mean(axis=1) + 1e-12))


@pytest.mark.parametrize(("ppm", "seconds"), [(300, 60), (-300, 60), (1000, 30), (0, 20)])
def test_the_echo_stays_away_from_the_tenth_second_on(ppm, seconds):
    pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")
    cards = TwoClocks(ppm, make_echo_canceller(RATE_HZ))
    cards.pass_s(seconds, speech(RATE_HZ, "two_questions", "hello", "order", "timer", seconds=seconds))
    assert taken_db(cards.kept)[5:].min() > 30


@pytest.mark.parametrize("ppm", [-300, 300])
def test_minutes_of_other_clocks_leave_neither_a_step_nor_a_click_in_the_reference(ppm):
    cards, hz = TwoClocks(ppm), 130.0
    cards.pass_s(180, 0.5 * np.sin(2 * np.pi * hz / RATE_HZ * np.arange(181 * RATE_HZ)))
    far = cards.kept["far"][RATE_HZ:]
    assert np.abs(far[-RATE_HZ:]).max() == pytest.approx(0.5, abs=0.001)
    assert np.abs(np.diff(far)).max() < 0.5 * 2 * np.pi * hz / RATE_HZ + 2 / 32768
    assert cards.exchange.trouble == Trouble(0, 0, 0, 0)
    assert len(far) + RATE_HZ == len(cards.scene.pcm) // 2 == 180 * RATE_HZ
