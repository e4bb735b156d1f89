"""The load server's process, the contestants' processes, and which core each gets."""

# ruff: noqa: D102 - the names say it
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench_parts.stats import percentile

CONTEST_TIMEOUT_S = 120


@dataclass(frozen=True)
class Entry:
    """A contestant on a loop."""

    contestant: str
    loop: str

    @property
    def name(self) -> str:
        return f"{self.contestant} on {self.loop}"


STOCK = Entry("floor", "asyncio")
FAST = Entry("floor", "uvloop")
OURS = Entry("voiceloop", "uvloop")
OURS_STOCK = Entry("voiceloop", "asyncio")
TIERS = Entry("tiers", "uvloop")
ENTRIES = (STOCK, OURS, FAST, OURS_STOCK)


LONG = ("capacity", "turns", "interruptions")
"""Parts to be asked for; interruptions are a part of turns too."""


def cores() -> tuple[set[int], set[int]]:
    """The contestant's core and the server's; the same set where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return ({usable[0]}, {usable[-1]}) if len(usable) > 1 else (set(usable), set(usable))


@contextmanager
def load_server() -> Iterator[str]:
    """The load server; yields its base URL."""
    command = [sys.executable, "-m", "bench_parts.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, cores()[1])
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def contest(entry: Entry, url: str, *, sessions: int, seconds: float, model: str = "bench") -> dict[str, Any]:
    """Run one contestant in a process pinned to its core; what it reported, with percentiles in milliseconds."""
    command = [sys.executable, "-m", "bench_parts.contest", entry.contestant, "--loop", entry.loop, "--url", url]
    command += ["--model", model, "--sessions", str(sessions), "--seconds", str(seconds)]
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        timeout=CONTEST_TIMEOUT_S,
        preexec_fn=lambda: os.sched_setaffinity(0, cores()[0]),
    )
    told = json.loads(done.stdout)
    for way in ("uplink", "downlink"):
        delays = told.pop(f"{way}_ns")
        for percent in (50, 95, 99):
            told[f"{way}_p{percent}_ms"] = percentile(delays, percent) / 1e6
        told[f"{way}_frames"] = len(delays)
    return told


def options_of(arguments: list[str] | None, parts: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Ratios against floors measured in the same run."
    )
    every = f"of: {', '.join(parts)} (default: all but {', '.join(LONG)})"
    parser.add_argument("parts", nargs="*", metavar="PART", help=every)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, for a first look")
    parser.add_argument("--json", metavar="FILE", help="write every figure to FILE")
    parser.add_argument("--rounds", type=int, help="interleaved rounds")
    parser.add_argument("--sessions", type=int, nargs="+", metavar="N", help="numbers of sessions for `load`")
    options = parser.parse_args(arguments)
    wrong = [part for part in options.parts if part not in parts]
    if wrong:
        parser.error(f"no part {wrong[0]!r}; there are: {', '.join(parts)}")
    options.parts = options.parts or [part for part in parts if part not in LONG]
    options.rounds = options.rounds or (3 if options.quick else 5)
    return options
