"""The replies that are being generated or played."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from voiceloop.commands import CancelReply, Command, MuteReply
from voiceloop.events import ReplyAudioStarted, ReplyFinished, ReplyTextArrived
from voiceloop.recent import Recent
from voiceloop.turn.arbiter import MAX_TRIES, Want
from voiceloop.vocabulary import HeardSpan, ReplyStatus

__all__ = ["LiveReply", "Replies"]


@dataclass(slots=True)
class LiveReply:
    """One reply from its start to the end of its playback."""

    turn_id: str
    """The user turn it answers; empty for the agent's own words."""
    shielded: bool = False
    """It cannot be interrupted."""
    say: str | None = None
    generating: bool = True
    sounding: bool = False
    """It has audio."""
    worded: bool = False
    """It has words."""
    tries: int = 0
    tools_allowed: bool = True
    again: Want | None = None
    """What to ask for once its playback is over: the engine was lost before it had said all."""

    @classmethod
    def of(cls, want: Want) -> Self:
        """Return what was asked for."""
        return cls(want.turn_id, want.shielded, want.say, tries=want.tries, tools_allowed=want.tools_allowed)

    def retry(self, event: ReplyFinished) -> Want | None:
        """The same reply once more, when the engine failed before anything of it could be heard."""
        if event.status is ReplyStatus.FAILED and not self.sounding and self.tries == 0:
            return self.wanted(tries=1)
        return None

    def wanted(self, tries: int) -> Want:
        """The same reply, after so many tries in vain."""
        return Want(self.turn_id, self.say, self.tools_allowed, tries, self.shielded)


@dataclass(slots=True)
class Replies:
    """Live replies by id."""

    live: dict[str, LiveReply] = field(default_factory=dict)
    _known: Recent[None] = field(default_factory=Recent)

    def __contains__(self, reply_id: str) -> bool:
        return reply_id in self.live

    def __bool__(self) -> bool:
        return bool(self.live)

    def begins(self, reply_id: str) -> bool:
        """A reply began. False when that was told before: playback that is over does not end once more."""
        told_before = reply_id in self._known
        self._known[reply_id] = None
        return not told_before

    def get(self, reply_id: str) -> LiveReply | None:
        """The live reply of this id."""
        return self.live.get(reply_id)

    def grew(self, event: ReplyTextArrived | ReplyAudioStarted) -> None:
        """Words or sound came for one of them, or for one that is over."""
        if (reply := self.get(event.reply_id)) is None:
            return
        if isinstance(event, ReplyTextArrived):
            reply.worded = True
        else:
            reply.sounding = True

    @property
    def shielded(self) -> bool:
        """One of them cannot be interrupted."""
        return any(reply.shielded for reply in self.live.values())

    @property
    def sounding(self) -> bool:
        """One of them has audio."""
        return any(reply.sounding for reply in self.live.values())

    @property
    def generating(self) -> bool:
        """The engine still works on one of them."""
        return any(reply.generating for reply in self.live.values())

    def spend(self) -> bool:
        """Ask no more for what has had its tries. False: there was nothing like that."""
        spent = [each for each in self.live.values() if each.again is not None and each.again.tries >= MAX_TRIES]
        for reply in spent:
            reply.again = None
        return bool(spent)

    def forgive(self) -> None:
        """Count no tries against what is to be asked for once more."""
        for reply in self.live.values():
            if reply.again is not None:
                reply.again = replace(reply.again, tries=0)

    def cancel_all_but(self, reply_id: str) -> list[Command]:
        """End the others that are being generated: an engine may give more than one at a time."""
        others = [each for each, reply in self.live.items() if reply.generating and each != reply_id]
        return [command for each in others for command in (CancelReply(each), MuteReply(each))]

    def turn_of(self, reply_id: str) -> str:
        """The turn a live reply answers; empty without one."""
        reply = self.get(reply_id)
        return "" if reply is None else reply.turn_id

    def flushed(self, spans: tuple[HeardSpan, ...]) -> list[HeardSpan]:
        """Playback was thrown away: none is live any more. Returns as `to_trim`."""
        trims = self.to_trim(spans)
        self.live.clear()
        return trims

    def to_trim(self, spans: tuple[HeardSpan, ...]) -> list[HeardSpan]:
        """Which parts the engine remembers longer than they were heard.

        A part heard to its end needs no trim, unless it is the last one of a reply that was still growing.
        """
        last = {span.reply_id: span for span in spans}
        trims: list[HeardSpan] = []
        for span in spans:
            reply = self.live.get(span.reply_id)
            growing = reply is not None and reply.generating and last[span.reply_id] is span
            if growing or not span.finished:
                trims.append(span)
        return trims
