"""An asyncio runtime for realtime voice agents that survives failure and knows what the listener heard.

The public names are imported when they are first used, so that `import voiceloop` is quick and loads no numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voiceloop import errors, events, settings, testing
    from voiceloop.agent import Agent
    from voiceloop.asgi import asgi
    from voiceloop.cli import run
    from voiceloop.session import Session
    from voiceloop.tools.tool import tool

__all__ = ["Agent", "Session", "asgi", "errors", "events", "run", "settings", "testing", "tool"]

_HOMES = {
    "Agent": "voiceloop.agent",
    "Session": "voiceloop.session",
    "asgi": "voiceloop.asgi",
    "run": "voiceloop.cli",
    "tool": "voiceloop.tools.tool",
}
"""Where each name lives that is no module."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name)
    found: object = (
        importlib.import_module(f"{__name__}.{name}") if home is None else getattr(importlib.import_module(home), name)
    )
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
