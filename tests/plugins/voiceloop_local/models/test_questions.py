import pytest

from voiceloop_local.models.questions import direct_question


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Do you know what time it is?", "what time is it"),
        ("can you tell me what time it is in Tokyo", "what time is it in Tokyo"),
        ("tell me what day it is.", "what day is it"),
        ("I'd like to know where order 42 is", "where is order 42"),
        ("please check how many timers there are", "how many timers are there"),
        ("what day it is", "what day is it"),
    ],
)
def test_a_polite_question_is_turned_round(said, meant):
    assert direct_question(said) == meant


@pytest.mark.parametrize(
    "said", ["what time is it", "set a timer", "", "tell me a joke", "the time is now", "tell me what " * 99 + "it is"]
)
def test_other_sentences_are_left_alone(said):
    assert direct_question(said) is None
