from __future__ import annotations

import pytest

from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.dialects.gemini_json import camel, first_candidate, parts_of, path, stop_of, usage, why_blocked
from voiceloop.vocabulary import Usage


@pytest.mark.parametrize(
    ("model", "where"),
    [
        ("gemini-1.5-pro", "/v1/models/gemini-1.5-pro:x"),
        ("google/gemini-1.5-pro", "/v1/models/google/gemini-1.5-pro:x"),
        ("gemma:7b", "/v1/models/gemma:7b:x"),
        ("a b?c#d%2Fü", "/v1/models/a%20b%3Fc%23d%252F%C3%BC:x"),
    ],
)
def test_where_a_model_is_asked(model, where):
    assert path(model, "x") == where


def test_both_spellings_are_read_and_what_is_inside_keeps_its_own():
    assert camel({"finish_reason": 1, "usageMetadata": 2, "args": {"order_id": 3}}) == {
        "finishReason": 1,
        "usageMetadata": 2,
        "args": {"order_id": 3},
    }
    assert camel(None) == camel([1]) == {}


def test_the_candidate_that_was_asked_for():
    assert first_candidate({"candidates": [None, {"index": 1}, {"index": 0, "content": 7}]})["content"] == 7
    assert first_candidate({"candidates": []}) == first_candidate({"candidates": {}}) == {}


@pytest.mark.parametrize("content", [None, {}, {"parts": None}, {"parts": []}, "text"])
def test_a_candidate_without_parts(content):
    assert list(parts_of({"content": content})) == []


@pytest.mark.parametrize(
    ("told", "stop"),
    [
        ("STOP", Stop.END),
        ("stop", Stop.END),
        ("MAX_TOKENS", Stop.LENGTH),
        ("SAFETY", Stop.FILTERED),
        ("RECITATION", Stop.FILTERED),
        ("BLOCKLIST", Stop.FILTERED),
        ("PROHIBITED_CONTENT", Stop.FILTERED),
        ("SPII", Stop.FILTERED),
        ("IMAGE_SAFETY", Stop.FILTERED),
        ("LANGUAGE", Stop.OTHER),
        ("MALFORMED_FUNCTION_CALL", Stop.OTHER),
        ("UNEXPECTED_TOOL_CALL", Stop.OTHER),
        ("NO_IMAGE", Stop.OTHER),
        ("A_NEW_ONE", Stop.OTHER),
        ("FINISH_REASON_UNSPECIFIED", None),
        ("", None),
        (None, None),
    ],
)
def test_why_an_answer_ended(told, stop):
    assert stop_of({"finishReason": told}) is stop


def test_a_question_may_be_blocked():
    assert why_blocked({"promptFeedback": {"block_reason": "SAFETY"}}) == "SAFETY"
    assert why_blocked({"promptFeedback": {"safetyRatings": []}}) == why_blocked({}) == ""


def test_tokens():
    assert usage({}) is None
    assert usage(
        {
            "usageMetadata": {
                "promptTokenCount": 10,
                "toolUsePromptTokenCount": 1,
                "cachedContentTokenCount": 4,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 7,
                "totalTokenCount": 23,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2}, {"modality": "AUDIO", "tokenCount": 8}],
                "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}, {"tokenCount": 1}, 7],
            }
        }
    ) == Usage(
        input_tokens=11,
        output_tokens=12,
        cached_tokens=4,
        audio_input_tokens=8,
        audio_output_tokens=5,
        details={
            "total_tokens": 23,
            "input_text_tokens": 2,
            "input_audio_tokens": 8,
            "input_cached_tokens": 4,
            "output_audio_tokens": 5,
            "output_reasoning_tokens": 7,
        },
    )


@pytest.mark.parametrize(
    ("told", "count"), [("12", 12), (12, 12), (12.0, 12), ("-1", 0), ("x", 0), (None, 0), ("9" * 5000, 0), ("²", 0)]
)
def test_counts_may_be_texts(told, count):
    found = usage({"usageMetadata": {"prompt_token_count": told}})
    assert found.input_tokens == count
