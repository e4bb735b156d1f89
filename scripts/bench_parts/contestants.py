"""What is compared: a bare `websockets` + `json` loop and voiceloop's session. One function each runs one session."""

# ruff: noqa: D102 - the names say it
from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Coroutine
from typing import Any

from bench_parts.desk import FRAME_BYTES, FRAME_S, FRAME_SAMPLES, Desk, Marks, captured

FORMAT = {"type": "audio/pcm", "rate": 24_000}
UPDATE = {
    "type": "session.update",
    "session": {
        "type": "realtime",
        "output_modalities": ["audio"],
        "audio": {"input": {"format": FORMAT}, "output": {"format": FORMAT}},
    },
}


async def floor(base_url: str, model: str, marks: Marks, phase_s: float, ready: asyncio.Event) -> None:
    """The shortest program that does the same: no ids, no ledger, no errors, no reconnecting."""
    from websockets.asyncio.client import connect  # noqa: PLC0415 - contestants pay for their own imports

    url = f"{base_url.replace('http', 'ws')}/v1/realtime?model={model}"
    async with connect(url, compression=None, max_size=2**24) as socket, asyncio.TaskGroup() as tasks:
        await socket.recv()
        await socket.send(json.dumps(UPDATE))
        await socket.recv()
        ready.set()
        unplayed = bytearray()
        tasks.create_task(_floor_up(socket, unplayed, marks, phase_s))
        tasks.create_task(_floor_down(socket, unplayed, marks))


async def _floor_up(socket: Any, unplayed: bytearray, marks: Marks, phase_s: float) -> None:  # noqa: ANN401
    loop = asyncio.get_running_loop()
    due = loop.time() + phase_s
    while True:
        await asyncio.sleep(due - loop.time())
        del unplayed[:FRAME_BYTES]
        audio = base64.b64encode(captured(due)).decode()
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        marks.frames_out += 1
        due += FRAME_S


async def _floor_down(socket: Any, unplayed: bytearray, marks: Marks) -> None:  # noqa: ANN401
    async for message in socket:
        event = json.loads(message)
        if event["type"] == "response.output_audio.delta":
            pcm = base64.b64decode(event["delta"])
            marks.received(pcm)
            unplayed += pcm


class DeskLine:
    """The desk as a `devices.base.Line`."""

    def __init__(self, marks: Marks, phase_s: float) -> None:
        self._desk = Desk(marks, phase_s)

    async def open(self, ears: Any, ledger: Any, rate_hz: int, reports: object) -> None:  # noqa: ANN401
        self._ledger = ledger
        self._desk.start(ears, self._play)

    def _play(self, samples: int) -> None:
        self._ledger.ack(self._ledger.position)
        self._ledger.pull(samples)

    def flush(self, generation: int) -> None:
        """Nothing is between the ledger and the listener."""
        self._generation = generation

    def played(self) -> Any:  # noqa: ANN401
        from voiceloop.devices.base import Played  # noqa: PLC0415

        return Played(self._ledger.generation, self._ledger.position, exact=True)

    async def close(self, within_s: float) -> None:
        self._desk.stop()


class Marked:
    """An engine whose audio is noted as it is handed to the session."""

    def __init__(self, engine: Any, marks: Marks, ready: asyncio.Event) -> None:  # noqa: ANN401
        self._engine = engine
        self._marks = marks
        self._ready = ready
        self.tier = engine.tier
        self.fresh = engine.fresh
        self.recall = engine.recall
        self.hear = engine.hear
        self.obey = engine.obey
        self.close = engine.close

    async def open(self, seed: Any, port: Any) -> None:  # noqa: ANN401
        self._port = port
        self.spawn = port.spawn
        self.speech = port.speech
        self._audio = port.audio
        await self._engine.open(seed, self)

    def audio(self, reply_id: str, item_id: str, content_index: int, pcm: bytes) -> object:
        """The engine's port, marked."""
        self._marks.received(pcm)
        return self._audio(reply_id, item_id, content_index, pcm)

    def happened(self, event: object) -> None:
        self._port.happened(event)
        if type(event).__name__ == "EngineReady":
            self._ready.set()

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        raise AssertionError("not open")


async def voiceloop(base_url: str, model: str, marks: Marks, phase_s: float, ready: asyncio.Event) -> None:
    """A whole session: core, ledger, tool bus, transcript lines, liveness."""
    from voiceloop.agent import Agent  # noqa: PLC0415
    from voiceloop.engines.realtime import RealtimeEngine  # noqa: PLC0415
    from voiceloop.session import Session  # noqa: PLC0415
    from voiceloop.settings import BackendSettings, RealtimeSettings, Settings  # noqa: PLC0415

    settings = Settings(backend=BackendSettings(base_url=base_url), realtime=RealtimeSettings(model=model))
    engine = Marked(RealtimeEngine(settings), marks, ready)
    line = DeskLine(marks, phase_s)
    await Session(Agent(), line=line, settings=settings, engine=engine).run()


async def tiers(base_url: str, model: str, marks: Marks, phase_s: float, ready: asyncio.Event) -> None:
    """The same with REST to fall back on, which never happens."""
    from voiceloop.agent import Agent  # noqa: PLC0415
    from voiceloop.engines.cascade.orders import Deadlines  # noqa: PLC0415
    from voiceloop.engines.realtime import RealtimeEngine  # noqa: PLC0415
    from voiceloop.engines.rest import rest_engine  # noqa: PLC0415
    from voiceloop.session import Session  # noqa: PLC0415
    from voiceloop.settings import BackendSettings, RealtimeSettings, Settings  # noqa: PLC0415
    from voiceloop.vocabulary import Tier  # noqa: PLC0415

    settings = Settings(backend=BackendSettings(base_url=base_url), realtime=RealtimeSettings(model=model))
    rest = rest_engine(settings, Deadlines.hurried())
    engines = {Tier.REALTIME: Marked(RealtimeEngine(settings), marks, ready), Tier.REST: rest}
    line = DeskLine(marks, phase_s)
    await Session(Agent(), line=line, settings=settings, engine=engines).run()


CONTESTANTS = {"floor": floor, "voiceloop": voiceloop, "tiers": tiers}
BLOCK = FRAME_SAMPLES
