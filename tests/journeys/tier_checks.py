"""What a conversation keeps when it moves from one tier to another and back."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.outage_checks import Row, _counted, _joined, _row, _wire_row
from journeys.outage_talk import answer_to
from journeys.tier_talk import TierTalk

__all__ = ["HANDOVER_S", "of_answers", "of_handover", "of_history", "of_tiers", "of_turns"]

HANDOVER_S = 0.5
"""What the move may add to the time of the services themselves, once the loss is noticed and a turn is over."""


def of_answers(talk: TierTalk, interrupted: str = "") -> Iterator[str]:
    """All that the user asked is answered to the end, once; but for what was interrupted."""
    due = talk.due
    if interrupted:
        due.remove(answer_to(interrupted))
    whole = [line["heard_text"] for line in talk.said("agent_said") if line["heard_text"] in talk.due]
    if sorted(whole) != sorted(due):
        yield f"heard to the end: {whole}; due: {due}"


def of_tiers(talk: TierTalk, wanted: list[str]) -> Iterator[str]:
    """These took over, in this order, and each line says why."""
    if talk.tiers != wanted:
        yield f"tiers {talk.said('tier_changed')}, not {wanted}; warnings {talk.said('warning')}"
    order = ["realtime", *talk.services]
    for before, line in zip(["realtime", *talk.tiers], talk.said("tier_changed"), strict=False):
        if (line["cause"] == "recovered") != (order.index(line["tier"]) < order.index(before)):
            yield f"the wrong cause: {line}"


def of_handover(talk: TierTalk, within_s: float = HANDOVER_S) -> Iterator[str]:
    """A service that spoke did so in time."""
    took_s = talk.handover_s
    if took_s is not None and took_s > within_s:
        yield f"{took_s:.2f} s from the loss to the first sound of the next tier, its own time taken off"


def of_history(talk: TierTalk) -> Iterator[str]:
    """Whoever answers has what the record has; services were shown it with their newest question."""
    ours, theirs = map(_joined, _both(talk))
    if ours != theirs:
        yield f"the record is\n  {ours}\nand who answers has\n  {theirs}"


def of_turns(talk: TierTalk) -> Iterator[str]:
    """The same less strictly: the user's spoken turns in order, what was typed, and each call with its output.

    A line that was typed while somebody spoke may stand on either side of what was spoken.
    """
    ours, theirs = _both(talk)
    for kind in ("user", "call", "output"):
        mine, yours = ([row for row in rows if row[0] == kind] for rows in (ours, theirs))
        spoken = ([row for row in rows if kind == "user" and "typed" not in row[1]] for rows in (mine, yours))
        if next(spoken) != next(spoken) or sorted(mine) != sorted(yours):
            yield f"the record has\n  {mine}\nand who answers has\n  {yours}"


def _both(talk: TierTalk) -> tuple[list[Row], list[Row]]:
    """What we have and what who answers has."""
    rows = _counted(map(_row, talk.session._driver.core.narrator.conversation.items))
    if talk.tiers[-1:] in ([], ["realtime"]):
        told = next(each for each in reversed(talk.gateway.connections) if each.items)  # a probe has none
        return rows, _counted(map(_wire_row, told.items))
    if not talk.answering.questions:
        return [], []  # all was said already, and nobody has asked since
    rows = rows[:-1] if rows and rows[-1][0] == "assistant" else rows  # its answer came after the question
    return rows, _counted(map(_row, talk.answering.history))
