from __future__ import annotations

import asyncio
import base64

import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.errors import MisuseError
from voiceloop.testing.account import account_for
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import numbered
from voiceloop.testing.script import Reply, Spoken
from voiceloop.testing.spans import Span

SECOND = 24_000
SESSION = {"input_audio_transcription": {"model": "w"}}


class Call:
    """A line whose microphone is appended to the newest of the connections that `peer` makes, as a client would."""

    def __init__(self, peer, *replies):
        self.gateway = ScriptedGateway(*replies, listens=True)
        self.ledger = Ledger(SECOND, lambda event: None)
        self.line = NumberedLine()
        self.peer = peer
        self.client = None

    async def open(self):
        await self.line.open(self.ears, self.ledger, SECOND, self)
        return self

    def connects(self):
        self.client = self.peer(self.gateway, beta=True)
        self.client.send("session.update", session=SESSION)
        return self.client

    def breaks(self):
        self.client.connection.end(1006, "gone")
        self.client = None

    def ears(self, pcm, _):
        if self.client is not None:
            self.client.speak(pcm)

    def says(self, text, duration_ms):
        self.gateway.will_hear(self.line.say(duration_ms), text)

    def remembers(self, text):
        content = [{"type": "input_text", "text": text}]
        self.client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})

    @property
    def account(self):
        return account_for(self.line, self.gateway)


@virtual_time
async def test_a_turn_that_arrived_whole_is_in_one_turn(peer):
    call = await Call(peer).open()
    call.connects()
    call.says("what time is it", 1000)
    await asyncio.sleep(0.5)
    half = call.account
    assert half.said == half.pending
    assert half.lost == half.unsent == ()
    await asyncio.sleep(2.0)
    told = call.account
    assert [(turn.text, turn.spans) for turn in told.turns] == [("what time is it", (Span(0, SECOND),))]
    assert told.appended == ((Span(0, SECOND),),)
    assert told.lost == told.twice == told.unsent == told.pending == ()
    await call.line.close(1.0)


@virtual_time
async def test_speech_while_nobody_is_connected_is_unsent_and_lost(peer):
    call = await Call(peer).open()
    call.connects()
    call.says("one two", 1000)
    await asyncio.sleep(0.51)
    call.breaks()
    await asyncio.sleep(0.2)
    call.connects()
    await asyncio.sleep(2.0)
    told = call.account
    assert told.unsent == (Span(12_000, 16_800),)
    assert told.lost == (Span(0, 16_800),)
    assert [turn.text for turn in told.turns] == ["two"]
    await call.line.close(1.0)


@virtual_time
async def test_what_is_sent_again_is_on_two_connections_and_in_one_turn(peer):
    call = await Call(peer).open()
    call.connects()
    call.says("one two", 1000)
    await asyncio.sleep(0.51)
    call.breaks()
    call.connects()
    call.client.speak(numbered(0, SECOND // 2))
    await asyncio.sleep(2.0)
    told = call.account
    assert told.appended == ((Span(0, 12_000),), (Span(0, SECOND),))
    assert told.lost == told.twice == ()
    assert [turn.text for turn in told.turns] == ["one two"]
    await call.line.close(1.0)


@virtual_time
async def test_text_stands_for_the_audio_of_an_earlier_connection(peer):
    call = await Call(peer).open()
    call.connects()
    call.says("one two", 1000)
    await asyncio.sleep(2.0)
    call.breaks()
    call.connects()
    assert call.account.lost == (Span(0, SECOND),)
    call.remembers("one two")
    told = call.account
    assert told.turns[0].spans == (Span(0, SECOND),)
    assert [len(turns) for turns in told.held] == [1, 0]
    assert told.lost == told.twice == ()
    audio = base64.b64encode(numbered(0, SECOND)).decode()
    content = [{"type": "input_audio", "audio": audio}]
    call.client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
    assert call.account.twice == (Span(0, SECOND),)
    call.remembers("something typed")
    assert call.account.turns[-1].spans == ()
    await call.line.close(1.0)


@virtual_time
async def test_what_was_heard_of_the_agent_is_counted(peer):
    call = await Call(peer, Reply((Spoken("hello there", 1000),))).open()
    client = call.connects()
    client.send("response.create")
    item = call.gateway.item("item_1")
    call.ledger.put("r", item.item_id, 0, numbered(0, 12_000))
    call.ledger.put("r", item.item_id, 0, numbered(6000, 6000))
    call.ledger.put("r", item.item_id, 0, numbered(500_000, 10))
    await asyncio.sleep(2.0)
    told = call.account
    assert told.spoken == (Span(0, SECOND),)
    assert told.heard == (Span(0, 12_000), Span(6000, 12_000))
    assert told.played_twice == (Span(6000, 12_000),)
    assert told.never_played == (Span(12_000, SECOND),)
    assert told.strange == 10
    await call.line.close(1.0)


@virtual_time
async def test_without_a_connection_all_is_lost(peer):
    call = await Call(peer).open()
    call.says("anybody", 100)
    await asyncio.sleep(1.0)
    assert call.account.lost == call.account.unsent == (Span(0, 2400),)
    assert call.account.turns == ()
    await call.line.close(1.0)


@virtual_time
async def test_g711_cannot_be_accounted_for(peer):
    call = await Call(peer).open()
    call.connects().send("session.update", session={"input_audio_format": "g711_ulaw"})
    with pytest.raises(MisuseError, match="pcm16"):
        _ = call.account
    await call.line.close(1.0)


@virtual_time
async def test_a_gateway_that_forgets_cannot_account(peer):
    call = await Call(peer).open()
    call.gateway.keeps_s = 0.1
    call.connects()
    await asyncio.sleep(1.0)
    with pytest.raises(MisuseError, match="keeps_s"):
        _ = call.account
    await call.line.close(1.0)
