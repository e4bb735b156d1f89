"""Conversations of web clients, on virtual time."""

from __future__ import annotations

import asyncio
import logging

import pytest

from voiceloop.agent import Agent
from voiceloop.caller import MAX_SOUND_BYTES, MAX_TEXT_BYTES
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.numbers import numbered, runs
from voiceloop.testing.script import Call, Close, Fail, Reply, Spoken
from voiceloop.tools.tool import tool
from webclient import WebClient, app_with


@tool
async def secret_of_the_house() -> str:
    """Tells the secret."""
    return "saffron"


def quiet(text):
    return Reply((Spoken(text, 0),))


@virtual_time
async def test_a_spoken_turn_is_answered_aloud():
    gateway = ScriptedGateway(Reply((Spoken("It is noon.", 800),)), listens=True, transcripts=["what time is it"])
    async with WebClient(app_with(Agent(), gateway)) as client:
        assert await client.hears_of("ready") == {"type": "ready", "rate": 24_000}
        for block in range(50):
            client.says(numbered(1 + 480 * block, 480))
            await asyncio.sleep(0.02)
        said = await client.hears_of("agent_said")
        client.commands("end")
        assert await client.is_closed() == (1000, "ended")
    assert (said["heard_ms"], said["interrupted"]) == (800, False)
    assert client.got("user_said")[0]["text"] == "what time is it"
    (run,) = runs(bytes(client.sound))
    assert run.samples == 800 * 24
    assert client.told[-1]["event"] == "session_ended"


@virtual_time
async def test_a_typed_turn_is_answered_and_typing_again_interrupts():
    gateway = ScriptedGateway(Reply((Spoken("A long story.", 5000),)), quiet("Yes."))
    async with WebClient(app_with(Agent(), gateway)) as client:
        client.commands("text", text="tell me a story")
        await client.hears_of("agent_speech_started")
        await asyncio.sleep(1.0)
        client.commands("text", text="enough, thanks")
        story = await client.hears_of("agent_said")
        flush = await client.hears_of("flush")
        await client.hears_of("agent_said", times=2)
    assert story["interrupted"] is True
    assert story["heard_ms"] == pytest.approx(1000, abs=60)
    assert flush["generation"] == 1
    (run,) = runs(bytes(client.sound))
    assert run.samples == pytest.approx(24 * story["heard_ms"], abs=480)


@virtual_time
async def test_an_interruption_is_cut_where_the_client_says_it_stopped_hearing():
    gateway = ScriptedGateway(Reply((Spoken("A long story.", 5000),)))
    async with WebClient(app_with(Agent(), gateway), "rate=8000") as client:
        await client.hears_of("ready")
        client.commands("played", sample=0)
        client.commands("text", text="tell me a story")
        await asyncio.sleep(1.0)
        assert client.got("agent_speech_started") == []
        client.commands("played", sample=speech_begins(client.sound) + 4000)
        await client.hears_of("agent_speech_started")
        client.commands("interrupt")
        story = await client.hears_of("agent_said")
    assert story["heard_ms"] == pytest.approx(500, abs=5)
    (cut,) = gateway.got("conversation.item.truncate")
    assert cut["audio_end_ms"] == story["heard_ms"]


@virtual_time
async def test_a_page_has_a_mute_button():
    async with WebClient(app_with(Agent(), ScriptedGateway())) as client:
        await client.hears_of("ready")
        client.commands("microphone", do="mute")
        assert (await client.hears_of("microphone"))["state"] == "muted"
        client.commands("microphone", do="shout")
        assert "error" in str(await client.hears_of("error"))


def speech_begins(sound):
    """Where sound that is not silence begins, in samples."""
    samples = memoryview(bytes(sound)).cast("h")
    return next(at for at, sample in enumerate(samples) if abs(sample) > 50)


@virtual_time
async def test_what_is_no_command_is_answered_and_changes_nothing():
    async with WebClient(app_with(Agent(), ScriptedGateway(quiet("Yes.")))) as client:
        await client.hears_of("ready")
        for text in ("", "{", "[]", '{"type":"sing"}', '{"type":"played","sample":"x"}', '{"type":"text"}', '"\ud800"'):
            client.writes(text)
        client.commands("text", text="are you there")
        await client.hears_of("agent_said")
        assert len(client.got("error")) == 7
        assert all(error["detail"] for error in client.got("error"))


