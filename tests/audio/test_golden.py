"""What is put in is what is heard: from a server's deltas to the card, the client, the recording, without a click.

A click is a step in the sound. It shows as energy in bands where the sound itself has none, so a sine is looked at
there window by window; speech, which has energy everywhere, is compared sample by sample.
"""

from __future__ import annotations

import random
import wave
from pathlib import Path

import numpy as np
import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.audio.resample import Resampler
from voiceloop.clips import decode
from voiceloop.devices.recorder import RECORDING_HZ, Recorder
from voiceloop.engines.coding import decoder, encoder
from voiceloop.vocabulary import AudioFormat, Encoding

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech" / "two_questions.wav"
RATES_HZ = (8_000, 16_000, 24_000, 48_000)
PULLS_MS = (10, 20, None)
"""None: of any length, as a card with a mind of its own asks for them."""
CLICK_DB = -55.0
HZ = 440


def pieces(pcm, sizes, dice):
    """The bytes in random portions, split samples included."""
    at = 0
    while at < len(pcm):
        size = dice.randint(*sizes)
        yield pcm[at : at + size]
        at += size


class Listener:
    """A ledger that a server fills and a card empties; `heard` is what came out at the card's rate."""

    def __init__(self, rate_hz, card_hz, pull_ms, recorder=None):
        self.ledger = Ledger(rate_hz, lambda event: None)
        self.rate_hz = rate_hz
        self.pull_ms = pull_ms
        self.said = bytearray()
        self.heard = bytearray()
        self._to_card = Resampler(rate_hz, card_hz)
        self._recorder = recorder
        self._dice = random.Random(rate_hz + card_hz)

    def receive(self, pcm, reply_id="r"):
        for piece in pieces(pcm, (1, 4001), self._dice):
            assert self.ledger.put(reply_id, "item", 0, piece)

    def play(self, ms):
        """Let that much time pass."""
        until = self.ledger.position + ms * self.rate_hz // 1000
        while (left := until - self.ledger.position) > 0:
            pull = self._dice.randint(1, 999) if self.pull_ms is None else self.pull_ms * self.rate_hz // 1000
            pcm = self.ledger.pull(min(pull, left))
            self.ledger.ack(self.ledger.position)
            self.said += pcm
            self.heard += self._to_card.feed(pcm)
            if self._recorder is not None:
                self._recorder.write(bytes(len(pcm)), pcm, len(pcm) // 2)

    def rest(self):
        self.heard += self._to_card.drain()


def sine(rate_hz, seconds, amplitude=12_000):
    return np.rint(amplitude * np.sin(2 * np.pi * HZ * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.int16)


def worst_click_db(pcm, rate_hz):
    """The loudest 10 ms of what a tone of 440 Hz has above 1.6 kHz, against the tone."""
    sound = np.frombuffer(bytes(pcm), np.int16).astype(float)
    width = rate_hz // 50
    windows = np.lib.stride_tricks.sliding_window_view(sound, width)[:: width // 4] * np.blackman(width)
    spectrum = np.abs(np.fft.rfft(windows)) ** 2
    above = spectrum[:, np.fft.rfftfreq(width, 1 / rate_hz) > 1600].sum(axis=1)
    return 10 * np.log10(above.max() / spectrum.sum(axis=1).max())


def speech(rate_hz):
    return decode(SPEECH.read_bytes(), rate_hz)[: 2 * rate_hz]


def converted(pcm, from_hz, to_hz):
    whole = Resampler(from_hz, to_hz)
    return whole.feed(pcm) + whole.drain()


def test_a_step_would_be_noticed():
    tone = sine(24_000, 1)
    assert worst_click_db(tone.tobytes(), 24_000) < CLICK_DB - 10
    # A quarter of a millisecond is lost, or a block begins one sample late, or a step stands at a block's edge.
    for wrong in (np.delete(tone, slice(9600, 9606)), np.insert(tone, 9600, 0), tone + 600 * (tone.cumsum() > 1e5)):
        assert worst_click_db(wrong.astype(np.int16).tobytes(), 24_000) > CLICK_DB


@pytest.mark.parametrize("pull_ms", PULLS_MS)
@pytest.mark.parametrize("card_hz", [*RATES_HZ, 44_100])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_no_frame_and_no_rate_clicks(rate_hz, card_hz, pull_ms):
    listener = Listener(rate_hz, card_hz, pull_ms)
    tone = sine(rate_hz, 1).tobytes()
    listener.receive(tone)
    listener.play(960)
    assert worst_click_db(listener.heard[400:], card_hz) < CLICK_DB - 10
    listener.play(40)
    listener.rest()
    assert listener.heard == converted(tone, rate_hz, card_hz)


@pytest.mark.parametrize("pull_ms", PULLS_MS)
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_speech_is_heard_sample_by_sample_through_pauses(rate_hz, pull_ms):
    """Each pause is exact silence; with those taken out nothing was lost, repeated or changed."""
    listener, dice = Listener(rate_hz, 48_000, pull_ms), random.Random(3)
    pcm = speech(rate_hz)
    listener.receive(pcm)
    stretches = []
    while listener.ledger.queued_ms != 0:
        listener.play(dice.randint(20, 300))
        paused_at = len(listener.said)
        listener.ledger.pause()
        listener.play(dice.randint(20, 200))
        listener.ledger.resume()
        stretches.append((paused_at, len(listener.said)))
    listener.rest()
    whole = listener.heard
    assert whole == converted(bytes(listener.said), rate_hz, 48_000)
    for start, end in reversed(stretches):
        assert not any(listener.said[start:end])
        del listener.said[start:end]
    assert listener.said[: len(pcm)] == pcm
    assert not any(listener.said[len(pcm) :])


@pytest.mark.parametrize("pull_ms", [10, 20])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_ducking_and_coming_back_do_not_click(rate_hz, pull_ms):
    listener = Listener(rate_hz, 48_000, pull_ms)
    listener.receive(sine(rate_hz, 2).tobytes())
    for gain in (0.25, 1.0, 0.25, 0.1, 1.0, 0.0, 1.0):
        listener.play(200)
        listener.ledger.duck(gain)
    listener.play(300)
    assert worst_click_db(listener.heard[400:], 48_000) < CLICK_DB


@pytest.mark.parametrize("pull_ms", PULLS_MS)
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_an_interruption_is_exact_zeros_and_what_follows_is_whole(rate_hz, pull_ms):
    listener = Listener(rate_hz, rate_hz, pull_ms)
    pcm = speech(rate_hz)
    listener.receive(pcm)
    listener.play(731)
    heard = len(listener.said)
    spans = listener.ledger.flush()
    listener.play(100)
    listener.receive(pcm, "next")
    listener.play(3000)
    assert spans[0].heard_ms == heard // 2 * 1000 // rate_hz
    assert listener.said[:heard] == pcm[:heard]
    rest = listener.said[heard:]
    silent = 2 * (rate_hz // 10)
    assert not any(rest[:silent])
    assert rest[silent : silent + len(pcm)] == pcm


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_recording_is_what_was_played(rate_hz, tmp_path):
    recorder = Recorder(tmp_path / "out.wav", rate_hz, lambda code, detail: None)
    listener = Listener(rate_hz, 48_000, 20, recorder)
    tone = sine(rate_hz, 1).tobytes()
    listener.receive(tone)
    listener.play(400)
    listener.ledger.duck(0.25)
    listener.play(600)
    recorder.close()
    with wave.open(str(tmp_path / "out.wav")) as file:
        frames = np.frombuffer(file.readframes(10**6), np.int16).reshape(-1, 2)
    assert not frames[:, 0].any()
    assert len(frames) == RECORDING_HZ
    assert frames[:, 1].tobytes() == converted(bytes(listener.said), rate_hz, RECORDING_HZ)
    assert worst_click_db(frames[400:-400, 1].tobytes(), RECORDING_HZ) < CLICK_DB


@pytest.mark.parametrize("law", [Encoding.G711_ULAW, Encoding.G711_ALAW])
def test_g711_passes_bit_by_bit_when_both_sides_speak_it(law):
    """A telephone's bytes through the session to the server, and a server's through the ledger to the telephone."""
    form = AudioFormat(law, 8_000)
    from_wire, to_wire = decoder(form, 8_000), encoder(8_000, form)
    codes = bytes(code for code in range(256) if law is Encoding.G711_ALAW or code != 0x7F)  # mu-law's second zero
    every = codes * 40
    listener = Listener(8_000, 8_000, None)
    for piece in pieces(every, (1, 333), random.Random(5)):
        listener.receive(from_wire("item", piece))
    listener.play(len(every) // 8)
    length = 2 * len(every) // 16 * 16
    assert to_wire(bytes(listener.heard[:length])) == every[: length // 2]
    assert to_wire(from_wire("item", every)) == every
    assert to_wire(from_wire("item", b"\x7f")) == (b"\xff" if law is Encoding.G711_ULAW else b"\x7f")


@pytest.mark.parametrize("there_hz", [8_000, 16_000, 48_000, 44_100])
def test_a_wire_with_another_rate_leaves_the_place_of_every_sample(there_hz):
    form = AudioFormat(Encoding.PCM16, there_hz)
    up, down = encoder(24_000, form), decoder(form, 24_000)
    tone = sine(24_000, 1)
    out = b"".join(down("item", up(piece)) for piece in pieces(tone.tobytes(), (2, 2000), Even(7)))
    back = np.frombuffer(out, np.int16).astype(float)
    assert len(tone) - len(back) <= 24 * (Resampler(24_000, there_hz).delay_ms + Resampler(there_hz, 24_000).delay_ms)
    assert np.abs(back[600:-600] - tone[600 : len(back) - 600]).max() <= 4
    assert worst_click_db(out[400:], 24_000) < CLICK_DB - 10


class Even(random.Random):
    """A resampler takes whole samples."""

    def randint(self, a, b):
        return super().randint(a, b) // 2 * 2
