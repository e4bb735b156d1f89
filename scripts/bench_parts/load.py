"""N sessions at 50 frames a second each way: delay up and down, CPU per session-minute, beside both floors."""

from __future__ import annotations

import argparse
from typing import Any

from bench_parts.rig import ENTRIES, FAST, OURS, STOCK, Entry, contest, load_server
from bench_parts.stats import median, spread
from bench_parts.table import Table

Results = dict[Entry, list[dict[str, Any]]]
FRAMES_PER_S = 50
PLENTY = 0.98
"""Of the frames due that must have come through for a round to count."""


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Interleaved rounds for each N."""
    numbers = options.sessions or ([10] if options.quick else [1, 10, 40, 100])
    seconds = 3.0 if options.quick else 6.0
    told: dict[str, Any] = {}
    with load_server() as url:
        for sessions in numbers:
            results = rounds(url, options.rounds, sessions, seconds)
            told[str(sessions)] = {entry.name: results[entry] for entry in ENTRIES}
            show(sessions, results)
    return told


def rounds(url: str, count: int, sessions: int, seconds: float) -> Results:
    """Every contestant once per round, so that a noisy minute hits all."""
    results: Results = {entry: [] for entry in ENTRIES}
    for _ in range(count):
        for entry in ENTRIES:
            one = contest(entry, url, sessions=sessions, seconds=seconds)
            frames = one["uplink_frames"] + one["downlink_frames"]  # by frames: a lost one must not look cheap
            one["cpu_per_session_minute_s"] = one["cpu_s"] / frames * 2 * FRAMES_PER_S * 60
            due = sessions * FRAMES_PER_S * one["wall_s"]
            one["complete"] = min(one["uplink_frames"], one["downlink_frames"]) >= PLENTY * due and not one["broken"]
            results[entry].append(one)
    return results


def ratio(results: Results, entry: Entry, base: Entry) -> list[float]:
    """CPU against another contestant, pair by pair."""
    pairs = zip(results[entry], results[base], strict=True)
    return [one["cpu_per_session_minute_s"] / other["cpu_per_session_minute_s"] for one, other in pairs]


def middle(ones: list[dict[str, Any]], way: str, percent: int) -> float:
    """The median round's delay."""
    return median([one[f"{way}_p{percent}_ms"] for one in ones])


def show(sessions: int, results: Results) -> None:
    """One table per N: medians of the rounds, ranges in brackets."""
    count = len(results[OURS])
    table = Table(
        f"N = {sessions} sessions, {count} interleaved rounds: median (range)",
        [
            "",
            "CPU s per session-minute",
            "x stock floor",
            "x uvloop floor",
            "up p50/p99 ms",
            "down p50/p99 ms",
            "frames",
        ],
    )
    for entry in ENTRIES:
        ones = results[entry]
        complete = sum(one["complete"] for one in ones)
        table.row(
            entry.name,
            spread([one["cpu_per_session_minute_s"] for one in ones]),
            spread(ratio(results, entry, STOCK)),
            spread(ratio(results, entry, FAST)),
            *(f"{middle(ones, way, 50):.2f} / {middle(ones, way, 99):.1f}" for way in ("uplink", "downlink")),
            "all" if complete == count else f"LOST in {count - complete} of {count}",
        )
    table.print()
