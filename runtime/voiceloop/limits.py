"""How near a session is to its limits of minutes, tokens and money, and what of them cannot be counted.

What a limit means for the conversation is decided by the core.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from voiceloop.spending import Spending, told_money

__all__ = ["Limits", "Stage", "Verdict", "Watch"]

SAME: Final = 6
"""Decimal places to which amounts are compared: what lies behind them are the rounding errors of clocks."""

LimitName = Literal["time", "token", "money"]


class Stage(StrEnum):
    """How much of a limit is used."""

    NEAR = "near"
    OVER = "over"


SHARES: Final[Mapping[Stage, float]] = {Stage.NEAR: 0.8, Stage.OVER: 1.0}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a session may use."""

    seconds: float
    tokens: int = 0
    """Of all replies, input and output; 0: no limit."""
    money: Decimal | None = None
    """In the currency of the price list; None: no limit."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A session came to a stage of a limit."""

    limit: LimitName
    stage: Stage
    detail: str
    """For people."""


@dataclass(frozen=True, slots=True)
class _Level:
    limit: LimitName
    used: float
    most: float
    a_second: float
    """How fast it grows while nothing happens."""
    detail: str


class Watch:
    """Compares what was spent with what may be, and tells everything once."""

    def __init__(self, limits: Limits, spending: Spending) -> None:
        self._limits = limits
        self._spending = spending
        self._reached: set[tuple[LimitName, Stage]] = set()
        self._noted: set[str] = set()
        self._look_at_s: float | None = None
        self.over = ""
        """The limit that ends the session, as a reason; empty while there is none."""

    def news(self, now: float) -> list[tuple[str, str]]:
        """Return (code, detail) of every warning that is due; a limit that is used up shows in `over`."""
        found = self.notes()
        for verdict in self.verdicts(now):
            if verdict.stage is Stage.NEAR:
                found.append((f"{verdict.limit}_limit_near", verdict.detail))
            else:
                self.over = self.over or f"{verdict.limit}_limit"
        return found

    def verdicts(self, now: float) -> list[Verdict]:
        """Return the stages that were reached since the last time."""
        found: list[Verdict] = []
        for level in self._levels(now):
            for stage in self._to_come(level):
                if round(level.used, SAME) >= round(SHARES[stage] * level.most, SAME):
                    self._reached.add((level.limit, stage))
                    found.append(Verdict(level.limit, stage, level.detail))
        return found

    def next_look_s(self, now: float) -> float | None:
        """Return when the next stage will be reached though nothing else happens.

        None when it never will, or when that was told already.
        """
        waits_s = [
            (SHARES[stage] * level.most - level.used) / level.a_second
            for level in self._levels(now)
            if level.a_second
            for stage in self._to_come(level)
        ]
        # Never early: whole milliseconds, rounded up behind the rounding errors.
        times = [math.ceil(round((now + max(wait_s, 0.001)) * 1000, 3)) / 1000 for wait_s in waits_s]
        look_at_s = min(times, default=None)
        if look_at_s == self._look_at_s:
            return None
        self._look_at_s = look_at_s
        return look_at_s

    def notes(self) -> list[tuple[str, str]]:
        """Return (code, detail) of what cannot be counted."""
        total, prices = self._spending.total, self._spending.prices
        found: dict[str, tuple[str, str]] = {}
        if prices is not None:
            without = f"the price list of {prices.date} has nothing for"
            found = {what: ("unpriced", f"{without} {what}: money is counted without it") for what in total.unpriced}
        if total.untold_replies and (self._limits.tokens or self._limits.money is not None):
            detail = "the server did not say what a reply used: limits are watched without it"
            found["replies"] = ("usage_untold", detail)
        new = sorted(found.keys() - self._noted)
        self._noted.update(new)
        return [found[what] for what in new]

    def _to_come(self, level: _Level) -> list[Stage]:
        return [stage for stage in Stage if (level.limit, stage) not in self._reached]

    def _levels(self, now: float) -> Iterator[_Level]:
        limits, spending = self._limits, self._spending
        if spending.began_s is not None:
            used_s = now - spending.began_s
            minutes = f"{round(used_s / 60, 2):g} of {limits.seconds / 60:g} minutes are over"
            yield _Level("time", used_s, limits.seconds, 1.0, minutes)
        if limits.tokens:
            used = spending.total.tokens["input"] + spending.total.tokens["output"]
            yield _Level("token", used, limits.tokens, 0.0, f"{used} of {limits.tokens} tokens are used")
        if limits.money is not None and spending.prices is not None:
            spent = told_money(spending.money(now) or Decimal())
            detail = f"{spent:g} of {limits.money:g} {spending.prices.currency} are spent"
            yield _Level("money", spent, float(limits.money), float(spending.a_minute) / 60, detail)
