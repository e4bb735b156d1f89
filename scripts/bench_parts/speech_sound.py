# ruff: noqa: PLR2004 - frequencies are named by what is done with them
"""Speech for the labelled sets: where it comes from, and how it sounds in noise or over a telephone.

16 kHz, floats between -1 and 1. Everything is deterministic: the same packages give the same samples.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceloop.audio.g711 import decode_ulaw, encode_ulaw
from voiceloop.audio.resample import Resampler

__all__ = [
    "CONDITIONS",
    "FOLDER",
    "QUIET",
    "RATE_HZ",
    "Sound",
    "at_level",
    "fetched",
    "floats",
    "levels",
    "pcm_of",
    "recorded",
    "resampled",
    "say",
    "sounding",
    "trimmed",
    "version_of",
]

Sound = NDArray[np.float32]

RATE_HZ = 16_000
CONDITIONS = ("clean", "10 dB noise", "telephone")
FOLDER = Path(__file__).resolve().parents[2] / ".artefacts" / "turns"
"""Outside of the repository."""
SPEECH_DB = -24.0
ROOM_DB = -66.0
NOISE_BELOW_DB = 10.0
QUIET = 0.03
"""Of the loudest 10 ms: silence within a recording."""


def version_of(*names: str) -> str:
    """Tell these files of this folder, and this one, from all their other versions."""
    here = Path(__file__)
    parts = [here.with_name(name).read_bytes() for name in (here.name, *names)]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


# Where it comes from -------------------------------------------------------------------------------------------------


def fetched(folder: Path, packages: Sequence[str]) -> Path:
    """Return the folder with what these Debian packages hold; SystemExit with the fix where they cannot be had."""
    if not (folder / "done").exists():
        if shutil.which("apt-get") is None or shutil.which("ffmpeg") is None:
            raise SystemExit("The labelled set needs Debian's apt-get and ffmpeg: sudo apt-get install ffmpeg.")
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", *packages], cwd=folder, check=True, capture_output=True, timeout=300)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True, timeout=60)
            package.unlink()
        (folder / "done").touch()
    return folder


def recorded(path: Path) -> Sound:
    """Read a file in any format that ffmpeg knows, and G.722, which has no header."""
    given = ["-f", "g722"] if path.suffix == ".g722" else []
    command = ["ffmpeg", "-v", "error", *given, "-i", str(path), "-f", "s16le", "-ac", "1", "-ar", str(RATE_HZ), "-"]
    return floats(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)


def say(text: str, voice: str, words_per_minute: int = 150) -> Sound:
    """Speak with a voice of espeak-ng, or with hibari, which has its own pace."""
    if voice == "hibari":
        from hibari import Hibari  # noqa: PLC0415 - only for whoever makes a set

        model = Hibari()
        return resampled(np.asarray(model(text, seed=1), np.float32), model.sample_rate)
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    answer = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout
    return resampled(floats(answer[44:]), int.from_bytes(answer[24:28], "little"))


# How it sounds -------------------------------------------------------------------------------------------------------


def sounding(sound: Sound, condition: str, seed: str) -> Sound:
    """Return the sound as it is in this condition; the same seed has the same noise."""
    random = np.random.default_rng(int(hashlib.sha256(seed.encode()).hexdigest()[:8], 16))
    sound = sound + _level(ROOM_DB) * random.standard_normal(len(sound)).astype(np.float32)
    if condition == "10 dB noise":
        white = np.fft.rfft(random.standard_normal(len(sound)))
        pink = np.fft.irfft(white / np.sqrt(np.maximum(np.arange(len(white)), 20)), len(sound))
        sound = sound + _level(SPEECH_DB - NOISE_BELOW_DB) * (pink / np.sqrt(np.mean(pink**2))).astype(np.float32)
    elif condition == "telephone":
        bins = np.fft.rfft(sound)
        hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
        bins[(hz < 300) | (hz > 3400)] = 0
        sound = _through_mulaw(np.fft.irfft(bins, len(sound)).astype(np.float32))
    return np.clip(sound, -1, 1).astype(np.float32)


def _through_mulaw(sound: Sound) -> Sound:
    down, up = Resampler(RATE_HZ, 8_000), Resampler(8_000, RATE_HZ)
    narrow = down.feed(pcm_of(np.clip(sound, -1, 1))) + down.drain()
    heard = decode_ulaw(encode_ulaw(narrow))
    wide = floats(up.feed(heard) + up.drain())
    whole: Sound = np.pad(wide, (0, max(0, len(sound) - len(wide))))[: len(sound)]
    return whole


def pcm_of(sound: Sound) -> bytes:
    """16-bit PCM."""
    return (sound * 32767).astype("<i2").tobytes()


def floats(pcm: bytes) -> Sound:
    """16-bit PCM; half a sample at its end is left out."""
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


def resampled(sound: Sound, rate_hz: int) -> Sound:
    """Return sound of this rate at `RATE_HZ`."""
    if rate_hz == RATE_HZ:
        return sound
    resampler = Resampler(rate_hz, RATE_HZ)
    return floats(resampler.feed(pcm_of(np.clip(sound, -1, 1))) + resampler.drain())


def levels(sound: Sound) -> Sound:
    """Root mean square of each 10 ms."""
    block = RATE_HZ // 100
    blocks = sound[: len(sound) // block * block].reshape(-1, block)
    found: Sound = np.sqrt(np.mean(blocks**2, axis=1) + 1e-12)
    return found


def trimmed(sound: Sound) -> Sound:
    """Without the silence around it."""
    loud = np.flatnonzero(levels(sound) > QUIET * levels(sound).max())
    block = RATE_HZ // 100
    return sound[loud[0] * block : (loud[-1] + 1) * block]


def at_level(sound: Sound) -> Sound:
    """Speech at `SPEECH_DB`, as measured where it is loud."""
    found = levels(sound)
    loud = found[found > QUIET * found.max()]
    scaled: Sound = np.clip(sound * (_level(SPEECH_DB) / np.sqrt(np.mean(loud**2))), -1, 1).astype(np.float32)
    return scaled


def _level(db: float) -> float:
    return float(10 ** (db / 20))
