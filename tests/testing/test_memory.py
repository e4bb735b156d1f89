from __future__ import annotations

import asyncio
import base64
import json

import pytest

from voiceloop.engines.refusals import UpgradeRefusedError
from voiceloop.engines.socket import Connect
from voiceloop.errors import UnreachableError
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.memory import MemoryNetwork
from voiceloop.testing.numbers import Run, runs
from voiceloop.testing.script import Close, Reply, Send, Spoken, Stall, Vanish


class Client:
    """A client on the memory network and what its callbacks were told, with times."""

    def __init__(self, gateway, **options):
        self.network = MemoryNetwork(gateway, **options)
        self.connect: Connect = self.network.connect
        self.events = []
        self.binary = []
        self.closes = []
        self.times = []

    async def open(self, **options):
        self.loop = asyncio.get_running_loop()
        self.start = self.loop.time()
        self.socket = await self.connect(
            "wss://host/v1/realtime?model=m",
            headers={"Authorization": "Bearer sk-planted-canary"},
            on_message=self.on_message,
            on_binary=self.binary.append,
            on_close=lambda code, reason: self.closes.append((code, reason)),
            **options,
        )
        return self

    def on_message(self, payload):
        assert not self.closes
        self.events.append(json.loads(payload))
        self.times.append(round(self.loop.time() - self.start, 6))

    def say(self, event_type, **fields):
        return self.socket.send(json.dumps({"type": event_type, **fields}).encode())

    @property
    def types(self):
        return [event["type"] for event in self.events]


@virtual_time
async def test_a_conversation_takes_the_time_the_script_says():
    gateway = ScriptedGateway(Reply((Spoken("one two", 200),), created_after_s=0.3, pace=1.0))
    client = await Client(gateway, latency_s=0.02).open(subprotocols=["realtime"])
    assert client.socket.subprotocol == "realtime"
    assert client.events == []
    await asyncio.sleep(0.05)
    assert client.types == ["session.created", "conversation.created"]
    assert client.times[0] == 0.06
    client.say("response.create")
    await asyncio.sleep(2)
    created = client.types.index("response.created")
    assert client.times[created] == pytest.approx(0.09 + 0.02 + 0.3 + 0.02)
    assert client.times[-1] == pytest.approx(client.times[created] + 0.2)
    audio = b"".join(base64.b64decode(event["delta"]) for event in client.events if "audio.delta" in event["type"])
    assert runs(audio) == [Run(0, 0, 4800)]
    await client.socket.close(1.0)
    assert client.closes == [(1000, "")]
    assert gateway.connection.closed == (1000, "")


@virtual_time
async def test_no_callback_runs_before_connect_has_returned():
    client = await Client(ScriptedGateway()).open()
    assert client.events == []
    await asyncio.sleep(0.001)
    assert client.types[0] == "session.created"


@pytest.mark.parametrize(
    ("step", "told"),
    [(Close(1013, "later"), (1013, "later")), (Vanish(), (1006, "the connection was lost"))],
)
@virtual_time
async def test_the_server_can_end_it(step, told):
    gateway = ScriptedGateway()
    client = await Client(gateway).open()
    gateway.perform(Send(b"\x01\x02"), step)
    await asyncio.sleep(0.1)
    assert client.binary == [b"\x01\x02"]
    assert client.closes == [told]
    assert not client.say("response.create")
    client.socket.send_control(b"{}")
    client.socket.ping()
    await client.socket.close(1.0)
    assert client.closes == [told]


@virtual_time
async def test_a_stalled_server_answers_nothing_and_takes_nothing():
    gateway = ScriptedGateway()
    client = await Client(gateway).open(max_buffered=1000)
    await asyncio.sleep(1)
    alive = client.socket.last_byte_at
    gateway.perform(Stall())
    await asyncio.sleep(1)
    client.socket.ping()
    before = len(client.events)
    sent = sum(client.say("response.create") for _ in range(100))
    await asyncio.sleep(5)
    assert client.socket.last_byte_at == alive
    assert len(client.events) == before
    assert sent < 100
    assert gateway.got("response.create") == []
    await asyncio.sleep(60)
    assert client.closes[0][0] == 1006
    assert "ping" in client.closes[0][1]


@virtual_time
async def test_pings_alone_keep_a_quiet_connection():
    client = await Client(ScriptedGateway()).open()
    await asyncio.sleep(300)
    assert client.closes == []
    assert client.loop.time() - client.socket.last_byte_at <= 20.1
    await client.socket.close(1.0)


@virtual_time
async def test_a_black_hole_delivers_late_and_in_order_when_it_ends():
    gateway = ScriptedGateway()
    client = await Client(gateway).open(max_buffered=10_000)
    await asyncio.sleep(0.1)
    client.network.hold()
    assert client.say("input_audio_buffer.clear", event_id="1")
    client.say("input_audio_buffer.clear", event_id="2")
    await asyncio.sleep(3)
    assert gateway.received == []
    client.network.release()
    await asyncio.sleep(0.1)
    assert [event["event_id"] for event in gateway.received] == ["1", "2"]
    assert client.types[-2:] == ["input_audio_buffer.cleared"] * 2
    await client.socket.close(1.0)


@virtual_time
async def test_must_send_frames_into_a_hopeless_backlog_cut_the_connection():
    client = await Client(ScriptedGateway()).open()
    client.network.hold()
    for _ in range(10):
        client.socket.send_control(b"x" * 2**20)
    assert client.closes == [(1006, "the peer stopped reading")]


@virtual_time
async def test_closing_into_a_black_hole_takes_no_longer_than_allowed():
    client = await Client(ScriptedGateway()).open()
    client.network.hold()
    before = client.loop.time()
    await client.socket.close(0.5)
    assert client.loop.time() - before == pytest.approx(0.5)
    assert client.closes == [(1006, "closed here without an answer")]


@virtual_time
async def test_messages_above_the_limit_close_with_1009():
    gateway = ScriptedGateway()
    client = await Client(gateway).open(max_size=5000)
    gateway.perform(Send("x" * 6000))
    await asyncio.sleep(0.1)
    assert client.closes[0][0] == 1009


@virtual_time
async def test_ways_of_not_connecting():
    gateway = ScriptedGateway(key="another")
    client = Client(gateway)
    with pytest.raises(UpgradeRefusedError) as caught:
        await client.open()
    assert caught.value.status == 401
    assert "canary" not in str(caught.value)
    client.network.is_up = False
    with pytest.raises(UnreachableError, match="refuses"):
        await client.open()
    client.network.hold()
    with pytest.raises(UnreachableError, match="within 3 s"):
        await client.open(timeout_s=3.0)
    assert client.loop.time() - client.start == pytest.approx(3.0)
    assert client.network.attempts == 3


@virtual_time
async def test_dropping_the_network_drops_every_connection():
    client = await Client(ScriptedGateway()).open()
    client.network.drop()
    client.network.drop()
    assert client.closes == [(1006, "the network dropped the connection")]


@virtual_time
async def test_the_latency_can_change_at_any_time():
    client = await Client(ScriptedGateway(), latency_s=0.02).open()
    assert client.network.latency_s == 0.02
    await asyncio.sleep(1)
    client.network.latency_s = 0.2
    client.say("input_audio_buffer.clear")
    sent = client.loop.time() - client.start
    await asyncio.sleep(1)
    assert client.times[-1] - sent == pytest.approx(0.4)
    await client.socket.close(1.0)
