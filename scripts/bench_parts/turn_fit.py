"""Fit how complete a voice sounds, to people who speak other languages than the labelled set does.

    scripts/fit_turns

Asterisk's Spanish, French, Italian and Russian prompts, which Debian ships, one speaker each: nobody of the labelled
set, not a word of it. A logistic regression over each feature and its square, with every language, condition and kind
of pause weighing the same. Writes runtime/voiceloop/audio/data/complete.toml.
"""

from __future__ import annotations

import gzip
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench_parts.speech_sound import CONDITIONS, FOLDER, RATE_HZ, fetched, pcm_of, recorded
from bench_parts.turn_set import Turn, in_condition, paused, turn_of
from voiceloop.audio import prosody
from voiceloop.localturns import LocalTurns
from voiceloop.settings import TurnSettings
from voiceloop.turn.endpointing import Endpointing

Floats = NDArray[np.float64]

SPEAKERS = {"es": "es_MX_f_Allison", "fr": "fr_CA_f_June", "it": "it_IT_m_Carlo", "ru": "ru_RU_f_IvrvoiceRU"}
WHOLE = re.compile(r"[¿¡]?[A-ZÀ-ÝА-Я][^.!?\[\]:]*[.!?]")
FEWEST_WORDS, MOST_WORDS = 3, 20
SHORTEST = RATE_HZ // 2
RIDGE = 3e-3
STEPS = 30
OUT = Path(prosody.__file__).parent / "data" / "complete.toml"
HEAD = """\
# How complete a voice sounds; written by scripts/fit_turns. The log-odds are the bias and of each feature
# weight * z + bend * z * z, where z is how many spreads it is away from its mean.
"""


def main() -> None:
    """Fit and write."""
    seen = [pause for turn in _prompts() for condition in CONDITIONS for pause in _pauses(turn, condition)]
    features = np.array([features for features, _, _ in seen])
    complete = np.array([complete for _, complete, _ in seen])
    kinds = Counter((kind, complete) for _, complete, kind in seen)
    weights = np.array([1 / kinds[kind, complete] for _, complete, kind in seen])
    mean, spread = features.mean(axis=0), features.std(axis=0)
    away = np.clip((features - mean) / spread, -prosody.REACH, prosody.REACH)
    weight, bend, bias = _fit(np.c_[away, away**2], complete, weights)
    rows = zip(prosody.FEATURES, mean, spread, weight, bend, strict=True)
    lines = [
        f"{name} = {{ mean = {m:.3f}, spread = {s:.3f}, weight = {w:.3f}, bend = {b:.3f} }}"
        for name, m, s, w, b in rows
    ]
    OUT.write_text(HEAD + f"bias = {bias:.3f}\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{complete.sum()} ends and {(~complete).sum()} pauses -> {OUT}")


def _prompts() -> Iterator[Turn]:
    packages = [f"asterisk-core-sounds-{tag}{kind}" for tag in SPEAKERS for kind in ("", "-g722")]
    share = fetched(FOLDER / "languages", packages) / "usr/share"
    for tag, speaker in SPEAKERS.items():
        with gzip.open(
            share / f"doc/asterisk-core-sounds-{tag}/core-sounds-{tag}.txt.gz", "rt", errors="replace"
        ) as lines:
            texts = [line.strip().partition(": ")[::2] for line in lines]
        for name, text in texts:
            path = share / f"asterisk/sounds/{speaker}/{name}.g722"
            if not FEWEST_WORDS <= len(text.split()) <= MOST_WORDS or not path.exists():
                continue
            sound = recorded(path)
            if len(sound) < SHORTEST:
                continue
            if WHOLE.fullmatch(text):
                yield turn_of(f"{tag}/{name}", sound, None, tag)
            for label, first, second in paused(f"{tag}/{name}", sound):
                yield turn_of(label, first, second, tag)


def _pauses(turn: Turn, condition: str) -> list[tuple[Floats, bool, tuple[str, str]]]:
    """The features before each pause, whether the turn is over in it, and where it is from."""
    pcm = pcm_of(in_condition(turn, condition).sound)
    met: list[tuple[int, Floats | None]] = []
    now = 0

    def note(sound: bytes, rate_hz: int) -> None:
        met.append((now, prosody.melody(sound, rate_hz)))

    settings = TurnSettings(silence_ms=4400)
    listening = LocalTurns(
        RATE_HZ,
        settings,
        send=lambda *_: None,
        report=lambda _: None,
        numbers=itertools.count(),
        endpointing=Endpointing(settings, model=note),
    )
    for at in range(0, len(pcm) - 639, 640):
        now = at // 2 + 320
        listening.take(pcm[at : at + 640], at // 2)
    last = turn.end - RATE_HZ // 2
    if turn.resumes is not None:
        met = [(at, found) for at, found in met if at < turn.resumes + RATE_HZ // 5]
    over = len(met) - 1 if turn.resumes is None and met and met[-1][0] > last else None
    kind = (turn.origin, condition)
    return [(found, number == over, kind) for number, (_, found) in enumerate(met) if found is not None]


def _fit(inputs: Floats, complete: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats, float]:
    """Newton's steps to a ridge regression of the log-odds: weights, bends, bias."""
    wide = np.c_[inputs, np.ones(len(inputs))]
    weights = weights / weights.sum()
    found, ridge = np.zeros(wide.shape[1]), RIDGE * np.eye(wide.shape[1])
    ridge[-1, -1] = 0
    for _ in range(STEPS):
        guess = 1 / (1 + np.exp(-wide @ found))
        slope = wide.T @ (weights * (guess - complete)) + ridge @ found
        bow = (wide * (weights * guess * (1 - guess))[:, None]).T @ wide + ridge
        found -= np.linalg.solve(bow, slope)
    count = len(prosody.FEATURES)
    return found[:count], found[count:-1], float(found[-1])


if __name__ == "__main__":
    main()
