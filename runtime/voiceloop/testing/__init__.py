"""For anyone who tests what they build on voiceloop: conversations, virtual time, a scripted server, broken networks.

docs/testing.md shows how. Names are loaded on first use, so importing this costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voiceloop.testing.account import Account, Turn, account_for
    from voiceloop.testing.brain import Question
    from voiceloop.testing.clock import VirtualLoop, run_virtual, virtual_time
    from voiceloop.testing.dialogue import converse
    from voiceloop.testing.faults import Answer, Cut, Freeze, Lag, Refuse, Reset
    from voiceloop.testing.gateway import ScriptedGateway
    from voiceloop.testing.gateway_server import ScriptedServer
    from voiceloop.testing.line import NumberedLine
    from voiceloop.testing.memory import MemoryNetwork
    from voiceloop.testing.numbers import Run, numbered, runs
    from voiceloop.testing.proxy import FaultProxy
    from voiceloop.testing.script import (
        Call,
        Close,
        Fail,
        Handle,
        Ignore,
        NoAnswer,
        Quirks,
        Refusal,
        Reply,
        Send,
        Spoken,
        Stall,
        Vanish,
        Wait,
        refusal,
    )
    from voiceloop.testing.service_faults import Garbled
    from voiceloop.testing.service_seams import ServiceTimes
    from voiceloop.testing.services import ScriptedServices
    from voiceloop.testing.spans import Span
    from voiceloop.testing.voices import numbers_are_speech

__all__ = [
    "Account",
    "Answer",
    "Call",
    "Close",
    "Cut",
    "Fail",
    "FaultProxy",
    "Freeze",
    "Garbled",
    "Handle",
    "Ignore",
    "Lag",
    "MemoryNetwork",
    "NoAnswer",
    "NumberedLine",
    "Question",
    "Quirks",
    "Refusal",
    "Refuse",
    "Reply",
    "Reset",
    "Run",
    "ScriptedGateway",
    "ScriptedServer",
    "ScriptedServices",
    "Send",
    "ServiceTimes",
    "Span",
    "Spoken",
    "Stall",
    "Turn",
    "Vanish",
    "VirtualLoop",
    "Wait",
    "account_for",
    "converse",
    "numbered",
    "numbers_are_speech",
    "refusal",
    "run_virtual",
    "runs",
    "virtual_time",
]

_HOMES = {
    "Account": "account",
    "Answer": "faults",
    "Call": "script",
    "Close": "script",
    "Cut": "faults",
    "Fail": "script",
    "FaultProxy": "proxy",
    "Freeze": "faults",
    "Garbled": "service_faults",
    "Handle": "script",
    "Ignore": "script",
    "Lag": "faults",
    "MemoryNetwork": "memory",
    "NoAnswer": "script",
    "NumberedLine": "line",
    "Question": "brain",
    "Quirks": "script",
    "Refusal": "script",
    "Refuse": "faults",
    "Reply": "script",
    "Reset": "faults",
    "Run": "numbers",
    "ScriptedGateway": "gateway",
    "ScriptedServer": "gateway_server",
    "ScriptedServices": "services",
    "Send": "script",
    "ServiceTimes": "service_seams",
    "Span": "spans",
    "Spoken": "script",
    "Stall": "script",
    "Turn": "account",
    "Vanish": "script",
    "VirtualLoop": "clock",
    "Wait": "script",
    "account_for": "account",
    "converse": "dialogue",
    "numbered": "numbers",
    "numbers_are_speech": "voices",
    "refusal": "script",
    "run_virtual": "clock",
    "runs": "numbers",
    "virtual_time": "clock",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
