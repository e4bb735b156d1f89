from __future__ import annotations

from voiceloop.testing.script import Reply, Spoken
from voiceloop.testing.service_voice import Sound, Voice


def test_a_sentence_takes_its_words_part_of_the_message():
    voice = Voice()
    voice.wrote(Reply((Spoken("One two three. And four.", 5000),), pace=1.5, delta_ms=40))
    assert voice.of("One two three.") == Sound(3000, 1.5, 40)
    assert voice.of("and four") == Sound(2000, 1.5, 40)


def test_what_no_reply_says_takes_300_ms_a_word():
    voice = Voice()
    voice.wrote(Reply((Spoken("One two three.", 5000),)))
    assert voice.of("Let me see.") == Sound(900)
    assert voice.of("two three four") == Sound(900)
    assert voice.of("...") == Sound(300)


def test_the_newest_reply_with_these_words_counts_and_a_silent_one_does_not():
    voice = Voice()
    for audio_ms in (1000, 2000, 0):
        voice.wrote(Reply((Spoken("Well.", audio_ms),)))
    assert voice.of("Well.") == Sound(2000)
