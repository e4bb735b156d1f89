"""How much silence ends a turn, by what was said."""

import pytest

from voiceloop.languages.shelf import language_for
from voiceloop.settings import TurnSettings
from voiceloop.turn.endpointing import LONGEST_MS, Ending, Endpointing, ending_of, ending_with
from voiceloop.vocabulary import FlowTimes

COMPLETE, OPEN, NUMBER, UNFINISHED = Ending.COMPLETE, Ending.OPEN, Ending.NUMBER, Ending.UNFINISHED


@pytest.mark.parametrize(
    ("tag", "text", "ending"),
    [
        ("en", "What time is it?", COMPLETE),
        ("en", "Turn the lights off.", COMPLETE),
        ("en", "turn the lights off", OPEN),
        ("en", "yes please", COMPLETE),
        ("en", "No.", COMPLETE),
        ("en", "stop", COMPLETE),
        ("en", "What is it for?", OPEN),
        ("en", "Can you?", OPEN),
        ("en", "When is the next train?", COMPLETE),
        ("en", "if this is right.", UNFINISHED),
        ("en", "If it rains, take the bus.", COMPLETE),
        ("en", "After the tone say your name and press the star key.", COMPLETE),
        ("en", "At 10:30.", COMPLETE),
        ("en", "25.", COMPLETE),
        ("en", "It is order 4271.", NUMBER),
        ("en", "I would like a table for", UNFINISHED),
        ("en", "I would like a table for.", UNFINISHED),
        ("en", "I would like...", UNFINISHED),
        ("en", "I would like…", UNFINISHED),
        ("en", "On Monday,", UNFINISHED),
        ("en", "I would like um", UNFINISHED),
        ("en", "I would like ummm.", UNFINISHED),
        ("en", "let me think", UNFINISHED),
        ("en", "my number is 555 12", NUMBER),
        ("en", "My number is 5, 5, 5.", NUMBER),
        ("en", "my number is five oh five", NUMBER),
        ("en", "At 5.", COMPLETE),
        ("en", "at five", OPEN),
        ("en", "", OPEN),
        ("de", "Wie spät ist es?", COMPLETE),
        ("de", "ich hätte gern ein", UNFINISHED),
        ("de", "ähm", UNFINISHED),
        ("de", "null eins sieben", NUMBER),
        ("de", "ja", COMPLETE),
        ("es", "quiero una mesa para", UNFINISHED),
        ("es", "uno dos tres", NUMBER),
        ("fr", "je voudrais du", UNFINISHED),
        ("fr", "zéro six douze", OPEN),
        ("fr", "zéro six", NUMBER),
        ("ar", "أريد أن أذهب إلى", UNFINISHED),
        ("ar", "كم الساعة؟", COMPLETE),
        ("zh", "现在几点？", COMPLETE),
        ("zh", "我想要一个，", UNFINISHED),
        ("zh", "电话是一三八", NUMBER),
        ("zh", "然后", UNFINISHED),
    ],
)
def test_the_last_words_tell_whether_more_is_to_come(tag, text, ending):
    assert ending_of(text, language_for(tag)) is ending


def test_a_language_without_a_pattern_for_hesitation_has_none():
    plain = language_for("en")
    bare = type(plain)(
        **{name: getattr(plain, name) for name in plain.__struct_fields__ if name != "heard"},
        heard=type(plain.heard)(),
    )
    assert ending_of("I would ummm", bare) is OPEN


@pytest.mark.parametrize(
    ("sound", "words", "ending"),
    [
        (None, None, OPEN),
        (0.6, None, COMPLETE),
        (0.4, None, OPEN),
        (None, COMPLETE, COMPLETE),
        (0.3, COMPLETE, OPEN),
        (0.6, OPEN, COMPLETE),
        (0.5, OPEN, OPEN),
        (0.9, UNFINISHED, UNFINISHED),
        (0.9, NUMBER, NUMBER),
    ],
)
def test_voice_and_words_are_put_together(sound, words, ending):
    assert ending_with(sound, words) is ending


def endpointing(*, sound=None, agent_speaks=lambda: None, language="en", **turn):
    return Endpointing(
        TurnSettings(**turn), language=language, agent_speaks=agent_speaks, model=lambda pcm, rate_hz: sound
    )


@pytest.mark.parametrize(("words_come", "silence_ms"), [(False, 500), (True, 1400)])
def test_where_nothing_is_known_the_usual_silence_ends_a_turn_unless_words_are_on_their_way(words_come, silence_ms):
    turn = Endpointing(TurnSettings(), words_come=words_come)
    turn.sounded(b"", 8000)
    assert turn.silence_ms == silence_ms


@pytest.mark.parametrize(
    ("text", "silence_ms"),
    [
        ("What time is it?", 400),
        ("what time is it", 1400),
        ("my number is 555", 2000),
        ("what time is the", 2650),
        ("", 1400),
    ],
)
def test_words_make_the_silence_shorter_or_longer(text, silence_ms):
    turn = endpointing()
    turn.said(text)
    assert turn.silence_ms == silence_ms


def test_who_goes_on_speaking_begins_anew():
    turn = endpointing(sound=0.9)
    turn.sounded(b"", 8000)
    turn.said("What time is it?")
    turn.went_on()
    assert turn.silence_ms == 500


def test_patience_makes_every_silence_longer_but_none_endless():
    turn = endpointing(silence_ms=1500)
    turn.said("What time is it?")
    assert turn.silence_ms == 1200
    turn.said("what time is the")
    assert turn.silence_ms == LONGEST_MS
    assert endpointing(silence_ms=5000).silence_ms == 5000


def test_the_sound_is_there_before_the_words():
    turn = endpointing(sound=0.9)
    turn.sounded(b"", 8000)
    assert turn.silence_ms == 400
    turn.said("what time is the")
    assert turn.silence_ms == 2650


def test_a_fixed_silence_stays_what_it_is():
    turn = endpointing(ending="fixed", sound=0.9)
    turn.sounded(b"", 8000)
    turn.said("What time is it?")
    assert turn.silence_ms == 500


def test_while_the_agent_speaks_the_usual_silence_tells_a_cough():
    speaks = True
    turn = endpointing(agent_speaks=lambda: FlowTimes() if speaks else None)
    turn.said("what time is it")
    assert turn.silence_ms == 500
    speaks = False
    assert turn.silence_ms == 1400


def test_where_the_language_is_open_the_words_tell_it():
    turn = endpointing(language="auto")
    turn.said("ich hätte gern ein")
    assert turn.silence_ms == 2650
    turn.said("hmpf")
    assert turn.silence_ms == 1400
