"""Realtime fails in every way, at every point of a conversation, and stays away: what the next tier must keep.

A cell is one conversation on virtual time, as in the matrix of outages, but the server does not come back until the
turn in hand was answered by scripted services. Then it does, and two more turns are said.
"""

from __future__ import annotations

import asyncio
import itertools
import traceback
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from journeys.outage_checks import of_agent_audio, of_ending, of_tools, of_user_speech
from journeys.outages import PHASES, Trouble, strike
from journeys.tier_checks import of_answers, of_handover, of_history, of_tiers
from journeys.tier_talk import TierTalk
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.faults import Answer, Close, Cut, Freeze, Refuse, Reset, refusal
from voiceloop.testing.voices import numbers_are_speech
from voiceloop.vocabulary import Tier

__all__ = ["FAULTS", "Cell", "Outcome", "cells", "held", "outcome_of", "table", "told", "verdict"]

AT_ONCE = 20
GONE = Refuse()
FAULTS = (
    Trouble("close 1000", (Close(1000), GONE)),
    Trouble("close 1001", (Close(1001, "going away"), GONE)),
    Trouble("close 1011", (Close(1011, "internal error"), GONE)),
    Trouble("close 1013", (Close(1013, "try again later"), GONE)),
    Trouble("close 4000", (Close(4000, "something private"), GONE)),
    Trouble("reset", (Reset(), GONE)),
    Trouble("freeze, refuse", (Freeze(scope="open"), GONE)),
    Trouble("freeze", (Freeze(),)),
    Trouble("HTTP 429", (Reset(), Answer(refusal(429)))),
    Trouble("HTTP 503", (Reset(), Answer(refusal(503)))),
    Trouble("session_expired", (GONE,), expires=True),
    Trouble("cut in a frame up", (Cut("up", messages=1, inside=True), GONE)),
    Trouble("cut in a frame down", (Cut("down", messages=1, inside=True), GONE)),
    Trouble("HTTP 401", (Reset(), Answer(refusal(401))), ends="for good"),
    Trouble("HTTP 403", (Reset(), Answer(refusal(403))), ends="for good"),
    Trouble("HTTP 404", (Reset(), Answer(refusal(404))), ends="for good"),
    Trouble("no quota", (Reset(), Answer(refusal(429, "insufficient_quota"))), ends="for good"),
)
"""`ends` means the tier here: no time cures it, and it is not tried again."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One conversation of the matrix."""

    trouble: Trouble
    phase: str
    dialect: str

    @property
    def name(self) -> str:
        """What a test of it is called."""
        return f"{self.trouble.name}, {self.phase}"


@dataclass(slots=True)
class Outcome:
    """What became of a cell."""

    cell: Cell
    problems: list[str] = field(default_factory=list)
    tape: str = ""
    waited_s: float | None = None
    """How long the listener waited for the next tier, its own time taken off."""


held: dict[str, Outcome] = {}
"""What became of the cells so far, by their names."""


def cells() -> list[Cell]:
    """All of them, the dialects in turn."""
    return [
        Cell(trouble, phase, ("beta", "ga")[(row + column) % 2])
        for (row, trouble), (column, phase) in itertools.product(enumerate(FAULTS), enumerate(PHASES))
    ]


def outcome_of(cell: Cell) -> Outcome:
    """Hold this cell, with the nineteen around it, unless that was done before."""
    if cell.name not in held:
        everyone = cells()
        first = everyone.index(cell) // AT_ONCE * AT_ONCE
        with numbers_are_speech():
            held.update((each.cell.name, each) for each in run_virtual(_run(everyone[first : first + AT_ONCE])))
    return held[cell.name]


async def _run(chosen: Sequence[Cell]) -> list[Outcome]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_hold(cell), name=cell.name) for cell in chosen]
    return [task.result() for task in tasks]


async def _hold(cell: Cell) -> Outcome:
    """Hold one conversation; never raises."""
    outcome = Outcome(cell)
    talk = TierTalk(cell.dialect)
    try:
        async with talk:
            outcome.problems += [problem async for problem in _converse(talk, cell)]
        outcome.problems += _judge(talk, cell)
    except Exception as error:  # noqa: BLE001 - the other cells go on
        outcome.problems.append("".join(traceback.format_exception(error)))
    outcome.tape, outcome.waited_s = talk.tape, talk.waited_s(Tier.REST)
    return outcome


async def _converse(talk: TierTalk, cell: Cell) -> AsyncIterator[str]:
    talk.says("hello", 800)
    await talk.line("agent_said")
    await PHASES[cell.phase](talk, partial(strike, talk, cell.trouble))
    await talk.has_settled()
    if not talk.tiers:  # nothing was on its way that could be cut
        talk.says("late", 800)
        await talk.has_settled()
    for problem in of_tiers(talk, ["rest"]):
        yield problem
    for problem in of_history(talk):
        yield f"before the return {problem}"
    talk.network.heal()
    talk.says("again", 800)
    await talk.has_settled()
    talk.says("bye", 800)
    await talk.has_settled()


def _judge(talk: TierTalk, cell: Cell) -> Iterator[str]:
    interrupted = "recite" if cell.phase == "user interrupts" else ""
    account = talk.account
    yield from of_agent_audio(talk, account, whole=not interrupted)
    yield from of_tools(talk, calls=1 if cell.phase == "tool running" else 0)
    yield from of_ending(talk, "")
    yield from of_user_speech(account)
    yield from of_answers(talk, interrupted)
    yield from of_history(talk)
    yield from of_tiers(talk, ["rest"] if cell.trouble.ends else ["rest", "realtime"])
    yield from of_handover(talk)


def table() -> list[list[str]]:
    """Faults by phases, the heading first; of what was held."""
    rows = [[trouble.name, *(held.get(f"{trouble.name}, {phase}") for phase in PHASES)] for trouble in FAULTS]
    return [["realtime", *PHASES], *([name, *map(verdict, row)] for name, *row in rows if any(row))]


def told(table: Sequence[Sequence[str]]) -> str:
    """A table in columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)


def verdict(outcome: Outcome | None) -> str:
    """How long the listener waited; "ok" where the next tier had nothing to say."""
    if outcome is None:
        return "-"
    if outcome.problems:
        return "bad"
    return "ok" if outcome.waited_s is None else f"{max(0.0, outcome.waited_s):.1f} s"
