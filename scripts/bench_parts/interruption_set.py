"""The labelled set of what is said into an agent's words: backchannels, noises of people, and real interruptions.

More than a third is recorded: prompts and game voices that Debian ships, fetched with apt-get and kept outside of the
repository. The rest is spoken by the voices of this machine. Everything is deterministic, as in `turn_set`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from bench_parts.speech_sound import (
    FOLDER,
    RATE_HZ,
    Sound,
    at_level,
    fetched,
    levels,
    recorded,
    say,
    sounding,
    trimmed,
    version_of,
)

__all__ = ["Interjection", "Kind", "in_condition", "interjections"]

PACKAGES = (
    "asterisk-core-sounds-en-g722",
    "asterisk-core-sounds-es-g722",
    "asterisk-core-sounds-fr-g722",
    "asterisk-prompt-es-co",
    "asterisk-prompt-fr-armelle",
    "hedgewars-data",
    "klettres-data",
    "scratch",
)
LEAD_S, TAIL_S = 1.8, 2.0
"""Of silence around it; the lead is long enough for a gate to know the noise."""
SHORTEST_LONG_S = 0.9
LONGEST_BACKCHANNEL_S = 0.8
"""Game voices draw words out for as long as no listener does."""
HISS = 0.06
"""Of the loudest 10 ms."""
CLICK_10MS = 3
HUM = np.ones(RATE_HZ // 50, np.float32)
"""20 ms, which is a mean of all that is too low for a voice: some recordings begin with a thump of it."""
WORDS_PER_MINUTE = {"cmn": 250}
"""Of voices that are no hurry at 170."""
SPOKEN = {"backchannels": (52, 17), "stops": (36, 14), "long": (40, 12)}
"""So many in English, and in each other language."""


class Kind(StrEnum):
    """What is said into the agent's words."""

    BACKCHANNEL = "backchannel"
    NOISE = "cough, laugh, groan"
    STOP = "stop word"
    LONG = "sentence"

    @property
    def meant(self) -> bool:
        """The agent is to stop."""
        return self in {Kind.STOP, Kind.LONG}


@dataclass(frozen=True)
class Interjection:
    """One labelled sound at `RATE_HZ`, silence around it included."""

    name: str
    kind: Kind
    language: str
    origin: str
    """Who spoke: recorded or spoken here."""
    sound: Sound
    onset: int
    """Its first sample."""
    end: int
    """The sample after its last one."""

    @property
    def lasts_ms(self) -> float:
        """Without the silence around it."""
        return (self.end - self.onset) * 1000 / RATE_HZ


Made = tuple[str, Kind, str, str, Sound]


def interjections() -> list[Interjection]:
    """All of them, clean. Takes minutes the first time; raises SystemExit with the fix when something is missing."""
    kept = FOLDER / f"interjections-{version_of('interruption_set.py', 'interruption_texts.toml')}.npz"
    if not kept.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        sounds: dict[str, Any] = {
            "|".join((kind, language, origin, name)): trimmed(sound)
            for name, kind, language, origin, sound in (*_recorded(), *_spoken())
        }
        np.savez_compressed(kept, **sounds)
    with np.load(kept) as file:
        return [_labelled(name, file[name]) for name in file.files]


def in_condition(case: Interjection, condition: str) -> Interjection:
    """The same one as it sounds in noise or over a telephone; the labels stay."""
    return replace(case, sound=sounding(case.sound, condition, case.name))


def _labelled(label: str, sound: Sound) -> Interjection:
    kind, language, origin, name = label.split("|", 3)
    lead = int(LEAD_S * RATE_HZ)
    whole = np.concatenate((np.zeros(lead, np.float32), sound, np.zeros(int(TAIL_S * RATE_HZ), np.float32)))
    return Interjection(name, Kind(kind), language, origin, at_level(whole), lead, lead + len(sound))


def _texts() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("interruption_texts.toml").read_text("utf-8"))


