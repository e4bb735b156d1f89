"""When the listener is told something that no engine says: a move between tiers, a wait, an outage, the end.

Events in, commands out; `now` is seconds on the session's monotonic clock. Nothing is ever played over anybody, and
all but the farewell give way at once to the user and to a reply. Between changes of the scene there is at most one
deadline of each kind and no other work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from voiceloop import events as on
from voiceloop.commands import ClearDeadline, Command, DuckPlayback, PlayNotice, ResumePlayback, SetDeadline, StopNotice
from voiceloop.notices.tiernews import TIER_NEWS, TierNews
from voiceloop.vocabulary import Notice, Tier

__all__ = ["AtTierChange", "NoticePolicy", "Notices", "Scene", "WhileWaiting"]

AtTierChange = Literal["none", "earcon", "sentence"]
WhileWaiting = Literal["tick", "sentence"]

WAITING: Final = "notice_waiting"
OUTAGE: Final = "notice_outage"
FAREWELL: Final = "notice_farewell"

TICK_EVERY_S: Final = 1.5
LONGEST_S: Final = 6.5
"""No recording is longer."""
FAREWELL_WITHIN_S: Final = LONGEST_S + 2.5
"""The farewell may wait 2.5 s for what is played before it."""


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """What may be told; plain values, so that it fits a tape."""

    at_tier_change: AtTierChange = "none"
    waiting_after_s: float | None = None
    """How late a reply is when the first sound says so; None: never."""
    while_waiting: WhileWaiting = "tick"
    apology_after_s: float | None = None
    """How long nobody can answer before the listener is told, who is also told when nobody ever will; None: never."""
    language: str = "en"
    """BCP 47, or `auto`."""
    order: tuple[Tier, ...] = tuple(Tier)
    """Best first."""
    wake_earcon: bool = False
    """Whether the wake word, and falling asleep again, are told by a sound."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Who speaks and who waits, notices left out."""

    tier: Tier | None = None
    """Who answers; None while nobody can."""
    user_speaks: bool = False
    agent_speaks: bool = False
    """A reply is heard, or audio of one is there to be played."""
    owed: bool = False
    """A reply is wanted, asked for, generated or waits for a tool."""

    @property
    def waiting(self) -> bool:
        """The listener waits for a reply in silence."""
        return self.owed and not self.user_speaks and not self.agent_speaks


