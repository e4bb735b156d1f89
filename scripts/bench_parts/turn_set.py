# ruff: noqa: PLR2004 - lengths are named by what is done with them
"""The labelled set of turns: sentences that are complete, and sentences with a pause in the middle.

Half of the speech is recorded: prompts and test data that Debian ships, fetched with apt-get and kept outside of the
repository. The other half is spoken by the voices of this machine. Everything is deterministic: the same packages give
the same samples. Pauses last what a lognormal distribution gives, median 0.6 s, between 0.25 and 3 s; within recordings
they stand where the speaker made a shorter one, or between two recordings of one speaker that belong together.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import tomllib
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench_parts.speech_sound import (
    FOLDER,
    QUIET,
    RATE_HZ,
    Sound,
    at_level,
    fetched,
    floats,
    levels,
    recorded,
    resampled,
    say,
    sounding,
    trimmed,
    version_of,
)

__all__ = ["Turn", "in_condition", "paused", "turn_of", "turn_set"]

PACKAGES = ("asterisk-core-sounds-en-g722", "asterisk-core-sounds-en", "pocketsphinx-testdata")
LEAD_S, TAIL_S = 0.5, 4.2
GAP_MS = 90
"""A silence in the middle of a sentence that is a pause, made longer."""
EACH = 100
"""So many of each kind are recorded, if there are; so many are spoken here."""
VOICES = ("hibari", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-us+f3", "en-gb+m4")


@dataclass(frozen=True)
class Turn:
    """One labelled turn at `RATE_HZ`, silence around it included."""

    name: str
    origin: str
    """Who spoke: recorded or spoken here."""
    sound: Sound
    end: int
    """Sample after the last one of speech, or of the speech before the pause."""
    resumes: int | None = None
    """Where the speaker goes on; None: the turn is complete at `end`."""


def turn_set() -> list[Turn]:
    """All turns, clean. Takes a minute the first time; raises SystemExit with the fix when something is missing."""
    kept = FOLDER / f"set-{version_of('turn_set.py', 'turn_texts.toml')}.npz"
    if not kept.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        made = [*_pick(_recorded(), "recorded"), *_pick(_spoken(), "spoken here")]
        sounds: dict[str, Any] = {
            f"{turn.origin}/{turn.name}/{turn.end}/{turn.resumes or 0}": turn.sound for turn in made
        }
        np.savez_compressed(kept, **sounds)
    with np.load(kept) as file:
        return [_named(name, file[name]) for name in file.files]


def in_condition(turn: Turn, condition: str) -> Turn:
    """The same turn as it sounds in noise or over a telephone; the labels stay."""
    return replace(turn, sound=sounding(turn.sound, condition, turn.name))


# Making it -----------------------------------------------------------------------------------------------------------


def _texts() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("turn_texts.toml").read_text("utf-8"))


def _named(name: str, sound: Sound) -> Turn:
    origin, rest = name.split("/", 1)
    label, end, resumes = rest.rsplit("/", 2)
    return Turn(label, origin, sound, int(end), int(resumes) or None)


def _pick(turns: Iterator[tuple[str, Sound, Sound | None]], origin: str) -> Iterator[Turn]:
    """At most `EACH` of each kind, spread evenly over what there is."""
    found = list(turns)
    for kind in (False, True):
        some = [entry for entry in found if (entry[2] is not None) == kind]
        step = max(1.0, len(some) / EACH)
        for number in range(min(EACH, len(some))):
            yield turn_of(*some[int(number * step)], origin)


def turn_of(name: str, first: Sound, second: Sound | None, origin: str) -> Turn:
    """Return these halves with a pause between them that follows from the name; None: the first is the whole turn."""
    random = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
    lead, tail = np.zeros(int(LEAD_S * RATE_HZ), np.float32), np.zeros(int(TAIL_S * RATE_HZ), np.float32)
    first = trimmed(first)
    end = len(lead) + len(first)
    if second is None:
        return Turn(name, origin, at_level(np.concatenate((lead, first, tail))), end)
    pause_s = float(np.clip(np.exp(np.log(0.6) + 0.55 * random.standard_normal()), 0.25, 3.0))
    pause = np.zeros(int(pause_s * RATE_HZ), np.float32)
    sound = at_level(np.concatenate((lead, first, pause, trimmed(second), tail)))
    return Turn(name, origin, sound, end, end + len(pause))


def _recorded() -> Iterator[tuple[str, Sound, Sound | None]]:
    texts, folder = _texts(), fetched(FOLDER / "debian", PACKAGES)
    prompts = folder / "usr/share/asterisk/sounds/en_US_f_Allison"
    read = folder / "usr/share/pocketsphinx/test/data"
    for pair in texts["fragments"]:
        first, second = (
            np.concatenate([recorded(prompts / f"{name}.g722") for name in half.split()]) for half in pair.split("|")
        )
        yield pair, first, second
    for pair in texts["read_pauses"]:
        first, second = (_file(read / half.strip()) for half in pair.split("|"))
        yield pair, first, second
    for name in texts["read_complete"]:
        yield name, _file(read / name), None
        yield from paused(name, _file(read / name))
    for name, _ in _sentences(folder, texts["incomplete"]):
        if not (prompts / f"{name}.g722").exists():
            continue  # listed, but in no package
        sound = recorded(prompts / f"{name}.g722")
        yield name, sound, None
        yield from paused(name, sound)


def _spoken() -> Iterator[tuple[str, Sound, Sound | None]]:
    texts = _texts()
    for number, text in enumerate([*texts["complete"], *texts["complete"][:40]]):
        voice = VOICES[number % len(VOICES)] if number < len(texts["complete"]) else VOICES[(number + 3) % len(VOICES)]
        yield f"{voice}: {text} {number}", say(text, voice), None
    for number, text in enumerate([*texts["pauses"], *texts["pauses"][:40]]):
        voice = VOICES[number % len(VOICES)] if number < len(texts["pauses"]) else VOICES[(number + 3) % len(VOICES)]
        first, second = (half.strip() for half in text.split("|"))
        # The comma keeps the voice from falling as it does at the end of a sentence.
        yield f"{voice}: {text} {number}", say(first.rstrip(",") + ",", voice), say(second, voice)


def _sentences(folder: Path, incomplete: str) -> Iterator[tuple[str, str]]:
    listed = folder / "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
    with gzip.open(listed, "rt", encoding="utf-8") as lines:
        for line in lines:
            name, _, text = line.strip().partition(": ")
            whole = re.fullmatch(r"[A-Z][^.!?\[\]:]*[.!?]", text) is not None and "..." not in text
            if whole and 2 <= len(text.split()) <= 16 and re.search(incomplete, text) is None:
                yield name, text


def paused(name: str, sound: Sound) -> Iterator[tuple[str, Sound, Sound]]:
    """The sentence with the longest silence in its middle drawn out, if there is one."""
    sound = trimmed(sound)
    block = RATE_HZ // 100
    heights = levels(sound)
    quiet = heights < QUIET * heights.max()
    runs: list[tuple[int, int]] = []
    start = None
    for at, is_quiet in enumerate([*quiet, False]):
        if is_quiet and start is None:
            start = at
        elif not is_quiet and start is not None:
            runs.append((at - start, start))
            start = None
    inner = [
        (length, at) for length, at in runs if length * 10 >= GAP_MS and at > 30 and at + length < len(heights) - 20
    ]
    if inner:
        length, at = max(inner)
        yield f"{name} (paused)", sound[: at * block], sound[(at + length) * block :]


def _file(path: Path) -> Sound:
    if path.suffix == ".raw":
        return floats(path.read_bytes())
    with wave.open(str(path)) as file:
        return resampled(floats(file.readframes(file.getnframes())), file.getframerate())
