"""Endpoints over real connections to a scripted server; the whole page is in test_doctor.py."""

from __future__ import annotations

import json

import pytest

from commandline.frontdoor import WELL
from voiceloop.commandline.doctor_report import State
from voiceloop.commandline.doctor_rest import check_rest, roles_of, unasked_rest
from voiceloop.commandline.doctor_services import Bounds
from voiceloop.engines.base import Seed
from voiceloop.settings import Settings
from voiceloop.testing.rest import RestAnswer, ScriptedRest
from voiceloop.vocabulary import ToolSpec

MODELS = {"realtime": "r", "transcription": "w", "chat": "c", "speech": "s"}
TOOL = ToolSpec("order_status", "Where an order is.", {"type": "object", "properties": {}})


def settings(base_url=None, **rest):
    return Settings.model_validate({"backend": {"base_url": base_url}, "rest": rest})


async def look(models=MODELS, *, tools=(), answers=None, **rest):
    script = {path: [answer] for path, answer in (WELL | (answers or {})).items()}
    async with ScriptedRest(script) as server:
        set_here = settings(server.base_url, **rest)
        tier = await check_rest(set_here, models, Seed("", tools, set_here.audio.wire), Bounds(slow_s=1e9))
    return tier, server.heard


@pytest.mark.real
async def test_each_endpoint_is_asked_once_with_its_model():
    tier, heard = await look(tools=(TOOL,))
    assert tier.usable
    assert sorted(request.path for request in heard) == sorted(path.split()[1] for path in WELL if "POST" in path)
    chat = next(request for request in heard if request.path.endswith("completions"))
    assert chat.json["model"] == "c"
    assert [tool["function"]["name"] for tool in chat.json["tools"]] == ["order_status"]


@pytest.mark.real
async def test_a_role_without_a_model_is_not_asked():
    tier, heard = await look({**MODELS, "speech": ""})
    assert [check.state for check in tier.checks] == [State.OK, State.OK, State.NOT_OFFERED]
    assert tier.checks[2].fix == "name one: VOICELOOP_AGENT__MODELS__SPEECH=ID"
    assert len(heard) == 2


@pytest.mark.real
async def test_a_chat_model_that_listens_takes_two_requests():
    tier, heard = await look(listener="chat")
    assert [check.what for check in tier.checks] == ["chat", "speech"]
    assert "input_audio" in json.dumps(next(r.json for r in heard if r.path.endswith("completions")))


@pytest.mark.real
async def test_a_model_that_takes_no_tools_is_found_before_a_conversation_is():
    refusal = RestAnswer({"error": {"message": "c does not support tools"}}, 400)
    tier, _ = await look(tools=(TOOL,), answers={"POST /v1/chat/completions": refusal})
    assert (tier.checks[1].state, tier.exit_status) == (State.REFUSED, 4)
    assert "does not support tools" in tier.checks[1].detail


async def test_without_a_backend_there_is_nobody_to_ask():
    set_here = settings()
    tier = await check_rest(set_here, MODELS, Seed("", (), set_here.audio.wire), Bounds())
    assert (tier.checks[0].what, tier.exit_status) == ("REST", 3)


def test_what_is_known_before_anything_is_asked():
    assert roles_of(settings()) == ("transcription", "chat", "speech")
    assert roles_of(settings(listener="chat")) == ("chat", "speech")
    tier = unasked_rest(settings(chat_dialect="completions"), MODELS)
    assert (tier.model, tier.voice, tier.carries_tools, tier.carries_pictures) == ("c", "alloy", False, False)
    assert unasked_rest(settings(), MODELS).carries_tools
