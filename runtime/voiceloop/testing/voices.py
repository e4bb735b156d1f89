"""Numbered samples as a voice: by themselves they sound like none, to whoever listens for one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

__all__ = ["numbers_are_speech"]

LOUD_DB = -10.0


@contextmanager
def numbers_are_speech() -> Iterator[None]:
    """Within it the local gate takes anything but exact silence for speech; there are no threads of other sessions.

    For sessions whose engine does not end turns by itself. It may stand above a test: `@numbers_are_speech()`, outside
    of `@virtual_time`.
    """
    from voiceloop.audio import gate  # noqa: PLC0415 - numpy, which most tests never load
    from voiceloop.audio.pcm import SILENCE_DB  # noqa: PLC0415

    make = gate.Gate.__init__

    def hears_all(self: gate.Gate, rate_hz: int, _: object, **more: Any) -> None:  # noqa: ANN401 - as a gate takes them
        make(self, rate_hz, any, **more)
        self._noise = gate._Quietest(sys.maxsize)  # noqa: SLF001 - a window that is never full: no noise to rise above

    def level_db(_: gate.Gate, frame: bytes) -> float:
        return LOUD_DB if any(frame) else SILENCE_DB

    with patch.object(gate.Gate, "__init__", hears_all), patch.object(gate.Gate, "_level_db", level_db):
        yield
