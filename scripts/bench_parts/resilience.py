"""What a conversation survives and how soon it goes on: faults by phases, recovery, interruptions, roll-overs."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
from collections.abc import Sequence
from typing import Any

from bench_parts.stats import percentile
from bench_parts.table import Table, console
from journeys import outages
from journeys.outage_rigs import Cut, Drop, RollOver, drop, interruption, roll_over
from voiceloop.testing.clock import run_virtual

AT_ONCE = 20
TIMED = (
    "close 1000",
    "close 1001",
    "close 1011",
    "close 1013",
    "close 4000",
    "reset",
    "cut in a frame up",
    "session_expired",
    "freeze",
    "refuse 3 s",
    "HTTP 503 for 3 s",
)
UNANSWERED_S = {"refuse 3 s": 3.0, "HTTP 503 for 3 s": 3.0}
"""While this lasts nothing can be done; recovery counts from its end."""


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Four tables; what a cell of the first one lost or doubled is told below it."""
    return {
        "matrix": matrix(),
        "recovery": recovery(5 if options.quick else 20),
        "truncation": truncation(50 if options.quick else 200),
        "roll_over": roll_overs(1 if options.quick else 3),
    }


def matrix() -> dict[str, Any]:
    """Every fault at every phase in both dialects, on virtual time, twenty at once."""
    cells = outages.cells()
    held: list[outages.Outcome] = []
    for first in range(0, len(cells), AT_ONCE):
        held += outages.run(cells[first : first + AT_ONCE])
    heading, *rows = outages.table(held)
    table = Table(f"Conversations through faults, {len(held)} cells in two dialects, counted by samples", heading)
    for row in rows:
        table.row(*row)
    table.print()
    bad = {outcome.cell.name: outcome.problems for outcome in held if outcome.problems}
    for name, problems in bad.items():
        console.print(f"{name}: {'; '.join(problems)}", style="red", markup=False)
    return {"cells": len(held), "bad": bad}


def recovery(count: int) -> dict[str, Any]:
    """The user is speaking when the connection ends; real sockets, the wall clock, the server up."""
    dice = random.Random(7)
    troubles = {trouble.name: trouble for trouble in outages.FAULTS}
    drops = [Drop(troubles[name], dice.uniform(0.5, 2.0)) for name in TIMED for _ in range(count)]
    told: dict[str, list[Drop]] = {name: [] for name in TIMED}
    for batch in _batches(drops):
        for done in asyncio.run(_all(drop, batch)):
            told[done.trouble.name].append(done)
    table = Table(
        f"From the fault to the next connection and to the microphone on it, {count} each, ms "
        "(budget 70 and 100 where the loss is told and the server is up)",
        ["fault", "socket p50", "p95", "microphone p50", "p95", "speech lost", "said twice"],
    )
    for name, dones in told.items():
        sockets, microphones = ([getattr(each, kind) for each in dones] for kind in ("socket_ms", "microphone_ms"))
        figures = [f"{percentile(of, percent):.0f}" for of in (sockets, microphones) for percent in (50, 95)]
        since = ", from its end" if name in UNANSWERED_S else ""
        table.row(name + since, *figures, *(f"{sum(getattr(e, k) for e in dones):g}" for k in ("lost_ms", "twice_ms")))
    table.print()
    return {name: [each.figures() for each in dones] for name, dones in told.items()}


def truncation(count: int) -> dict[str, Any]:
    """Replies of three items, cut at random; virtual time, lines that lag up to 150 ms."""
    dice = random.Random(20)
    cuts = [
        Cut(dice.uniform(0.05, 7.5), dice.choice((0.0, 1.3, 10.0)), dice.randrange(0, 150, 10)) for _ in range(count)
    ]
    done = [cut for batch in _batches(cuts) for cut in run_virtual(_all(interruption, batch))]
    errors = [error for cut in done for error in cut.errors_ms]
    unheard = [cut.unheard_ms for cut in done]
    table = Table(
        f"What servers keep of {count} interrupted replies of three items", ["", "p50", "p95", "worst", "budget"]
    )
    for label, figures, budget in (
        ("truncation against what was heard", errors, "1 ms p95"),
        ("unheard audio left in history, all items", unheard, "0 ms"),
    ):
        table.row(label, *(f"{percentile(figures, percent):.2f} ms" for percent in (50, 95, 100)), budget)
    table.print()
    return {"errors_ms": errors, "unheard_ms": unheard}


def roll_overs(sessions: int) -> dict[str, Any]:
    """The server ends sessions every three seconds while the user speaks without a pause; real sockets."""
    done = [asyncio.run(roll_over(RollOver())) for _ in range(sessions)]  # each alone, or they delay each other
    gaps = list(itertools.chain.from_iterable(each.gaps_ms for each in done))
    heard = list(itertools.chain.from_iterable(each.heard_gaps_ms for each in done))
    table = Table(
        f"The microphone in {len(gaps)} forced roll-overs under continuous speech",
        ["gap", "p50", "p95", "worst", "budget", "speech lost", "said twice"],
    )
    sums = [f"{sum(getattr(each, kind) for each in done):g} ms" for kind in ("lost_ms", "twice_ms")]
    table.row(
        "from socket to socket", *(f"{percentile(gaps, percent):.1f} ms" for percent in (50, 95, 100)), "20 ms", *sums
    )
    table.row(
        "as a server on this very loop hears it", *(f"{percentile(heard, percent):.1f} ms" for percent in (50, 95, 100))
    )
    table.print()
    return {"gaps_ms": gaps, "heard_gaps_ms": heard}


def _batches(everything: Sequence[Any]) -> list[Sequence[Any]]:
    return [everything[first : first + AT_ONCE] for first in range(0, len(everything), AT_ONCE)]


async def _all(rig: Any, batch: Sequence[Any]) -> list[Any]:  # noqa: ANN401 - one of three
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(rig(each)) for each in batch]
    return [task.result() for task in tasks]
