"""How early turns end, how seldom too early: speech that nothing was tuned to; `scripts/bench turns` has more of it."""

import itertools
import statistics
import tomllib
from functools import cache
from pathlib import Path

import pytest

from voiceloop.audio.g711 import decode_ulaw
from voiceloop.audio.prosody import complete_by_sound
from voiceloop.audio.vad import webrtc_detector
from voiceloop.events import SpeechStopped
from voiceloop.localturns import LocalTurns
from voiceloop.settings import TurnSettings
from voiceloop.turn.endpointing import Endpointing

RATE = 8000
FRAME = 320
TURNS = Path(__file__).parent / "fixtures" / "turns"


@cache
def turns():
    """The sound of each, where its speaker pauses or is done, and where he goes on, if he does; in samples."""
    sound = decode_ulaw((TURNS / "turns.ulaw").read_bytes())
    made, at = [], 0
    for turn in tomllib.loads((TURNS / "turns.toml").read_text("utf-8"))["turns"]:
        whole = turn["samples"] + turn["then"]
        first, then = sound[2 * at : 2 * (at + turn["samples"])], sound[2 * (at + turn["samples"]) : 2 * (at + whole)]
        at += whole
        pause, end = bytes(2 * RATE * turn["pause_ms"] // 1000), RATE // 2 + turn["samples"]
        pcm = bytes(RATE) + first + pause + then + bytes(6 * RATE)
        made.append((pcm, end, end + len(pause) // 2 if then else None))
    return made


def frames(pcm):
    return [(at // 2, pcm[at : at + FRAME]) for at in range(0, len(pcm) - FRAME + 1, FRAME)]


def by_this_machine(pcm, silence_ms):
    """The samples at which turns were over."""
    ended, now, settings = [], 0, TurnSettings(silence_ms=silence_ms)

    def report(event):
        if isinstance(event, SpeechStopped):
            ended.append(now)

    endpointing = Endpointing(settings, model=complete_by_sound)
    local = LocalTurns(
        RATE, settings, send=lambda *_: None, report=report, numbers=itertools.count(), endpointing=endpointing
    )
    for first, frame in frames(pcm):
        now = first + FRAME // 2
        local.take(frame, first)
    return ended


def by_fixed_silence(pcm, silence_ms):
    detect, spoken, silent, ended = webrtc_detector(RATE), 0, 0, []
    for first, frame in frames(pcm):
        spoken, silent = (spoken + 20, 0) if detect(frame) else (spoken, silent + 20)
        if spoken >= 60 and silent >= silence_ms:
            ended.append(first + FRAME // 2)
            spoken = 0
    return ended


def measured(listen, silence_ms):
    """How many pauses were taken for the end, and how long the end of a whole turn takes, mostly and at most."""
    cut, delays = 0, []
    for pcm, end, resumes in turns():
        ended = listen(pcm, silence_ms)
        if resumes is None:
            delays += [1000 * (next(at for at in ended if at >= end) - end) // RATE]
            cut += ended[0] < end
        else:
            cut += any(at < resumes + RATE // 5 for at in ended)
    return cut, statistics.median(delays), max(delays)


@pytest.mark.parametrize("silence_ms", [300, 500, 900])
def test_at_equal_delay_half_as_many_people_are_cut_off_as_with_a_fixed_silence(silence_ms):
    cut, delay_ms, longest_ms = measured(by_this_machine, silence_ms)
    fixed, fixed_ms, _ = measured(by_fixed_silence, 20 * (int(delay_ms) // 20))
    assert delay_ms <= fixed_ms
    assert delay_ms <= 0.8 * silence_ms + 60
    assert longest_ms <= 2 * silence_ms + 1000
    assert 2 * cut <= fixed
