"""One labelled turn through gate, ear and endpointing: when does it end? Virtual: nothing here takes its time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench_parts.speech_sound import FOLDER, RATE_HZ
from bench_parts.turn_set import Turn
from voiceloop.audio.gate import Gate, SpeechOnset
from voiceloop.audio.prosody import complete_by_sound
from voiceloop.audio.vad import webrtc_detector
from voiceloop.engines.cascade.ear import Ear, Noticed
from voiceloop.engines.cascade.listening import MOST_GUESSES
from voiceloop.localturns import SOUND_AFTER_MS, SOUND_S
from voiceloop.settings import TurnSettings
from voiceloop.turn.endpointing import Endpointing

__all__ = ["Result", "Words", "by_fixed_silence", "by_gate", "flags_of"]

FRAME = RATE_HZ // 50
Flags = list[bool]
WORDS_MS = 350
"""How long words take here. The same in every run; the table tells what they took on this machine."""


@dataclass(frozen=True)
class Result:
    """What became of a turn."""

    cut: bool
    """It was taken for complete before its speaker had finished."""
    delay_ms: float
    """From the last sample of speech to the decision; the longest there is where none came."""


class Words:
    """What recognition says of pieces of sound, each asked for once and kept."""

    def __init__(self, path: Path = FOLDER / "words.json", *, recognise: Callable[[bytes], str] | None = None) -> None:
        self._path = path
        self._kept: dict[str, tuple[str, int]] = json.loads(path.read_text()) if path.exists() else {}
        self._recognise = recognise
        self.asked = 0

    def __call__(self, pcm: bytes) -> str:
        """The words of 16-bit PCM at `RATE_HZ`."""
        key = hashlib.sha256(pcm).hexdigest()[:16]
        if key not in self._kept:
            if self._recognise is None:
                self._recognise = _recogniser()
            began = time.perf_counter()
            text = self._recognise(pcm)
            self._kept[key] = (text, round(1000 * (time.perf_counter() - began)))
            self.asked += 1
            if self.asked % 50 == 0:
                self.keep()
        return self._kept[key][0]

    def keep(self) -> None:
        """Write what is known."""
        self._path.write_text(json.dumps(self._kept, ensure_ascii=False, indent=0) + "\n")

    @property
    def took_ms(self) -> list[int]:
        """How long each took on this machine."""
        return [took for _, took in self._kept.values()]


def _recogniser() -> Callable[[bytes], str]:
    from voiceloop_local.models.stt import Recogniser  # noqa: PLC0415 - only where words are not kept yet

    recogniser = Recogniser(2)
    recogniser.warm_up()
    return lambda pcm: str(recogniser.transcribe(pcm, RATE_HZ, "en", ()))


def flags_of(pcm: bytes, mode: int) -> Flags:
    """What webrtcvad says of each 20 ms."""
    detect = webrtc_detector(RATE_HZ, mode)
    return [detect(frame) for _, frame in _frames(pcm)]


def by_fixed_silence(turn: Turn, flags: Flags, silence_ms: int, onset_frames: int = 3) -> Result:
    """By webrtcvad alone: a turn begins with 60 ms of speech and ends with so much silence."""
    spoken = silent = 0
    speaking = False
    for number, flag in enumerate(flags, 1):
        spoken, silent = (spoken + 1, 0) if flag else (0, silent + 1)
        speaking = speaking or spoken >= onset_frames
        if speaking and silent * 20 >= silence_ms:
            ended = _judged(turn, number * FRAME)
            if ended is not None:
                return ended
            speaking = False
        if turn.resumes is not None and number * FRAME > turn.resumes + RATE_HZ // 2:
            break
    return _unended(turn)


def by_gate(turn: Turn, pcm: bytes, flags: Flags, settings: TurnSettings, words: Words | None) -> Result:  # noqa: C901, PLR0912, PLR0915 - one frame, told in order
    """Ours: the gate over the same detector, and endpointing; with words where there are any."""
    asked = iter(flags)
    gate = Gate(RATE_HZ, lambda _: next(asked), hangover_ms=settings.silence_ms)
    endpointing, judged = Endpointing(settings, model=complete_by_sound), False
    ear, guesses = Ear(RATE_HZ, settings.silence_ms), 0
    coming: tuple[int, str] | None = None
    for first, frame in _frames(pcm):
        now = first + FRAME
        if coming is not None and coming[0] <= now:
            endpointing.said(coming[1])
            coming = None
        gate.wait(endpointing.silence_ms)
        was_speaking = gate.speaking
        verdicts = gate.feed(frame, first)
        if not gate.silent_samples:
            endpointing.went_on()
            judged = False
        elif not judged and gate.silent_samples >= SOUND_AFTER_MS * RATE_HZ // 1000:
            judged = True
            endpointing.sounded(pcm[max(0, 2 * (now - int(SOUND_S * RATE_HZ))) : 2 * now], RATE_HZ)
        heard = frame
        for verdict in verdicts:
            if isinstance(verdict, SpeechOnset):
                was_speaking, heard = True, gate.preroll()
                continue
            ended = _judged(turn, now)
            if ended is not None:
                return ended
            ear, guesses, coming, was_speaking = Ear(RATE_HZ, settings.silence_ms), 0, None, False
        if words is not None and was_speaking:
            match ear.take(heard, now - len(heard) // 2):
                case Noticed.PAUSE:
                    guesses += 1
                    text = words(ear.so_far()) if guesses <= MOST_GUESSES else ""
                    coming = (now + (RATE_HZ * WORDS_MS // 1000 if text else 0), text)
                case Noticed.WENT_ON | Noticed.ANEW:
                    coming = None
                case Noticed.NOTHING:
                    pass
        if turn.resumes is not None and now > turn.resumes + RATE_HZ // 2:
            break
    return _unended(turn)


def _judged(turn: Turn, ended: int) -> Result | None:
    """What it means that a turn was ended at this sample; None: it was none of the labelled speech."""
    if ended < RATE_HZ * 3 // 4:
        return None
    if turn.resumes is not None:
        return Result(cut=ended < turn.resumes + RATE_HZ // 5, delay_ms=0.0)
    return Result(cut=ended < turn.end, delay_ms=(ended - turn.end) * 1000 / RATE_HZ)


def _unended(turn: Turn) -> Result:
    return Result(cut=False, delay_ms=(len(turn.sound) - turn.end) * 1000 / RATE_HZ)


def _frames(pcm: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(pcm) - 2 * FRAME + 1, 2 * FRAME):
        yield at // 2, pcm[at : at + 2 * FRAME]
