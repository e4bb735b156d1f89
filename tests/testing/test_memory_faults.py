"""What can be injected into a network in memory; the same on real sockets: test_proxy_faults.py."""

from __future__ import annotations

import asyncio
import json

import pytest

from voiceloop.engines.refusals import UpgradeRefusedError
from voiceloop.errors import UnreachableError
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.faults import Answer, Close, Cut, Freeze, Lag, Refuse, Reset, refusal
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.memory import MemoryNetwork
from voiceloop.testing.script import NoAnswer, Reply, Send, Spoken, Stall


class Caller:
    """One connection on a network: what came, when, and how it ended."""

    def __init__(self, network):
        self.network = network
        self.came = []
        self.closes = []
        self.times = []

    async def open(self, timeout_s=10.0):
        self.loop = asyncio.get_running_loop()
        self.socket = await self.network.connect(
            "ws://host/v1/realtime",
            headers={},
            on_message=self._take,
            on_close=lambda code, reason: self.closes.append((code, reason)),
            timeout_s=timeout_s,
        )
        return self

    def _take(self, payload):
        self.came.append(payload)
        self.times.append(self.loop.time())

    def say(self, text):
        return self.socket.send(json.dumps({"type": "note", "text": text}).encode())

    @property
    def heard(self):
        """The frames that the test sent."""
        return [payload.decode() for payload in self.came if not payload.startswith(b"{")]


async def opened(**options):
    gateway = ScriptedGateway()
    network = MemoryNetwork(gateway, **options)
    caller = await Caller(network).open()
    await asyncio.sleep(0.1)
    return gateway, network, caller


def said(gateway):
    return [event["text"] for event in gateway.got("note")]


@virtual_time
async def test_a_reset_loses_what_was_on_its_way():
    gateway, network, caller = await opened(latency_s=0.05)
    caller.say("lost")
    network.inject(Reset())
    assert caller.closes[0][0] == 1006
    assert gateway.connection.closed[0] == 1006
    await asyncio.sleep(1)
    assert said(gateway) == []


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1013, 4000])
@virtual_time
async def test_a_close_frame_in_the_name_of_the_server(code):
    gateway, network, caller = await opened(latency_s=0.02)
    gateway.perform(Send("before"))
    await asyncio.sleep(0.01)
    network.inject(Close(code, "bye"))
    await asyncio.sleep(0.01)
    gateway.perform(Send("after"))
    await asyncio.sleep(1)
    assert caller.heard == ["before"]
    assert caller.closes == [(code, "bye")]


@pytest.mark.parametrize(("way", "up", "down"), [("up", [], ["x"]), ("down", ["x"], []), ("both", [], [])])
@virtual_time
async def test_a_freeze_holds_one_way_or_both_and_thaws_by_itself(way, up, down):
    gateway, network, caller = await opened()
    network.inject(Freeze(way, for_s=3.0))
    caller.say("x")
    gateway.perform(Send("x"))
    await asyncio.sleep(2.9)
    assert (said(gateway), caller.heard) == (up, down)
    await asyncio.sleep(0.2)
    assert (said(gateway), caller.heard) == (["x"], ["x"])
    await caller.socket.close(1.0)


@virtual_time
async def test_a_router_that_forgets_freezes_old_connections_only():
    gateway, network, caller = await opened()
    network.inject(Freeze(scope="open"))
    fresh = await Caller(network).open()
    assert fresh.say("fresh")
    caller.say("old")
    await asyncio.sleep(5)
    assert said(gateway) == ["fresh"]
    await asyncio.sleep(60)
    assert caller.closes[0][0] == 1006
    await fresh.socket.close(1.0)


@virtual_time
async def test_an_upgrade_waits_for_a_freeze_to_end():
    network = MemoryNetwork(ScriptedGateway())
    network.freeze(for_s=3.0)
    with pytest.raises(UnreachableError, match="within 1 s"):
        await Caller(network).open(timeout_s=1.0)
    caller = await Caller(network).open(timeout_s=5.0)
    assert asyncio.get_running_loop().time() == pytest.approx(1003.0)
    await caller.socket.close(1.0)


@virtual_time
async def test_an_upgrade_whose_answer_is_frozen_reached_the_server():
    gateway = ScriptedGateway()
    network = MemoryNetwork(gateway)
    network.freeze("down")
    with pytest.raises(UnreachableError):
        await Caller(network).open(timeout_s=1.0)
    assert gateway.connection.closed == (1006, "the client gave up")


