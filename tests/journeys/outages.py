"""Every way a connection ends, at every point of a conversation: what a cell of that matrix is, and what it must keep.

A cell is one conversation on virtual time. The user says hello and is answered; then something else is under way, the
fault comes, the conversation goes on, and at its end the user asks once more. Both sides speak numbered samples, so
whatever was lost, said twice or kept in two forms is counted, not guessed. Twenty cells share a loop.
"""

from __future__ import annotations

import asyncio
import itertools
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from journeys.outage_checks import (
    of_agent_audio,
    of_answers,
    of_ending,
    of_history,
    of_tools,
    of_user_speech,
    of_warnings,
)
from journeys.outage_talk import Recovery, Talk
from voiceloop.testing.account import account_for
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.faults import Answer, Close, Cut, Fault, Freeze, Refuse, Reset, refusal
from voiceloop.testing.script import SESSION_EXPIRED

__all__ = [
    "FAULTS",
    "PHASES",
    "Cell",
    "Outcome",
    "Trouble",
    "cells",
    "held",
    "hold",
    "outcome_of",
    "run",
    "strike",
    "table",
    "told",
]

AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of the network or the server, and what becomes of the session."""

    name: str
    faults: tuple[Fault, ...] = ()
    expires: bool = False
    """The server ends the session for its age."""
    ends: str = ""
    """Why the session ends; empty when it goes on."""


def _answered(status: int, code: str | None = None, **more: Any) -> tuple[Fault, ...]:
    return Reset(), Answer(refusal(status, code), **more)


FAULTS = (
    Trouble("close 1000", (Close(1000),)),
    Trouble("close 1001", (Close(1001, "going away"),)),
    Trouble("close 1011", (Close(1011, "internal error"),)),
    Trouble("close 1013", (Close(1013, "try again later"),)),
    Trouble("close 4000", (Close(4000, "something private"),)),
    Trouble("reset", (Reset(),)),
    Trouble("freeze", (Freeze(scope="open"),)),
    Trouble("freeze 4 s", (Freeze(for_s=4.0),)),
    Trouble("refuse 3 s", (Reset(), Refuse(for_s=3.0))),
    Trouble("HTTP 429 twice", _answered(429, times=2)),
    Trouble("HTTP 503 for 3 s", _answered(503, for_s=3.0)),
    Trouble("session_expired", expires=True),
    Trouble("cut in a frame up", (Cut("up", messages=1, inside=True),)),
    Trouble("cut in a frame down", (Cut("down", messages=1, inside=True),)),
    Trouble("HTTP 401", _answered(401), ends="engine_lost_bad_key"),
    Trouble("HTTP 403", _answered(403), ends="engine_lost_bad_key"),
    Trouble("HTTP 404", _answered(404), ends="engine_lost_bad_model"),
    Trouble("no quota", _answered(429, "insufficient_quota"), ends="engine_lost_quota"),
)


# Phases: each brings the conversation to its point, lets the fault come, and goes on from there ---------------------

Strike = Callable[[], None]


async def idle(talk: Talk, strike: Strike) -> None:
    await talk.passes(1.0)
    strike()
    await talk.passes(0.4)
    if talk.line_device.is_open:
        talk.says("during", 1600)


async def user_speaking(talk: Talk, strike: Strike) -> None:
    talk.says("long", 3000)
    await talk.passes(1.3)
    strike()


async def thinking(talk: Talk, strike: Strike) -> None:
    talk.says("think", 1000)
    await talk.line("user_said", 2)
    await talk.passes(0.5)
    strike()


async def tool_running(talk: Talk, strike: Strike) -> None:
    talk.says("fetch", 1000)
    await talk.line("tool_called")
    await talk.passes(0.8)
    strike()


async def agent_speaking(talk: Talk, strike: Strike) -> None:
    talk.says("tell", 1000)
    await talk.line("agent_speech_started", 2)
    await talk.passes(1.3)
    strike()


async def audio_queued(talk: Talk, strike: Strike) -> None:
    talk.says("recite", 1000)
    await talk.line("agent_speech_started", 2)
    await talk.passes(1.3)
    strike()


async def words_awaited(talk: Talk, strike: Strike) -> None:
    talk.words_after_s = 1.0
    talk.says("tell", 1000)
    await talk.line("agent_speech_started", 2)
    await talk.passes(0.5)
    strike()


async def user_interrupts(talk: Talk, strike: Strike) -> None:
    talk.says("recite", 1000)
    await talk.line("agent_speech_started", 2)
    await talk.passes(0.7)
    talk.says("over", 2000)
    await talk.passes(0.3)
    strike()


PHASES = {
    phase.__name__.replace("_", " "): phase
    for phase in (
        idle,
        user_speaking,
        thinking,
        tool_running,
        agent_speaking,
        audio_queued,
        words_awaited,
        user_interrupts,
    )
}


# Cells ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One conversation of the matrix."""

    trouble: Trouble
    phase: str
    dialect: str

    @property
    def name(self) -> str:
        """What a test of it is called."""
        return f"{self.trouble.name}, {self.phase}, {self.dialect}"


