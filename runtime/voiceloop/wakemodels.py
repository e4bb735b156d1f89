"""Which wake words there are, and what is wrong with one that is none, told without loading a model or numpy."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from voiceloop.errors import DeviceError, SettingsError

__all__ = ["PACKAGE", "WAKE_WORDS", "check_wake_word", "model_file", "needs_package"]

PACKAGE = "pymicro_wakeword"
WAKE_WORDS = ("okay_nabu", "hey_jarvis", "hey_mycroft", "alexa")
"""Those that the package is known to hold; a later one may hold more."""
SETTING = ("audio", "wake_word")
TFLITE_MARK = b"TFL3"
SMALLEST_MODEL = 1_024
"""Bytes."""
NEAR = 0.5
"""How like a name is to one that was meant: `nabu` is 0.62 of `okay_nabu`."""


def check_wake_word(wake_word: str | None) -> None:
    """Raise what there is to say against waiting for this wake word; None waits for none.

    It takes a millisecond and loads nothing. Raises DeviceError without the package, SettingsError for a name that
    nobody knows and for a file that is no model.
    """
    if wake_word is not None:
        model_file(wake_word)


def model_file(wake_word: str) -> Path:
    """Return the `.json` file of a model, by its name in the package or its own path. Raises as `check_wake_word`."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise needs_package()
    if wake_word.endswith(".json"):
        path = Path(wake_word).expanduser()
        check_model(path)
        return path
    models = {path.stem: path for path in (Path(spec.origin).parent / "models").glob("*.json")}
    if wake_word not in models:
        raise SettingsError(f"audio.wake_word = {wake_word!r}: {advice(wake_word, list(models))}", SETTING)
    return models[wake_word]


def needs_package() -> DeviceError:
    """Return the error that tells how to get the package."""
    return DeviceError("A wake word needs a package: pip install 'voiceloop[wake]', or leave out audio.wake_word.")


def advice(wrong: str, names: list[str]) -> str:
    """Say which right name a wrong one comes nearest to, and which there are."""
    import difflib  # noqa: PLC0415 - most names are right

    there = [name for name in WAKE_WORDS if name in names] + sorted(set(names) - set(WAKE_WORDS))
    spelt = "_".join(wrong.lower().replace("-", " ").replace("_", " ").split())
    close = difflib.get_close_matches(spelt, there, n=1, cutoff=NEAR)
    meant = f"did you mean {close[0]}? Else " if close else ""
    return f"{meant}name one of {', '.join(there)}, or the .json file of a microWakeWord model"


def check_model(path: Path) -> None:
    """Raise SettingsError for what the library would crash on, which looks at nothing."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        model = path.parent / str(told["model"])
        data = model.read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"audio.wake_word: {path} is not the .json file of a microWakeWord model"
            f" with its .tflite file beside it: {error!r}",
            SETTING,
        ) from error
    if data[4:8] != TFLITE_MARK or len(data) < SMALLEST_MODEL:
        raise SettingsError(f"audio.wake_word: {model} is no whole TensorFlow Lite model; fetch it again", SETTING)
