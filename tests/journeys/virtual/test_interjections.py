"""What is said into the agent's words: who only listens does not stop it, who means it does.

A small part of the labelled set that `scripts/bench turns` goes through.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from journeys.interjected import Outcome, Spoken, interrupted
from voiceloop.audio.g711 import decode_ulaw, encode_ulaw
from voiceloop.clips import decode
from voiceloop.settings import TurnSettings

FOLDER = Path(__file__).parents[2] / "fixtures" / "interjections"
SAID = tomllib.loads((FOLDER / "said.toml").read_text("utf-8"))
LEAD_S, TAIL_S = 1.8, 2.0
ROOM, NOISE = 16.0, 650.0
"""-66 and, 10 dB below the voices, -34 dB of full scale."""


def spoken(kind: str, name: str, condition: str) -> Spoken:
    """One of the recordings as it sounds in this condition, with silence around it."""
    rate_hz = 8_000 if condition == "telephone" else 24_000
    voice = np.frombuffer(decode((FOLDER / f"{kind}_{name}.wav").read_bytes(), rate_hz), np.int16)
    onset = int(LEAD_S * rate_hz)
    sound = np.random.default_rng(1).normal(0, NOISE if condition == "noise" else ROOM, onset + len(voice) + onset)
    sound[onset : onset + len(voice)] += voice
    pcm = np.clip(np.rint(sound), -32768, 32767).astype(np.int16).tobytes()
    if condition == "telephone":
        pcm = decode_ulaw(encode_ulaw(pcm))
    language = name.partition("_")[0]
    return Spoken(pcm, rate_hz, onset, onset + len(voice), "en" if language in {"heart", "gb"} else language)


@cache
def all_of(kind: str, condition: str, *, words: bool) -> dict[str, Outcome]:
    """What becomes of the agent's words for each of the recordings; `words` come 350 ms after being asked for."""
    return {
        name: interrupted(
            spoken(kind, name, condition), TurnSettings(), recognise=(lambda *_, text=text: text) if words else None
        )
        for name, text in SAID[kind].items()
    }


def those_that_stop(kind: str, condition: str, *, words: bool = False) -> list[str]:
    return [name for name, outcome in all_of(kind, condition, words=words).items() if outcome.stopped]


@pytest.mark.parametrize("condition", ["clean", "noise", "telephone"])
def test_who_only_listens_does_not_stop_the_agent(condition):
    assert those_that_stop("backchannel", condition) == []


@pytest.mark.parametrize(("condition", "most_late"), [("clean", 0), ("noise", 1), ("telephone", 0)])
def test_a_sentence_silences_the_agent_within_700_ms(condition, most_late):
    assert those_that_stop("sentence", condition) == list(SAID["sentence"])
    late = {name: outcome.silent_ms for name, outcome in all_of("sentence", condition, words=False).items()}
    assert len([name for name, silent_ms in late.items() if silent_ms > 700]) <= most_late, late


def test_with_words_a_stop_word_stops_the_agent_too_and_a_backchannel_does_not():
    assert those_that_stop("stop", "clean", words=True) == list(SAID["stop"])
    assert those_that_stop("backchannel", "clean", words=True) == []


def test_who_shows_at_length_that_he_listens_silences_the_agent_until_that_is_known():
    one, other = spoken("backchannel", "heart_yeah", "clean"), spoken("backchannel", "heart_i_see", "clean")
    two = Spoken(
        one.pcm[: 2 * one.end] + other.pcm[2 * other.onset :], one.rate_hz, one.onset, one.end + other.end - other.onset
    )
    listens = interrupted(two, TurnSettings(), recognise=lambda *_: "Yeah, I see.")
    assert (listens.stopped, listens.misplaced) == (False, 0)
    assert listens.low_ms > 1_000
    means_it = interrupted(two, TurnSettings(), recognise=lambda *_: "Yeah, I see it.")
    assert means_it.stopped
    assert means_it.silent_ms is not None
    assert means_it.silent_ms <= 700


@pytest.mark.parametrize("kind", SAID)
def test_the_agent_makes_way_at_once(kind):
    made_way_ms = {name: outcome.made_way_ms for name, outcome in all_of(kind, "clean", words=False).items()}
    assert {name for name, at_ms in made_way_ms.items() if at_ms is None or at_ms > 100} == set()


@pytest.mark.parametrize("condition", ["clean", "noise", "telephone"])
def test_no_word_of_the_agent_is_skipped_or_heard_twice(condition):
    went_on = [outcome for outcome in all_of("backchannel", condition, words=False).values() if not outcome.stopped]
    assert went_on
    assert {outcome.misplaced for outcome in went_on} == {0}