# Spoken here ---------------------------------------------------------------------------------------------------------


def _spoken() -> Iterator[Made]:
    texts = _texts()
    for group, kind in (("backchannels", Kind.BACKCHANNEL), ("stops", Kind.STOP), ("long", Kind.LONG)):
        for language, said in texts[group].items():
            voices = texts["voices"][language]
            count = SPOKEN[group][0 if language == "en" else 1]
            for number in range(count):
                text = said[number % len(said)]
                voice = voices[(number + number // len(said)) % len(voices)]
                if voice == "hibari" and text.startswith("[["):
                    voice = voices[1]
                sound = say(text, voice, WORDS_PER_MINUTE.get(voice.partition("+")[0], 170))
                if kind is not Kind.LONG or len(trimmed(sound)) >= SHORTEST_LONG_S * RATE_HZ:
                    yield f"{voice}: {text} {number}", kind, language, "spoken here", sound


# Recorded ------------------------------------------------------------------------------------------------------------


def _recorded() -> Iterator[Made]:
    shared = fetched(FOLDER / "debian-voices", PACKAGES) / "usr/share"
    texts = _texts()
    for group, kind in (("backchannels", Kind.BACKCHANNEL), ("stops", Kind.STOP), ("noises", Kind.NOISE)):
        yield from _game_voices(shared, kind, **texts["recorded"][group])
    for path in sorted((shared / "scratch/Media/Sounds/Human").glob("[CLS]*male*.wav")):
        if not path.name.startswith("Scream"):
            yield from _natural(path.stem, Kind.NOISE, "en", path)
    for group, kind in (("backchannels", Kind.BACKCHANNEL), ("stops", Kind.STOP)):
        for language, names in texts["recorded"]["words"][group].items():
            yield from _files(shared, names, kind, language)
    for group, kind in (("stops", Kind.STOP), ("long", Kind.LONG)):
        for voice, language in texts["prompts"]["folders"].items():
            names = [f"{voice}/{name}" for name in texts["prompts"][group]]
            yield from _files(shared / "asterisk/sounds", names, kind, language)


def _game_voices(shared: Path, kind: Kind, of_all: Sequence[str], of_english: Sequence[str]) -> Iterator[Made]:
    for voice in sorted((shared / "games/hedgewars/Data/Sounds/voices").iterdir()):
        foreign = "_" in voice.name or voice.name == "Russian"
        for word in (*of_all, *(() if foreign else of_english)):
            if (path := voice / f"{word}.ogg").exists():
                yield from _natural(f"{voice.name}/{word}", kind, "en", path)


def _files(folder: Path, names: Sequence[str], kind: Kind, language: str) -> Iterator[Made]:
    for name in names:
        for path in folder.glob(f"{name}.*"):
            yield from _natural(name, kind, language, path)


def _natural(name: str, kind: Kind, language: str, path: Path) -> Iterator[Made]:
    """The recording, unless it is of a length that its kind never has."""
    sound = recorded(path)
    sound = sound - np.convolve(sound, HUM, "same") / np.convolve(np.ones_like(sound), HUM, "same")
    sound = _voice(sound)
    lasts_s = len(sound) / RATE_HZ
    if kind is Kind.LONG and lasts_s < SHORTEST_LONG_S:
        return
    if kind is Kind.BACKCHANNEL and lasts_s > LONGEST_BACKCHANNEL_S:
        return
    yield name, kind, language, "recorded", sound


def _voice(sound: Sound) -> Sound:
    """From the first sound that is no click on; tape hiss and what is as low is no speech yet."""
    heights = levels(sound)
    loud = heights > HISS * heights.max()
    lasting = np.convolve(loud, np.ones(CLICK_10MS), "valid") == CLICK_10MS
    first = int(np.argmax(lasting)) if lasting.any() else 0
    return trimmed(sound[first * RATE_HZ // 100 :])
