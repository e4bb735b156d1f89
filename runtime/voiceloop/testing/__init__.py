"""Public fakes for anyone who builds on voiceloop: virtual time, a numbered line, a scripted realtime server.

Names are loaded on first use, so importing this costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voiceloop.testing.clock import VirtualLoop, run_virtual, virtual_time
    from voiceloop.testing.line import NumberedLine
    from voiceloop.testing.numbers import Run, numbered, runs

__all__ = ["NumberedLine", "Run", "VirtualLoop", "numbered", "run_virtual", "runs", "virtual_time"]

_HOMES = {
    "NumberedLine": "line",
    "Run": "numbers",
    "VirtualLoop": "clock",
    "numbered": "numbers",
    "run_virtual": "clock",
    "runs": "numbers",
    "virtual_time": "clock",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
