"""From a realtime server that fails to REST and back: silence, the microphone at the return, what being ready costs."""

# ruff: noqa: D102 - the names say it
from __future__ import annotations

import argparse
import asyncio
import binascii
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench_parts.cost import on_null_socket
from bench_parts.desk import FRAME_SAMPLES, captured
from bench_parts.load import FRAMES_PER_S
from bench_parts.rig import OURS, TIERS, contest, load_server
from bench_parts.server import DELTA
from bench_parts.stats import median, percentile, spread
from bench_parts.table import Table
from voiceloop.agent import Agent
from voiceloop.engines.base import Engine
from voiceloop.engines.cascade.orders import Deadlines
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.engines.rest import rest_engine
from voiceloop.session import Session
from voiceloop.settings import AgentSettings, BackendSettings, ModelSettings, RealtimeSettings, Settings, TierSettings
from voiceloop.testing.faults import Answer, Fault, Freeze, Refuse, Reset, refusal
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import Run
from voiceloop.testing.proxy import FaultProxy
from voiceloop.testing.script import Reply, Spoken
from voiceloop.testing.service_seams import ServiceTimes
from voiceloop.testing.services import ScriptedServices
from voiceloop.testing.voices import numbers_are_speech
from voiceloop.transcript import TranscriptLine
from voiceloop.vocabulary import Tier

AT_ONCE = 5
LONGEST_S = 20.0
RATE_HZ = 24_000
SPEECH_MS = 1000
FEW_FRAMES = 5
THINKS_S = 3.0
ANSWER = "It is noon."
TIMES = ServiceTimes()
SESSIONS, SECONDS = 100, 6.0
FRAMES_A_PASS = 500
WAYS: dict[str, tuple[tuple[Fault, ...], float]] = {
    "nothing passes any more": ((Freeze(),), 1.5),
    "reset, then refused": ((Reset(), Refuse()), 0.5),
    "reset, then HTTP 503": ((Reset(), Answer(refusal(503))), 0.5),
}
"""What happens to realtime while it thinks, and how soon REST must be heard, its services' own time not counted."""


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Three tables. Real sockets and the wall clock; services take times that are known."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a proxy that heals finds clients that have left
    count = 5 if options.quick else 20
    dice = random.Random(11)
    falls = {
        name: [Fall(faults, dice.uniform(0.1, 0.6), dice.uniform(0.0, 1.5)) for _ in range(count)]
        for name, (faults, _) in WAYS.items()
    }
    with numbers_are_speech():
        for batch in _batches([fall for each in falls.values() for fall in each]):
            asyncio.run(_all(batch))
    show_silence(falls)
    returns = [fall for each in falls.values() for fall in each]
    show_returns(returns)
    return {
        "falls": {name: [(fall.told_s, fall.sounded_s) for fall in each] for name, each in falls.items()},
        "returns": [(fall.held_ms, fall.usual_ms, fall.lost_ms, fall.twice_ms) for fall in returns],
        "ready": ready(options.rounds, 3.0 if options.quick else SECONDS),
        "frames": asyncio.run(frames(60 if options.quick else 300)),
    }


def show_silence(falls: dict[str, list[Fall]]) -> None:
    """Budgets count from the fault; REST alone answers for what comes after the notice."""
    count = len(next(iter(falls.values())))
    table = Table(
        f"Realtime fails while it thinks, {count} times each: seconds from then on",
        ["", "noticed p50", "p95", "REST heard p50", "p95", "worst", "budget", "from notice p50", "p95"],
    )
    for name, each in falls.items():
        told, sounded = [fall.told_s for fall in each], [fall.sounded_s for fall in each]
        since = [fall.sounded_s - fall.told_s for fall in each]
        figures = [(told, 50), (told, 95), (sounded, 50), (sounded, 95), (sounded, 100)]
        cells = [f"{percentile(of, percent):.2f}" for of, percent in figures]
        table.row(name, *cells, f"{WAYS[name][1]:g}", *(f"{percentile(since, percent):.2f}" for percent in (50, 95)))
    table.print()


def show_returns(falls: list[Fall]) -> None:
    """The user speaks at any time around the return."""
    table = Table(f"The microphone at {len(falls)} returns to realtime, ms", ["", "p50", "p95", "worst", "budget"])
    for label, figures, budget in (
        ("a frame held back after the switch", [fall.held_ms for fall in falls], "20"),
        ("the same before anything had failed", [fall.usual_ms for fall in falls], ""),
        ("speech lost that begins about then", [fall.lost_ms for fall in falls], "0"),
        ("speech heard twice", [fall.twice_ms for fall in falls], "0"),
    ):
        table.row(label, *(f"{percentile(figures, percent):.1f}" for percent in (50, 95, 100)), budget)
    table.print()


