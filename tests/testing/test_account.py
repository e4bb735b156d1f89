from __future__ import annotations

import asyncio
import base64

import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.engines.services.seams import Question
from voiceloop.errors import MisuseError
from voiceloop.testing.account import account_for
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import numbered
from voiceloop.testing.script import Reply, Spoken
from voiceloop.testing.services import ScriptedServices
from voiceloop.testing.spans import Span
from voiceloop.vocabulary import UserTurn

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


# Several servers ---------------------------------------------------------------------------------------------------


class Handover(Call):
    """A call that may go on with services, which hear what the test hands them."""

    def __init__(self, peer):
        super().__init__(peer)
        self.services = ScriptedServices(beside=self.gateway)

    async def recognises(self, first, end):
        return await self.services.services.transcribe(numbered(first, end - first), SECOND)

    async def asks(self, *texts):
        turns = [UserTurn(str(number), text) for number, text in enumerate(texts)]
        async with self.services.services.chat(Question("", turns)) as deltas:
            return [delta async for delta in deltas]

    @property
    def account(self):
        return account_for(self.line, self.gateway, self.services)


@virtual_time
async def test_what_services_have_recognised_is_in_a_turn_once_they_are_asked_with_it(peer):
    call = await Handover(peer).open()
    call.connects()
    call.says("one two", 1000)
    await asyncio.sleep(0.51)
    call.breaks()
    await asyncio.sleep(1.0)
    await call.recognises(0, SECOND)
    assert call.account.lost == (Span(12_000, SECOND),)  # the gateway has the other half, and nobody has a turn
    await call.asks("one two")
    told = call.account
    assert [(turn.text, turn.spans) for turn in told.turns] == [("one two", (Span(0, SECOND),))]
    assert told.appended == ((Span(0, 12_000),), (Span(0, SECOND),))
    assert told.held[-1][0].text == "one two"
    assert told.lost == told.twice == told.unsent == told.pending == ()
    await call.line.close(1.0)


@virtual_time
async def test_samples_that_were_understood_again_count_once(peer):
    call = await Handover(peer).open()
    call.connects()
    call.says("one two", 1000)
    await asyncio.sleep(2.0)
    call.breaks()
    await call.recognises(0, SECOND)  # the gateway's turn once more, and with it what the gateway has lost
    await call.recognises(0, 23_000)
    await call.asks("one two")
    told = call.account
    assert [turn.spans for turn in told.turns] == [(Span(0, 23_000),)]
    assert told.lost == (Span(23_000, SECOND),)
    assert told.twice == ()
    await call.line.close(1.0)


@virtual_time
async def test_back_on_a_connection_text_stands_for_what_services_have_recognised(peer):
    call = await Handover(peer).open()
    call.connects()
    call.says("one two", 1000)
    await asyncio.sleep(2.0)
    call.breaks()
    call.says("three", 500)
    await asyncio.sleep(1.0)
    await call.recognises(SECOND, SECOND * 3 // 2)
    await call.asks("one two", "three")
    call.connects()
    assert [turn.text for turn in call.account.turns] == ["one two", "three"]  # nothing was said to it yet
    call.remembers("one two")
    call.remembers("three")
    told = call.account
    assert [(turn.text, turn.spans) for turn in told.turns] == [
        ("one two", (Span(0, SECOND),)),
        ("three", (Span(SECOND, SECOND * 3 // 2),)),
    ]
    assert told.lost == told.twice == ()
    await call.line.close(1.0)


@virtual_time
async def test_words_that_chat_is_not_shown_are_lost(peer):
    call = await Handover(peer).open()
    call.says("one two", 1000)
    await asyncio.sleep(1.1)
    await call.recognises(0, SECOND)
    await call.asks("something else")
    assert call.account.lost == (Span(0, SECOND),)
    await call.line.close(1.0)
