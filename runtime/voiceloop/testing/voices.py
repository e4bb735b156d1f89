"""Numbered samples as a voice: by themselves they sound like none, to whoever listens for one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from typing_extensions import override

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

    class NumberedGate(gate.Gate):
        """Has no noise to rise above."""

        def __init__(self, rate_hz: int, _: object, **more: Any) -> None:  # noqa: ANN401 - as the gate takes them
            super().__init__(rate_hz, any, **more)
            self._noise = gate._Quietest(sys.maxsize)  # noqa: SLF001 - a window that is never full

        @override
        def _level_db(self, frame: bytes) -> float:
            return LOUD_DB if any(frame) else SILENCE_DB

    with patch.object(gate, "Gate", NumberedGate):
        yield
