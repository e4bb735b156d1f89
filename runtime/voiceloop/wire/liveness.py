"""Is the other end still there, and does it still work? Two questions with different answers.

*Transport*: any byte is life, a pong among them. Without one for too long, the wire is dead. *Progress*: a gateway can
answer pings while the model behind it hangs; what was asked for must begin, and go on, within a time that grows with
what this session has seen, so that a slow model is waited for. Times are seconds on the caller's monotonic clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from math import ceil, inf
from typing import Final

from voiceloop import events
from voiceloop.commands import AskReply, CancelReply, EngineCommand, ForgetTurn

__all__ = ["Awaited", "Liveness", "Pace", "Verdict", "after_command", "after_events"]

DEAD_IDLE_S: Final = 3.0
DEAD_DUE_S: Final = 1.25
"""Leaves another tier a quarter of a second to be heard within 1.5 s of the last byte."""
PING_IDLE_S: Final = 1.0
PING_DUE_S: Final = 0.5
LATE_S: Final = 0.3
"""A check this late says that we were stuck ourselves, not the other end: what it sent may wait to be read."""
SAMPLES: Final = 64
RARE: Final = 0.95
PATIENCE: Final = 2.0
"""Times the 95th percentile of what this session has seen."""
LONGEST_S: Final = 60.0
ACTIVE: Final = "conversation_already_has_active_response"


class Awaited(StrEnum):
    """What the engine owes now."""

    NOTHING = "nothing"
    REPLY = "reply"
    """The beginning of a reply."""
    OUTPUT = "output"
    """The first word, sound or tool call of one that has begun."""
    MORE = "more"
    """The rest of it."""
    SIGN = "sign"
    """Anything but a pong: it was asked whether it still works."""


class Verdict(StrEnum):
    """What a check found."""

    WELL = "well"
    PING = "ping"
    """So quiet that it should be asked."""
    DEAD = "dead"
    STALLED = "stalled"


class Pace:
    """How long this session waits for its model; outlives connections."""

    def __init__(self, reply_s: float = 5.0, output_s: float = 8.0) -> None:
        self._least_s = dict.fromkeys((Awaited.REPLY, Awaited.SIGN), reply_s)
        self._least_s |= dict.fromkeys((Awaited.OUTPUT, Awaited.MORE), output_s)
        self._took: dict[Awaited, deque[float]] = {
            Awaited.REPLY: deque(maxlen=SAMPLES),
            Awaited.OUTPUT: deque(maxlen=SAMPLES),
        }
        self._stalls = 0

    def took(self, awaited: Awaited, seconds: float) -> None:
        """Something that was waited for came after so long."""
        if awaited in self._took:
            self._took[awaited].append(seconds)
            self._stalls = 0

    def stalled(self) -> None:
        """It did not come: whatever was quick before, the next try is given twice the time."""
        self._stalls += 1

    def limit_s(self, awaited: Awaited) -> float:
        """How long to wait for it; for ever where nothing is owed."""
        if awaited is Awaited.NOTHING:
            return inf
        seen = sorted(self._took[Awaited.REPLY if awaited in {Awaited.REPLY, Awaited.SIGN} else Awaited.OUTPUT])
        slow_s = seen[ceil(RARE * len(seen)) - 1] if seen else 0.0  # of a few the slowest
        limit_s = max(self._least_s[awaited], min(PATIENCE * slow_s, LONGEST_S))
        return max(limit_s, min(limit_s * 2.0**self._stalls, LONGEST_S))


class Liveness:
    """Watches one connection."""

    def __init__(self, pace: Pace, now: float) -> None:
        self.awaited = Awaited.NOTHING
        self.next_s = now
        """When `check` is due."""
        self._pace = pace
        self._since_s = now
        self._moved_s = now
        self._messages = 0
        self._pinged_s = -inf

    def turn_to(self, awaited: Awaited, now: float) -> None:
        """Something else is owed now. A check is due at once, so that the wire is asked as soon as it matters."""
        if awaited in {Awaited.OUTPUT, Awaited.MORE}:
            self._pace.took(self.awaited, now - self._since_s)
        self.awaited = awaited
        self._since_s = self._moved_s = self.next_s = now

    def check(self, now: float, last_byte_s: float, messages: int) -> Verdict:
        """Look: `last_byte_s` is when the last byte came, `messages` how many messages did so far."""
        if messages != self._messages:
            self._messages, self._moved_s = messages, now
        if now - self.next_s > LATE_S:
            self._since_s = self._moved_s = now
        due = self.awaited is not Awaited.NOTHING
        dead_s = max(last_byte_s, self._since_s) + (DEAD_DUE_S if due else DEAD_IDLE_S)
        waits_from_s = self._moved_s if self.awaited is Awaited.MORE else self._since_s
        stalled_s = waits_from_s + self._pace.limit_s(self.awaited)
        if now >= dead_s:
            return Verdict.DEAD
        if now >= stalled_s:
            self._pace.stalled()
            return Verdict.STALLED
        every_s = PING_DUE_S if due else PING_IDLE_S
        asked_for = self.awaited is Awaited.REPLY and self._pinged_s < self._since_s
        ping = asked_for or now >= max(last_byte_s, self._pinged_s) + every_s
        if ping:
            self._pinged_s = now
        self.next_s = min(dead_s, stalled_s, max(last_byte_s, self._pinged_s) + every_s)
        return Verdict.PING if ping else Verdict.WELL


def after_events(awaited: Awaited, told: Iterable[events.Event], *, replies_by_itself: bool) -> Awaited:
    """What is owed after the engine told this."""
    for event in told:
        match event:
            case events.TurnCommitted() | events.SilenceCommitted() if replies_by_itself and awaited is Awaited.NOTHING:
                awaited = Awaited.REPLY
            case events.ReplyStarted():
                awaited = Awaited.OUTPUT
            case events.ReplyTextArrived() | events.ReplyAudioStarted() | events.ToolCalled():
                awaited = Awaited.MORE
            case events.ReplyFinished():
                awaited = Awaited.NOTHING
            case events.EngineComplained(ask_id=str(ask_id), code=code) if ask_id and awaited is Awaited.REPLY:
                # Refused because a reply is on its way already: then that one is owed.
                awaited = Awaited.REPLY if code == ACTIVE else Awaited.NOTHING
            case _:
                pass
    return awaited


def after_command(awaited: Awaited, command: EngineCommand) -> Awaited:
    """What is owed after the engine was told this."""
    match command:
        case AskReply():
            return Awaited.REPLY if awaited in {Awaited.NOTHING, Awaited.SIGN} else awaited
        case CancelReply() | ForgetTurn():
            return Awaited.NOTHING  # what is cancelled need not be acknowledged
        case _:
            return awaited