@virtual_time
async def test_connections_are_refused_for_a_while_and_open_ones_go_on():
    gateway, network, caller = await opened()
    network.inject(Refuse(for_s=3.0))
    with pytest.raises(UnreachableError, match="refuses"):
        await Caller(network).open()
    assert caller.say("still here")
    await asyncio.sleep(3.0)
    second = await Caller(network).open()
    assert said(gateway) == ["still here"]
    await caller.socket.close(1.0)
    await second.socket.close(1.0)


@virtual_time
async def test_upgrades_are_answered_in_the_servers_place():
    gateway = ScriptedGateway()
    network = MemoryNetwork(gateway)
    network.inject(Answer(refusal(429), times=1), Answer(refusal(503), for_s=2.0), Answer(NoAnswer(), times=1))
    with pytest.raises(UpgradeRefusedError) as first:
        await Caller(network).open()
    with pytest.raises(UpgradeRefusedError) as second:
        await Caller(network).open()
    assert (first.value.status, second.value.status) == (429, 503)
    await asyncio.sleep(2.0)
    with pytest.raises(UnreachableError, match="within 4 s"):
        await Caller(network).open(timeout_s=4.0)
    assert gateway.upgrades == []
    caller = await Caller(network).open()
    await caller.socket.close(1.0)


@virtual_time
async def test_a_server_that_takes_the_connection_and_says_nothing():
    gateway = ScriptedGateway()
    gateway.ignore_upgrades()
    network = MemoryNetwork(gateway)
    with pytest.raises(UnreachableError, match="within 2 s"):
        await Caller(network).open(timeout_s=2.0)
    caller = await Caller(network).open()
    await caller.socket.close(1.0)


@pytest.mark.parametrize(("inside", "arrived"), [(False, ["1", "2", "3"]), (True, ["1", "2"])])
@virtual_time
async def test_a_connection_is_cut_behind_or_inside_a_message(inside, arrived):
    gateway, network, caller = await opened()
    network.inject(Cut("down", messages=3, inside=inside))
    caller.socket.ping()
    gateway.perform(*(Send(str(number)) for number in range(1, 6)))
    await asyncio.sleep(0.1)
    assert caller.heard == arrived
    assert caller.closes == [(1006, "the network cut the connection")]
    again = await Caller(network).open()
    await asyncio.sleep(1)
    assert again.closes == []
    await again.socket.close(1.0)


@virtual_time
async def test_a_connection_is_cut_behind_a_byte():
    gateway, network, caller = await opened()
    network.inject(Cut("up", size=150))
    for number in range(10):  # 29 bytes of payload, a header of 6
        caller.say(str(number))
    await asyncio.sleep(0.1)
    assert said(gateway) == ["0", "1", "2", "3"]
    assert caller.closes[0][0] == 1006


@virtual_time
async def test_a_throttled_line_takes_as_long_as_the_bytes_need():
    gateway, network, caller = await opened()
    network.inject(Lag(delay_s=0.1, bytes_per_s=1000))
    start = caller.loop.time()
    gateway.perform(Send("x" * 998), Send("y" * 498))
    await asyncio.sleep(5)
    assert [round(at - start, 3) for at in caller.times[-2:]] == [1.102, 1.604]
    network.heal()
    start = caller.loop.time()
    gateway.perform(Send("x" * 998))
    await asyncio.sleep(1)
    assert caller.times[-1] - start < 0.001
    await caller.socket.close(1.0)


@virtual_time
async def test_jitter_is_seeded_and_keeps_the_order():
    arrivals = []
    for seed in (1, 1, 2):
        gateway, network, caller = await opened(seed=seed)
        network.inject(Lag(delay_s=0.01, jitter_s=0.2))
        start = caller.loop.time()
        for number in range(8):
            gateway.perform(Send(str(number)))
            await asyncio.sleep(0.02)
        await asyncio.sleep(1)
        assert caller.heard == [str(number) for number in range(8)]
        arrivals.append([round(at - start, 6) for at in caller.times[-8:]])
        await caller.socket.close(1.0)
    assert arrivals[0] == arrivals[1] != arrivals[2]
    assert max(arrivals[0]) > 0.1


@virtual_time
async def test_a_relay_answers_pings_for_a_server_that_does_nothing():
    gateway = ScriptedGateway(Reply((Spoken("never"),)))
    network = MemoryNetwork(gateway)
    caller = await Caller(network).open()
    await asyncio.sleep(0.1)
    gateway.perform(Stall(answers_pings=True))
    before = len(caller.came)
    for _ in range(100):
        assert caller.socket.send(b'{"type":"response.create"}')
        caller.socket.ping()
        await asyncio.sleep(1)
        assert caller.loop.time() - caller.socket.last_byte_at <= 1.01
    assert (len(caller.came), caller.closes) == (before, [])
    assert len(gateway.got("response.create")) == 100
    await caller.socket.close(1.0)
    assert caller.closes == [(1000, "")]