@dataclass(slots=True)
class Outcome:
    """What became of a cell."""

    cell: Cell
    problems: list[str] = field(default_factory=list)
    tape: str = ""
    recovery: Recovery | None = None


def cells() -> list[Cell]:
    """All of them, in the order in which they stand in the table."""
    return [Cell(*each) for each in itertools.product(FAULTS, PHASES, ("beta", "ga"))]


def run(chosen: Sequence[Cell]) -> list[Outcome]:
    """Hold these conversations at the same time, on one loop and virtual time."""
    return run_virtual(_run(chosen))


async def _run(chosen: Sequence[Cell]) -> list[Outcome]:
    before = asyncio.all_tasks()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hold(cell), name=cell.name) for cell in chosen]
    outcomes = [task.result() for task in tasks]
    left = [task.get_name() for task in asyncio.all_tasks() - before]
    for outcome in outcomes:
        outcome.problems += [f"one of the {len(chosen)} cells left the task {name!r}" for name in left]
    return outcomes


async def hold(cell: Cell, make: Callable[[str], Talk] = Talk) -> Outcome:
    """Hold one conversation; never raises."""
    outcome = Outcome(cell)
    talk = make(cell.dialect)
    try:
        async with talk:
            await _converse(talk, cell)
        outcome.problems += _judge(talk, cell)
    except Exception as error:  # noqa: BLE001 - the other cells go on
        outcome.problems.append("".join(traceback.format_exception(error)))
    outcome.tape, outcome.recovery = talk.tape, talk.recovery
    return outcome


async def _converse(talk: Talk, cell: Cell) -> None:
    talk.says("hello", 800)
    await talk.line("agent_said")
    await PHASES[cell.phase](talk, partial(strike, talk, cell.trouble))
    if cell.trouble.ends:
        await talk.ends(20.0)
    else:
        await talk.has_settled()
        talk.says("bye", 800)
        await talk.has_settled()


def strike(talk: Talk, trouble: Trouble) -> None:
    """Let it happen."""
    talk.struck_s = asyncio.get_running_loop().time()
    talk.network.inject(*trouble.faults)
    if trouble.expires:
        talk.gateway.perform(*SESSION_EXPIRED)


def _judge(talk: Talk, cell: Cell) -> Iterator[str]:
    told = account_for(talk.line_device, talk.gateway)
    ends = cell.trouble.ends
    yield from of_agent_audio(talk, told, whole=not ends and cell.phase != "user interrupts")
    yield from of_tools(talk, calls=1 if cell.phase == "tool running" else 0)
    yield from of_ending(talk, ends)
    yield from of_warnings(talk, ends, ["session_expired"] if cell.trouble.expires else [])
    if not ends:
        yield from of_user_speech(told)
        yield from of_history(talk)
        yield from of_answers(talk, interrupted="recite" if cell.phase == "user interrupts" else "")


# Telling -------------------------------------------------------------------------------------------------------------


held: dict[str, Outcome] = {}
"""What became of the cells so far, by their names."""


def outcome_of(cell: Cell) -> Outcome:
    """Hold this cell, with the nineteen around it, unless that was done before."""
    if cell.name not in held:
        everyone = cells()
        first = everyone.index(cell) // AT_ONCE * AT_ONCE
        held.update((outcome.cell.name, outcome) for outcome in run(everyone[first : first + AT_ONCE]))
    return held[cell.name]


def table(outcomes: Iterable[Outcome]) -> list[list[str]]:
    """Rows of faults by columns of phases, the heading first."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault((outcome.cell.trouble.name, outcome.cell.phase), []).append(outcome)
    rows = [["", *PHASES]]
    for trouble in FAULTS:
        cells_of = [found.get((trouble.name, phase), []) for phase in PHASES]
        if any(cells_of):
            rows.append([trouble.name, *map(_verdict, cells_of)])
    return rows


def told(outcomes: Iterable[Outcome]) -> str:
    """The table in columns of equal width."""
    rows = table(outcomes)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _verdict(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "-"
    bad = [outcome for outcome in outcomes if outcome.problems]
    return f"{len(bad)} of {len(outcomes)} bad" if bad else "ok"
