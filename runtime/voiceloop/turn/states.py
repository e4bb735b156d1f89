"""Every state of a conversation and every step between them.

Three small machines run side by side, because listening, answering and speaking overlap:

- the *ear*: is the user speaking, and is what was said handed over;
- the *slot*: the one reply we may ask for at a time, from the ask to the engine's last word about it;
- the *mouth*: does the listener hear the agent.

House rules. All steps live here; no other file names a next state. A pair of state and trigger that stands in no table
is illegal: `advance` answers None, nothing changes, and the caller reports it by name. The tables know neither engines
nor wires. `docs/design.md` shows them as a diagram drawn by `scripts/draw_turns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

__all__ = ["EAR", "MOUTH", "SLOT", "Ear", "EarTrigger", "Mouth", "MouthTrigger", "Slot", "SlotTrigger", "advance"]


class Ear(StrEnum):
    """What the user is doing."""

    QUIET = "quiet"
    SPEAKING = "speaking"
    SETTLING = "settling"
    """Speech stopped; the turn is not handed over yet and may still go on."""


class EarTrigger(StrEnum):
    """What can change it."""

    STARTED = "started"
    STOPPED = "stopped"
    COMMITTED = "committed"
    ABANDONED = "abandoned"
    """The turn will never be handed over: the engine found nothing in it, or is gone."""


EAR: Mapping[tuple[Ear, EarTrigger], Ear] = {
    (Ear.QUIET, EarTrigger.STARTED): Ear.SPEAKING,
    (Ear.SPEAKING, EarTrigger.STARTED): Ear.SPEAKING,  # a server may open the next item without closing the last
    (Ear.SETTLING, EarTrigger.STARTED): Ear.SPEAKING,
    (Ear.SPEAKING, EarTrigger.STOPPED): Ear.SETTLING,
    (Ear.QUIET, EarTrigger.COMMITTED): Ear.QUIET,  # an idle time-out commits silence
    (Ear.SPEAKING, EarTrigger.COMMITTED): Ear.QUIET,  # some servers never say that speech stopped
    (Ear.SETTLING, EarTrigger.COMMITTED): Ear.QUIET,
    (Ear.QUIET, EarTrigger.ABANDONED): Ear.QUIET,
    (Ear.SPEAKING, EarTrigger.ABANDONED): Ear.QUIET,
    (Ear.SETTLING, EarTrigger.ABANDONED): Ear.QUIET,
}


class Slot(StrEnum):
    """Where the one reply stands."""

    FREE = "free"
    ASKED = "asked"
    """We asked; the engine has not started."""
    WITHDRAWN = "withdrawn"
    """We asked and no longer want it: when it starts it is cancelled by its id."""
    ACTIVE = "active"
    CANCELLING = "cancelling"
    """Cancelled; only the engine's last word about it frees the slot."""


class SlotTrigger(StrEnum):
    """What can change it."""

    ASK = "ask"
    STARTED = "started"
    """The reply we asked for began."""
    STARTED_ALONE = "started_alone"
    """The engine began a reply nobody asked for."""
    FINISHED = "finished"
    CANCEL = "cancel"
    REFUSED = "refused"
    OVERDUE = "overdue"
    LOST = "lost"
    """The engine is gone, and the reply with it."""


