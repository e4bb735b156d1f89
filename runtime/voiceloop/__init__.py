"""An asyncio runtime for realtime voice agents that survives failure and knows what the listener heard.

The public names are imported when they are first used, so that `import voiceloop` is quick and loads no numpy.
"""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

if _typing.TYPE_CHECKING:
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
        _importlib.import_module(f"{__name__}.{name}")
        if home is None
        else getattr(_importlib.import_module(home), name)
    )
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names, and what Python itself looks for; parts of the package are no part of its face."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
