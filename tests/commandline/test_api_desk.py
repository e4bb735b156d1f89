from __future__ import annotations

import pytest

from voiceloop.commandline.api_desk import shaped
from voiceloop.dgrid.chat_request import ChatRequest, UserMessage
from voiceloop.dgrid.speech_request import SpeechRequest
from voiceloop.errors import UsageError
from voiceloop.testing.rest import RestAnswer

ANSWER = RestAnswer({"choices": [{"index": 0, "message": {"content": "Hello."}, "finish_reason": "stop"}]})
CHAT = "POST /v1/chat/completions"


def lists(*ids):
    return RestAnswer({"object": "list", "data": [{"id": name} for name in ids]})


def test_what_was_not_given_is_left_to_the_server():
    asked = shaped(ChatRequest, model="m", messages=(UserMessage(content="hi"),), temperature=None)
    assert "temperature" not in asked.to_json()


def test_a_value_that_no_server_takes_is_named_with_its_option():
    with pytest.raises(UsageError, match=r"^--max-tokens: Input should be greater than or equal to 1$"):
        shaped(ChatRequest, model="m", messages=(UserMessage(content="hi"),), max_tokens=0)


def test_what_a_request_says_of_itself_is_said():
    with pytest.raises(UsageError, match=r"^5000 characters are more than the 4096"):
        shaped(SpeechRequest, model="m", input="a" * 5000, voice="alloy")


@pytest.mark.real
def test_the_best_of_the_list_is_taken_and_how_to_pin_it_told(api, serving):
    with serving({"GET /v1/models": [lists("tts-1", "gpt-4o", "openai/gpt-5.4")], CHAT: [ANSWER]}) as rest:
        status, out, err = api(rest, "chat", "hi")
    assert (status, out) == (0, "Hello.\n")
    assert err == (
        "Model openai/gpt-5.4, chosen of 2 that fit; pin it: --model openai/gpt-5.4"
        " or VOICELOOP_AGENT__MODELS__CHAT=openai/gpt-5.4\n"
    )
    assert rest.heard[1].json["model"] == "openai/gpt-5.4"


@pytest.mark.real
def test_a_dialect_is_spoken_with_a_model_of_its_vendor_where_there_is_one(api, serving):
    claude = RestAnswer({"type": "message", "content": [{"type": "text", "text": "Yes."}], "stop_reason": "end_turn"})
    listed = lists("openai/gpt-5.4", "anthropic/claude-sonnet-4-6")
    with serving({"GET /v1/models": [listed], "POST /v1/messages": [claude]}) as rest:
        assert api(rest, "chat", "hi", "--dialect", "claude")[:2] == (0, "Yes.\n")
    assert rest.heard[1].json["model"] == "anthropic/claude-sonnet-4-6"


@pytest.mark.real
def test_a_server_without_a_list_is_tried_with_the_first_preference(api, serving):
    with serving({CHAT: [ANSWER]}) as rest:
        status, _, err = api(rest, "chat", "hi")
    assert status == 0
    assert "has no list of models" in err
    assert rest.heard[1].json["model"] == "openai/gpt-5.4"


@pytest.mark.real
def test_a_list_without_a_model_for_it_is_an_error_that_says_so(api, serving):
    with serving({"GET /v1/models": [lists("tts-1")]}) as rest:
        status, out, err = api(rest, "chat", "hi")
    assert (status, out, err.count("\n")) == (5, "", 1)
    assert "none for the role chat" in err
