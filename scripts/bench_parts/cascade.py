"""A conversation over REST: how soon it answers against delays that are known, and how soon it lets go."""

# ruff: noqa: D102, ASYNC110 - the names say it; nothing tells when it has happened
from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import uvloop

from bench_parts.stats import percentile
from bench_parts.table import Table
from voiceloop.agent import Agent
from voiceloop.commands import AskReply, CommitTurn
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.engines.services.rest_services import rest_services
from voiceloop.events import EngineReady, Event
from voiceloop.session import Session
from voiceloop.settings import AgentSettings, BackendSettings, ModelSettings, Settings, TierSettings
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import numbered
from voiceloop.testing.rest import Heard, RestAnswer, ScriptedRest
from voiceloop.vocabulary import AudioFormat

RATE_HZ = 24_000
FIRST, REST = "The time is just noon.", "And here is another sentence which takes quite a while to be written."
TRANSCRIBE_S, TOKEN_S, WORD_S, SPEECH_S = 0.4, 0.3, 0.03, 0.25
UNAVOIDABLE_S = TRANSCRIBE_S + TOKEN_S + len(FIRST.split()) * WORD_S + SPEECH_S
"""Recognition, the first word, the others of its sentence and the one that shows its end, the first sound."""


def run(options: argparse.Namespace) -> dict[str, Any]:
    """A scripted server on real sockets, answers of known delays, one conversation after the other."""
    count = 5 if options.quick else 20
    answers = [uvloop.run(answered_s()) for _ in range(count)]
    silences, closings = zip(*(asyncio.run(let_go_s()) for _ in range(count)), strict=True)  # a clock finer than 1 ms
    table = Table(f"A cascade over REST, {count} times each", ["", "p50", "p95", "worst", "budget"])
    ratios = [took_s / UNAVOIDABLE_S for took_s in answers]
    table.row(
        f"first sound, against {1000 * UNAVOIDABLE_S:.0f} ms that the server takes",
        *(f"{percentile(ratios, percent):.3f}" for percent in (50, 95, 100)),
        "1.15",
    )
    for label, figures, budget in (
        ("an interruption to silence", silences, "10 ms p95"),
        ("an interruption to its requests closed", closings, "100 ms"),
    ):
        table.row(label, *(f"{1000 * percentile(figures, percent):.1f} ms" for percent in (50, 95, 100)), budget)
    table.print()
    return {"ratios": ratios, "silence_s": silences, "closed_s": closings}


@dataclass
class Port:
    """A session that only listens."""

    group: asyncio.TaskGroup
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    sounded: asyncio.Event = field(default_factory=asyncio.Event)
    sounded_s: float = 0.0

    def happened(self, event: Event) -> None:
        if isinstance(event, EngineReady):
            self.ready.set()

    def audio(self, _reply_id: str, _item_id: str, _content_index: int, _pcm: bytes) -> bool:
        if not self.sounded.is_set():
            self.sounded_s = _now()
            self.sounded.set()
        return True

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self.group.create_task(work, name=name)

    def said_so_far(self, _text: str) -> None:
        pass

    def doubtful(self) -> bool:
        return False

    def speech(self, _turn_id: str) -> bytes:
        return b""


async def answered_s() -> float:
    """From the end of a turn to the first sound of its answer."""
    script = {
        "POST /v1/audio/transcriptions": [RestAnswer({"text": "what time is it"}, after_s=TRANSCRIBE_S)],
        "POST /v1/chat/completions": [RestAnswer(written(f"{FIRST} {REST}"), after_s=TOKEN_S, every_s=WORD_S)],
        "POST /v1/audio/speech": [spoken() for _ in range(5)],
    }
    async with ScriptedRest(script) as rest, asyncio.TaskGroup() as group:
        port = Port(group)
        engine = await opened(rest, port)
        engine.hear(b"\x00\x10" * RATE_HZ, 0)
        began_s = _now()
        engine.obey(CommitTurn("turn-1"))
        engine.obey(AskReply("ask-1"))
        await port.sounded.wait()
        await engine.close(0.5)
    return port.sounded_s - began_s


async def let_go_s() -> tuple[float, float]:
    """From an interruption to silence, and to the end of the last request that was under way; a whole session."""
    sound = numbered(0, 3 * RATE_HZ)
    script = {
        "POST /v1/chat/completions": [RestAnswer(written(f"{FIRST} {REST}")[:-1], ends="never")],
        "POST /v1/audio/speech": [RestAnswer([sound], headers=PCM, ends="never") for _ in range(5)],
    }
    loop, line = asyncio.get_running_loop(), NumberedLine()
    async with ScriptedRest(script) as rest, Session(Agent(), line=line, settings=settings_for(rest)) as session:
        await session.send_text("tell me something long")
        while not line.speaker.runs():
            await asyncio.sleep(0.005)
        await asyncio.sleep(random.uniform(0.1, 0.3))
        under_way = list(rest.heard)
        decided_s = loop.time()
        await session.interrupt()
        ends = [await _gone(heard) for heard in under_way]
        await asyncio.sleep(0.1)
        last = max(run.at + run.samples for run in line.speaker.runs())
    assert len(ends) > 1, "chat and speech were under way"
    return max(0.0, last / RATE_HZ - (decided_s - line.opened_at)), max(ends) - decided_s


PCM = {"Content-Type": "audio/pcm"}


def written(text: str) -> list[bytes]:
    """Return an answer of a chat model, word by word."""
    words = [{"content": f"{word} "} for word in text.split()]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in words]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in [*chunks, end]] + [b"data: [DONE]\n\n"]


def spoken() -> RestAnswer:
    """Return a second of sound."""
    return RestAnswer([bytes(4800)] * 10, headers=PCM, after_s=SPEECH_S)


async def opened(rest: ScriptedRest, port: Port) -> CascadeEngine:
    """Return an engine that is ready; no silence ends its turns, so that nothing begins before their end."""
    settings = settings_for(rest)
    engine = CascadeEngine(lambda seed: rest_services(settings, seed.language), hangover_ms=0)
    await engine.open(Seed("Be brief.", (), AudioFormat()), port)
    await port.ready.wait()
    return engine


def settings_for(rest: ScriptedRest) -> Settings:
    """Return settings whose models are all named, so that no list is asked for."""
    models = ModelSettings(transcription="whisper-1", chat="m", speech="tts-1")
    return Settings(
        agent=AgentSettings(models=models),
        backend=BackendSettings(base_url=rest.base_url),
        tiers=TierSettings(engine="rest"),
    )


async def _gone(heard: Heard) -> float:
    await heard.gone.wait()
    return _now()


def _now() -> float:
    return asyncio.get_running_loop().time()
