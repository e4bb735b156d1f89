"""What `voiceloop doctor` found, and what follows from it for a conversation. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from voiceloop.commandline.doctor_course import course
from voiceloop.vocabulary import Cause, Tier

__all__ = ["CALLED", "Chosen", "Finding", "Report", "State", "Step", "TierFound", "Warned"]

NOBODY_LEFT: Final = 5
"""Exit status of a session that no tier answers any more."""
CALLED: Final = {Tier.REALTIME: "realtime", Tier.REST: "REST", Tier.DEVICE: "this machine"}

UNNAMED: Final = {
    Tier.REALTIME: "the server's own voice",
    Tier.REST: "the server's own voice",
    Tier.DEVICE: "its own voice",
}
"""Voices that have no name, or none that is told."""


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    DEGRADED = "degraded"
    """It works, slowly or not in full."""
    SKIPPED = "skipped"
    """Not looked at, for the reason that is told."""
    NOT_OFFERED = "not offered"
    """It is not part of what is installed, or of what the server has."""
    REFUSED = "refused"
    """It is there and says no."""
    FAILED = "failed"
    """It was tried and brought nothing."""


USABLE: Final = frozenset({State.OK, State.DEGRADED})
WORST_LAST: Final = list(State)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    detail: str
    fix: str = ""
    """What to do about it; empty when nothing is wrong."""
    exit_status: int = 0
    """What a conversation that needs this ends with; 0 when it would not end over it."""
    took_s: float | None = None
    """Seconds until it answered; None where nothing was asked."""
    cause: Cause | None = None
    """Why a session would lose its engine over this; None where it would not, or where nobody knows."""

    @property
    def json(self) -> Mapping[str, Any]:
        """The finding for scripts."""
        return {
            "what": self.what,
            "state": name_of(self.state),
            "detail": self.detail,
            "fix": self.fix,
            "took_ms": None if self.took_s is None else round(self.took_s * 1000),
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model of a role."""

    role: str
    model: str
    """Empty where the server has none."""
    why: str
    """Why this one, and how to pin another."""


@dataclass(frozen=True, slots=True)
class TierFound:
    """One way to hold a conversation. It is as good as the worst of its parts."""

    tier: Tier
    checks: Sequence[Finding]
    """At least one."""
    model: str = ""
    voice: str = ""
    """Empty where the voice is the server's choice and it does not tell."""
    carries_tools: bool = True
    carries_pictures: bool = True
    speaks: bool = True
    """The language of the conversation."""

    @property
    def state(self) -> State:
        """How the tier stands."""
        return max((check.state for check in self.checks), key=WORST_LAST.index)

    @property
    def usable(self) -> bool:
        """Whether a conversation can be held over it."""
        return self.state in USABLE

    @property
    def may_answer(self) -> bool:
        """Whether a conversation may be held over it, for all that is known."""
        return self.usable or self.state is State.SKIPPED

    @property
    def cause(self) -> Cause:
        """Why a session would not get an engine of it, where it is not usable."""
        return next((check.cause for check in self.checks if check.cause), Cause.UNREACHABLE)

    @property
    def exit_status(self) -> int:
        """What a conversation over this tier alone would end with."""
        return next((check.exit_status for check in self.checks if check.exit_status), 0)

    @property
    def answers(self) -> str:
        """Who answers here, in words."""
        model = f" with {self.model}" if self.model and self.tier is not Tier.DEVICE else ""
        return f"{CALLED[self.tier]} answers{model} in {self.called_voice}"

    @property
    def called_voice(self) -> str:
        """The voice, in words."""
        return f"voice {self.voice}" if self.voice else UNNAMED[self.tier]

    @property
    def json(self) -> Mapping[str, Any]:
        """The tier for scripts."""
        return {
            "tier": self.tier.value,
            "state": name_of(self.state),
            "model": self.model or None,
            "voice": self.voice or None,
            "checks": [check.json for check in self.checks],
        }


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at the beginning of a conversation, or when a tier fails."""

    failed: Tier | None
    """None: at the beginning."""
    answers: Tier | None
    """None: nobody."""
    exit_status: int | None
    """What the session ends with; None while somebody answers."""
    text: str

    @property
    def json(self) -> Mapping[str, Any]:
        """The step for scripts."""
        return {"failed": self.failed, "answers": self.answers, "exit_status": self.exit_status, "text": self.text}


@dataclass(frozen=True, slots=True)
class Warned:
    """What a person notices when another tier takes over."""

    code: str
    tier: Tier
    """The tier that takes over."""
    text: str

    @property
    def json(self) -> Mapping[str, Any]:
        """The warning for scripts."""
        return {"code": self.code, "tier": self.tier, "text": self.text}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found."""

    machine: Sequence[Finding]
    server: Sequence[Finding]
    models: Sequence[Chosen] = ()
    tiers: Sequence[TierFound] = ()
    """In the order in which they answer."""
    base_url: str | None = None
    embedded: bool = False
    """There is no backend: `talk` starts the embedded gateway."""
    uses_tools: bool = False
    billed_requests: int = 0

    @property
    def answering(self) -> Sequence[TierFound]:
        """Who answers first, then who after each that fails; empty where nobody would answer at all."""
        if self.embedded:  # the gateway runs the same models
            return [tier for tier in self.tiers if tier.tier is Tier.DEVICE and tier.usable]
        found = {tier.tier: tier for tier in self.tiers}
        lost = {tier.tier: tier.cause for tier in self.tiers if not tier.may_answer}
        return [found[tier] for tier in course(tuple(found), lost)]

    @property
    def steps(self) -> Sequence[Step]:
        """What happens, from the beginning of a conversation to its last tier's failure."""
        return list(steps(self))

    @property
    def warnings(self) -> Sequence[Warned]:
        """What a person notices on the way down."""
        return list(warnings(self))

    @property
    def exit_status(self) -> int:
        """0 when a conversation can be held, as far as was looked; else what it would end with."""
        stopped = next((found.exit_status for found in self.server if found.exit_status and not self.tiers), 0)
        if stopped or self.answering:
            return stopped
        return next((tier.exit_status for tier in self.tiers if tier.exit_status), NOBODY_LEFT)

    @property
    def json(self) -> Mapping[str, Any]:
        """The report for scripts. Keys stay; new ones may come."""
        return {
            "exit_status": self.exit_status,
            "base_url": self.base_url,
            "embedded_gateway": self.embedded,
            "billed_requests": self.billed_requests,
            "machine": [found.json for found in self.machine],
            "server": [found.json for found in self.server],
            "models": {each.role: {"model": each.model or None, "why": each.why} for each in self.models},
            "tiers": [tier.json for tier in self.tiers],
            "steps": [step.json for step in self.steps],
            "warnings": [warned.json for warned in self.warnings],
        }


