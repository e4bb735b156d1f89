"""What a line is told about the place it runs in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from voiceloop.settings import AudioSettings

__all__ = ["LineContext"]

_log = logging.getLogger("voiceloop.devices")


def _log_warning(code: str, detail: str) -> None:
    _log.warning("%s: %s", code, detail)


@dataclass(frozen=True, slots=True)
class LineContext:
    """Second argument of a line's factory."""

    input: Path | None = None
    """A WAV file played as the microphone; None takes the line's own microphone."""
    output: Path | None = None
    """A WAV file that records both sides, instead of the line's own speaker; None plays to that."""
    speaker: bool = True
    """False: replies are read, so the line's own speaker is not opened."""
    tee: bool = False
    """Play to the line's own speaker besides recording to `output`."""
    audio: AudioSettings = field(default_factory=AudioSettings)
    warn: Callable[[str, str], None] = _log_warning
    """Told of trouble that the line survives, as a short code and one line of detail. Called on the loop's thread."""
