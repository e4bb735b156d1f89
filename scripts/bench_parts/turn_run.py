"""When a labelled turn ends by the local gate, and by webrtcvad with a fixed silence. Nothing here takes its time."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench_parts.speech_sound import FOLDER, RATE_HZ
from bench_parts.turn_set import Turn
from voiceloop.audio.prosody import complete_by_sound
from voiceloop.audio.vad import webrtc_detector
from voiceloop.engines.cascade.ear import Ear, Noticed
from voiceloop.engines.cascade.listening import MOST_GUESSES
from voiceloop.events import SpeechStarted, SpeechStopped
from voiceloop.localturns import LocalTurns
from voiceloop.settings import TurnSettings
from voiceloop.turn.endpointing import Endpointing

__all__ = ["Result", "Verdict", "Words", "by_fixed_silence", "by_local_turns", "flags_of", "held_out", "judged"]

FRAME = RATE_HZ // 50
Flags = list[bool]
Verdict = tuple[int, bool]
"""At this sample it was decided that somebody speaks, or that the turn is over."""
WORDS_MS = 350
"""How long words take here. The same in every run; the table tells what they took on this machine."""
FIRST = RATE_HZ * 3 // 4
"""What ends before is none of the labelled speech."""
NOTICED = RATE_HZ // 5
"""So long after speech goes on that has been noticed."""


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


def held_out(turn: Turn) -> bool:
    """Whether nothing was tuned to this turn: half of the texts and recordings, whoever speaks them, however often."""
    text = turn.name.removesuffix(" (paused)")
    if turn.origin != "recorded":
        text = text.partition(": ")[2].rpartition(" ")[0]
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2 == 1


def by_fixed_silence(turn: Turn, flags: Flags, silence_ms: int, onset_frames: int = 3) -> list[Verdict]:
    """By webrtcvad alone: a turn begins with 60 ms of speech and ends with so much silence."""
    spoken = silent = 0
    speaking = False
    verdicts = []
    for number, flag in enumerate(flags[: _until(turn) // FRAME], 1):
        spoken, silent = (spoken + 1, 0) if flag else (0, silent + 1)
        if speaking != (silent * 20 < silence_ms if speaking else spoken >= onset_frames):
            speaking = not speaking
            verdicts.append((number * FRAME, speaking))
    return verdicts


def by_local_turns(turn: Turn, pcm: bytes, settings: TurnSettings, words: Words | None) -> list[Verdict]:  # noqa: C901 - one frame, told in order
    """By this machine, as over REST; with words where there are any."""
    now, guesses, verdicts = 0, 0, list[Verdict]()
    ear, coming = Ear(RATE_HZ, settings.silence_ms), list[tuple[int, str]]()

    def report(event: SpeechStarted | SpeechStopped) -> None:
        nonlocal ear, guesses
        verdicts.append((now, isinstance(event, SpeechStarted)))
        if isinstance(event, SpeechStopped):
            ear, guesses = Ear(RATE_HZ, settings.silence_ms), 0
            coming.clear()

    def send(speech: bytes, first: int) -> None:
        nonlocal guesses
        noticed = ear.take(speech, first)
        if words is None or noticed is Noticed.NOTHING:
            return
        coming.clear()
        if noticed is Noticed.PAUSE:
            guesses += 1
            text = words(ear.so_far()) if guesses <= MOST_GUESSES else ""
            coming.append((now + (RATE_HZ * WORDS_MS // 1000 if text else 0), text))

    endpointing = Endpointing(settings, words_come=words is not None, model=_guess)
    turns = LocalTurns(RATE_HZ, settings, send=send, report=report, numbers=itertools.count(1), endpointing=endpointing)
    for first, frame in _frames(pcm[: 2 * _until(turn)]):
        now = first + FRAME
        if coming and coming[0][0] <= now:
            endpointing.said(coming.pop()[1])
        turns.take(frame, first)
        if turn.resumes is None and verdicts and not verdicts[-1][1] and now >= turn.end:
            break
    return verdicts


def judged(turn: Turn, verdicts: list[Verdict], sounds_after_ms: int = 0) -> Result:
    """What became of the turn. One that goes on before an answer sounds, so long after its end, is not cut."""
    within = RATE_HZ * sounds_after_ms // 1000
    over = turn.end if turn.resumes is None else turn.resumes + NOTICED
    for (at, speaking), (again, _) in itertools.pairwise([*verdicts, (len(turn.sound), True)]):
        if speaking or at < FIRST:
            continue
        if at >= over:
            return Result(cut=False, delay_ms=(at - turn.end) * 1000 / RATE_HZ)
        if not within or again > at + within:
            return Result(cut=True, delay_ms=0.0)
    return Result(cut=False, delay_ms=(len(turn.sound) - turn.end) * 1000 / RATE_HZ)


_GUESSES: dict[bytes, float | None] = {}


def _guess(pcm: bytes, rate_hz: int) -> float | None:
    """As in the product; each sound is judged once for all settings."""
    key = hashlib.sha256(pcm).digest()
    if key not in _GUESSES:
        _GUESSES[key] = complete_by_sound(pcm, rate_hz)
    return _GUESSES[key]


def _until(turn: Turn) -> int:
    """Nothing that comes later matters."""
    return len(turn.sound) if turn.resumes is None else turn.resumes + RATE_HZ


def _frames(pcm: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(pcm) - 2 * FRAME + 1, 2 * FRAME):
        yield at // 2, pcm[at : at + 2 * FRAME]
