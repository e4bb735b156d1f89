"""The services of one agent over real connections to a scripted server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from voiceloop.engines.services.rest_services import rest_services
from voiceloop.engines.services.seams import Question
from voiceloop.errors import MisuseError, RefusedError, SettingsError, UnreachableError
from voiceloop.settings import Settings
from voiceloop.testing.rest import RestAnswer, ScriptedRest
from voiceloop.vocabulary import UserTurn

pytestmark = pytest.mark.real

MODELS = {"data": [{"id": name} for name in ("whisper-1", "gpt-4o", "tts-1", "text-embedding-3-small")]}
HELLO = Question("Be brief.", [UserTurn("t1", "Hello!")])


def settings(rest, *, key="sk-test", models=None, voice=None, **more):  # pragma: allowlist secret
    backend = {"base_url": rest.base_url, "api_key": key}
    agent = {"models": models or {}, "voice": voice, "language": "de", "vocabulary": ("Zyxo",)}
    return Settings.model_validate({"backend": backend, "agent": agent, "rest": more})


def script(*models):
    return ScriptedRest(
        {
            "GET /v1/models": models,
            "POST /v1/audio/transcriptions": [RestAnswer({"text": "Hallo!"})],
            "POST /v1/chat/completions": [
                RestAnswer({"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}], "usage": {}})
            ],
            "POST /v1/audio/speech": [RestAnswer(bytes(range(200)) * 4, headers={"Content-Type": "audio/pcm"})],
        }
    )


async def turn(services):
    """One turn through all three; nothing of it matters but what the server heard."""
    if services.transcribe is not None:
        await services.transcribe(bytes(32_000), 16_000)
    async with services.chat(HELLO) as deltas:
        assert [delta async for delta in deltas]
    async with services.speak("Hi.", 24_000) as chunks:
        assert [pcm async for pcm in chunks]


async def test_models_that_nobody_named_are_chosen_from_one_list():
    async with script(RestAnswer(MODELS)) as rest, rest_services(settings(rest, voice="nova")) as services:
        await turn(services)
    assert (services.model, services.transcription_model) == ("gpt-4o", "whisper-1")
    listed, heard, asked, said = rest.heard
    assert listed.path == "/v1/models"
    assert b"whisper-1" in heard.body
    assert b"Zyxo" in heard.body
    assert b"\r\nde\r\n" in heard.body
    assert asked.json["model"] == "gpt-4o"
    assert (said.json["model"], said.json["voice"]) == ("tts-1", "nova")
    assert {request.headers["authorization"] for request in rest.heard} == {"Bearer sk-test"}


async def test_a_turn_takes_one_connection_and_the_list_of_models_the_same():
    async with script(RestAnswer(MODELS)) as rest, rest_services(settings(rest)) as services:
        await turn(services)
        assert len({request.connection for request in rest.heard}) == 1


NAMED = {"transcription": "w", "chat": "c", "speech": "s"}
NO_LISTS = {
    "none": RestAnswer(status=404),
    "not for this key": RestAnswer({"error": {"message": "not yours"}}, 403),
    "a page": RestAnswer("<html></html>", headers={"Content-Type": "text/html"}),
}


@pytest.mark.parametrize("listed", [RestAnswer(MODELS), *NO_LISTS.values()], ids=["a list", *NO_LISTS])
async def test_a_connection_is_warm_before_anything_is_asked_and_a_server_without_a_list_is_none_the_worse(listed):
    async with script(listed) as rest, rest_services(settings(rest, models=NAMED)) as services:
        await services.warm()
        assert [request.path for request in rest.heard] == ["/v1/models"]
        await turn(services)
        assert len({request.connection for request in rest.heard}) == 1


async def test_warming_up_ends_with_the_services_and_fails_with_nothing():
    async with script(RestAnswer(silent=True, ends="never")) as rest, asyncio.TaskGroup() as group:
        async with rest_services(settings(rest, models=NAMED)) as services:
            group.create_task(services.warm())
            await rest.hears()
        await services.warm()


async def test_warming_up_makes_nothing_of_a_server_that_is_not_there(unused_tcp_port):
    away = SimpleNamespace(base_url=f"http://127.0.0.1:{unused_tcp_port}")
    async with rest_services(settings(away, models=NAMED)) as services:
        await services.warm()


async def test_models_that_were_chosen_are_not_looked_up_again():
    chosen = {}
    async with script(RestAnswer(MODELS)) as rest:
        async with rest_services(settings(rest), chosen=chosen):
            pass
        async with rest_services(settings(rest), chosen=chosen) as services:
            await turn(services)
    assert [request.path for request in rest.heard].count("/v1/models") == 1
    assert chosen == {"chat": "gpt-4o", "speech": "tts-1", "transcription": "whisper-1"}


async def test_a_voice_may_have_another_name_at_this_tier():
    voice = {"realtime": "marin", "rest": "nova", "device": "amy"}
    async with script() as rest, rest_services(settings(rest, models=NAMED, voice=voice)) as services:
        await turn(services)
    assert rest.heard[-1].json["voice"] == "nova"


async def test_an_answer_may_be_limited():
    async with (
        script() as rest,
        rest_services(settings(rest, models=NAMED)) as services,
        services.chat(replace(HELLO, most_tokens=16)) as deltas,
    ):
        assert [delta async for delta in deltas]
    assert rest.heard[0].json["max_tokens"] == 16


async def test_models_that_are_named_are_taken_without_asking():
    named = {"transcription": "w", "chat": "c", "speech": "s"}
    async with script() as rest, rest_services(settings(rest, models=named)) as services:
        await turn(services)
    assert (services.model, services.transcription_model) == ("c", "w")
    assert "GET" not in {request.method for request in rest.heard}


async def test_a_chat_model_that_listens_needs_no_transcription():
    listed = {"data": [{"id": "gpt-4o"}, {"id": "tts-1"}]}
    async with script(RestAnswer(listed)) as rest, rest_services(settings(rest, listener="chat")) as services:
        await turn(services)
    assert services.transcribe is None
    assert services.transcription_model == ""


async def test_a_server_without_a_list_is_tried_with_what_is_preferred():
    async with script(RestAnswer(status=404)) as rest, rest_services(settings(rest)) as services:
        assert services.model
        assert services.transcription_model == "whisper-1"


async def test_a_conversation_may_be_in_another_language_than_the_agents():
    async with script(RestAnswer(MODELS)) as rest, rest_services(settings(rest), "fr") as services:
        await turn(services)
    assert b"\r\nfr\r\n" in rest.heard[1].body


async def test_services_may_be_closed_by_another_task_than_opened_them():
    async with script(RestAnswer(MODELS)) as rest:
        opened = rest_services(settings(rest))
        async with asyncio.TaskGroup() as group:
            services = await group.create_task(opened.__aenter__())
            await turn(services)
            await group.create_task(opened.__aexit__(None, None, None))
        with pytest.raises(MisuseError, match="not open"):
            await services.transcribe(bytes(32_000), 16_000)


@pytest.mark.parametrize(
    ("listed", "error", "why"),
    [
        (RestAnswer({"error": {"message": "bad key"}}, 401), RefusedError, "bad key"),
        (RestAnswer({"data": [{"id": "gpt-4o"}, {"id": "whisper-1"}]}), UnreachableError, "none for the role speech"),
    ],
)
async def test_a_server_that_is_of_no_use_is_told_when_the_services_are_opened(listed, error, why):
    async with script(listed) as rest:
        with pytest.raises(error, match=why):
            await rest_services(settings(rest)).__aenter__()


async def test_without_a_server_there_are_no_services():
    with pytest.raises(SettingsError, match="DGRID_BASE_URL"):
        await rest_services(Settings()).__aenter__()


PATHS = [
    ("openai", "/v1/chat/completions"),
    ("responses", "/v1/responses"),
    ("claude", "/v1/messages"),
    ("gemini", "/v1/models/c:streamGenerateContent?alt=sse"),
    ("completions", "/v1/completions"),
]


@pytest.mark.parametrize(("dialect", "path"), PATHS)
async def test_the_chat_model_is_asked_in_the_dialect_that_was_chosen(dialect, path):
    wanted = {"transcription": "w", "chat": "c", "speech": "s"}
    async with (
        ScriptedRest({}) as rest,
        rest_services(settings(rest, models=wanted, chat_dialect=dialect)) as services,
    ):
        with pytest.raises(RefusedError):
            await services.chat(HELLO).__aenter__()
    assert rest.heard[0].path == path