class Notices:
    """Decides for one session."""

    def __init__(self, policy: NoticePolicy) -> None:
        self.live: dict[str, Notice] = {}
        """Notices that were begun and are not over, by id."""
        self._policy = policy
        self._news = None if policy.at_tier_change == "none" else TierNews(policy.order)
        self._scene = Scene()
        self._count = 0
        self._late = False
        """The reply is late, and it is time to say so."""
        self._asked_for_patience = False
        """In this turn."""
        self._outage_is_long = False
        self._outage_told = False
        self._awake = False
        """The wake word was heard."""

    def happened(self, event: on.Event, scene: Scene, now: float) -> list[Command]:
        """Take an event and the scene after it."""
        out: list[Command] = []
        match event:
            case on.PlaybackFinished(reply_id=reply_id):
                self.live.pop(reply_id, None)
            case on.PlaybackFlushed():
                self.live.clear()
            case on.TurnCommitted() | on.TextTyped():
                self._asked_for_patience = False
            case on.DeadlinePassed(name=name):
                out += self._deadline(name, now)
            case on.MicrophoneTurned(state=("asleep" | "listening") as state):
                out += self._turned(scene, awake=state == "listening")
            case _:
                pass
        if scene != self._scene:
            out += self._changed(scene, now)
        return out + self._tell(now)

    def farewell(self, now: float) -> list[Command]:
        """Nobody will answer any more: say goodbye, after what is queued. Nothing when notices of outages are off."""
        if self._policy.apology_after_s is None:
            return []
        stopped = [*self._stop(), ClearDeadline(WAITING), ClearDeadline(OUTAGE), ClearDeadline(TIER_NEWS)]
        # The user may have been about to interrupt; what was held would keep the last word back.
        spoken: list[Command] = [ResumePlayback(), DuckPlayback(1.0), self._play(Notice.UNAVAILABLE)]
        return [*stopped, *spoken, SetDeadline(FAREWELL, now + FAREWELL_WITHIN_S)]

    def parted(self, event: on.Event) -> bool:
        """After `farewell`: whether the session can end, because it was said, took too long, or nobody listens."""
        match event:
            case on.PlaybackFinished(reply_id=reply_id):
                return self.live.get(reply_id) is Notice.UNAVAILABLE
            case on.DeadlinePassed(name=name):
                return name == FAREWELL
            case _:
                return isinstance(event, on.EndAsked | on.LineLost)

    def _changed(self, scene: Scene, now: float) -> list[Command]:
        before, self._scene = self._scene, scene
        out: list[Command] = []
        if (scene.user_speaks and not before.user_speaks) or (scene.agent_speaks and not before.agent_speaks):
            out += self._stop()
        if scene.agent_speaks and scene.tier is not None:
            self._outage_told = False
        if scene.tier is not before.tier:
            out += self._moved(scene.tier, now)
        after_s = self._policy.waiting_after_s
        if after_s is not None and scene.waiting is not before.waiting:
            self._late = False
            out.append(SetDeadline(WAITING, now + after_s) if scene.waiting else ClearDeadline(WAITING))
        return out

    def _turned(self, scene: Scene, *, awake: bool) -> list[Command]:
        """Tell whether anybody listens, when that is another than before."""
        changed, self._awake = awake is not self._awake, awake
        if not self._policy.wake_earcon or not changed or self.live or scene.agent_speaks:
            return []
        return [self._play(Notice.AWAKE if awake else Notice.ASLEEP)]

    def _moved(self, tier: Tier | None, now: float) -> list[Command]:
        after_s = self._policy.apology_after_s
        if tier is None:
            return [] if after_s is None else [SetDeadline(OUTAGE, now + after_s)]
        self._outage_is_long = False
        ends: list[Command] = [] if after_s is None else [ClearDeadline(OUTAGE)]
        return ends if self._news is None else [*ends, *self._news.moved(tier, now)]

    def _deadline(self, name: str, now: float) -> list[Command]:
        if name == TIER_NEWS and self._news is not None:
            self._news.lasted()
        elif name == OUTAGE:
            self._outage_is_long = True
        elif name == WAITING and self.live:
            return [SetDeadline(WAITING, now + TICK_EVERY_S)]
        elif name == WAITING:
            self._late = True
        return []

    def _tell(self, now: float) -> list[Command]:
        scene = self._scene
        if self.live or scene.agent_speaks:
            return []
        # Without an engine nobody can tell when the user stops: somebody who began to speak 8 s ago waits, too.
        if self._outage_is_long and not self._outage_told and (scene.owed or scene.user_speaks):
            self._outage_told = self._asked_for_patience = True
            return [self._play(Notice.LOST)]
        if self._late and scene.waiting:
            return self._ask_for_patience(now)
        if self._news is not None and self._news.due and not (scene.owed or scene.user_speaks):
            lower = Notice.POOR if self._policy.at_tier_change == "sentence" else Notice.DOWN
            return [self._play(lower if self._news.told() else Notice.UP)]
        return []

    def _ask_for_patience(self, now: float) -> list[Command]:
        self._late = False
        if self._policy.while_waiting == "tick":
            return [self._play(Notice.TICK), SetDeadline(WAITING, now + TICK_EVERY_S)]
        asked, self._asked_for_patience = self._asked_for_patience, True
        return [] if asked else [self._play(Notice.MOMENT)]

    def _play(self, name: Notice) -> PlayNotice:
        self._count += 1
        self.live[f"notice-{self._count}"] = name
        return PlayNotice(f"notice-{self._count}", name)

    def _stop(self) -> list[Command]:
        """End what is played, but the sound of the wake word: it is meant for somebody who speaks on."""
        return [StopNotice(notice_id) for notice_id, name in self.live.items() if name is not Notice.AWAKE]
