"""Resident memory: a process with one session, and what each further idle session takes."""

from __future__ import annotations

import argparse
from typing import Any

from bench_parts.rig import FAST, OURS, STOCK, contest, load_server
from bench_parts.stats import spread
from bench_parts.table import Table

FEW, MANY = 1, 51
ENTRIES = (STOCK, FAST, OURS)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Microphones run, nobody speaks."""
    told: dict[str, dict[str, list[float]]] = {entry.name: {"one_mb": [], "each_mb": []} for entry in ENTRIES}
    with load_server() as url:
        for _ in range(options.rounds):
            for entry in ENTRIES:
                few, many = (
                    contest(entry, url, sessions=sessions, seconds=2.0, model="idle")["resident_mb"]
                    for sessions in (FEW, MANY)
                )
                told[entry.name]["one_mb"].append(few)
                told[entry.name]["each_mb"].append((many - few) / (MANY - FEW))
    table = Table(
        f"Resident memory, {options.rounds} rounds: median (range)",
        ["", "process with 1 session (budget 60 MB)", f"each of {MANY - FEW} more, idle (budget 0.3 MB)"],
    )
    for name, figures in told.items():
        table.row(name, spread(figures["one_mb"], " MB", 1), spread(figures["each_mb"], " MB", 3))
    table.print()
    return told
