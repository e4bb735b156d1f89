"""Text to speech: hibari's built-in voice for English, espeak-ng as a separate process for other languages.

espeak-ng speaks English too where hibari is missing. Everything here runs in the model process.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from voiceloop.audio.resample import Resampler
from voiceloop.errors import DeviceError, LanguageError
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import english, language_for
from voiceloop_local.models.aloud import read_aloud
from voiceloop_local.models.checksums import check_files, pinned
from voiceloop_local.models.spoken import clauses, speakable

__all__ = ["EspeakVoice", "HibariVoice", "Voice", "Voices", "narrate", "open_voice"]

RATE_HZ: Final = 24_000
_FADE_MS: Final = 5
_LEAD_MS: Final = 20
_TAIL_MS: Final = 40
_SILENT_BELOW_PEAK: Final = 10 ** (-45 / 20)
_KNEE: Final = 0.8
"""Samples above this are bent towards 1 instead of clipped."""
_ROOM: Final = 10 ** (-72 / 20)
"""Room tone under everything that is said, RMS, far below hearing. Digital silence within speech sounds like a lost
line on a phone, and in a recording a pause could not be told from an interruption; this much survives 8-bit mu-law."""

Floats = npt.NDArray[np.float32]


class Voice(Protocol):
    """Synthesises one clause at a time."""

    name: str
    gain: float
    """Brings this voice's speech to about -20 dBFS RMS."""

    def synthesise(self, text: str) -> Floats:
        """Return `text` spoken, 24 kHz in [-1, 1], or an empty array."""


class HibariVoice:
    """hibari's "heart", the voice inside its package. Raises DeviceError when a file is missing or different.

    Other voices would be downloaded, which nothing here does.
    """

    name = "heart"
    gain = 10 ** (5.0 / 20)
    """Its speech measures -25 dBFS (-24.5 to -25.9 over seven sentences)."""

    def __init__(self, threads: int = 1) -> None:
        from hibari import Hibari  # noqa: PLC0415 - heavy and optional
        from hibari import tts as package  # noqa: PLC0415

        check_files(Path(package.__file__).parent, pinned("hibari"))
        try:
            self._hibari: Any = Hibari(threads=threads)
            self.synthesise("Ready, Zyxo?")  # a made-up word loads the network for unknown words too
        except (RuntimeError, ValueError, OSError) as error:
            raise DeviceError(f"the voice does not load: {error}; reinstall voiceloop[local]") from error

    def synthesise(self, text: str) -> Floats:
        """Return `text` spoken; the same text always sounds the same."""
        spoken: Floats = self._hibari(text, seed=1)
        return spoken


class EspeakVoice:
    """espeak-ng, one short process a clause (GPL, so never inside this one)."""

    name = "espeak-ng"
    gain = 10 ** (-3.0 / 20)

    def __init__(self, language: Language | None = None) -> None:
        """English by default. Raises DeviceError that names the fix when espeak-ng is missing."""
        language = language or english()
        program = shutil.which("espeak-ng")
        if program is None and language is english():
            raise DeviceError("speech needs a voice; install one with: pip install 'voiceloop[local]'")
        if program is None:
            raise LanguageError(
                f"{language.name} speech needs espeak-ng; install it with: sudo apt-get install espeak-ng"
            )
        pace = str(language.speech.words_a_minute)
        self._command = [program, "--stdout", "--stdin", "-v", language.speech.voice, "-s", pace]

    def synthesise(self, text: str) -> Floats:
        """Return `text` spoken. Raises DeviceError when espeak-ng fails or takes more than 10 s."""
        try:
            done = subprocess.run(self._command, input=text.encode(), capture_output=True, check=True, timeout=10)
        except (OSError, subprocess.SubprocessError) as error:
            raise DeviceError(f"espeak-ng does not speak: {error}") from error
        # espeak-ng cannot know the length when it starts to write, so the WAV header lies about it: 44 bytes, then PCM.
        rate_hz = int.from_bytes(done.stdout[24:28], "little") or RATE_HZ
        resampler = Resampler(rate_hz, RATE_HZ)
        whole = resampler.feed(done.stdout[44 : len(done.stdout) // 2 * 2]) + resampler.drain()
        return np.frombuffer(whole, "<i2").astype(np.float32) / 32768.0


def open_voice(threads: int = 1) -> Voice:
    """Return the best voice on this machine. Raises DeviceError when there is none, or its files are not the pinned."""
    try:
        return HibariVoice(threads)
    except ImportError as error:
        if shutil.which("espeak-ng"):
            return EspeakVoice()
        raise DeviceError(
            f"speech needs the package {error.name}; install it with: pip install 'voiceloop[local]'"
        ) from error


class Voices:
    """A voice for each language: the English one is loaded at once, others on first use. For one thread at a time.

    Raises DeviceError when the English one cannot be loaded.
    """

    def __init__(self, threads: int = 1) -> None:
        self._voices: dict[Language, Voice] = {english(): open_voice(threads)}

    def narrate(self, text: str, language: str = "en") -> Iterator[bytes]:
        """Yield `text` as `narrate` does.

        Raises SettingsError for a language without data, DeviceError when espeak-ng or the extra is missing.
        """
        spoken = language_for(language)
        if spoken not in self._voices:
            self._voices[spoken] = EspeakVoice(spoken)
        yield from narrate(self._voices[spoken], text, spoken)


def narrate(voice: Voice, text: str, language: Language | None = None) -> Iterator[bytes]:
    """Yield `text` as 16-bit mono PCM at 24 kHz, a clause at a time, each with the pause that follows it.

    English by default. Raises DeviceError in another language when the extra `languages` is not installed.
    """
    language = language or english()
    for clause in clauses(speakable(text) if language is english() else read_aloud(text, language), language):
        speech = trimmed(voice.synthesise(clause.text))
        if len(speech):
            pause = np.zeros(clause.pause_ms * RATE_HZ // 1000, np.float32)
            yield _pcm(in_a_room(np.concatenate([levelled(speech, voice.gain), pause])))


def trimmed(speech: Floats) -> Floats:
    """Return `speech` without the silence around it, its ends faded so that no join clicks."""
    peak = float(np.abs(speech).max(initial=0.0))
    loud = np.flatnonzero(np.abs(speech) > peak * _SILENT_BELOW_PEAK)
    if peak == 0.0 or not len(loud):
        return speech[:0]
    start = max(0, int(loud[0]) - _LEAD_MS * RATE_HZ // 1000)
    kept = speech[start : int(loud[-1]) + _TAIL_MS * RATE_HZ // 1000].copy()
    fade = min(_FADE_MS * RATE_HZ // 1000, len(kept) // 2)
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    kept[:fade] *= ramp
    kept[len(kept) - fade :] *= ramp[::-1]
    return kept


def levelled(speech: Floats, gain: float) -> Floats:
    """Return `speech` times `gain`, peaks bent below full scale."""
    louder = speech * np.float32(gain)
    size = np.abs(louder)
    bent = _KNEE + (1.0 - _KNEE) * np.tanh((size - _KNEE) / (1.0 - _KNEE))
    out: Floats = np.where(size > _KNEE, np.sign(louder) * bent, louder).astype(np.float32)
    return out


def in_a_room(speech: Floats) -> Floats:
    """Return `speech` with room tone under it; the same speech gets the same tone."""
    tone = np.random.default_rng(1).standard_normal(len(speech), np.float32) * np.float32(_ROOM)
    out: Floats = np.clip(speech + tone, -1.0, 1.0)
    return out


def _pcm(samples: Floats) -> bytes:
    return (samples * 32767.0).round().astype("<i2").tobytes()
