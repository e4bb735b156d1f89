"""For anyone who tests what they build on voiceloop: conversations, virtual time, a scripted realtime server.

Names are loaded on first use, so importing this costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voiceloop.testing.clock import VirtualLoop, run_virtual, virtual_time
    from voiceloop.testing.dialogue import converse
    from voiceloop.testing.gateway import ScriptedGateway
    from voiceloop.testing.gateway_server import ScriptedServer
    from voiceloop.testing.line import NumberedLine
    from voiceloop.testing.memory import MemoryNetwork
    from voiceloop.testing.numbers import Run, numbered, runs
    from voiceloop.testing.proxy import FaultProxy
    from voiceloop.testing.rest import RestAnswer, ScriptedRest

__all__ = [
    "FaultProxy",
    "MemoryNetwork",
    "NumberedLine",
    "RestAnswer",
    "Run",
    "ScriptedGateway",
    "ScriptedRest",
    "ScriptedServer",
    "VirtualLoop",
    "converse",
    "numbered",
    "run_virtual",
    "runs",
    "virtual_time",
]

_HOMES = {
    "FaultProxy": "proxy",
    "MemoryNetwork": "memory",
    "NumberedLine": "line",
    "RestAnswer": "rest",
    "Run": "numbers",
    "ScriptedGateway": "gateway",
    "ScriptedRest": "rest",
    "ScriptedServer": "gateway_server",
    "VirtualLoop": "clock",
    "converse": "dialogue",
    "numbered": "numbers",
    "run_virtual": "clock",
    "runs": "numbers",
    "virtual_time": "clock",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
