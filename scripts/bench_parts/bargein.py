"""Interruptions: from the decision to silence, and how far the server's history is from what was heard."""

# ruff: noqa: ASYNC110 - nothing tells when it has happened
from __future__ import annotations

import argparse
import asyncio
import random
from typing import Any

from bench_parts.stats import percentile
from bench_parts.table import Table

ITEMS_MS = (1500, 4000)
RATE_PER_MS = 24
AT_ONCE = 8


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Two-item replies, interrupted at random times in either item, over real sockets on the wall clock."""
    count = 24 if options.quick else 64
    told = asyncio.run(interruptions(count))  # uvloop's clock counts whole milliseconds
    table = Table(
        f"Barge-in on a line that counts samples, {len(told['silence_ms'])} of {count} replies interrupted",
        ["", "p50", "p95", "worst", "budget"],
    )
    for name, label, budget in (
        ("silence_ms", "decision to silence", "10 ms p95"),
        ("error_ms", "truncation against what was heard", "1 ms p95"),
        ("unheard_ms", "unheard audio left in history, all items", "0 ms"),
    ):
        figures = [percentile(told[name], percent) for percent in (50, 95, 100)]
        table.row(label, *(f"{figure:.2f} ms" for figure in figures), budget)
    table.print()
    return told


async def interruptions(count: int) -> dict[str, list[float]]:
    """Some at a time, so that each has company."""
    told: dict[str, list[float]] = {"silence_ms": [], "error_ms": [], "unheard_ms": []}
    dice = random.Random(20)
    at_ms = [dice.uniform(200, sum(ITEMS_MS) - 300) for _ in range(count)]
    for first in range(0, count, AT_ONCE):
        async with asyncio.TaskGroup() as tasks:
            for number, each in enumerate(at_ms[first : first + AT_ONCE]):
                tasks.create_task(interrupted(each + number / 3, told))
    return told


async def interrupted(at_ms: float, told: dict[str, list[float]]) -> None:
    """One session whose only reply is interrupted after about `at_ms` of it."""
    from voiceloop.agent import Agent  # noqa: PLC0415
    from voiceloop.engines.realtime import RealtimeEngine  # noqa: PLC0415
    from voiceloop.session import Session  # noqa: PLC0415
    from voiceloop.settings import BackendSettings, RealtimeSettings, Settings  # noqa: PLC0415
    from voiceloop.testing.gateway import ScriptedGateway  # noqa: PLC0415
    from voiceloop.testing.gateway_server import ScriptedServer  # noqa: PLC0415
    from voiceloop.testing.line import NumberedLine  # noqa: PLC0415
    from voiceloop.testing.script import Reply, Spoken  # noqa: PLC0415

    says = tuple(Spoken(f"this is part {number}", audio_ms) for number, audio_ms in enumerate(ITEMS_MS))
    gateway = ScriptedGateway(Reply(says, pace=10.0))
    server = ScriptedServer(gateway)
    line = NumberedLine()
    async with server:
        backend = BackendSettings(base_url=server.base_url)
        settings = Settings(backend=backend, realtime=RealtimeSettings(model="bench"))
        async with Session(Agent(), line=line, settings=settings, engine=RealtimeEngine(settings)) as session:
            await session.send_text("tell me something long")
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(10):
                while not line.speaker.runs():
                    await asyncio.sleep(0.005)
            await asyncio.sleep(at_ms / 1000)
            decided_ms = (loop.time() - line.opened_at) * 1000
            await session.interrupt()
            await asyncio.sleep(0.3)
            runs = line.speaker.runs()
    silent_ms = max(run.at + run.samples for run in runs) / RATE_PER_MS
    told["silence_ms"].append(max(0.0, silent_ms - decided_ms))
    note(gateway, sum(run.samples for run in runs) / RATE_PER_MS, told)


def note(gateway: Any, heard_ms: float, told: dict[str, list[float]]) -> None:  # noqa: ANN401
    """Compare what the server's conversation holds with what was heard, item by item."""
    conversation = gateway.connection.conversation
    items = [item for item in conversation.items.values() if item.body.get("role") == "assistant"]
    unheard = 0.0
    for item, audio_ms in zip(items, ITEMS_MS, strict=False):
        heard_here = min(heard_ms, audio_ms)
        heard_ms -= heard_here
        kept = item.audio_ms if item.kept_ms is None else item.kept_ms
        kept = kept if item.item_id in conversation.order else 0
        unheard += max(0.0, kept - heard_here)
        if item.kept_ms is not None:
            told["error_ms"].append(abs(kept - heard_here))
    told["unheard_ms"].append(unheard)