def ready(rounds: int, seconds: float) -> dict[str, list[float]]:
    """CPU of sessions that could fall back beside that of sessions that could not, pair by pair."""
    told: dict[str, list[float]] = {OURS.name: [], TIERS.name: []}
    with load_server() as url:
        for turn in range(rounds):
            for entry in (OURS, TIERS) if turn % 2 else (TIERS, OURS):
                one = contest(entry, url, sessions=SESSIONS, seconds=seconds)
                frames = one["uplink_frames"] + one["downlink_frames"]
                told[entry.name].append(one["cpu_s"] / frames * 2 * FRAMES_PER_S * 60)
    more = [100 * (two / one - 1) for one, two in zip(told[OURS.name], told[TIERS.name], strict=True)]
    table = Table(
        f"CPU s per session-minute, {SESSIONS} healthy sessions, {rounds} interleaved pairs: median (range)",
        ["", "realtime alone", "with REST to fall back on", "more, pair by pair", "budget"],
    )
    table.row("", *(spread(each) for each in told.values()), spread(more, " %", 1), "2 %")
    table.print()
    return told | {"more_percent": more, "median_more_percent": [median(more)]}


async def frames(pairs: int) -> dict[str, list[float]]:
    """The same on the road of each frame alone, two sessions in turn: what a busy machine adds hits both."""
    told: dict[bool, list[float]] = {False: [], True: []}
    async with on_null_socket() as alone, on_null_socket(rest=True) as tiers:
        frame, delta = captured(1.0), DELTA[:-2] + binascii.b2a_base64(captured(1.0), newline=False) + b'"}'
        for turn in range(pairs):
            for rest in (False, True) if turn % 2 else (True, False):
                line, receive = tiers if rest else alone
                began_s = time.process_time()
                for _ in range(FRAMES_A_PASS):
                    line.ears(frame, 0)
                    receive(delta)
                    line.ledger.ack(line.ledger.position)
                    line.ledger.pull(FRAME_SAMPLES)
                told[rest].append(1e6 * (time.process_time() - began_s) / FRAMES_A_PASS)
    more = [100 * (two / one - 1) for one, two in zip(told[False], told[True], strict=True)]
    table = Table(
        f"Microseconds a frame, up and down together, {pairs} passes of {FRAMES_A_PASS} in turn",
        ["", "p50", "p95", "more p50", "budget"],
    )
    for label, figures, cells in (
        ("realtime alone", told[False], ("", "")),
        ("with REST to fall back on", told[True], (f"{median(more):.1f} %", "2 %")),
    ):
        table.row(label, *(f"{percentile(figures, percent):.2f}" for percent in (50, 95)), *cells)
    table.print()
    return {"alone_us": told[False], "tiers_us": told[True], "more_percent": more}


# One conversation ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Fall:
    """An outage `after_s` seconds into the thought about a turn, and what came of it."""

    faults: tuple[Fault, ...]
    after_s: float
    speaks_after_s: float
    """From the end of REST's answer, when realtime is well again, until the user speaks."""
    told_s: float = 0.0
    """From the fault until the loss of the engine was told."""
    sounded_s: float = 0.0
    """From the fault to the first sound of REST's answer, what the services took not counted."""
    held_ms: float = 0.0
    """Before realtime had it, a frame of the microphone after the return."""
    usual_ms: float = 0.0
    """The same while all was well: what this loop does to any frame."""
    lost_ms: float = 0.0
    twice_ms: float = 0.0


