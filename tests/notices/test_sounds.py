"""Notices in every language: recorded where there is a recording, a sound elsewhere."""

from importlib import resources

import numpy as np
import pytest

from voiceloop.languages.shelf import known_languages, language_for
from voiceloop.notices.earcons import EARCONS, earcon
from voiceloop.notices.policy import LONGEST_S
from voiceloop.notices.sounds import SENTENCES, sound, words
from voiceloop.vocabulary import Notice

RECORDINGS = resources.files("voiceloop.notices").joinpath("recordings")
each_sentence = pytest.mark.parametrize(
    ("tag", "name"), [(tag, name) for tag in known_languages() for name in SENTENCES], ids=str
)


def seconds(pcm, rate_hz):
    return len(pcm) / 2 / rate_hz


def test_a_notice_is_a_sound_or_a_sentence():
    assert set(Notice) == set(EARCONS) | set(SENTENCES)
    assert not set(EARCONS) & set(SENTENCES)


@each_sentence
def test_every_language_has_every_sentence_in_words_and_recorded(tag, name):
    assert words(name, tag) == getattr(language_for(tag).said, name)
    pcm = sound(name, tag, 16_000)
    assert 0.5 < seconds(pcm, 16_000) <= LONGEST_S
    level = np.abs(np.frombuffer(pcm, np.int16)).max() / 32768
    assert 0.3 < level < 0.7


def test_no_recording_is_large_and_none_is_without_a_sentence():
    files = {file.name: len(file.read_bytes()) for file in RECORDINGS.iterdir()}
    assert files.keys() == {f"{tag}-{name}.adpcm" for tag in known_languages() for name in SENTENCES}
    assert max(files.values()) < 60_000


@each_sentence
def test_a_recording_begins_and_ends_softly(tag, name):
    sound_16 = np.frombuffer(sound(name, tag, 16_000), np.int16)
    assert max(abs(int(sound_16[0])), abs(int(sound_16[-1]))) < 400


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
def test_a_recording_is_as_long_at_every_rate(rate_hz):
    spoken = seconds(sound(Notice.LOST, "en", 16_000), 16_000)
    assert seconds(sound(Notice.LOST, "en", rate_hz), rate_hz) == pytest.approx(spoken, abs=0.01)


def test_a_region_is_looked_past():
    assert sound(Notice.MOMENT, "de-AT", 16_000) == sound(Notice.MOMENT, "de", 16_000)
    assert words(Notice.MOMENT, "de-AT") == "Einen Moment, bitte."


def test_who_names_no_language_hears_english():
    assert sound(Notice.MOMENT, "auto", 16_000) == sound(Notice.MOMENT, "en", 16_000)
    assert words(Notice.MOMENT, "auto") == "One moment, please."


@pytest.mark.parametrize(
    ("sentence", "instead"),
    [
        (Notice.POOR, Notice.DOWN),
        (Notice.LOST, Notice.DOWN),
        (Notice.UNAVAILABLE, Notice.DOWN),
        (Notice.MOMENT, Notice.TICK),
    ],
)
def test_a_language_without_recordings_gets_sounds_and_no_words(sentence, instead):
    assert sound(sentence, "fi", 24_000) == earcon(instead, 24_000)
    assert words(sentence, "fi") == ""


def test_a_sound_has_no_words():
    assert words(Notice.DOWN, "en") == ""
    assert sound(Notice.DOWN, "en", 24_000) == earcon(Notice.DOWN, 24_000)