def name_of(state: State) -> str:
    """Return a state as scripts know it."""
    return state.replace(" ", "_")


def steps(report: Report) -> Iterator[Step]:
    """Yield who answers first, and who after each that fails."""
    if status := report.exit_status:
        yield Step(None, None, status, f"nobody answers: talk ends with status {status}")
        return
    able = report.answering
    if report.embedded:
        gateway = "talk begins: the embedded gateway answers with the models of this machine; no key, no network"
        yield Step(None, report.tiers[0].tier, None, gateway)
        yield Step(report.tiers[0].tier, able[0].tier, None, f"when the gateway fails: {told(able[0])}")
    else:
        yield Step(None, able[0].tier, None, f"talk begins: {told(able[0])}")
    for above, below in pairwise(able):
        yield Step(above.tier, below.tier, None, f"when {CALLED[above.tier]} fails: {told(below)}")
    last = able[-1].tier
    ends = f"when {CALLED[last]} fails: nothing is left: the session ends with status {NOBODY_LEFT}"
    yield Step(last, None, NOBODY_LEFT, ends)


def told(tier: TierFound) -> str:
    """Return who answers, and whether that was tried."""
    return tier.answers + " (not tried)" * (tier.state is State.SKIPPED)


def warnings(report: Report) -> Iterator[Warned]:
    """Yield what changes for a person from one usable tier to the next, and who cannot take over at all."""
    for above, below in pairwise(tier for tier in report.answering if tier.usable):
        name, fix = CALLED[below.tier], f"[agent.voice] {below.tier.value} names another"
        if above.voice != below.voice or below.tier is Tier.DEVICE:
            fix = "it has no other" if below.tier is Tier.DEVICE else fix
            change = f"{above.called_voice} becomes {below.called_voice}"
            yield Warned("voice_changes", below.tier, f"when {name} takes over, {change}; {fix}")
        if report.uses_tools and above.carries_tools and not below.carries_tools:
            yield Warned("tools_lost", below.tier, f"{name} calls no tools in this dialect: see [rest] chat_dialect")
        if above.carries_pictures and not below.carries_pictures:
            yield Warned("pictures_lost", below.tier, f"{name} sees no pictures")
    for tier in report.tiers:
        if not tier.speaks:
            name = CALLED[tier.tier]
            yield Warned("language_not_spoken", tier.tier, f"{name} does not speak the agent's language")
