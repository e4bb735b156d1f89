"""The user's switches: mute, and the key of push-to-talk.

While the microphone is closed all that is captured becomes silence, before anything listens to it: engines, the local
gate, what is kept for the next engine. It stays a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from voiceloop.events import Event, InterruptAsked, MicrophoneTurned
from voiceloop.hearing import Hearing

__all__ = ["Key", "Microphone"]


class Key(StrEnum):
    """Whether the user has to hold a key to be heard."""

    NONE = "none"
    UP = "up"
    DOWN = "down"


class Microphone:
    """Of one session. Plain calls on the loop's thread; raises what `take` raises before and after the session."""

    def __init__(self, hearing: Hearing, take: Callable[[Event], None]) -> None:
        self.muted = False
        self.key = Key.NONE if hearing.key is None else Key.UP
        self._hearing = hearing
        self._take = take

    @property
    def open(self) -> bool:
        """Whether the user is heard."""
        return not self.muted and self.key is not Key.UP

    def mute(self) -> None:
        """Hear nothing until `unmute`. A turn that is being spoken ends."""
        self._turn(muted=True)

    def unmute(self) -> None:
        """Hear the user again, with push-to-talk when the key is down."""
        self._turn(muted=False)

    def press(self) -> None:
        """Begin a turn: the agent stops speaking and hears all until `release`. Nothing while muted.

        Without push-to-talk it only interrupts.
        """
        if self.muted:
            return
        self._take(InterruptAsked())
        if self._hearing.key is not None and self.key is Key.UP:
            self.key = Key.DOWN
            self._hearing.closed = False
            self._hearing.key.press()

    def release(self) -> None:
        """Hand the turn over at once."""
        if self._hearing.key is not None and self.key is Key.DOWN:
            self.key = Key.UP
            self._hearing.closed = True
            self._hearing.key.release()

    def toggle(self) -> None:
        """For a single button: press or release with push-to-talk, else mute or unmute."""
        if self.key is Key.NONE:
            self._turn(muted=not self.muted)
        elif self.key is Key.UP:
            self.press()
        else:
            self.release()

    def _turn(self, *, muted: bool) -> None:
        if muted == self.muted:
            return
        self._take(MicrophoneTurned("muted" if muted else "open"))
        if muted:
            self.release()
        self.muted = muted
        self._hearing.closed = not self.open
