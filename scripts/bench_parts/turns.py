"""How often people are cut off in a pause, against how long they wait for the end of their turn: ours beside webrtcvad.

Needs Debian's apt-get, ffmpeg and espeak-ng the first time, and the extra `local`; see `turn_set`. Nothing here depends
on how busy the machine is: words come a fixed time after they were asked for.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from bench_parts import interruptions
from bench_parts.speech_sound import CONDITIONS, FOLDER, pcm_of
from bench_parts.stats import percentile
from bench_parts.table import Table, console
from bench_parts.turn_run import WORDS_MS, Flags, Result, Words, by_fixed_silence, by_gate, flags_of
from bench_parts.turn_set import Turn, in_condition, turn_set
from voiceloop.settings import TurnSettings

MODES = (1, 2, 3)
OURS_MS = (200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1500)
FIXED_MS = range(60, 2600, 40)
COLOURS = ("#1a7f37", "#0969da", "#bf3989")


@dataclass(frozen=True)
class Point:
    """One setting over the whole set."""

    silence_ms: int
    delay_ms: float
    late_ms: float
    """90 % of the turns ended within this."""
    cut: float
    """Share of the pauses in which the turn was ended."""
    early: float
    """Share of the complete turns that were ended before their end."""


Sounding = tuple[Turn, bytes, dict[int, Flags]]


def run(options: argparse.Namespace) -> dict[str, object]:
    """Print a table for each condition and write the picture; then the same of interruptions."""
    turns, words = turn_set(), Words()
    told: dict[str, object] = {}
    curves: dict[str, tuple[list[Point], list[Point]]] = {}
    for condition in CONDITIONS:
        sounding = [_sounding(in_condition(turn, condition)) for turn in turns]
        fixed = _best([_point(sounding, ms, _fixed(mode, ms)) for mode in MODES for ms in FIXED_MS])
        ours = [_point(sounding, ms, _ours(ms, words)) for ms in OURS_MS]
        words.keep()
        curves[condition] = (ours, fixed)
        told[condition] = _print(condition, ours, fixed)
    picture = FOLDER / "turns.svg"
    picture.write_text(_svg(curves), encoding="utf-8")
    console.print(
        f"{len(turns)} turns, {sum(turn.resumes is not None for turn in turns)} of them with a pause, "
        f"{sum(turn.origin == 'recorded' for turn in turns)} recorded. Words come {WORDS_MS} ms after being asked for;"
        f" on this machine they took {statistics.median(words.took_ms or [0]):.0f} ms. Plot: {picture}"
    )
    return {**told, "interruptions": interruptions.run(options)}


def _sounding(turn: Turn) -> Sounding:
    pcm = pcm_of(turn.sound)
    return turn, pcm, {mode: flags_of(pcm, mode) for mode in MODES}


def _fixed(mode: int, silence_ms: int) -> Callable[[Sounding], Result]:
    return lambda one: by_fixed_silence(one[0], one[2][mode], silence_ms)


def _ours(silence_ms: int, words: Words) -> Callable[[Sounding], Result]:
    return lambda one: by_gate(one[0], one[1], one[2][2], TurnSettings(silence_ms=silence_ms), words)


def _point(turns: Iterable[Sounding], silence_ms: int, judge: Callable[[Sounding], Result]) -> Point:
    results = [(one[0], judge(one)) for one in turns]
    pauses = [result for turn, result in results if turn.resumes is not None]
    whole = [result for turn, result in results if turn.resumes is None]
    delays = [result.delay_ms for result in whole if not result.cut]
    return Point(
        silence_ms,
        statistics.median(delays),
        percentile(delays, 90),
        sum(result.cut for result in pauses) / len(pauses),
        sum(result.cut for result in whole) / len(whole),
    )


def _best(points: list[Point]) -> list[Point]:
    """Of all modes and silences those that none other beats in both ways."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point.delay_ms, point.cut)):
        if not best or point.cut < best[-1].cut:
            best.append(point)
    return best


def _at(curve: list[Point], delay_ms: float) -> float:
    return float(np.interp(delay_ms, [point.delay_ms for point in curve], [point.cut for point in curve]))


def _print(condition: str, ours: list[Point], fixed: list[Point]) -> list[dict[str, float]]:
    table = Table(
        f"When a turn ends, {condition}",
        ["silence_ms", "median delay", "p90", "cut off in a pause", "webrtcvad at this delay", "ratio", "ended early"],
    )
    told = []
    for point in ours:
        other = _at(fixed, point.delay_ms)
        ratio = point.cut / other if other else float("nan")
        table.row(
            str(point.silence_ms),
            f"{point.delay_ms:.0f} ms",
            f"{point.late_ms:.0f} ms",
            f"{point.cut:.1%}",
            f"{other:.1%}",
            f"{ratio:.2f}",
            f"{point.early:.1%}",
        )
        told.append({"silence_ms": point.silence_ms, "delay_ms": point.delay_ms, "cut": point.cut, "fixed": other})
    table.print()
    return told


def _svg(curves: dict[str, tuple[list[Point], list[Point]]]) -> str:
    """Cut-offs over delay up to 2 s: ours drawn through, webrtcvad dashed."""

    def line(points: list[Point], colour: str, dash: str) -> str:
        places = " ".join(f"{60 + point.delay_ms * 0.3:.0f},{340 - point.cut * 300:.0f}" for point in points)
        return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="760" height="400" font-family="sans-serif" font-size="12">'
    ]
    parts.append('<rect width="760" height="400" fill="white"/><path d="M60 40V340H720" fill="none" stroke="black"/>')
    parts += [f'<text x="{60 + ms * 0.3:.0f}" y="358" text-anchor="middle">{ms}</text>' for ms in range(0, 2001, 500)]
    parts += [
        f'<text x="52" y="{344 - share * 3}" text-anchor="end">{share} %</text>' for share in (0, 25, 50, 75, 100)
    ]
    parts.append(
        '<text x="360" y="385">median delay, ms</text><text x="60" y="25">pauses in which the turn was ended</text>'
    )
    for number, (colour, (condition, (ours, fixed))) in enumerate(zip(COLOURS, curves.items(), strict=True)):
        parts += [line(ours, colour, ""), line([point for point in fixed if point.delay_ms < 2100], colour, "5 4")]  # noqa: PLR2004
        parts.append(f'<text x="480" y="{60 + 18 * number}" fill="{colour}">{condition}: ours, webrtcvad dashed</text>')
    return "\n".join([*parts, "</svg>", ""])
