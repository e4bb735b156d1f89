"""What every REST family of the gateway is served from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voiceloop_local.realtime.shared import Models

__all__ = ["Desk"]


@dataclass(frozen=True, slots=True)
class Desk:
    """The models, made anew for each request, and the gateway's own settings."""

    models: Callable[[], Models]
    """Transcriber, speaker and a brain for one request; only called once models are loaded."""
    language: str = "en"
    """For requests that name none: a tag or `auto`."""
