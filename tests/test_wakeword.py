"""The wake word's model on recorded speech, and models that are none."""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.audio.resample import Resampler
from voiceloop.errors import DeviceError, SettingsError
from voiceloop.settings import AudioSettings
from voiceloop.wakemodels import WAKE_WORDS
from voiceloop.wakeword import WakeWordToCome, cutoff_at, try_wake_word, wake_ears

SPEECH = Path(__file__).parent / "fixtures" / "speech"
RATE_HZ = 24_000
BLOCK = 960


class Desk:
    def __init__(self, wake_word="okay_nabu", *, loaded=True, sensitivity="normal"):
        self.muted = False
        self.out = []
        self.told = []
        self.kept = []
        self.ears = wake_ears(
            wake_word,
            AudioSettings(wake_sensitivity=sensitivity),
            self.hear,
            Ledger(RATE_HZ, self.told.append),
            closed=lambda: self.muted,
            tell=self.told.append,
        )
        if loaded:
            self.ears.load()

    def hear(self, pcm, first_sample):
        self.out.append((pcm, first_sample))
        return len(pcm) // 2

    def hears(self, pcm):
        for at in range(0, len(pcm) - BLOCK + 1, BLOCK):
            self.kept.append(self.ears(pcm[at : at + BLOCK], at // 2))
        return b"".join(pcm for pcm, _ in self.out)

    @property
    def states(self):
        return [event.state for event in self.told]


def speech(name):
    with wave.open(str(SPEECH / name)) as file:
        up = Resampler(file.getframerate(), RATE_HZ)
        return up.feed(file.readframes(10**9)) + up.drain()


QUESTION_S = 1.42
"""Where "what time is it?" begins in `wake_time.wav`."""


def test_what_follows_the_wake_word_is_heard_whole_and_the_word_is_not():
    desk, said = Desk(), speech("wake_time.wav")
    heard = desk.hears(said)
    assert desk.states == ["asleep", "listening"]
    begins = len(heard) - len(heard.lstrip(b"\0"))
    assert heard[begins:] == said[begins : len(heard)]
    assert len(said) - len(heard) < BLOCK
    assert begins / 2 / RATE_HZ == pytest.approx(QUESTION_S, abs=0.02)


def noisy(pcm, seed, amplitude):
    noise = np.random.default_rng(seed).normal(0, amplitude, len(pcm) // 2)
    return (np.frombuffer(pcm, "<i2") + noise).clip(-32768, 32767).astype("<i2").tobytes()


@pytest.mark.parametrize(
    ("seed", "amplitude", "wakes"),
    [(1, 500, ["low", "normal", "high"]), (1, 2000, ["normal", "high"]), (2, 2500, ["high"]), (1, 4000, [])],
)
def test_the_more_sensitive_the_more_noise_the_word_is_heard_in(seed, amplitude, wakes):
    said, heard = noisy(speech("wake_time.wav"), seed, amplitude), []
    for sensitivity in ("low", "normal", "high"):
        desk = Desk(sensitivity=sensitivity)
        desk.hears(said)
        heard += [sensitivity] if "listening" in desk.states else []
    assert heard == wakes


@pytest.mark.parametrize("sensitivity", ["low", "high"])
def test_however_sensitive_what_follows_is_heard_whole(sensitivity):
    heard = Desk(sensitivity=sensitivity).hears(speech("wake_time.wav"))
    begins = len(heard) - len(heard.lstrip(b"\0"))
    assert begins / 2 / RATE_HZ == pytest.approx(QUESTION_S, abs=0.02)


@pytest.mark.parametrize("chosen", [0.0, 0.5, 0.85, 0.97, 1.0])
def test_normal_is_what_the_maker_chose_and_the_others_stay_probabilities(chosen):
    low, high = cutoff_at("low", chosen), cutoff_at("high", chosen)
    assert cutoff_at("normal", chosen) == chosen
    assert 0 <= high <= chosen <= low <= 1
    assert (high < low) is (0 < chosen < 1)


def test_three_times_as_sure_are_three_times_the_odds():
    assert cutoff_at("low", 0.9) == pytest.approx(27 / 28)
    assert cutoff_at("high", 0.9) == pytest.approx(3 / 4)


def test_what_is_said_while_the_model_is_loaded_is_heard_as_soon_as_it_is_there():
    desk, said = Desk(loaded=False), speech("wake_time.wav")
    half = round(0.6 * RATE_HZ) * 2
    desk.hears(said[:half])
    assert desk.states == ["asleep"]
    desk.ears.load()
    heard = desk.hears(said[half:])
    assert desk.states == ["asleep", "listening"]
    begins = len(heard) - len(heard.lstrip(b"\0"))
    assert begins / 2 / RATE_HZ == pytest.approx(QUESTION_S, abs=0.02)


def test_of_what_is_said_before_the_model_is_there_the_newest_is_kept():
    kept = []

    class Word:
        ended_s = (0.0, 0.2)

        def heard(self, pcm):
            kept.append(pcm)
            return pcm.endswith(b"!")

    word = WakeWordToCome(Word, most_bytes=4)
    assert not word.heard(b"abc!")
    assert not word.heard(b"def!")
    word.load()
    assert word.heard(b"ghi!")
    assert not word.heard(b"jkl")
    assert kept == [b"def!ghi!", b"jkl"]
    assert word.ended_s == (0.0, 0.2)


def test_nothing_heavy_is_loaded_before_the_line_is_given_its_ears():
    program = "import sys, voiceloop.wakeword; print([n for n in ('numpy', 'pymicro_wakeword') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", WAKE_WORDS)
def test_a_wake_word_that_can_be_listened_for_is_known_beforehand(name):
    try_wake_word(name)


def test_a_model_whose_settings_are_missing_is_refused_beforehand(tmp_path):
    shipped = Path(sys.modules["pymicro_wakeword"].__file__).parent / "models"
    (tmp_path / "alexa.tflite").write_bytes((shipped / "alexa.tflite").read_bytes())
    (tmp_path / "mine.json").write_text('{"model": "alexa.tflite"}')
    with pytest.raises(SettingsError, match=r"mine\.json is no microWakeWord model of version 2"):
        try_wake_word(str(tmp_path / "mine.json"))


def test_other_speech_wakes_nobody():
    for name in ("two_questions.wav", "interruption_b.wav", "order_c.wav"):
        desk = Desk()
        assert not any(desk.hears(speech(name)))
        assert desk.states == ["asleep"]


def test_a_muted_microphone_hears_no_wake_word():
    desk = Desk()
    desk.muted = True
    assert not any(desk.hears(speech("wake_time.wav")))
    assert desk.states == []


def test_who_opens_the_microphone_again_is_told_whether_anybody_listens():
    desk = Desk()
    desk.hears(bytes(BLOCK))
    desk.muted = True
    desk.hears(bytes(BLOCK))
    desk.muted = False
    desk.hears(speech("wake_time.wav"))
    desk.muted = True
    desk.hears(bytes(RATE_HZ * 2 * 9))
    desk.muted = False
    desk.hears(bytes(BLOCK))
    assert desk.states == ["asleep", "asleep", "listening", "asleep"]


def test_a_line_may_keep_what_was_heard_and_nothing_else():
    desk = Desk()
    desk.hears(speech("two_questions.wav") + speech("wake_time.wav"))
    waking = next(at for at, kept in enumerate(desk.kept) if kept)
    assert desk.kept[waking] > BLOCK // 2, "it reaches back"
    assert set(desk.kept[waking + 1 :]) == {BLOCK // 2}


def test_what_was_said_into_a_muted_microphone_is_not_kept_by_a_wake_word_either():
    desk, said = Desk(), speech("wake_time.wav")
    desk.muted = True
    desk.hears(speech("two_questions.wav"))
    desk.muted = False
    desk.hears(said)
    waking = next(at for at, kept in enumerate(desk.kept) if kept)
    assert desk.kept[waking] <= (waking + 1) * BLOCK // 2 - len(speech("two_questions.wav")) // BLOCK * BLOCK // 2


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    with pytest.raises(DeviceError, match=r"voiceloop\[wake\]"):
        Desk()


def test_a_model_of_ones_own_is_taken(tmp_path):
    shipped = Path(sys.modules["pymicro_wakeword"].__file__).parent / "models"
    for name in ("okay_nabu.json", "okay_nabu.tflite"):
        (tmp_path / name).write_bytes((shipped / name).read_bytes())
    desk = Desk(str(tmp_path / "okay_nabu.json"))
    desk.hears(speech("wake_time.wav"))
    assert desk.states == ["asleep", "listening"]
