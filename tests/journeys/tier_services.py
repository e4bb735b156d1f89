"""REST fails below a realtime that is away, in every way, at every point of a conversation: the machine itself answers.

A cell is one conversation on virtual time. Realtime goes in a quiet moment, REST takes over; then one of its endpoints
breaks, the turn in hand is answered by services that stand for models on the machine, the endpoint is mended, and two
more turns are said. Realtime stays away.
"""

from __future__ import annotations

import asyncio
import itertools
import traceback
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from journeys.outage_checks import of_agent_audio, of_ending, of_tools, of_user_speech
from journeys.outages import PHASES
from journeys.tier_checks import of_answers, of_handover, of_history, of_tiers
from journeys.tier_outages import Outcome, verdict
from journeys.tier_talk import TierTalk
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.faults import Refuse, Reset, refusal
from voiceloop.testing.script import NoAnswer, Stall, Vanish
from voiceloop.testing.service_faults import Endpoint, Garbled, ServiceFault
from voiceloop.testing.voices import numbers_are_speech
from voiceloop.vocabulary import Tier

__all__ = ["FAULTS", "Broken", "cells", "held", "outcome_of", "table"]

AT_ONCE = 24
WITHIN_S = 2.0
"""From a loss of REST to the machine's voice, with what a second try of REST takes, and without its own time."""
BELOW = (Tier.REST, Tier.DEVICE)
FAULTS: dict[str, ServiceFault] = {
    "refused": Refuse(),
    "HTTP 429": refusal(429),
    "HTTP 500": refusal(500),
    "no answer": NoAnswer(),
    "stalls": Stall(),
    "wrong content": Garbled(),
    "cut": Vanish(),
}
ENDPOINTS: tuple[Endpoint, ...] = ("transcribe", "chat", "speak")


@dataclass(frozen=True, slots=True)
class Broken:
    """One conversation of the matrix."""

    endpoint: Endpoint
    fault: str
    phase: str

    @property
    def name(self) -> str:
        """What a test of it is called."""
        return f"{self.endpoint} {self.fault}, {self.phase}"

    def strike(self, talk: TierTalk) -> None:
        """Let it happen, to what is under way too where that can be."""
        talk.struck_s = asyncio.get_running_loop().time()
        rest, how = talk.services[Tier.REST], FAULTS[self.fault]
        rest.break_(self.endpoint, how=how)
        if isinstance(how, Stall):
            rest.freeze(self.endpoint)
        elif isinstance(how, Vanish):
            rest.drop(self.endpoint)


held: dict[str, Outcome] = {}
"""What became of the cells so far, by their names."""


def cells() -> list[Broken]:
    """All of them."""
    return [Broken(*each) for each in itertools.product(ENDPOINTS, FAULTS, PHASES)]


def outcome_of(cell: Broken) -> Outcome:
    """Hold this cell, with those around it, unless that was done before."""
    if cell.name not in held:
        everyone = cells()
        first = everyone.index(cell) // AT_ONCE * AT_ONCE
        chosen = everyone[first : first + AT_ONCE]
        with numbers_are_speech():
            held.update(zip((each.name for each in chosen), run_virtual(_run(chosen)), strict=True))
    return held[cell.name]


async def _run(chosen: Sequence[Broken]) -> list[Outcome]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_hold(cell), name=cell.name) for cell in chosen]
    return [task.result() for task in tasks]


async def _hold(cell: Broken) -> Outcome:
    """Hold one conversation; never raises."""
    outcome = Outcome(cell)  # type: ignore[arg-type]
    talk = TierTalk("ga", BELOW)
    try:
        async with talk:
            outcome.problems += [problem async for problem in _converse(talk, cell)]
        outcome.problems += _judge(talk, cell)
    except Exception as error:  # noqa: BLE001 - the other cells go on
        outcome.problems.append("".join(traceback.format_exception(error)))
    outcome.tape, outcome.waited_s = talk.tape, talk.waited_s(Tier.DEVICE)
    return outcome


async def _converse(talk: TierTalk, cell: Broken) -> AsyncIterator[str]:
    talk.says("hello", 800)
    await talk.line("agent_said")
    await talk.passes(1.0)
    talk.network.inject(Reset(), Refuse())
    await talk.line("tier_changed")
    await talk.passes(3.0)
    await PHASES[cell.phase](talk, lambda: cell.strike(talk))
    await talk.has_settled()
    if len(talk.tiers) < 2:  # nobody was asked for what is broken
        talk.says("late", 800)
        await talk.has_settled()
    for problem in (*of_tiers(talk, ["rest", "device"]), *of_history(talk)):
        yield f"before the return {problem}"
    talk.services[Tier.REST].mend()
    await talk.passes(7.0)
    talk.says("again", 800)
    await talk.has_settled()
    talk.says("bye", 800)
    await talk.has_settled()


def _judge(talk: TierTalk, cell: Broken) -> Iterator[str]:
    interrupted = "recite" if cell.phase == "user interrupts" else ""
    account = talk.account
    yield from of_agent_audio(talk, account, whole=not interrupted)
    yield from of_tools(talk, calls=1 if cell.phase == "tool running" else 0)
    yield from of_ending(talk, "")
    yield from of_user_speech(account)
    yield from of_answers(talk, interrupted)
    yield from of_history(talk)
    yield from of_tiers(talk, ["rest", "device", "rest"])
    yield from of_handover(talk, WITHIN_S)


def table() -> list[list[str]]:
    """Endpoints and faults by phases, the heading first; of what was held."""
    names = [f"{endpoint} {fault}" for endpoint, fault in itertools.product(ENDPOINTS, FAULTS)]
    rows = [[name, *(held.get(f"{name}, {phase}") for phase in PHASES)] for name in names]
    return [["REST", *PHASES], *([name, *map(verdict, row)] for name, *row in rows if any(row))]
