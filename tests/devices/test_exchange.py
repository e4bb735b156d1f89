"""One conversation's audio on a card that the test plays."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.cardline import CardLine
from voiceloop.devices.context import LineContext
from voiceloop.devices.exchange import Exchange, Trouble
from voiceloop.devices.rings import CaptureRing, RenderLog, SpeakerRing


class FakeCard:
    input_hz = output_hz = 24_000
    input_channels = 1
    input_latency_s = output_latency_s = 0.01
    underflows = overflows = 0

    def __init__(self):
        self.captured = CaptureRing(960, 100)
        self.rendered = RenderLog(100)
        self.speaker = SpeakerRing(480)
        self.out = bytearray(480)

    def play(self, at_s):
        self.rendered.put(self.speaker.render(memoryview(self.out)), at_s)
        return bytes(self.out)

    def capture(self, at_s, value=5):
        self.captured.put(memoryview(np.full(240, value / 32_768, np.float32).tobytes()), at_s)


class Scene:
    def __init__(self, *, speaker=True):
        self.pcm = b""
        self.card = FakeCard()
        self.ledger = Ledger(24_000, lambda _event: None)
        self.exchange = Exchange(self.card, self.ledger, self.ears, 24_000, speaker=speaker)

    def ears(self, pcm, first_sample):
        assert first_sample == len(self.pcm) // 2
        self.pcm += pcm

    @property
    def samples(self):
        return np.frombuffer(self.pcm, np.int16)


class File:
    """Ends after `blocks` blocks of the value 9."""

    def __init__(self, blocks):
        self.left = blocks

    @property
    def ended(self):
        return self.left <= 0

    def take(self, samples):
        self.left -= 1
        return np.full(samples, 9 if self.left >= 0 else 0, np.int16).tobytes()


def test_both_directions_move_at_each_turn():
    scene = Scene()
    scene.ledger.put("r", "i", 0, np.full(480, 7, np.int16).tobytes())
    played = []
    for number in range(6):
        at_s = 1.0 + number / 100
        scene.exchange.turn(at_s)
        played.append(scene.card.play(at_s))
        scene.card.capture(at_s)
    scene.exchange.turn(1.06)
    assert [block[0] for block in played] == [7, 7, 0, 0, 0, 0]
    assert scene.samples.tolist() == [5] * 1440
    assert scene.ledger.heard("r")[0].heard_ms == 20


def test_capture_that_the_card_lost_and_admits_is_silence_soon():
    scene = Scene(speaker=False)
    for number in range(100):
        scene.card.capture(1.0 + number / 100)
        scene.exchange.turn(1.0 + number / 100)
    scene.card.overflows += 1
    for number in range(130, 150):
        scene.card.capture(1.0 + number / 100)
        scene.exchange.turn(1.0 + number / 100)
    assert scene.exchange.times.missing_blocks == 30
    assert len(scene.samples) == 150 * 240
    assert np.count_nonzero(scene.samples == 0) == 30 * 240
    assert np.flatnonzero(scene.samples == 0)[0] <= 110 * 240


def test_without_a_speaker_what_is_pulled_is_heard_at_once():
    scene = Scene(speaker=False)
    scene.ledger.put("r", "i", 0, bytes(2 * 480))
    scene.card.capture(1.0)
    scene.card.capture(1.01)
    scene.exchange.turn(1.01)
    assert scene.ledger.heard("r")[0].heard_ms == 20
    scene.exchange.flush(1)


def test_a_file_goes_by_the_speakers_clock_also_over_a_hole():
    scene = Scene()
    ended = []
    scene.exchange.file, scene.exchange.file_ended = File(115), lambda: ended.append(len(scene.pcm))
    for number in range(100):
        scene.exchange.turn(1.0 + number / 100)
        scene.card.play(1.0 + number / 100)
    scene.exchange.turn(2.0)
    assert len(scene.samples) == 100 * 240
    scene.card.underflows += 1
    for number in range(120, 160):
        scene.card.play(1.0 + number / 100)
        scene.exchange.turn(1.0 + number / 100)
    assert len(scene.samples) in (158 * 240, 160 * 240), "right to a block, and given in frames of two"
    assert np.count_nonzero(scene.samples == 9) == 115 * 240
    assert len(ended) == 1


def test_a_microphone_of_exact_zeros_is_told_and_so_is_one_of_no_numbers():
    scene, told = Scene(speaker=False), []
    scene.exchange.deaf = lambda: told.append("deaf")
    scene.exchange.broken = lambda: told.append("broken")
    for number in range(400):
        scene.card.capture(1.0 + number / 100, 0 if number < 200 else float("nan"))
        scene.exchange.turn(1.0 + number / 100)
    assert told == ["deaf", "broken"]
    assert not scene.samples.any()
    assert scene.exchange.intake.broken_samples == 200 * 240


async def test_the_line_says_what_to_do_about_such_a_microphone():
    told = []
    scene = Scene(speaker=False)
    line = CardLine(LineContext(warn=lambda *warning: told.append(warning)), FakeCard)
    line._connect(scene.exchange, 24_000)
    for number in range(201):
        scene.card.capture(number / 100, 0 if number < 200 else float("nan"))
        scene.exchange.turn(number / 100)
    assert [code for code, _ in told] == ["microphone_silent", "microphone_broken"]
    assert "it is muted, or this program may not use it; see whether it is muted" in told[0][1]
    assert "its driver is at fault" in told[1][1]


@pytest.mark.parametrize("ppm", [-100, 100])
def test_clocks_that_differ_lose_no_sample_and_fill_nothing_up(ppm):
    """Five minutes; what waits does not grow with them."""
    heard, card = 0, FakeCard()

    def ears(pcm, first_sample):
        nonlocal heard
        assert first_sample == heard
        heard += len(pcm) // 2

    ledger = Ledger(24_000, lambda _event: None)
    exchange = Exchange(card, ledger, ears, 24_000, speaker=True)
    captured = played = 0
    while played < 30_000:
        play_s, capture_s = 1.0 + played / 100, 1.0 + captured / 100 * (1 + ppm / 1e6)
        if play_s <= capture_s:
            played += 1
            card.play(play_s)
        else:
            captured += 1
            card.capture(capture_s)
        exchange.turn(min(play_s, capture_s))
    assert captured != played
    assert heard == captured // 2 * 480, "each captured sample once"
    assert exchange.trouble == Trouble(0, 0, 0, 0)
    assert ledger.position == pytest.approx(played * 240, abs=3 * 240)
    microphone, feed = exchange.microphone, exchange._feed
    waiting = (microphone._near, microphone._far, feed._said, feed._out, feed._sent, exchange.playback._blocks)
    assert all(len(each) <= 960 for each in waiting)