@pytest.mark.parametrize("kind", ["sound", "text"])
@virtual_time
async def test_a_message_over_its_bound_ends_the_session(kind):
    async with WebClient(app_with(Agent(), ScriptedGateway())) as client:
        await client.hears_of("ready")
        if kind == "sound":
            client.says(bytes(MAX_SOUND_BYTES + 1))
        else:
            client.commands("text", text="x" * MAX_TEXT_BYTES)
        assert await client.is_closed() == (1009, "message_too_big")


@virtual_time
async def test_a_client_that_leaves_ends_its_session():
    gateway = ScriptedGateway()
    app = app_with(Agent(), gateway)
    async with WebClient(app) as client:
        await client.hears_of("ready")
        assert app.sessions == 1
        client.leave()
        await client.task
    assert app.sessions == 0
    assert gateway.connection.closed is not None
    assert client.sent[-1]["type"] == "websocket.send", "nothing is sent to who has left"


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("Unexpected ASGI message")])
@virtual_time
async def test_a_server_that_notices_the_loss_only_when_sending_ends_the_session_too(error):
    gateway = ScriptedGateway()
    async with WebClient(app_with(Agent(), gateway)) as client:
        await client.hears_of("ready")
        client.broken = error
        await client.task
    assert gateway.connection.closed is not None


@virtual_time
async def test_a_client_that_does_not_read_is_hung_up_on():
    async with WebClient(app_with(Agent(), ScriptedGateway())) as client:
        await client.hears_of("ready")
        client.reads.clear()
        began = asyncio.get_running_loop().time()
        assert await client.is_closed() == (1008, "client_too_slow")
        assert asyncio.get_running_loop().time() - began == pytest.approx(7.0, abs=0.5)


@virtual_time
async def test_a_client_faster_than_speech_is_read_no_faster_than_two_seconds_ahead():
    gateway = ScriptedGateway()
    async with WebClient(app_with(Agent(), gateway)) as client:
        await client.hears_of("ready")
        for _ in range(100):
            client.says(bytes(9_600))  # 200 ms
        await asyncio.sleep(1.0)
        heard_s = len(gateway.connection.hearing.pcm) / 48_000
        assert 2.9 < heard_s < 3.4
        await asyncio.sleep(20.0)
        assert len(gateway.connection.hearing.pcm) / 48_000 == pytest.approx(20.8, abs=0.3)


@virtual_time
async def test_a_lost_backend_closes_the_socket_and_keeps_its_details_to_itself(caplog):
    gateway = ScriptedGateway()
    async with WebClient(app_with(Agent(), gateway)) as client:
        await client.hears_of("ready")
        gateway.perform(Fail("insufficient_quota", "Key sk-canary is over its limit."), Close(1011, "sk-canary"))
        code, reason = await client.is_closed()
    assert code == 1011
    assert reason.startswith("engine_lost_quota")
    assert client.got("warning")
    assert "canary" not in str(client.told)
    assert "canary" not in reason
    assert "canary" in caplog.text


@virtual_time
async def test_events_that_are_withheld_reach_no_client():
    gateway = ScriptedGateway(Reply((), (Call("secret_of_the_house"),)), quiet("I cannot say."))
    app = app_with(Agent(tools=[secret_of_the_house]), gateway, withhold={"tool_called", "tool_finished"})
    async with WebClient(app) as client:
        client.commands("text", text="what is the secret")
        await client.hears_of("agent_said")
    assert "saffron" not in str(client.told)
    assert gateway.got("conversation.item.create")[-1]["item"]["output"] == "saffron"


@virtual_time
async def test_what_breaks_inside_a_session_closes_its_socket_and_is_logged(caplog, monkeypatch):
    monkeypatch.setattr("voiceloop.caller.Caller._tell", broken)
    async with WebClient(app_with(Agent(), ScriptedGateway())) as client:
        assert await client.is_closed() == (1011, "failed")
    assert "a session failed" in caplog.text
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]


def broken(self, line):
    raise ZeroDivisionError


@virtual_time
async def test_a_server_that_shuts_down_ends_the_session():
    gateway = ScriptedGateway()
    async with WebClient(app_with(Agent(), gateway)) as client:
        await client.hears_of("ready")
        client.task.cancel()
        await asyncio.wait([client.task])
        assert client.task.cancelled()
        client.task = asyncio.get_running_loop().create_task(asyncio.sleep(0))
    assert gateway.connection.closed is not None
