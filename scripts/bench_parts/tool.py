"""Tools: from the end of a call's events to its output and to the one follow-up on the wire."""

# ruff: noqa: D102, ASYNC110 - the names say it; nothing tells when it has happened
from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import uvloop

from bench_parts.stats import percentile
from bench_parts.table import Table

CALLS = 2


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Two calls in one reply, tools that answer at once, on our socket."""
    count = 30 if options.quick else 100
    told = uvloop.run(calls(count))
    table = Table(f"{CALLS} parallel calls of instant tools, {count} times", ["", "p50", "p95", "worst", "budget p95"])
    for name, label, budget in (
        ("output_ms", "call complete to its output sent", "2 ms"),
        ("follow_up_ms", "reply done to response.create sent", "3 ms"),
    ):
        figures = [percentile(told[name], percent) for percent in (50, 95, 100)]
        table.row(label, *(f"{figure:.2f} ms" for figure in figures), budget)
    table.row("follow-ups per reply", *[str(max(told["follow_ups"]))] * 3, "1")
    table.print()
    return told


class Timed:
    """Wraps `connect` to note when calls arrive and answers leave."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}
        self.sent: dict[str, float] = {}
        self.asks: list[float] = []
        self.done = 0.0

    async def connect(self, url: str, **given: Any) -> Any:  # noqa: ANN401
        from voiceloop.engines.socket import connect  # noqa: PLC0415

        receive = given["on_message"]
        given["on_message"] = lambda payload: self.note_in(payload, receive)
        socket = await connect(url, **given)
        send = socket.send_control
        socket.send_control = lambda payload: self.note_out(payload, send)
        return socket

    def note_in(self, payload: bytes, receive: Callable[[bytes], None]) -> None:
        now = time.perf_counter()
        event = json.loads(payload)
        if event["type"] == "response.function_call_arguments.done":
            self.arrived.setdefault(event["call_id"], now)
        if event["type"] == "response.done" and self.arrived and not self.done:
            self.done = now
        receive(payload)

    def note_out(self, payload: bytes, send: Callable[[bytes], None]) -> None:
        send(payload)
        event = json.loads(payload)
        if event["type"] == "response.create" and self.arrived:
            self.asks.append(time.perf_counter())
        item = event.get("item") or {}
        if item.get("type") == "function_call_output":
            self.sent[item["call_id"]] = time.perf_counter()


async def calls(count: int) -> dict[str, list[float]]:
    """One session per round."""
    from voiceloop.agent import Agent  # noqa: PLC0415
    from voiceloop.engines.realtime import RealtimeEngine  # noqa: PLC0415
    from voiceloop.session import Session  # noqa: PLC0415
    from voiceloop.settings import BackendSettings, RealtimeSettings, Settings  # noqa: PLC0415
    from voiceloop.testing.gateway import ScriptedGateway  # noqa: PLC0415
    from voiceloop.testing.gateway_server import ScriptedServer  # noqa: PLC0415
    from voiceloop.testing.line import NumberedLine  # noqa: PLC0415
    from voiceloop.testing.script import Call, Reply, Spoken  # noqa: PLC0415

    async def lamp(on: bool) -> str:  # noqa: FBT001 - a tool's arguments are the model's
        """Switch the lamp.

        on: whether it should shine
        """
        return "shining" if on else "dark"

    told: dict[str, list[float]] = {"output_ms": [], "follow_up_ms": [], "follow_ups": []}
    for _ in range(count):
        reply = Reply((), tuple(Call("lamp", '{"on":true}', f"call_{number}") for number in range(CALLS)))
        server = ScriptedServer(ScriptedGateway(reply, default=Reply((Spoken("done", 40),))))
        async with server:
            timed = Timed()
            backend = BackendSettings(base_url=server.base_url)
            settings = Settings(backend=backend, realtime=RealtimeSettings(model="bench"))
            engine = RealtimeEngine(settings, dial=timed.connect)
            agent = Agent(tools=[lamp])
            async with Session(agent, line=NumberedLine(), settings=settings, engine=engine) as session:
                await session.send_text("light, please")
                async with asyncio.timeout(5):
                    while not timed.asks:
                        await asyncio.sleep(0.005)
                await asyncio.sleep(0.05)
        told["output_ms"] += [(timed.sent[call] - timed.arrived[call]) * 1000 for call in timed.sent]
        told["follow_up_ms"].append((timed.asks[0] - timed.done) * 1000)
        told["follow_ups"].append(len(timed.asks))
    return told
