"""Every way a connection ends, at every point of a conversation: what a cell of that matrix is, and what it must keep.

A cell is one conversation on virtual time. The user says hello and is answered; then something else is under way, the
fault comes, the conversation goes on, and at its end the user asks once more. Both sides speak numbered samples, so
whatever was lost, said twice or kept in two forms is counted, not guessed. Twenty cells share a loop.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from journeys.journey import Journey
from voiceloop.agent import Agent
from voiceloop.testing.account import Account, account
from voiceloop.testing.brain import Question
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.faults import Answer, Close, Cut, Fault, Freeze, Refuse, Reset, refusal
from voiceloop.testing.gateway_items import Item as WireItem
from voiceloop.testing.numbers import runs
from voiceloop.testing.script import SESSION_EXPIRED, Call, Reply, Spoken
from voiceloop.testing.spans import Span, absent, samples_in, spans_of
from voiceloop.tools.tool import tool
from voiceloop.vocabulary import AssistantTurn, Item, ToolCall, ToolOutput, UserTurn

__all__ = ["FAULTS", "PHASES", "Cell", "Outcome", "Trouble", "cells", "held", "outcome_of", "run", "table", "told"]

AT_ONCE = 20
WORD_MS = 200
RATE_PER_MS = 24
TOOL_TAKES_S = 2.0


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


class Talk(Journey):
    """A journey whose user says words that are known by their samples, and whose deltas are noted as they arrive."""

    def __init__(self, dialect: str) -> None:
        self.ran: list[str] = []
        """Orders that the tool was run for."""
        self.arrived: list[Span] = []
        """Samples of the agent's that came through the network."""

        @tool
        async def find_bread(order: str) -> str:
            """Where a bread is.

            order: its number
            """
            self.ran.append(order)
            await asyncio.sleep(TOOL_TAKES_S)
            return "in the oven"

        agent = Agent(tools=[find_bread])
        super().__init__(dialect=dialect, agent=agent, complete=False, listens=True, brain=_answer)
        self.engine._dial = partial(_noting, self.arrived, self.engine._dial)

    def says(self, name: str, duration_ms: int) -> None:
        """The user says `name1 name2 ...`, five words a second."""
        words = " ".join(f"{name}{number}" for number in range(1, duration_ms // WORD_MS + 1))
        self.gateway.will_hear(self.line_device.say(duration_ms), words)

    async def has_answered(self) -> None:
        """Everything the user said is written down and answered, and an engine listens."""
        while True:
            await self.until(self._idle, 40.0)
            await self.passes(0.7)
            if self._idle():
                return

    def _idle(self) -> bool:
        written = sum(len(line["text"].split()) for line in self.said("user_said"))
        said = sum(run.samples for run in self.line_device.said) // RATE_PER_MS // WORD_MS
        up = self.session._driver.core.machine.tier is not None
        return up and self.session.settled and written >= said


def _answer(asked: Question) -> Reply:
    """What the server says: it depends on nothing but the question, so that asking again brings the same."""
    if asked.outputs:
        return Reply((Spoken(f"Your bread is {asked.outputs[0]}.", 900),))
    kind = asked.text.split(" ")[-1].rstrip("0123456789")
    story = "Once upon a time there was a fox who lived in a wood."
    return {
        "think": Reply((Spoken("That needed some thought.", 900),), audio_after_s=1.5),
        "fetch": Reply((), (Call("find_bread", '{"order": "7"}'),)),
        "tell": Reply((Spoken(story, 4000),), pace=1.2),
        "recite": Reply((Spoken(story, 4000),)),
    }.get(kind, Reply((Spoken("It is noon.", 600),)))


async def _noting(arrived: list[Span], dial: Callable[..., Awaitable[Any]], url: str, **more: Any) -> Any:
    on_message = more.pop("on_message")

    def note(frame: bytes) -> None:
        if b'audio.delta"' in frame:
            arrived.extend(spans_of(runs(base64.b64decode(json.loads(frame)["delta"]))))
        on_message(frame)

    return await dial(url, on_message=note, **more)


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


PHASES = {
    phase.__name__.replace("_", " "): phase
    for phase in (idle, user_speaking, thinking, tool_running, agent_speaking, audio_queued)
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
    lost_ms: float = 0.0
    """Speech of the user that the surviving history lacks."""
    silent_s: float = 0.0
    """From the fault until a microphone was heard again; 0 where it never was."""


def cells() -> list[Cell]:
    """All of them, in the order in which they stand in the table."""
    return [Cell(*each) for each in itertools.product(FAULTS, PHASES, ("beta", "ga"))]


def run(chosen: Sequence[Cell]) -> list[Outcome]:
    """Hold these conversations at the same time, on one loop and virtual time."""
    return run_virtual(_run(chosen))


async def _run(chosen: Sequence[Cell]) -> list[Outcome]:
    before = asyncio.all_tasks()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_hold(cell), name=cell.name) for cell in chosen]
    outcomes = [task.result() for task in tasks]
    left = [task.get_name() for task in asyncio.all_tasks() - before]
    for outcome in outcomes:
        outcome.problems += [f"one of the {len(chosen)} cells left the task {name!r}" for name in left]
    return outcomes


async def _hold(cell: Cell) -> Outcome:
    outcome = Outcome(cell)
    talk = Talk(cell.dialect)
    try:
        async with talk:
            await _converse(talk, cell)
        _judge(talk, cell, outcome)
    except Exception as error:  # noqa: BLE001 - the other cells go on
        outcome.problems.append("".join(traceback.format_exception(error)))
    outcome.tape = talk.tape
    return outcome


async def _converse(talk: Talk, cell: Cell) -> None:
    talk.says("hello", 800)
    await talk.line("agent_said")
    await PHASES[cell.phase](talk, partial(_strike, talk, cell.trouble))
    if cell.trouble.ends:
        await talk.ends(20.0)
    else:
        await talk.has_answered()
        talk.says("bye", 800)
        await talk.has_answered()


def _strike(talk: Talk, trouble: Trouble) -> None:
    talk.network.inject(*trouble.faults)
    if trouble.expires:
        talk.gateway.perform(*SESSION_EXPIRED)


# What must hold ------------------------------------------------------------------------------------------------------


def _judge(talk: Talk, cell: Cell, outcome: Outcome) -> None:
    told = account(talk.line_device, talk.gateway)
    outcome.problems += _of_agent_audio(talk, told, cell)
    outcome.problems += _of_tools(talk, cell)
    outcome.problems += _of_ending(talk, cell)
    if not cell.trouble.ends:
        outcome.lost_ms = samples_in(told.lost) / RATE_PER_MS
        outcome.problems += _of_user_speech(told)
        outcome.problems += _of_history(talk)


def _of_user_speech(told: Account) -> Iterator[str]:
    if told.lost:
        yield f"speech is lost: {_ms(told.lost)}; turns {told.turns}"
    if told.twice:
        yield f"speech is in the history twice: {_ms(told.twice)}; turns {told.turns}"
    if told.pending:
        yield f"speech waits in the buffer: {_ms(told.pending)}"


def _of_agent_audio(talk: Talk, told: Account, cell: Cell) -> Iterator[str]:
    if told.played_twice:
        yield f"the agent is heard twice: {_ms(told.played_twice)}"
    if told.strange:
        yield f"{told.strange} samples were heard that nobody sent"
    unplayed = absent(talk.arrived, told.heard)
    if unplayed and not cell.trouble.ends:
        yield f"arrived and was not heard: {_ms(unplayed)}"


def _of_tools(talk: Talk, cell: Cell) -> Iterator[str]:
    called = [line["call_id"] for line in talk.said("tool_called")]
    if len(called) != (cell.phase == "tool running") or len(talk.ran) != len(called):
        yield f"calls {called}, runs {talk.ran}"


def _of_ending(talk: Talk, cell: Cell) -> Iterator[str]:
    assert talk.ended is not None
    ends = cell.trouble.ends
    wanted = (ends, 4) if ends else ("script over", 0)
    if (talk.ended.reason, talk.ended.exit_status) != wanted:
        yield f"ended as {talk.ended}, not as {wanted}"
    warnings = [code for code in talk.warnings() if code != ends]
    if len(warnings) != 1 or not warnings[0].startswith("engine_lost_"):
        yield f"warnings: {warnings}"
    errors = [error["error"]["code"] for error in talk.gateway.errors]
    if errors != ["session_expired"] * cell.trouble.expires or talk.gateway.garbage:
        yield f"the server complained: {errors} {talk.gateway.garbage}"


def _of_history(talk: Talk) -> Iterator[str]:
    ours = [_row(item) for item in talk.session.history]
    theirs = [_wire_row(item) for item in talk.gateway.connection.items]
    if ours != theirs:
        yield f"the record is\n  {ours}\nand the newest connection has\n  {theirs}"


def _row(item: Item) -> tuple[str, str]:
    match item:
        case UserTurn(text=text):
            return "user", text
        case AssistantTurn(text=text):
            return "assistant", text
        case ToolCall(call_id=call_id):
            return "call", call_id
        case ToolOutput(call_id=call_id):
            return "output", call_id
        case _:
            return "other", str(item)


def _wire_row(item: WireItem) -> tuple[str, str]:
    kinds = {"function_call": "call", "function_call_output": "output"}
    kind = kinds.get(item.body["type"])
    return (str(item.body["role"]), item.text) if kind is None else (kind, item.body["call_id"])


def _ms(spans: Iterable[Span]) -> str:
    return ", ".join(f"{span.first / RATE_PER_MS:g}-{span.end / RATE_PER_MS:g} ms" for span in spans)


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
