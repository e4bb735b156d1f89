"""Conversations that are measured: a drop while the user speaks, an interruption, roll-overs without a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

from journeys.journey import Journey
from journeys.outage_sockets import SocketTalk
from journeys.outage_talk import RATE_PER_MS, Talk
from journeys.outages import Trouble, strike
from voiceloop.engines.socket import Socket
from voiceloop.testing.account import account_for
from voiceloop.testing.faults import Answer, Refuse
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.script import Quirks, Reply, Spoken
from voiceloop.testing.spans import samples_in

__all__ = ["Cut", "Drop", "RollOver", "drop", "interruption", "roll_over"]

LIFE_S = 3.0
SPEECH_MS = 20_000


@dataclass(slots=True)
class Drop:
    """A connection that ends `after_s` seconds into speech, and what came of it."""

    trouble: Trouble
    after_s: float
    socket_ms: float = 0.0
    microphone_ms: float = 0.0
    lost_ms: float = 0.0
    twice_ms: float = 0.0

    def figures(self) -> dict[str, float]:
        """For a file."""
        return {name: getattr(self, name) for name in ("socket_ms", "microphone_ms", "lost_ms", "twice_ms")}


async def drop(plan: Drop) -> Drop:
    """Real sockets and the wall clock. Recovery counts from the end of what the server refuses."""
    talk = SocketTalk("ga")
    async with talk:
        talk.says("long", 6000)
        await talk.passes(plan.after_s)
        strike(talk, plan.trouble)
        refused_s = sum(fault.for_s or 0.0 for fault in plan.trouble.faults if isinstance(fault, Refuse | Answer))
        await talk.has_settled()
        told = account_for(talk.line_device, talk.gateway)
    recovery = talk.recovery
    assert recovery is not None, talk.lines
    plan.socket_ms = recovery.socket_ms - refused_s * 1000
    plan.microphone_ms = recovery.microphone_ms - refused_s * 1000
    plan.lost_ms, plan.twice_ms = samples_in(told.lost) / RATE_PER_MS, samples_in(told.twice) / RATE_PER_MS
    return plan


@dataclass(slots=True)
class Cut:
    """An interruption `after_s` seconds into a reply that comes at this pace, on a line that lags so much."""

    after_s: float
    pace: float
    latency_ms: int
    errors_ms: list[float] = field(default_factory=list)
    """Of each item that was cut: what the server keeps against what was heard."""
    unheard_ms: float = 0.0
    """In all items, what the server keeps and nobody heard."""


async def interruption(plan: Cut) -> Cut:
    """Virtual time; three items of 1.5, 4 and 2.5 s."""
    says = tuple(Spoken(f"this is part {number}", audio_ms) for number, audio_ms in enumerate((1500, 4000, 2500)))
    line = NumberedLine(latency_ms=plan.latency_ms)
    talk = Journey(Reply(says, pace=plan.pace), line=line, complete=False)
    async with talk:
        await talk.session.send_text("tell me something long")
        await talk.line("agent_speech_started")
        await talk.passes(plan.after_s)
        await talk.session.interrupt()
        await talk.passes(1.0)
    for item in talk.gateway.connection.items:
        if item.body.get("role") == "assistant":
            kept_ms = float(item.audio_ms if item.kept_ms is None else item.kept_ms)
            heard_ms = talk.heard_ms[item.item_id]
            plan.unheard_ms += max(0.0, kept_ms - heard_ms)
            if item.kept_ms is not None:
                plan.errors_ms.append(abs(kept_ms - heard_ms))
    return plan


@dataclass(slots=True)
class RollOver:
    """A session whose server ends it again and again while the user speaks."""

    gaps_ms: list[float] = field(default_factory=list)
    """Between the last sound handed to one socket and the first one handed to the next."""
    heard_gaps_ms: list[float] = field(default_factory=list)
    """The same where the server hears it; it shares its loop with the client, which says much at once."""
    lost_ms: float = 0.0
    twice_ms: float = 0.0
    warnings: list[str] = field(default_factory=list)


async def roll_over(plan: RollOver, make: Callable[..., Talk] = SocketTalk) -> RollOver:
    """Real sockets and the wall clock, unless another talk is made."""
    talk = make("ga", quirks=Quirks(session_lasts_s=LIFE_S))
    sent: list[list[float]] = []
    talk.engine._dial = partial(_noted, sent, talk.engine._dial)
    async with talk:
        talk.says("on-and-on", SPEECH_MS)
        await talk.passes(SPEECH_MS / 1000)
        rolled = len(talk.appended_at)
        await _settled(talk)
        told = account_for(talk.line_device, talk.gateway)
    plan.warnings = talk.warnings()
    plan.gaps_ms = _gaps_ms(sent[:rolled])
    plan.heard_gaps_ms = _gaps_ms(talk.appended_at[:rolled])
    plan.lost_ms, plan.twice_ms = samples_in(told.lost) / RATE_PER_MS, samples_in(told.twice) / RATE_PER_MS
    return plan


def _gaps_ms(times: Iterable[Sequence[float]]) -> list[float]:
    return [(after[0] - before[-1]) * 1000 for before, after in pairwise(filter(None, times))]


class _Noted:
    """A socket that notes when sound was handed to it."""

    def __init__(self, socket: Socket, times: list[float]) -> None:
        self._socket = socket
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def send(self, payload: bytes) -> bool:
        taken = self._socket.send(payload)
        if taken:
            self._times.append(asyncio.get_running_loop().time())
        return taken


async def _noted(sent: list[list[float]], dial: Callable[..., Awaitable[Socket]], url: str, **more: Any) -> _Noted:
    sent.append([])
    return _Noted(await dial(url, **more), sent[-1])


async def _settled(talk: Talk) -> None:
    await talk.until(lambda: len(talk.said("agent_said")) > 0)
    await asyncio.sleep(1.0)
