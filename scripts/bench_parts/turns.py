"""How often people are cut off in a pause, against how long they wait for the end of their turn: ours beside webrtcvad.

Needs Debian's apt-get, ffmpeg and espeak-ng the first time, and the extra `local`; see `turn_set`. Nothing here depends
on how busy the machine is: words come a fixed time after they were asked for. Only the half of the set is measured that
nothing was tuned to.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench_parts import interruptions
from bench_parts.speech_sound import CONDITIONS, FOLDER, pcm_of
from bench_parts.stats import percentile
from bench_parts.table import Table, console
from bench_parts.turn_plot import plotted
from bench_parts.turn_run import (
    WORDS_MS,
    Flags,
    Verdict,
    Words,
    by_fixed_silence,
    by_local_turns,
    flags_of,
    held_out,
    judged,
)
from bench_parts.turn_set import Turn, in_condition, turn_set
from voiceloop.settings import TurnSettings

MODES = (1, 2, 3)
OURS_MS = (200, 300, 400, 500, 600, 750, 900, 1100, 1250)
FIXED_MS = range(40, 2600, 40)
SOUNDS_AFTER_MS = 400
"""After the end of a turn, an answer is heard: fast ones take 300 ms, slow ones 600 and more. Until then a turn can go
on, and is answered as a whole."""


@dataclass(frozen=True)
class Point:
    """One setting over the whole set."""

    silence_ms: int
    delay_ms: float
    mean_ms: float
    late_ms: float
    """90 % of the turns ended within this."""
    cut: float
    """Share of all turns that were ended before their speaker had finished."""
    cut_aloud: float
    """Of which an answer was heard."""


Sounding = tuple[Turn, bytes, dict[int, Flags]]
Axis = Literal["delay_ms", "mean_ms"]
Height = Literal["cut", "cut_aloud"]


def run(options: argparse.Namespace) -> dict[str, object]:
    """Print two tables for each condition and write the picture; then the same of interruptions."""
    everything, words = turn_set(), Words()
    turns = [turn for turn in everything if held_out(turn)]
    told: dict[str, object] = {}
    curves: dict[str, tuple[list[tuple[float, float]], ...]] = {}
    settings_ms = OURS_MS[1::3] if options.quick else OURS_MS
    for condition in CONDITIONS:
        sounding = [_sounding(in_condition(turn, condition)) for turn in turns]
        fixed = [_point(sounding, ms, _fixed(mode, ms)) for mode in MODES for ms in FIXED_MS]
        heard = [_point(sounding, ms, _ours(ms, None)) for ms in settings_ms]
        understood = [_point(sounding, ms, _ours(ms, words)) for ms in settings_ms]
        words.keep()
        lines = (understood, heard, _best(fixed, "delay_ms", "cut"))
        curves[condition] = tuple([(point.delay_ms, point.cut) for point in line] for line in lines)
        told[f"{condition}, voice alone"] = _print(f"{condition}, by the voice alone", heard, fixed)
        told[f"{condition}, with words"] = _print(f"{condition}, with words", understood, fixed)
    picture = FOLDER / "turns.svg"
    picture.write_text(plotted(curves), encoding="utf-8")
    console.print(
        f"The held-out {len(turns)} of {len(everything)} turns, {sum(turn.resumes is not None for turn in turns)} with "
        f"a pause, {sum(turn.origin == 'recorded' for turn in turns)} recorded. Aloud: the turn did not go on before "
        f"an answer sounds, {SOUNDS_AFTER_MS} ms later. Words come {WORDS_MS} ms after being asked for; here they took "
        f"{statistics.median(words.took_ms or [0]):.0f} ms. Plot: {picture}"
    )
    return {**told, "interruptions": interruptions.run(options)}


def _sounding(turn: Turn) -> Sounding:
    pcm = pcm_of(turn.sound)
    return turn, pcm, {mode: flags_of(pcm, mode) for mode in MODES}


def _fixed(mode: int, silence_ms: int) -> Callable[[Sounding], list[Verdict]]:
    return lambda one: by_fixed_silence(one[0], one[2][mode], silence_ms)


def _ours(silence_ms: int, words: Words | None) -> Callable[[Sounding], list[Verdict]]:
    return lambda one: by_local_turns(one[0], one[1], TurnSettings(silence_ms=silence_ms), words)


def _point(sounding: list[Sounding], silence_ms: int, listen: Callable[[Sounding], list[Verdict]]) -> Point:
    heard = [(one[0], listen(one)) for one in sounding]
    results = [(turn, judged(turn, verdicts)) for turn, verdicts in heard]
    aloud = [judged(turn, verdicts, SOUNDS_AFTER_MS) for turn, verdicts in heard]
    delays = [result.delay_ms for turn, result in results if turn.resumes is None and not result.cut]
    return Point(
        silence_ms,
        statistics.median(delays),
        statistics.mean(delays),
        percentile(delays, 90),
        sum(result.cut for _, result in results) / len(results),
        sum(result.cut for result in aloud) / len(results),
    )


def _best(points: list[Point], axis: Axis, height: Height) -> list[Point]:
    """Of all modes and silences those that none other beats in both ways."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (getattr(point, axis), getattr(point, height))):
        if not best or getattr(point, height) < getattr(best[-1], height):
            best.append(point)
    return best


def _ratio(point: Point, fixed: list[Point], axis: Axis, height: Height) -> float:
    """Cut-offs, of those of webrtcvad with the same delay."""
    best = _best(fixed, axis, height)
    other = np.interp(
        getattr(point, axis), [getattr(one, axis) for one in best], [getattr(one, height) for one in best]
    )
    return float(getattr(point, height) / other) if other else float("nan")


def _print(title: str, ours: list[Point], fixed: list[Point]) -> list[dict[str, float]]:
    heads = ["silence_ms", "median", "mean", "p90", "cut off", "of webrtcvad's", "at equal mean", "aloud", "of its"]
    table = Table(f"When a turn ends, {title}", heads)
    told = []
    for point in ours:
        ratio, fair = _ratio(point, fixed, "delay_ms", "cut"), _ratio(point, fixed, "mean_ms", "cut")
        aloud = _ratio(point, fixed, "delay_ms", "cut_aloud")
        table.row(
            str(point.silence_ms),
            *(f"{ms:.0f} ms" for ms in (point.delay_ms, point.mean_ms, point.late_ms)),
            f"{point.cut:.1%}",
            f"{ratio:.2f}",
            f"{fair:.2f}",
            f"{point.cut_aloud:.1%}",
            f"{aloud:.2f}",
        )
        told.append({"silence_ms": point.silence_ms, "delay_ms": point.delay_ms, "cut": point.cut, "ratio": ratio})
    table.print()
    return told
