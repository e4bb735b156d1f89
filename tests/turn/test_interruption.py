"""What speech over the agent means, by its length and its words."""

import pytest

from voiceloop.turn.interruption import TABLE, Interruptions, Length, Verdict, Words, words_in


@pytest.mark.parametrize(
    ("text", "tag", "words"),
    [
        ("Mm-hmm.", "en", Words.BACKCHANNEL),
        ("Yeah, okay.", "en", Words.BACKCHANNEL),
        ("I see.", "en", Words.BACKCHANNEL),
        ("Thank you.", "en", Words.BACKCHANNEL),
        ("Stop!", "en", Words.STOP),
        ("No.", "en", Words.STOP),
        ("Wait, wait.", "en", Words.STOP),
        ("yeah but tomorrow", "en", Words.OTHER),
        ("what time is it", "en", Words.OTHER),
        ("  ", "en", Words.NOTHING),
        ("Genau.", "de", Words.BACKCHANNEL),
        ("Halt!", "de", Words.STOP),
        ("d'accord", "fr", Words.BACKCHANNEL),
        ("arrête", "fr", Words.STOP),
        ("vale", "es", Words.BACKCHANNEL),
        ("嗯", "zh", Words.BACKCHANNEL),
        ("停", "zh", Words.STOP),
        ("stop", "auto", Words.STOP),
        ("Ha ha ha!", "de", Words.BACKCHANNEL),
        ("okay", "tlh", Words.BACKCHANNEL),
    ],
)
def test_words_are_judged_in_their_language(text, tag, words):
    assert words_in(text, tag) is words


@pytest.mark.parametrize(
    ("spoken_s", "length"), [(0.15, Length.COUGH), (0.3, Length.SHORT), (0.59, Length.SHORT), (0.6, Length.LONG)]
)
def test_lengths(spoken_s, length):
    assert Interruptions().length(spoken_s) is length


def test_where_words_never_come_short_speech_is_a_cough():
    by_length = Interruptions(by_words=False)
    assert [by_length.length(spoken_s) for spoken_s in (0.3, 0.59, 0.6)] == [Length.COUGH, Length.COUGH, Length.LONG]


def test_speech_that_is_known_not_to_be_long_is_short_or_a_cough():
    assert Interruptions().length(0.9, Length.SHORT) is Length.SHORT
    assert Interruptions(by_words=False).length(0.9, Length.SHORT) is Length.COUGH


def test_only_words_that_show_that_somebody_listens_take_long_speech_back():
    stopping = {words for words in Words if TABLE[words][Length.LONG] is Verdict.STOP}
    assert stopping == {Words.STOP, Words.OTHER, Words.NOTHING}


def test_a_word_to_stop_stops_however_short():
    assert set(TABLE[Words.STOP].values()) == {Verdict.STOP}


def test_words_that_recognition_makes_of_a_cough_do_not_stop_the_agent():
    assert TABLE[Words.OTHER][Length.COUGH] is Verdict.GO_ON
