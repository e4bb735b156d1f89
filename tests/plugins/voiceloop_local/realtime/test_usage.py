from __future__ import annotations

import pytest

from voiceloop_local.realtime.items import Part, StoredItem
from voiceloop_local.realtime.usage import Spent, rate_limits, spent_on, text_tokens, transcription_usage, usage_of


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("fours", 2)])
def test_four_characters_are_a_token(text, tokens):
    assert text_tokens(text) == tokens


def test_audio_costs_by_its_length_and_by_who_spoke():
    second = bytearray(48_000)
    user = StoredItem("u", "message", role="user", parts=[Part("audio", "word", second)])
    reply = StoredItem("a", "message", role="assistant", parts=[Part("audio", "word", bytearray(second))])
    call = StoredItem("c", "function_call", role="assistant", name="tool", arguments="{}  ")
    assert spent_on([user]) == Spent(text=1, audio=10)
    assert spent_on([reply]) == Spent(text=1, audio=20)
    assert spent_on([user, reply, call]) == Spent(text=4, audio=30)


def test_cached_tokens_are_whole_blocks_of_the_input():
    usage = usage_of(Spent(100, 60), Spent(5, 7), 150, ga=True)
    assert usage["total_tokens"] == 172
    assert usage["input_token_details"] == {
        "text_tokens": 100,
        "audio_tokens": 60,
        "cached_tokens": 128,
        "image_tokens": 0,
        "cached_tokens_details": {"text_tokens": 100, "audio_tokens": 28, "image_tokens": 0},
    }
    beta = usage_of(Spent(100, 60), Spent(5, 7), 1000, ga=False)
    assert beta["input_token_details"] == {"text_tokens": 100, "audio_tokens": 60, "cached_tokens": 128}
    assert beta["output_token_details"] == {"text_tokens": 5, "audio_tokens": 7}


def test_recognition_is_counted_in_seconds():
    assert transcription_usage(1234) == {"type": "duration", "seconds": 1.234}


def test_the_limit_shrinks_and_never_below_zero():
    [fresh], [spent] = rate_limits(0), rate_limits(2_000_000)
    assert (fresh["remaining"], fresh["reset_seconds"]) == (fresh["limit"], 0)
    assert (spent["remaining"], spent["reset_seconds"]) == (0, 120)
