"""The reply arbiter: one ask in flight, everything else queued or coalesced.

A server refuses a second request for a reply, starts replies by itself, ignores cancels and forgets to tell which
request it answers (races 1 to 4, 14 of the protocol reference). The arbiter turns that into one question: may we ask
now, and for what?
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from voiceloop.commands import AskReply, CancelReply, ClearDeadline, Command, MuteReply, SetDeadline
from voiceloop.turn.states import SLOT, Slot, SlotTrigger, advance

__all__ = ["REPLY_SLOT", "Arbiter", "Want"]

REPLY_SLOT = "reply_slot"
"""Name of the arbiter's deadline."""

MAX_SAYINGS = 8
MAX_TRIES = 2
MAX_ABANDONED = 32


@dataclass(frozen=True, slots=True)
class Want:
    """A reply we would like."""

    turn_id: str
    """The user turn it answers; empty for the agent's own words."""
    say: str | None = None
    tools_allowed: bool = True
    tries: int = 0
    """How often it was asked for in vain."""
    shielded: bool = False
    """It is said whether or not the user speaks."""


class Arbiter:
    """Owns the reply slot. Times are seconds on the caller's monotonic clock."""

    def __init__(self, start_within_s: float) -> None:
        self.slot = Slot.FREE
        self.reply_id = ""
        """The reply that holds the slot; empty unless active or cancelling."""
        self._start_within_s = start_within_s
        self._open: dict[str, Want] = {}
        self._abandoned: deque[str] = deque(maxlen=MAX_ABANDONED)
        self._sayings: deque[Want] = deque()
        self._answer: Want | None = None
        self._asks = 0

    @property
    def waiting(self) -> bool:
        """A reply is wanted and not asked for yet."""
        return self._answer is not None or bool(self._sayings)

    @property
    def answer_waits(self) -> bool:
        """An answer is wanted and not asked for yet."""
        return self._answer is not None

    @property
    def busy(self) -> bool:
        """A reply is wanted, asked for or being generated."""
        return self.waiting or self.slot is not Slot.FREE

    def want(self, want: Want) -> bool:
        """Queue a reply. Answers coalesce into one; sayings queue up to a bound. False: the queue was full."""
        if want.say is None:
            self._answer = want
        elif len(self._sayings) >= MAX_SAYINGS:
            return False
        else:
            self._sayings.append(want)
        return True

    def drop_answer(self) -> None:
        """Forget a wanted answer: the user has gone on to something else. Sayings stay."""
        self._answer = None

    def next_ask(self, now: float) -> list[Command]:
        """Ask for the next wanted reply if the slot is free; answers go before sayings."""
        if self.slot is not Slot.FREE or not self.waiting:
            return []
        want = self._answer or self._sayings.popleft()
        if want is self._answer:
            self._answer = None
        self._asks += 1
        ask_id = f"ask-{self._asks}"
        self._open[ask_id] = want
        self._go(SlotTrigger.ASK)
        return [
            AskReply(ask_id, want.say, tools_allowed=want.tools_allowed),
            SetDeadline(REPLY_SLOT, now + self._start_within_s),
        ]

    def started(self, reply_id: str, ask_id: str) -> tuple[list[Command], Want | None]:
        """A reply began: what to do about it, and the want it answers, if we asked for it."""
        want = self._open.pop(ask_id, None)
        late = self.slot is Slot.WITHDRAWN
        if late and self._answer is not None and want is not None and want.say is None:
            self._abandoned.append(ask_id)  # the user has gone on meanwhile
        if ask_id in self._abandoned:
            self._abandoned.remove(ask_id)
            if self.slot in {Slot.FREE, Slot.WITHDRAWN}:
                self._go(SlotTrigger.STARTED)
                self.reply_id = reply_id
            return [CancelReply(reply_id), MuteReply(reply_id)], None
        # While nothing is asked for, a reply of ours begins like any other: one of the engine's own came before it.
        ours = want is not None and not late and self.slot is not Slot.FREE
        self._go(SlotTrigger.STARTED if ours else SlotTrigger.STARTED_ALONE)
        self.reply_id = reply_id
        return [ClearDeadline(REPLY_SLOT)], want

    def answered(self, turn_id: str) -> None:
        """A reply to this turn began: another one that is asked for already is cancelled when it starts."""
        for ask_id in [ask_id for ask_id, want in self._open.items() if want.say is None and want.turn_id == turn_id]:
            del self._open[ask_id]
            self._abandoned.append(ask_id)

    def finished(self, reply_id: str) -> bool:
        """A reply is over. True when it held the slot."""
        if reply_id != self.reply_id:
            return False
        self._go(SlotTrigger.FINISHED)
        self.reply_id = ""
        return True

    def refused(self, ask_id: str, *, answering: str) -> list[Command]:
        """The engine refused an ask because another reply runs: want it again, unless that one answers the same turn.

        `answering` is the turn the running reply answers.
        """
        want = self._open.pop(ask_id, None)
        if ask_id in self._abandoned:
            self._abandoned.remove(ask_id)
        elif want is None:
            return []
        if self.slot in {Slot.ASKED, Slot.WITHDRAWN}:
            self._go(SlotTrigger.REFUSED)
        if want is not None and (want.say is not None or want.turn_id != answering):
            self._again(want)
        return [ClearDeadline(REPLY_SLOT)]

    def cancel(self, now: float) -> list[Command]:
        """Stop whatever is asked for or running."""
        was = self.slot
        if was is Slot.FREE:
            return []
        self._go(SlotTrigger.CANCEL)
        if was in {Slot.ASKED, Slot.WITHDRAWN}:
            self._abandoned.extend(self._open)
            self._open.clear()
        if was is not Slot.ACTIVE:
            return []
        deadline = SetDeadline(REPLY_SLOT, now + self._start_within_s)
        return [CancelReply(self.reply_id), MuteReply(self.reply_id), deadline]

    def overdue(self, now: float) -> tuple[list[Command], Want | None]:
        """The deadline passed: wait once more, then try again, or give back the want nobody will answer."""
        was = self.slot
        if was not in {Slot.ASKED, Slot.WITHDRAWN, Slot.CANCELLING}:
            return [], None
        self._go(SlotTrigger.OVERDUE)
        if was is Slot.ASKED:  # a reply that begins in the time that is added is welcome
            return [SetDeadline(REPLY_SLOT, now + self._start_within_s)], None
        self.reply_id = ""
        self._abandoned.extend(self._open)
        hopeless = [want for want in self._open.values() if not self._again(want)]
        self._open.clear()
        return [], (hopeless[0] if hopeless else None)

    def lost(self, *, stalled: bool) -> None:
        """The engine is gone: what it had not begun is wanted again.

        `stalled`: it was gone because it did not begin, which counts as a try.
        """
        for want in reversed(self._open.values()):
            self._want_again(replace(want, tries=want.tries + stalled))
        self._open.clear()
        self._abandoned.clear()
        self.reply_id = ""
        self._go(SlotTrigger.LOST)

    def spend(self) -> bool:
        """Want no more of what has had its tries. False: there was nothing like that."""
        spent = [want for want in (self._answer, *self._sayings) if want is not None and want.tries >= MAX_TRIES]
        if self._answer in spent:
            self._answer = None
        self._sayings = deque(want for want in self._sayings if want not in spent)
        return bool(spent)

    def forgive(self) -> None:
        """Count no tries against what is still wanted."""
        if self._answer is not None:
            self._answer = replace(self._answer, tries=0)
        self._sayings = deque(replace(want, tries=0) for want in self._sayings)

    def _again(self, want: Want) -> bool:
        if want.tries + 1 >= MAX_TRIES:
            return False
        self._want_again(replace(want, tries=want.tries + 1))
        return True

    def _want_again(self, want: Want) -> None:
        if want.say is not None:
            self._sayings.appendleft(want)
        elif self._answer is None:
            self._answer = want

    def _go(self, trigger: SlotTrigger) -> None:
        # Every caller has looked at the state, so an illegal step here is our own mistake and must be loud.
        step = advance(SLOT, self.slot, trigger)
        assert step is not None, f"{trigger} while {self.slot}"
        self.slot = step