SLOT: Mapping[tuple[Slot, SlotTrigger], Slot] = {
    (Slot.FREE, SlotTrigger.ASK): Slot.ASKED,
    (Slot.ASKED, SlotTrigger.STARTED): Slot.ACTIVE,
    (Slot.WITHDRAWN, SlotTrigger.STARTED): Slot.CANCELLING,
    (Slot.ACTIVE, SlotTrigger.STARTED): Slot.ACTIVE,  # ours began after one the engine began by itself
    (Slot.CANCELLING, SlotTrigger.STARTED): Slot.ACTIVE,
    (Slot.FREE, SlotTrigger.STARTED): Slot.CANCELLING,  # an ask we gave up on begins after all
    (Slot.FREE, SlotTrigger.STARTED_ALONE): Slot.ACTIVE,
    (Slot.ASKED, SlotTrigger.STARTED_ALONE): Slot.ACTIVE,
    (Slot.WITHDRAWN, SlotTrigger.STARTED_ALONE): Slot.ACTIVE,
    (Slot.ACTIVE, SlotTrigger.STARTED_ALONE): Slot.ACTIVE,  # the newest reply holds the slot
    (Slot.CANCELLING, SlotTrigger.STARTED_ALONE): Slot.ACTIVE,
    (Slot.ASKED, SlotTrigger.CANCEL): Slot.WITHDRAWN,
    (Slot.WITHDRAWN, SlotTrigger.CANCEL): Slot.WITHDRAWN,
    (Slot.ACTIVE, SlotTrigger.CANCEL): Slot.CANCELLING,
    (Slot.CANCELLING, SlotTrigger.CANCEL): Slot.CANCELLING,
    (Slot.ACTIVE, SlotTrigger.FINISHED): Slot.FREE,
    (Slot.CANCELLING, SlotTrigger.FINISHED): Slot.FREE,
    (Slot.ASKED, SlotTrigger.REFUSED): Slot.FREE,
    (Slot.WITHDRAWN, SlotTrigger.REFUSED): Slot.FREE,
    (Slot.ASKED, SlotTrigger.OVERDUE): Slot.WITHDRAWN,
    (Slot.WITHDRAWN, SlotTrigger.OVERDUE): Slot.FREE,
    (Slot.CANCELLING, SlotTrigger.OVERDUE): Slot.FREE,  # cancelling need not be acknowledged
    (Slot.FREE, SlotTrigger.LOST): Slot.FREE,
    (Slot.ASKED, SlotTrigger.LOST): Slot.FREE,
    (Slot.WITHDRAWN, SlotTrigger.LOST): Slot.FREE,
    (Slot.ACTIVE, SlotTrigger.LOST): Slot.FREE,
    (Slot.CANCELLING, SlotTrigger.LOST): Slot.FREE,
}


class Mouth(StrEnum):
    """What the listener hears."""

    QUIET = "quiet"
    SPEAKING = "speaking"
    HELD = "held"
    """Kept back before its first sound, since the user speaks; resumed after a cough, else flushed."""


class MouthTrigger(StrEnum):
    """What can change it."""

    STARTED = "started"
    FINISHED = "finished"
    HOLD = "hold"
    RESUME_SPEAKING = "resume_speaking"
    RESUME_QUIET = "resume_quiet"
    """The hold ended before anything had been heard."""
    FLUSH = "flush"


MOUTH: Mapping[tuple[Mouth, MouthTrigger], Mouth] = {
    (Mouth.QUIET, MouthTrigger.STARTED): Mouth.SPEAKING,
    (Mouth.SPEAKING, MouthTrigger.STARTED): Mouth.SPEAKING,
    (Mouth.HELD, MouthTrigger.STARTED): Mouth.HELD,  # the line acknowledges what it played just before the hold
    (Mouth.SPEAKING, MouthTrigger.FINISHED): Mouth.QUIET,
    (Mouth.QUIET, MouthTrigger.FINISHED): Mouth.QUIET,  # a reply without audio
    (Mouth.HELD, MouthTrigger.FINISHED): Mouth.HELD,
    (Mouth.QUIET, MouthTrigger.HOLD): Mouth.HELD,
    (Mouth.SPEAKING, MouthTrigger.HOLD): Mouth.HELD,
    (Mouth.HELD, MouthTrigger.HOLD): Mouth.HELD,
    (Mouth.HELD, MouthTrigger.RESUME_SPEAKING): Mouth.SPEAKING,
    (Mouth.HELD, MouthTrigger.RESUME_QUIET): Mouth.QUIET,
    (Mouth.QUIET, MouthTrigger.FLUSH): Mouth.QUIET,
    (Mouth.SPEAKING, MouthTrigger.FLUSH): Mouth.QUIET,
    (Mouth.HELD, MouthTrigger.FLUSH): Mouth.QUIET,
}

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


def advance(table: Mapping[tuple[S, T], S], state: S, trigger: T) -> S | None:
    """Look up the next state; None when the step is illegal."""
    return table.get((state, trigger))