async def fall(plan: Fall) -> None:
    """One question that realtime thinks about when it fails, another one around the return."""
    gateway = ScriptedGateway(default=Reply((Spoken("Let me see.", 900),), audio_after_s=THINKS_S), listens=True)
    services = ScriptedServices(default=Reply((Spoken(ANSWER, 900),)), times=TIMES)
    server = ScriptedServer(gateway, services=services)
    async with server, FaultProxy(server.port, only="/v1/realtime") as proxy:
        line, lines, taken = NumberedLine(), Lines(), list[Taken]()
        settings = settings_for(proxy.through(server.base_url))
        engines: dict[Tier, Engine] = {
            Tier.REALTIME: Noted(RealtimeEngine(settings), taken),
            Tier.REST: Noted(rest_engine(settings, Deadlines.hurried()), taken),
        }
        async with Session(Agent(), line=line, settings=settings, engine=engines, on_line=lines.take):
            gateway.will_hear(line.say(1000), "what time is it")
            await lines.until("user_said")
            await asyncio.sleep(plan.after_s)
            struck_s = _now()
            proxy.inject(*plan.faults)
            plan.told_s = await lines.until("warning") - struck_s
            await lines.until("agent_said")
            heard_s = line.opened_at + min(run.at for run in line.speaker.runs()) / RATE_HZ
            plan.sounded_s = heard_s - struck_s - services_s(services)
            proxy.heal()
            await asyncio.sleep(plan.speaks_after_s)
            again = line.say(SPEECH_MS)
            gateway.will_hear(again, "and now")
            switched_s = await lines.until("tier_changed", tier="realtime")
            await lines.until("agent_said", times=2)
    moved = next(number for number, each in enumerate(taken) if each.at_s >= switched_s)
    plan.held_ms = max(each.late_ms(line.opened_at, switched_s) for each in taken[moved : moved + FEW_FRAMES])
    usual = taken[5 * FEW_FRAMES : 6 * FEW_FRAMES]
    plan.usual_ms = max(each.late_ms(line.opened_at) for each in usual)
    times = [sum(each.sample <= sample < each.sample + each.samples for each in taken) for sample in steps_of(again)]
    plan.lost_ms, plan.twice_ms = (float(sum(wrong)) for wrong in ((n == 0 for n in times), (n > 1 for n in times)))


def services_s(services: ScriptedServices) -> float:
    """What no client of these services could have saved."""
    recognised_s = TIMES.transcribe_s if services.recognitions else 0.0
    return recognised_s + TIMES.first_token_s + len(ANSWER.split()) * TIMES.word_s + TIMES.first_audio_s


def steps_of(run: Run) -> range:
    """Return a sample of each millisecond."""
    return range(run.at, run.at + run.samples, RATE_HZ // 1000)


@dataclass(frozen=True, slots=True)
class Taken:
    """Sound that an engine took."""

    tier: Tier
    at_s: float
    sample: int
    samples: int

    def late_ms(self, opened_s: float, from_s: float = 0.0) -> float:
        """How long after it was captured whole, or after `from_s`."""
        return 1000 * (self.at_s - max(from_s, opened_s + (self.sample + self.samples) / RATE_HZ))


class Noted:
    """An engine; what it hears is noted."""

    def __init__(self, engine: Engine, taken: list[Taken]) -> None:
        self._engine = engine
        self._taken = taken
        self.tier = engine.tier
        self.open = engine.open
        self.recall = engine.recall
        self.obey = engine.obey
        self.close = engine.close

    def fresh(self, connection: int) -> Noted:
        return Noted(self._engine.fresh(connection), self._taken)

    def hear(self, pcm: bytes, first_sample: int) -> bool:
        took = self._engine.hear(pcm, first_sample)
        if took:
            self._taken.append(Taken(self.tier, _now(), first_sample, len(pcm) // 2))
        return took


@dataclass(slots=True)
class Lines:
    """The transcript so far."""

    seen: list[tuple[float, TranscriptLine]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, line: TranscriptLine) -> None:
        self.seen.append((_now(), line))
        self.news.set()

    async def until(self, event: str, times: int = 1, **fields: object) -> float:
        """Wait for the `times`-th line of an event; tells when it was written."""
        async with asyncio.timeout(LONGEST_S):
            while True:
                found = [
                    at_s for at_s, line in self.seen if line.event == event and fields.items() <= line.fields.items()
                ]
                if len(found) >= times:
                    return found[times - 1]
                self.news.clear()
                await self.news.wait()


def settings_for(base_url: str) -> Settings:
    """Return settings whose models are all named, so that no list is asked for."""
    models = ModelSettings(transcription="whisper-1", chat="m", speech="tts-1")
    return Settings(
        agent=AgentSettings(models=models),
        backend=BackendSettings(base_url=base_url),
        realtime=RealtimeSettings(model="m"),
        tiers=TierSettings(order=(Tier.REALTIME, Tier.REST), apology_after_s=None),
    )


def _batches(falls: list[Fall]) -> list[list[Fall]]:
    return [falls[first : first + AT_ONCE] for first in range(0, len(falls), AT_ONCE)]


async def _all(falls: Sequence[Fall]) -> None:
    async with asyncio.TaskGroup() as group:
        for each in falls:
            group.create_task(fall(each))


def _now() -> float:
    return asyncio.get_running_loop().time()
