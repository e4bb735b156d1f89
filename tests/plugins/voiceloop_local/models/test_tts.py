import shutil
import sys

import numpy as np
import pytest

from voiceloop.errors import DeviceError
from voiceloop_local.models import tts
from voiceloop_local.models.tts import EspeakVoice, HibariVoice, levelled, narrate, open_voice, trimmed

RATE_HZ = 24_000


class Tone:
    """A voice that hums every clause for a second, with silence around it."""

    name, gain = "tone", 1.0

    def __init__(self):
        self.asked = []

    def synthesise(self, text):
        self.asked.append(text)
        if text == "mute":
            return np.zeros(RATE_HZ, np.float32)
        hum = (np.sin(np.arange(RATE_HZ) / 10) * np.hanning(RATE_HZ) * 0.5).astype(np.float32)
        return np.concatenate([np.zeros(8_000, np.float32), hum, np.zeros(9_000, np.float32)])


def samples(pcm):
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32767


def rms_dbfs(wave):
    frames = wave[: len(wave) // 480 * 480].reshape(-1, 480)
    levels = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return 10 * np.log10(np.mean(10 ** (levels[levels > -45] / 10)))


def test_a_text_becomes_a_chunk_for_each_sentence_without_dead_air():
    voice = Tone()
    chunks = [samples(chunk) for chunk in narrate(voice, "It is *noon*. Bye!")]
    assert voice.asked == ["It is noon.", "Bye!"]
    assert all(1.2 < len(chunk) / RATE_HZ < 1.4 for chunk in chunks)


def test_a_pause_is_room_tone_and_no_digital_silence():
    [chunk] = narrate(Tone(), "One.")
    pause = samples(chunk)[-int(0.1 * RATE_HZ) :]
    assert -75 < 10 * np.log10(np.mean(pause**2)) < -69
    longest = np.diff(np.flatnonzero(samples(chunk))).max()
    assert longest < RATE_HZ // 1000
    assert [chunk] == list(narrate(Tone(), "One."))


def test_joins_do_not_click():
    for chunk in narrate(Tone(), "One. Two."):
        wave = samples(chunk)
        assert abs(wave[0]) < 0.001
        assert abs(wave[-1]) < 0.001
        assert np.abs(np.diff(wave)).max() < 0.06


def test_a_clause_without_sound_and_a_text_without_words_bring_nothing():
    assert list(narrate(Tone(), "mute")) == []
    assert list(narrate(Tone(), "\U0001f600 --- !")) == []


def test_silence_is_trimmed_to_nothing():
    assert len(trimmed(np.zeros(100, np.float32))) == 0
    assert len(trimmed(np.zeros(0, np.float32))) == 0


def test_loud_peaks_are_bent_and_not_clipped():
    wave = np.linspace(-1, 1, 1001, dtype=np.float32)
    louder = levelled(wave, 2.0)
    assert np.abs(louder).max() < 1.0
    assert np.all(np.diff(louder) >= 0)
    np.testing.assert_allclose(louder[400:601], wave[400:601] * 2.0)


def test_without_hibari_espeak_speaks_and_without_both_the_fix_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "hibari", None)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/espeak-ng")
    assert open_voice().name == "espeak-ng"
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(DeviceError, match=r"hibari; install it with: pip install 'voiceloop\[local\]'"):
        open_voice()
    with pytest.raises(DeviceError, match="needs a voice"):
        EspeakVoice()


@pytest.mark.real
def test_an_espeak_that_fails_is_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/false")
    with pytest.raises(DeviceError, match="espeak-ng does not speak"):
        EspeakVoice().synthesise("hello")


@pytest.mark.real
@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed: apt install espeak-ng")
def test_espeak_speaks_at_a_sane_level():
    wave = samples(b"".join(narrate(EspeakVoice(), "Your timer for five minutes is set.")))
    assert 1.0 < len(wave) / RATE_HZ < 4.0
    assert -24 < rms_dbfs(wave) < -16


@pytest.mark.models
def test_hibari_speaks_at_a_sane_level_and_always_the_same():
    voice = HibariVoice()
    text = "Your timer for five minutes is set. The quick brown fox jumps over the lazy dog."
    spoken = list(narrate(voice, text))
    assert len(spoken) == 2
    assert -22 < rms_dbfs(samples(b"".join(spoken))) < -18
    assert spoken == list(narrate(voice, text))
    assert np.abs(samples(spoken[0])).max() < 1.0


@pytest.mark.models
def test_a_voice_file_that_differs_is_refused(monkeypatch):
    monkeypatch.setattr(tts, "pinned", lambda _: {"assets/hibari.onnx": "0" * 64})
    with pytest.raises(DeviceError, match=r"hibari\.onnx is not the one"):
        HibariVoice()
