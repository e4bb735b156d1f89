"""Microseconds a session adds per frame above the socket, beside what the bare loop spends on the same frame."""

# ruff: noqa: D102 - the names say it
from __future__ import annotations

import argparse
import asyncio
import base64
import binascii
import gc
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bench_parts.desk import FRAME_SAMPLES, captured
from bench_parts.server import DELTA, SESSION, SPEAKS
from bench_parts.stats import spread
from bench_parts.table import Table

FRAMES = 20_000
BUDGET_US = 10


class NullSocket:
    """Takes everything, costs nothing."""

    subprotocol = None
    last_byte_at = 0.0

    def send(self, payload: bytes) -> bool:
        self.last = payload
        return True

    def send_control(self, payload: bytes) -> None:
        self.last = payload

    def ping(self) -> None:
        """Nobody is there."""

    async def close(self, within_s: float) -> None:
        """Nothing is open."""


class Tap:
    """A line that only shows what it was given."""

    async def open(self, ears: Any, ledger: Any, rate_hz: int, reports: object) -> None:  # noqa: ANN401
        self.ears, self.ledger, self.rate_hz, self.reports = ears, ledger, rate_hz, reports

    def flush(self, generation: int) -> None:
        """Nothing is playing."""

    def played(self) -> Any:  # noqa: ANN401
        from voiceloop.devices.base import Played  # noqa: PLC0415

        return Played(self.ledger.generation, self.ledger.position, exact=True)

    async def close(self, within_s: float) -> None:
        """Nothing is open."""


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Interleaved passes over each road."""
    roads = asyncio.run(measured(options.rounds + 2))
    table = Table(
        f"Microseconds per 20 ms frame above the socket, {options.rounds + 2} passes of {FRAMES}: median (range)",
        ["road", "voiceloop", "bare loop"],
    )
    for name in ("microphone to socket", "socket to ledger", "ledger to speaker"):
        table.row(name, spread(roads[name], " us"), spread(roads.get(f"bare {name}", []), " us"))
    total = [sum(each) for each in zip(roads["microphone to socket"], roads["socket to ledger"], strict=True)]
    table.row(f"up and down together (budget {BUDGET_US} us each)", spread(total, " us"), "")
    table.print()
    return roads


async def measured(passes: int) -> dict[str, list[float]]:
    """Open a session on a null socket and push frames through it by hand."""
    async with on_null_socket() as (line, receive):
        return roads_of(line, receive, passes)


@asynccontextmanager
async def on_null_socket(*, rest: bool = False) -> AsyncIterator[tuple[Tap, Callable[[bytes], None]]]:
    """A session whose server is a function; `rest`: it could fall back on REST. Yields its line and that function."""
    from voiceloop.agent import Agent  # noqa: PLC0415
    from voiceloop.engines.realtime import RealtimeEngine  # noqa: PLC0415
    from voiceloop.engines.rest import rest_engine  # noqa: PLC0415
    from voiceloop.session import Session  # noqa: PLC0415
    from voiceloop.settings import BackendSettings, RealtimeSettings, Settings  # noqa: PLC0415
    from voiceloop.vocabulary import Tier  # noqa: PLC0415

    hooks: dict[str, Callable[[bytes], None]] = {}
    greeting = ({"type": "session.created", "session": SESSION}, {"type": "session.updated", "session": SESSION})

    def feed(*events: dict[str, object]) -> None:
        for event in events:
            hooks["message"](json.dumps({"event_id": "e", **event}).encode())

    async def dial(url: str, **given: Any) -> NullSocket:  # noqa: ANN401
        hooks["message"] = given["on_message"]
        asyncio.get_running_loop().call_later(0.01, feed, *greeting)
        return NullSocket()

    settings = Settings(
        backend=BackendSettings(base_url="http://127.0.0.1:1"), realtime=RealtimeSettings(model="bench")
    )
    engines = {Tier.REALTIME: RealtimeEngine(settings, dial=dial)}
    if rest:
        engines[Tier.REST] = rest_engine(settings)
    line = Tap()
    async with Session(Agent(), line=line, settings=settings, engine=engines):
        feed(*SPEAKS)
        yield line, hooks["message"]


def roads_of(line: Tap, receive: Callable[[bytes], None], passes: int) -> dict[str, list[float]]:
    """Time each road, and its bare counterpart right after it."""
    frame = captured(1.0)
    audio = binascii.b2a_base64(frame, newline=False)
    delta = DELTA[:-2] + audio + b'"}'
    text = delta.decode()
    buffer = bytearray()
    bare_sink: list[str] = [""]
    ledger = line.ledger

    def hear() -> None:
        line.ears(frame, 0)

    def play() -> None:
        ledger.ack(ledger.position)
        ledger.pull(FRAME_SAMPLES)

    def bare_hear() -> None:
        event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(frame).decode()}
        bare_sink[0] = json.dumps(event)

    def bare_receive() -> None:
        event = json.loads(text)
        if event["type"] == "response.output_audio.delta":
            buffer.extend(base64.b64decode(event["delta"]))

    def bare_play() -> None:
        del buffer[: len(frame)]

    roads: dict[str, list[float]] = {}
    gc.collect()
    gc.freeze()
    for _ in range(passes):
        timed(roads, "microphone to socket", hear)
        timed(roads, "bare microphone to socket", bare_hear)
        together(roads, "", lambda: receive(delta), play)
        together(roads, "bare ", bare_receive, bare_play)
    assert ledger.late_samples == ledger.refused_samples == 0, "audio was dropped: the road was not measured"
    return roads


def timed(roads: dict[str, list[float]], name: str, step: Callable[[], None]) -> None:
    """One pass over one road."""
    start = time.perf_counter()
    for _ in range(FRAMES):
        step()
    roads.setdefault(name, []).append((time.perf_counter() - start) / FRAMES * 1e6)


def together(roads: dict[str, list[float]], prefix: str, put: Callable[[], None], take: Callable[[], None]) -> None:
    """Downlink in bursts of a second, played in between, as it comes from fast servers."""
    spent = {"socket to ledger": 0.0, "ledger to speaker": 0.0}
    burst = 50
    for _ in range(FRAMES // burst):
        for name, step in (("socket to ledger", put), ("ledger to speaker", take)):
            start = time.perf_counter()
            for _ in range(burst):
                step()
            spent[name] += time.perf_counter() - start
    for name, seconds in spent.items():
        roads.setdefault(prefix + name, []).append(seconds / FRAMES * 1e6)
