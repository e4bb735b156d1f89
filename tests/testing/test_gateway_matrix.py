"""Everything that a scripted server has to be able to do, as a stock websocket client sees it on a socket."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from voiceloop.testing.clock import run_virtual
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.memory import MemoryNetwork
from voiceloop.testing.numbers import Run, numbered, runs
from voiceloop.testing.script import OMIT, Call, Close, Fail, Quirks, Reply, Send, Spoken, Stall, Vanish, Wait

pytestmark = pytest.mark.real

BETA = {"OpenAI-Beta": "realtime=v1"}
SHORT = Reply((Spoken("one two", 100),))
DEAD = 0.15
"""Long enough to see that nothing comes."""


class Client:
    """A stock client and everything it was sent."""

    def __init__(self, websocket):
        self.websocket = websocket
        self.events = []

    async def send(self, event_type, **fields):
        await self.websocket.send(json.dumps({"type": event_type, **fields}))

    async def hears(self, last):
        """Everything up to and with the first event of this type."""
        come = []
        async with asyncio.timeout(10):
            while not come or come[-1]["type"] != last:
                come.append(json.loads(await self.websocket.recv()))
        self.events += come
        return come

    async def asks(self, **response):
        await self.send("response.create", response=response)
        return await self.hears("response.done")

    async def hears_nothing(self):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(self.websocket.recv(), DEAD)


@asynccontextmanager
async def client(gateway, *, beta=False, greeted=True):
    async with (
        ScriptedServer(gateway) as url,
        connect(f"{url}?model=m", additional_headers=BETA if beta else {}, max_size=2**24, close_timeout=0.2) as socket,
    ):
        one = Client(socket)
        if greeted:
            await one.hears("conversation.created")
        yield one


def names(events):
    return {event["type"] for event in events}


def audio(events):
    return [base64.b64decode(event["delta"]) for event in events if event["type"].endswith("audio.delta")]


@pytest.mark.parametrize(
    ("beta", "hybrid", "seen"),
    [
        (True, False, {"response.audio.delta", "response.audio_transcript.delta"}),
        (False, False, {"response.output_audio.delta", "response.output_audio_transcript.delta"}),
        (False, True, {"response.audio.delta", "response.output_audio.delta"}),
    ],
)
async def test_names_of_both_dialects_and_a_mixture(beta, hybrid, seen):
    gateway = ScriptedGateway(Reply((Spoken("a b c d", 400),)), quirks=Quirks(hybrid_names=hybrid))
    async with client(gateway, beta=beta) as one:
        await one.asks()
        await one.asks()
        assert seen <= names(one.events)


async def test_no_greeting_and_an_error_before_it():
    async with client(ScriptedGateway(quirks=Quirks(greets=False)), greeted=False) as one:
        await one.send("session.update", session={"type": "realtime"})
        assert [event["type"] for event in await one.hears("session.updated")] == ["session.updated"]
    quirks = Quirks(before_greeting=(Fail("model_load_error"), Wait(0.05)))
    async with client(ScriptedGateway(quirks=quirks), greeted=False) as one:
        first = await one.hears("conversation.created")
        assert [event["type"] for event in first] == ["error", "session.created", "conversation.created"]


async def test_either_dialect_is_refused_with_its_code():
    async with client(ScriptedGateway(quirks=Quirks(accepts=("ga",))), beta=True, greeted=False) as one:
        (error,) = await one.hears("error")
        assert error["error"]["code"] == "beta_api_shape_disabled"
        with pytest.raises(ConnectionClosed) as caught:
            await one.websocket.recv()
        assert caught.value.rcvd.code == 4000
    for accepts, session, code, param in (
        ("beta", {"type": "realtime"}, "unknown_parameter", "session.type"),
        ("beta", {"audio": {}}, "unknown_parameter", "session.audio"),
        ("ga", {"modalities": ["text"]}, "missing_required_parameter", "session.type"),
        ("ga", {"type": "realtime", "voice": "x"}, "unknown_parameter", "session.voice"),
    ):
        async with client(ScriptedGateway(quirks=Quirks(accepts=(accepts,), refuses_by="form")), beta=True) as one:
            await one.send("session.update", session=session, event_id="mine")
            error = (await one.hears("error"))[-1]["error"]
            assert (error["code"], error["param"], error["event_id"]) == (code, param, "mine")


async def test_a_reply_comes_late_or_never():
    async with client(ScriptedGateway(Reply(created_after_s=0.1), Reply(created_after_s=None))) as one:
        await one.asks()
        await one.send("response.create")
        await one.hears_nothing()


async def test_cancel_is_ignored_or_followed_by_more():
    gateway = ScriptedGateway(Reply((Spoken("a", 200),), pace=2.0, ignores_cancel=True))
    async with client(gateway) as one:
        await one.send("response.create")
        await one.hears("response.created")
        await one.send("response.cancel")
        assert (await one.hears("response.done"))[-1]["response"]["status"] == "completed"
    async with client(ScriptedGateway(Reply((Spoken("a", 60_000),), pace=1.0, late_ms=300))) as one:
        await one.send("response.create")
        await one.hears("response.output_audio.delta")
        await one.send("response.cancel")
        late = await one.hears("response.done")
        assert sum(map(len, audio(late))) >= 300 * 48
        assert late[-1]["response"]["status"] == "cancelled"


async def test_every_status_and_odd_details():
    replies = [Reply(status=status) for status in ("completed", "cancelled", "incomplete", "failed")]
    odd = [Reply(usage=OMIT), Reply(usage={}), Reply(status="failed", status_details="it broke")]
    async with client(ScriptedGateway(*replies, *odd)) as one:
        done = [(await one.asks())[-1]["response"] for _ in range(7)]
    assert [response["status"] for response in done[:4]] == ["completed", "cancelled", "incomplete", "failed"]
    assert "usage" not in done[4]
    assert (done[5]["usage"], done[6]["status_details"]) == ({}, "it broke")


async def test_fields_are_left_out():
    omitted = {"output_index", "content_index", "part", "event_id"}
    async with client(ScriptedGateway(SHORT, quirks=Quirks(omits=frozenset(omitted)))) as one:
        await one.asks()
        assert "response.content_part.done" in names(one.events)
        assert not any(omitted & event.keys() for event in one.events)


async def test_transcripts_come_swapped_and_one_fails():
    gateway = ScriptedGateway(default=Reply((), (), created_after_s=None))
    gateway.heard_speech(0, 100, "first", transcribed_after_s=0.1)
    gateway.heard_speech(700, 800, "second")
    gateway.heard_speech(1400, 1500, "third", transcription_fails=True)
    async with client(gateway, beta=True) as one:
        await one.send("session.update", session={"input_audio_transcription": {"model": "w"}})
        pcm = base64.b64encode(numbered(0, 24_000 * 22 // 10)).decode()
        await one.send("input_audio_buffer.append", audio=pcm)
        events = await one.hears("conversation.item.input_audio_transcription.failed")
        events += await one.hears("conversation.item.input_audio_transcription.completed")
    said = [event["transcript"] for event in events if event["type"].endswith("transcription.completed")]
    assert said == ["second", "first"]


async def test_two_calls_at_once_and_broken_arguments():
    async with client(ScriptedGateway(Reply((), (Call("lamp", '{"on":tru'), Call("time"))))) as one:
        events = await one.asks()
    done = [event for event in events if event["type"] == "response.function_call_arguments.done"]
    assert [(event["name"], event["arguments"]) for event in done] == [("lamp", '{"on":tru'), ("time", "{}")]


async def test_events_that_nobody_knows():
    unknown = [{"type": "ping"}, {"type": "localai.classifier.result", "x": 1}]
    async with client(ScriptedGateway(quirks=Quirks(after_greeting=tuple(map(Send, unknown))))) as one:
        assert await one.hears("localai.classifier.result") == unknown


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1009, 1011, 1013, 4000, None])
async def test_every_close_code_and_no_close_frame(code):
    gateway = ScriptedGateway()
    async with client(gateway) as one:
        gateway.perform(Vanish() if code is None else Close(code, "why"))
        with pytest.raises(ConnectionClosed) as caught:
            await one.websocket.recv()
    frame = caught.value.rcvd
    assert (frame and frame.code) == code


@pytest.mark.parametrize("answers", [True, False])
async def test_a_stall_with_and_without_pongs(answers):
    gateway = ScriptedGateway(SHORT)
    async with client(gateway) as one:
        gateway.perform(Send({"type": "last"}), Stall(answers_pings=answers))
        await one.hears("last")
        await one.send("response.create")
        pong = await one.websocket.ping()
        if answers:
            await asyncio.wait_for(pong, 5)
        await one.hears_nothing()
        assert pong.done() == answers
        assert not gateway.connection.replies


async def test_huge_frames_audio_split_in_a_sample_and_another_rate():
    async with client(ScriptedGateway(Reply((Spoken("x", 20),), padding_bytes=2 * 2**20))) as one:
        assert max(len(json.dumps(event)) for event in await one.asks()) > 2 * 2**20
    async with client(ScriptedGateway(SHORT, quirks=Quirks(odd_deltas=True))) as one:
        parts = audio(await one.asks())
        assert all(len(part) % 2 for part in parts)
        assert runs(b"".join(parts)) == [Run(0, 0, 2400)]
    pcm = {"output": {"format": {"type": "audio/pcm", "rate": 16_000}}}
    async with client(ScriptedGateway(SHORT)) as one:
        await one.send("session.update", session={"type": "realtime", "audio": pcm})
        assert runs(b"".join(audio(await one.asks()))) == [Run(0, 0, 1600)]


async def test_one_script_is_the_same_on_a_socket_and_in_memory():
    def gateway():
        replies = Reply((Spoken("one two", 300), Spoken("three", 100)), (Call("lamp"),)), Reply(status="failed")
        return ScriptedGateway(*replies, quirks=Quirks(hybrid_names=True), unix_s=lambda: 0.0)

    on_socket = gateway()
    async with client(on_socket) as one:
        await one.asks()
        await one.asks()

    async def remember(in_memory):
        heard = []
        socket = await MemoryNetwork(in_memory).connect(
            "ws://host/v1/realtime?model=m",
            headers={},
            on_message=lambda payload: heard.append(json.loads(payload)),
            on_close=lambda *_: None,
        )
        for _ in range(2):
            await asyncio.sleep(1)
            socket.send(b'{"type":"response.create"}')
        await asyncio.sleep(1)
        await socket.close(1.0)
        return heard

    heard = await asyncio.to_thread(lambda: run_virtual(remember(gateway())))
    assert heard == one.events
