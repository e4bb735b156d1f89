"""What is believed of Whisper's guesses, and the real model on noise, silence and long speech."""

import difflib
import re

import numpy as np
import pytest

from voiceloop.audio.resample import Resampler
from voiceloop.errors import DeviceError
from voiceloop_local.models.mel import RATE_HZ as HEARD_HZ
from voiceloop_local.models.stt import Guess, Recogniser, _stretches
from voiceloop_local.models.tts import HibariVoice, narrate

RATE_HZ = 24_000
RNG = np.random.default_rng(11)


@pytest.mark.parametrize(
    ("guess", "believed"),
    [
        (Guess("What time is it?", -0.1, 0.05, 2.0), "What time is it?"),
        (Guess("Thank you.", -0.1, 0.05, 2.0), "Thank you."),
        (Guess("Thank you.", -0.7, 0.05, 2.0), ""),
        (Guess("you", -1.5, 0.95, 2.0), ""),
        (Guess("set a timer", -0.9, 0.9, 2.0), ""),
        (Guess("set a timer", -0.9, 0.1, 2.0), "set a timer"),
        (Guess("set a timer", -1.3, 0.1, 2.0), ""),
        (Guess("[BLANK_AUDIO]", -0.1, 0.1, 2.0), ""),
        (Guess("(wind blowing) Yes.", -0.1, 0.1, 2.0), "Yes."),
        (Guess("\u266a la la \u266a", -0.2, 0.1, 2.0), "la la"),
        (Guess("F***!", -0.3, 0.4, 2.0), ""),
        (Guess("go on " * 40, -0.1, 0.1, 2.0), ""),
        (Guess("no no " * 40, -0.1, 0.1, 20.0), ("no no " * 40).strip()),
        (Guess("", 0.0, 0.0, 2.0), ""),
    ],
)
def test_a_guess_is_believed_when_its_figures_allow(guess, believed):
    assert guess.believed == believed


def test_a_doubtful_guess_is_worth_a_second_look_but_plain_noise_is_not():
    assert Guess("Open the door now. Open the door now.", -0.1, 0.1, 2.0).doubtful
    assert Guess("set a timer", -0.9, 0.1, 2.0).doubtful
    assert Guess("Thank you.", -0.7, 0.1, 2.0).doubtful
    assert not Guess("set a timer", -0.3, 0.1, 2.0).doubtful
    assert not Guess("you", -2.0, 0.95, 2.0).doubtful


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser(threads=2)


@pytest.fixture(scope="module")
def voice():
    return HibariVoice()


def pcm(samples):
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


SECONDS = np.arange(2 * RATE_HZ) / RATE_HZ
NOISES = {
    "nothing": np.zeros(0),
    "one byte short of a sample": np.zeros(0),
    "silence": np.zeros(2 * RATE_HZ),
    "hiss": RNG.standard_normal(2 * RATE_HZ) * 0.003,
    "loud noise": RNG.standard_normal(2 * RATE_HZ) * 0.2,
    "hum": np.sin(2 * np.pi * 100 * SECONDS) * 0.2,
    "a beep": np.sin(2 * np.pi * 1000 * SECONDS) * 0.05 * (SECONDS > 1),
    "a cough": RNG.standard_normal(2 * RATE_HZ) * np.exp(-np.abs(SECONDS - 1) * 14) * 0.3,
}


def test_the_last_word_after_a_cut_is_heard_however_short_it_is():
    spoken = np.random.default_rng(3).standard_normal(int(28.4 * HEARD_HZ)).astype(np.float32) * 0.1
    spoken[int(27.6 * HEARD_HZ) : int(27.9 * HEARD_HZ)] = 0.0
    first, last = _stretches(spoken)
    assert len(first) < 28 * HEARD_HZ
    assert len(first) + len(last) == len(spoken)


@pytest.mark.models
@pytest.mark.parametrize("name", NOISES)
def test_where_nobody_speaks_nothing_is_heard(recogniser, name):
    odd = b"\0" if "byte" in name else b""
    assert recogniser.transcribe(pcm(NOISES[name]) + odd, RATE_HZ) == ""


@pytest.mark.models
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_speech_is_understood_at_any_rate(recogniser, voice, rate_hz):
    resampler = Resampler(RATE_HZ, rate_hz)
    spoken = resampler.feed(b"".join(narrate(voice, "What is the weather in Berlin?"))) + resampler.drain()
    assert recogniser.transcribe(spoken, rate_hz).lower().startswith("what is the weather in berlin")


LONG_TALE = (
    "The old harbour lay still in the morning light. A fisherman mended his nets beside the water. "
    "His daughter carried a basket of bread along the wall. Far out, a white sail turned towards the land. "
    "The bell in the tower struck seven times. Two dogs chased each other around the empty market. "
    "An old woman opened her window and shook out a blanket. Slowly the streets filled with people and noise. "
    "The baker shouted the price of his rolls. By noon the fog had gone and the sea was blue. "
    "Nobody remembered the storm of the night before. Only the broken mast on the beach told of it. "
    "In the evening the lamps were lit again, and music came from the tavern beside the bridge."
)


@pytest.mark.models
def test_speech_longer_than_whispers_window_is_cut_between_words(recogniser, voice):
    spoken = b"".join(narrate(voice, LONG_TALE))
    assert len(spoken) > 35 * RATE_HZ * 2
    heard = re.findall(r"\w+", recogniser.transcribe(spoken, RATE_HZ).lower())
    said = re.findall(r"\w+", LONG_TALE.lower())
    same = sum(block.size for block in difflib.SequenceMatcher(None, said, heard, autojunk=False).get_matching_blocks())
    assert same >= 0.95 * len(said)
    assert len(heard) <= 1.05 * len(said)


@pytest.mark.models
def test_expected_words_help_to_spell_a_name(recogniser, voice):
    spoken = b"".join(narrate(voice, "Call Siobhan Kowalczyk please."))
    heard = recogniser.transcribe(spoken, RATE_HZ, vocabulary=["Siobhan Kowalczyk", "DGrid"])
    assert "Siobhan" in heard


@pytest.mark.models
def test_another_language_is_refused_and_not_guessed(recogniser):
    with pytest.raises(DeviceError, match="English only"):
        recogniser.transcribe(b"", RATE_HZ, "de-DE")
    for language in ("en", "en-GB", "EN_us", "auto", ""):
        assert recogniser.transcribe(b"", RATE_HZ, language) == ""
