"""Questions to a chat model, on real sockets."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from voiceloop.chatmodel import ChatModel
from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import RefusedError, UnreachableError
from voiceloop.settings import AgentSettings, BackendSettings, HistorySettings, ModelSettings, Settings, TierSettings
from voiceloop.summarise import backend_chat
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

CHAT = "POST /v1/chat/completions"
MODELS = "GET /v1/models"
KEY = "sk-chat-0123456789abcdef"  # pragma: allowlist secret


def answer(text, stop="stop"):
    return RestAnswer({"id": "c", "choices": [{"index": 0, "message": {"content": text}, "finish_reason": stop}]})


def settings(rest, **agent):
    backend = BackendSettings(base_url=rest.base_url, api_key=SecretStr(KEY))
    return Settings(backend=backend, agent=AgentSettings(**agent))


@pytest.mark.parametrize(
    ("agent", "model"),
    [
        ({"models": ModelSettings(chat="talker")}, "talker"),
        ({"models": ModelSettings(chat="talker"), "history": HistorySettings(summary_model="cheap")}, "cheap"),
    ],
)
async def test_the_model_that_settings_name_is_asked(agent, model):
    async with ScriptedRest({CHAT: [answer("In short.")]}) as rest:
        assert await backend_chat(settings(rest, **agent))("the task", "the question") == "In short."
    (heard,) = rest.heard
    assert heard.json["model"] == model
    assert heard.json["messages"] == [
        {"role": "system", "content": "the task"},
        {"role": "user", "content": "the question"},
    ]
    assert heard.headers["authorization"] == f"Bearer {KEY}"


async def test_else_the_best_of_those_the_backend_lists_is_asked():
    best = preferences().roles["chat"].first
    listed = RestAnswer({"data": [{"id": "whisper-1"}, {"id": best}]})
    async with ScriptedRest({MODELS: [listed], CHAT: [answer("In short.")]}) as rest:
        assert await ChatModel(settings(rest))("task", "question") == "In short."
    assert rest.heard[-1].json["model"] == best


@pytest.mark.parametrize(("stop", "error"), [("content_filter", UnreachableError), ("tool_calls", UnreachableError)])
async def test_half_an_answer_is_none(stop, error):
    async with ScriptedRest({CHAT: [answer("I cannot", stop)]}) as rest:
        with pytest.raises(error, match="did not write its answer to the end"):
            await ChatModel(settings(rest, models=ModelSettings(chat="m")))("task", "question")


async def test_a_refusal_names_no_key():
    refused = RestAnswer({"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}, 401)
    async with ScriptedRest({CHAT: [refused]}) as rest:
        with pytest.raises(RefusedError) as raised:
            await ChatModel(settings(rest, models=ModelSettings(chat="m")))("task", "question")
    assert KEY not in str(raised.value)


async def test_without_a_backend_nobody_is_asked():
    with pytest.raises(UnreachableError, match="set DGRID_BASE_URL"):
        await ChatModel(Settings())("task", "question")


@pytest.mark.parametrize(("engine", "asked"), [("rest", True), ("realtime", False)])
async def test_a_model_that_answers_the_user_sums_up_too_and_else_only_one_that_can(engine, asked):
    listed = RestAnswer({"data": [{"id": "voiceloop-chat", "owned_by": "voiceloop"}]})
    async with ScriptedRest({MODELS: [listed], CHAT: [answer("In short.")]}) as rest:
        model = ChatModel(settings(rest).model_copy(update={"tiers": TierSettings(engine=engine)}))
        if asked:
            assert await model("task", "question") == "In short."
        else:
            with pytest.raises(UnreachableError):
                await model("task", "question")
