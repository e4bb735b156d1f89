"""What a recording holds, and whether two texts are the same words: measured apart from the code under test.

Nothing here uses the ledger, the recorder or the resampler of voiceloop; only numbers are read with its `spoken` tools.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from voiceloop.tools.spoken import as_number, numbers_in

RECORDING_HZ = 24_000

AM_PM = re.compile(r"\b([ap])\.? ?m\b\.?")
FULL_HOUR = re.compile(r"\b(\d{1,2})(?::00| o'? ?clock)(?!\d)")
FEW_MINUTES = re.compile(r"(?<=\d)\.(?=\d\s+[ap]m)")
LONG_MINUTES = re.compile(r"\b(1[3-5]|[2-9][2-5])0(?=[1-9]\s+[ap]m)")
WITHIN_NUMBER = re.compile(r"(?<=\d)[:.,](?=\d)")
WORD = re.compile(r"[a-z]+|\d+")
SOUND_ALIKE = {"won": "1", "to": "2", "too": "2", "for": "4", "fore": "4", "ate": "8", "at": "8"}
TENS, UNIT = re.compile(r"[2-9]0$"), re.compile(r"[1-9]")
BESIDE_NUMBER = re.compile(r"(?<=\d )[a-z]+\b|\b[a-z]+(?= \d)")


# Recordings ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recording:
    """Both channels of a recording, checked to be what the command line promises."""

    left: np.ndarray
    right: np.ndarray

    @property
    def seconds(self):
        return len(self.right) / RECORDING_HZ

    def agent(self, from_s, to_s):
        """The agent's channel between two times."""
        return self.right[max(0, round(from_s * RECORDING_HZ)) : max(0, round(to_s * RECORDING_HZ))]

    def sounding(self, from_s, to_s):
        """First and last sample of the agent that is not zero between two times, in seconds; None for none."""
        found = np.flatnonzero(self.agent(from_s, to_s))
        start = max(0, round(from_s * RECORDING_HZ))
        return ((start + found[0]) / RECORDING_HZ, (start + found[-1] + 1) / RECORDING_HZ) if len(found) else None

    def longest_silence_s(self, from_s, to_s):
        """The longest run of exact zeros of the agent within a stretch it speaks in."""
        found = np.flatnonzero(self.agent(from_s, to_s))
        return float(np.diff(found).max(initial=0)) / RECORDING_HZ


def read_recording(path: Path) -> Recording:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RECORDING_HZ)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
        assert len(frames) == file.getnframes(), "the header counts other samples than the file holds"
    return Recording(frames[:, 0], frames[:, 1])


def microphone_as_recorded(path: Path, wire_hz: int) -> np.ndarray:
    """An input file as the left channel must show it: at the wire's rate once, then at 24 kHz."""
    with wave.open(str(path)) as file:
        rate_hz = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
    return soxr.resample(soxr.resample(samples, rate_hz, wire_hz), wire_hz, RECORDING_HZ)


def likeness_db(wanted: np.ndarray, got: np.ndarray) -> float:
    """How far the difference of two signals lies below the wanted one; the longer one is cut."""
    count = min(len(wanted), len(got))
    wanted, got = wanted[:count].astype(np.float64), got[:count].astype(np.float64)
    return float(10 * np.log10(np.sum(wanted**2) / (np.sum((wanted - got) ** 2) + 1e-9)))


# Words ---------------------------------------------------------------------------------------------------------------


def words(text: str) -> list[str]:
    """A text as comparable words: no punctuation, numbers as digits, "6:50 p.m.", "six fifty PM" and "650pm" alike.

    A minute with one figure is one below ten, "12.8 pm"; one with three, "4502 am", is tens and units.
    """
    return _joined(_digits(WORD.findall(_without_marks(text))))


def _without_marks(text: str) -> str:
    text = text.lower().replace("\u2019", "'")
    text = AM_PM.sub(r" \1m ", FULL_HOUR.sub(r"\1", re.sub(r"(?<=\d)(?=[ap]\.?m)", " ", text)))
    return LONG_MINUTES.sub(r"\1", WITHIN_NUMBER.sub("", FEW_MINUTES.sub("0", text))).replace("'", "")


def _digits(found: list[str]) -> list[str]:
    """Words with every spelt number as digits, the longest reading first; "a" stays a word."""
    spans = sorted(numbers_in(found), key=lambda span: (span.start, -span.end))
    out: list[str] = []
    at = 0
    for span in spans:
        if span.start < at or found[span.start : span.end] in (["a"], ["an"]):
            continue
        out += found[at : span.start]
        out.append(str(as_number(span.value)).replace(".", ""))
        at = span.end
    return out + found[at:]


def _joined(found: list[str]) -> list[str]:
    """Numbers side by side as one: a time is heard as "6 50", and now and then as "6 50 2"."""
    out: list[str] = []
    for word in found:
        if not (word.isdigit() and out and out[-1].isdigit()):
            out.append(word)
        elif TENS.search(out[-1]) and UNIT.fullmatch(word):
            out[-1] = out[-1][:-1] + word
        else:
            out[-1] += word
    return out


def readings(heard: str) -> Iterator[list[str]]:
    """What a listener wrote down as words: as it stands, and with words beside a number as the digits they sound like.

    "It is 4:50" and "it is for 50" are the same sounds, "538" and "5.30 at" nearly.
    """
    yield words(heard)
    spelt = " ".join(_digits(WORD.findall(_without_marks(heard))))
    yield _joined(BESIDE_NUMBER.sub(lambda found: SOUND_ALIKE.get(found[0], found[0]), spelt).split())


def word_distance(wanted: str, got: str) -> int:
    """Words to insert, delete or replace in what was heard, in the reading of it that comes closer."""
    return min(_distance(words(wanted), reading) for reading in readings(got))


def _distance(wanted: list[str], got: list[str]) -> int:
    row = list(range(len(got) + 1))
    for done, word in enumerate(wanted, 1):
        before, row[0] = row[0], done
        for at, other in enumerate(got, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != other))
    return row[-1]


def word_error_rate(wanted: str, got: str) -> float:
    return word_distance(wanted, got) / max(1, len(words(wanted)))
