"""The conversation that loses its realtime connection for good: services that share its script stand below."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from journeys.outage_talk import RATE_PER_MS, Talk
from voiceloop.engines.base import Engine
from voiceloop.engines.cascade.orders import Deadlines
from voiceloop.testing.account import Account, account_for
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.service_log import Asked, Sentence
from voiceloop.testing.services import ScriptedServices
from voiceloop.testing.spans import samples_in
from voiceloop.transcript import TranscriptLine
from voiceloop.vocabulary import Tier

__all__ = ["TierTalk"]


class TierTalk(Talk):
    """A talk with scripted services for these tiers below realtime."""

    def __init__(self, dialect: str, below: tuple[Tier, ...] = (Tier.REST,), **more: Any) -> None:
        self.services: dict[Tier, ScriptedServices] = {}
        self.told_at: list[tuple[str, float]] = []
        """Transcript lines by their event, with the loop's time at which they were written."""

        def lower(gateway: ScriptedGateway) -> dict[Tier, Engine]:
            self.services = {tier: ScriptedServices(beside=gateway) for tier in below}
            return {
                tier: services.engine(tier, deadlines=Deadlines() if tier is below[-1] else Deadlines.hurried())
                for tier, services in self.services.items()
            }

        super().__init__(dialect, lower=lower, errors=None, **more)

    @property
    def tiers(self) -> list[str]:
        """Who took over, in order."""
        return [line["tier"] for line in self.said("tier_changed")]

    @property
    def account(self) -> Account:
        """Where every sample went."""
        return account_for(self.line_device, self.gateway, *self.services.values())

    @property
    def answering(self) -> ScriptedServices:
        """The services of the tier that took over last."""
        return self.services[Tier(next(tier for tier in reversed(self.tiers) if tier != Tier.REALTIME))]

    def when(self, event: str) -> list[float]:
        """Loop times of all lines of an event since the fault."""
        return [at_s for told, at_s in self.told_at if told == event and at_s >= self.struck_s]

    @property
    def handover_s(self) -> float | None:
        """From the loss to the first sound of a service, without the time that services took themselves.

        Counted from the end of the turn, or of the last tool, where that was later. None: no service has spoken.
        """
        lost = self.when("warning")
        spoken = [
            (each.at_s, services)
            for services in self.services.values()
            for each in services.sentences
            if lost and each.at_s >= lost[0]
        ]
        if not spoken:
            return None
        asked_s, services = min(spoken, key=lambda each: each[0])
        begins_s = asked_s + services.times.first_audio_s
        due = [at_s for event in ("user_speech_stopped", "tool_finished") for at_s in self.when(event)]
        from_s = max([lost[0], *(at_s for at_s in due if at_s <= asked_s)])
        return begins_s - from_s - _busy_s(services.asked, from_s, begins_s)

    def waited_s(self, tier: Tier) -> float | None:
        """How long nobody speaks on account of the fault, until this tier does, without the time it took itself.

        Counted from the fault, or from the end of the turn, of a tool or of what still played, where that was later.
        None: the tier has not spoken since.
        """
        services = self.services[tier]
        asked_s = min((each.at_s for each in services.sentences if each.at_s >= self.struck_s), default=None)
        if asked_s is None:
            return None
        begins_s = asked_s + services.times.first_audio_s
        zero_s = self.session._driver.core.narrator.zero_s or 0.0
        played = [zero_s + line["t"] for line in self.said("agent_speech_stopped")]  # told late where more was due
        ends = [*self.when("user_speech_stopped"), *self.when("tool_finished"), *played]
        from_s = max([self.struck_s, *(at_s for at_s in ends if at_s <= asked_s)])
        return begins_s - from_s - _busy_s(services.asked, from_s, begins_s)

    def _take(self, line: TranscriptLine) -> None:
        self.told_at.append((line.event, asyncio.get_running_loop().time()))
        super()._take(line)

    def _check_sound(self) -> None:
        """What the transcript calls heard is what was played; services have no items of their own."""
        told_ms = sum(line["heard_ms"] or 0 for line in self.said("agent_said"))
        heard_ms = samples_in(self.account.heard) / RATE_PER_MS
        assert abs(told_ms - heard_ms) <= 1.0 * len(self.said("agent_said")), (told_ms, heard_ms, self.lines)


def _busy_s(asked: list[Asked], from_s: float, to_s: float) -> float:
    """How long at least one request was under way in this time; of speech only its first sound counts."""
    total, reached_s = 0.0, from_s
    for begins_s, ends_s in sorted(_times(asked, to_s)):
        new_s = min(ends_s, to_s) - max(begins_s, reached_s)
        if new_s > 0:
            total, reached_s = total + new_s, min(ends_s, to_s)
    return total


def _times(asked: list[Asked], to_s: float) -> Iterator[tuple[float, float]]:
    for each in asked:
        open_ended = each.ended_s is None or isinstance(each, Sentence)
        yield each.at_s, to_s if open_ended or each.ended_s is None else each.ended_s
