from __future__ import annotations

import asyncio
import base64
import contextlib
import json

import pytest

from modelfakes import FakeSpeaker, FakeTranscriber, silence, tone
from voiceloop.audio.pcm import level_db
from voiceloop_local.realtime.session import Limits, RealtimeSession
from voiceloop_local.realtime.shared import Models, PeerGoneError
from voiceloop_local.scripted import ScriptedBrain


class FakePeer:
    def __init__(self):
        self.inbox = asyncio.Queue()
        self.events = []
        self.times = []
        self.closed = None
        self.stuck = False
        self._arrived = asyncio.Condition()

    async def recv(self):
        frame = await self.inbox.get()
        if frame is None:
            raise PeerGoneError("left")
        return frame

    async def send(self, text):
        if self.stuck:
            await asyncio.get_running_loop().create_future()
        async with self._arrived:
            self.events.append(json.loads(text))
            self.times.append(asyncio.get_running_loop().time())
            self._arrived.notify_all()

    async def close(self, code, reason):
        self.closed = (code, reason)

    async def arrived(self, condition):
        async with self._arrived:
            await self._arrived.wait_for(condition)


class Visit:
    """One client of a session, in memory."""

    def __init__(self, peer):
        self.peer = peer
        self.seen = 0

    @property
    def events(self):
        return self.peer.events

    @property
    def types(self):
        return [event["type"] for event in self.events]

    def send(self, kind, **fields):
        self.peer.inbox.put_nowait(json.dumps({"type": kind, **fields}))

    def raw(self, frame):
        self.peer.inbox.put_nowait(frame)

    def type_in(self, text, item_id=None):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.send("conversation.item.create", item=item | ({"id": item_id} if item_id else {}))

    def append(self, wire):
        self.send("input_audio_buffer.append", audio=base64.b64encode(wire).decode())

    async def hear(self, pcm, chunk_bytes=960, real_s=0.02):
        for start in range(0, len(pcm), chunk_bytes):
            self.append(pcm[start : start + chunk_bytes])
            await asyncio.sleep(real_s)

    async def until(self, kind, **fields):
        """The next event of that type, after the last one waited for."""

        def found():
            for n in range(self.seen, len(self.events)):
                event = self.events[n]
                if event["type"] == kind and all(event.get(name) == value for name, value in fields.items()):
                    self.seen = n + 1
                    return True
            return False

        try:
            async with asyncio.timeout(60):
                await self.peer.arrived(found)
        except TimeoutError:
            raise AssertionError(f"no {kind} after {self.types[self.seen :]}") from None
        return self.events[self.seen - 1]

    async def reply_to(self, text):
        self.type_in(text)
        self.send("response.create")
        return await self.until("response.done")

    def time_of(self, kind):
        return next(at for at, event in zip(self.peer.times, self.events, strict=False) if event["type"] == kind)

    def of(self, *kinds):
        return [event for event in self.events if event["type"] in kinds]

    def audio(self, kind="response.output_audio.delta"):
        return b"".join(base64.b64decode(event["delta"]) for event in self.of(kind))

    def transcript(self, kind="response.output_audio_transcript.delta"):
        return "".join(event["delta"] for event in self.of(kind))

    def leave(self):
        self.peer.inbox.put_nowait(None)


@contextlib.asynccontextmanager
async def open_visit(*, ga=True, transcriber=None, speaker=None, brain=None, minutes=60.0, limits=None, **update):
    peer = FakePeer()
    models = Models(transcriber or FakeTranscriber(), speaker or FakeSpeaker(), brain or ScriptedBrain())
    session = RealtimeSession(
        peer,
        "m",
        models,
        lambda rate_hz, threshold: lambda frame: level_db(frame) > -45,
        ga=ga,
        limits=limits or Limits(minutes),
    )
    visit = Visit(peer)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(session.run(1000.0))
        await visit.until("conversation.created")
        if update:
            visit.send("session.update", session=update)
            await visit.until("session.updated")
        visit.serving = serving
        yield visit
        visit.leave()


@pytest.fixture
def visiting():
    return open_visit


@pytest.fixture
def fakes():
    class Fakes:
        transcriber, speaker = FakeTranscriber, FakeSpeaker

    Fakes.tone, Fakes.silence = staticmethod(tone), staticmethod(silence)
    return Fakes
