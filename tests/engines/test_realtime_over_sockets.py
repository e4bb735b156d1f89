"""The realtime engine on real sockets and both event loops, against websockets' own server."""

import asyncio

import pytest

from engines.desk import Desk
from voiceloop.commands import AskReply
from voiceloop.engines.socket import connect
from voiceloop.events import EngineLost, EngineReady, ReplyFinished
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.numbers import Run, numbered, runs
from voiceloop.testing.script import Close, Quirks, Reply, Spoken, Vanish
from voiceloop.vocabulary import Cause

pytestmark = pytest.mark.real

dialects = pytest.mark.parametrize("dialect", ["beta", "ga"])
FRAME = 480


@dialects
async def test_sound_goes_out_and_a_reply_comes_back(dialect):
    gateway = ScriptedGateway(Reply((Spoken("It is noon.", 2000),), padding_bytes=2**20))
    async with (
        ScriptedServer(gateway) as url,
        Desk(gateway, base_url=url.removesuffix("/realtime"), dialect=dialect, connect=connect) as desk,
    ):
        assert desk.ready.dialect == dialect
        for number in range(100):
            assert desk.engine.hear(numbered(number * FRAME, FRAME), number * FRAME)
        desk.engine.obey(AskReply("ask-1"))
        await desk.until(lambda: desk.of(ReplyFinished))
        assert runs(bytes(gateway.connection.hearing.pcm)) == [Run(0, 0, 100 * FRAME)]
        sound = b"".join(pcm for *_, pcm in desk.sounds)
        assert [(run.number, run.samples) for run in runs(sound)] == [(0, 48_000)]
    assert gateway.connection.closed == (1000, "")
    assert desk.of(EngineLost) == []


async def test_a_server_that_has_done_with_beta_is_dialled_again():
    gateway = ScriptedGateway(quirks=Quirks(accepts=("ga",)))
    async with (
        ScriptedServer(gateway) as url,
        Desk(
            gateway,
            base_url=url.removesuffix("/realtime"),
            dialect="auto",
            model="gpt-4o-realtime-preview",
            connect=connect,
        ) as desk,
    ):
        assert desk.ready.dialect == "ga"
    assert len(gateway.connections) == 2


@pytest.mark.parametrize(("status", "cause"), [(401, Cause.BAD_KEY), (429, Cause.BUSY), (500, Cause.UNREACHABLE)])
async def test_a_refused_upgrade_is_reported(status, cause):
    gateway = ScriptedGateway()
    gateway.refuse(status, b"no")
    async with (
        ScriptedServer(gateway) as url,
        Desk(gateway, base_url=url.removesuffix("/realtime"), connect=connect) as desk,
    ):
        assert desk.of(EngineReady) == []
        assert desk.of(EngineLost)[0].cause is cause


@pytest.mark.parametrize(("cut", "code"), [(Close(1001, "bye"), "1001"), (Close(1011), "1011"), (Vanish(), "1006")])
async def test_a_lost_connection_is_reported_with_its_code(cut, code):
    gateway = ScriptedGateway()
    async with (
        ScriptedServer(gateway) as url,
        Desk(gateway, base_url=url.removesuffix("/realtime"), connect=connect) as desk,
    ):
        gateway.perform(cut)
        await desk.until(lambda: desk.of(EngineLost))
        assert code in desk.of(EngineLost)[0].detail


async def test_nobody_there():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with Desk(base_url=f"http://127.0.0.1:{port}", connect=connect) as desk:
        assert desk.of(EngineLost)[0].cause is Cause.UNREACHABLE
