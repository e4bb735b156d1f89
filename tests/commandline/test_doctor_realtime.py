"""One realtime session over a real socket, opened and looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voiceloop.commandline.doctor_realtime import check_realtime
from voiceloop.commandline.doctor_report import State
from voiceloop.commandline.doctor_services import Bounds
from voiceloop.engines.base import Seed
from voiceloop.settings import Settings
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.script import Close, Fail, Quirks, Stall
from voiceloop.vocabulary import Tier

pytestmark = pytest.mark.real

KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret
PATIENT = Bounds(slow_s=1e9)


async def look(gateway, bounds=PATIENT, voice=None, **realtime):
    async with ScriptedServer(gateway) as url:
        settings = Settings.model_validate(
            {
                "backend": {"base_url": url.replace("ws", "http").removesuffix("/v1/realtime"), "api_key": KEY},
                "agent": {"voice": voice},
                "realtime": {"model": "gpt-realtime", **realtime},
            }
        )
        seed = Seed("Be brief.", (), settings.audio.wire, voice=voice)
        found = await check_realtime(settings, seed, bounds)
    (check,) = found.checks
    assert KEY not in check.detail + check.fix
    return found, check


async def test_a_session_is_told_everything_and_asked_nothing():
    gateway = ScriptedGateway(key=KEY)
    found, check = await look(gateway, voice="cedar")
    assert (found.tier, found.model, found.voice, check.state) == (Tier.REALTIME, "gpt-realtime", "cedar", State.OK)
    assert gateway.got("session.update")
    assert gateway.got("response.create") == []
    assert gateway.connection.closed == (1000, "")


async def test_the_dialect_is_the_one_the_server_speaks():
    _, check = await look(ScriptedGateway(quirks=Quirks(accepts=("ga",))), dialect="auto")
    assert "dialect ga" in check.detail


async def test_a_voice_that_the_server_does_not_have():
    gateway = ScriptedGateway()
    gateway.when("session.update", Fail("invalid_value", "no such voice", param="session.audio.output.voice"))
    found, check = await look(gateway, voice="nobody")
    assert check.state is State.DEGRADED
    assert (
        check.fix == f"it speaks in voice {found.voice} and not nobody: name one that it has in [agent.voice] realtime"
    )


async def test_settings_that_are_never_confirmed():
    _, check = await look(ScriptedGateway(quirks=Quirks(confirms_updates=False)), configure_timeout_s=0.2)
    assert check.state in {State.DEGRADED, State.FAILED}
    assert "session.updated" not in check.detail


async def test_a_transcription_model_that_is_refused():
    gateway = ScriptedGateway()
    gateway.when(
        "session.update",
        Fail("invalid_value", "no such model", param="session.audio.input.transcription"),
    )
    _, check = await look(gateway, transcription_model="nobody")
    assert check.state is State.DEGRADED
    assert "no words of the user" in check.detail
    assert check.fix.endswith("VOICELOOP_REALTIME__TRANSCRIPTION_MODEL")


async def test_a_server_that_closes_says_how_far_it_came():
    gateway = ScriptedGateway()
    gateway.when("session.update", Fail("insufficient_quota", "You exceeded your current quota."), Close(1008, "bye"))
    _, check = await look(gateway)
    assert (check.state, check.exit_status) == (State.REFUSED, 4)
    assert "(websocket 0." in check.detail


async def test_a_server_that_falls_silent_is_waited_for_so_long():
    gateway = ScriptedGateway(quirks=Quirks(before_greeting=(Stall(),)))
    _, check = await look(gateway, replace(PATIENT, open_s=0.2))
    assert (check.state, check.detail) == (State.FAILED, "no answer within 0.2 s")


async def test_a_proxy_of_no_use_is_a_setting(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy")
    monkeypatch.setenv("https_proxy", "ftp://proxy")
    settings = Settings.model_validate({"backend": {"base_url": "https://models.example"}})
    found = await check_realtime(settings, Seed("", (), settings.audio.wire), PATIENT)
    assert found.exit_status == 3
