"""What can be told to the listener without an engine, and what is asked of the driver for it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from voiceloop.commands import Command

__all__ = ["Ask", "Notice", "PlayNotice", "StopNotice"]


class Notice(StrEnum):
    """A built-in sound or recorded sentence."""

    DOWN = "down"
    """Sound: a lower tier answers."""
    UP = "up"
    """Sound: all is as it was."""
    TICK = "tick"
    """Sound: still at it; to be repeated."""
    POOR = "poor"
    """Sentence: a lower tier answers."""
    LOST = "lost"
    """Sentence: nobody answers at the moment."""
    MOMENT = "moment"
    """Sentence: still at it."""
    UNAVAILABLE = "unavailable"
    """Sentence: nobody will answer; goodbye."""


class PlayNotice(msgspec.Struct, frozen=True):
    """Play a built-in sound after whatever is queued; answered by `PlaybackFinished` under its id."""

    notice_id: str
    name: Notice


class StopNotice(msgspec.Struct, frozen=True):
    """Play nothing more of this notice; its `PlaybackFinished` still comes."""

    notice_id: str


Ask = Command | PlayNotice | StopNotice
