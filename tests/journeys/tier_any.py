"""One conversation of a seed: what the user does, what fails on which tier and when, and when it is mended."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from journeys.outage_checks import of_agent_audio, of_user_speech
from journeys.outage_talk import ANSWERS, answer_to
from journeys.tier_checks import of_turns
from journeys.tier_services import FAULTS as SERVICE_FAULTS
from journeys.tier_talk import TierTalk
from voiceloop.testing.faults import Answer, Close, Cut, Fault, Freeze, Refuse, Reset, refusal
from voiceloop.testing.script import Stall, Vanish
from voiceloop.testing.service_faults import Endpoint
from voiceloop.vocabulary import Tier

__all__ = ["Held", "Plan", "hold", "plan_of"]

REALTIME_FAULTS: dict[str, tuple[Fault, ...]] = {
    "close 1000": (Close(1000), Refuse()),
    "close 1011": (Close(1011, "internal error"), Refuse()),
    "reset": (Reset(),),
    "reset, refuse": (Reset(), Refuse()),
    "freeze": (Freeze(),),
    "freeze open": (Freeze(scope="open"), Refuse()),
    "HTTP 503": (Reset(), Answer(refusal(503))),
    "HTTP 429": (Reset(), Answer(refusal(429))),
    "cut up": (Cut("up", messages=1, inside=True), Refuse()),
    "cut down": (Cut("down", messages=1, inside=True), Refuse()),
}
ENDPOINTS: tuple[tuple[Endpoint, ...], ...] = (("transcribe",), ("chat",), ("speak",), ())
UNANSWERED = {"transcription_failed", "no_reply", "reply_failed", "reply_incomplete"}
KINDS = ("hello", "think", "fetch", "tell", "recite", "both", "typed")
LONG_S = 90.0
"""Longer than a session lasts that nobody answers."""
LASTS_MS = {answer_to(kind): sum(each.audio_ms for each in reply.says) for kind, reply in ANSWERS.items()}
LASTS_MS |= {answer_to("hello"): 600, answer_to("fetch"): 900}
QUIET_S = 6
RECOVERS_WITHIN_S = 100.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What fails `at_s` seconds into the conversation, and for how long."""

    at_s: float
    tier: Tier
    how: str
    endpoints: tuple[Endpoint, ...]
    for_s: float


@dataclass(frozen=True, slots=True)
class Deed:
    """What the user does: says so many words, types, or interrupts by speaking `after_s` seconds later."""

    kind: str
    words: int
    settles: bool
    after_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A conversation."""

    deeds: tuple[Deed, ...]
    troubles: tuple[Trouble, ...]


@dataclass(slots=True)
class Held:
    """What became of it."""

    plan: Plan
    problems: list[str] = field(default_factory=list)
    tape: str = ""
    tiers: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    """What the user wanted and nobody spoke over."""


def plan_of(seed: int) -> Plan:
    """The same for the same seed."""
    dice = random.Random(seed)
    deeds = tuple(
        Deed(dice.choice(KINDS), dice.randint(3, 15), dice.random() < 0.7, dice.uniform(0.5, 5.0))
        for _ in range(dice.randint(3, 6))
    )
    troubles = [_trouble(dice, dice.choice((Tier.REALTIME, *Tier))) for _ in range(dice.randint(1, 4))]
    if dice.random() < 0.1:  # everything at once, and for long
        troubles += [replace(_trouble(dice, tier), at_s=20.0, endpoints=(), for_s=LONG_S) for tier in Tier]
    return Plan(deeds, tuple(sorted(troubles, key=lambda each: each.at_s)))


def _trouble(dice: random.Random, tier: Tier) -> Trouble:
    how = dice.choice(list(REALTIME_FAULTS if tier is Tier.REALTIME else SERVICE_FAULTS))
    endpoints = () if tier is Tier.REALTIME else dice.choice(ENDPOINTS)
    return Trouble(dice.uniform(1.0, 35.0), tier, how, endpoints, dice.choice((0.5, 3.0, 10.0, 25.0)))


async def hold(seed: int) -> Held:
    """Hold the conversation of this seed; never raises."""
    held = Held(plan_of(seed))
    talk = TierTalk("ga", (Tier.REST, Tier.DEVICE))
    try:
        async with talk:
            await _converse(talk, held)
        held.problems += _judge(talk, held.settled)
    except Exception as error:  # noqa: BLE001 - told with the plan
        held.problems.append("".join(traceback.format_exception(error)))
    held.tape, held.tiers = talk.tape, talk.tiers
    return held


async def _converse(talk: TierTalk, held: Held) -> None:
    failing: Counter[Tier] = Counter()
    async with asyncio.TaskGroup() as group:
        for trouble in held.plan.troubles:
            group.create_task(_strike(talk, trouble, failing), name=trouble.how)
        for number, deed in enumerate(held.plan.deeds):
            if talk.runner.done():
                break
            await _do(talk, deed, number, held.settled)
    for services in talk.services.values():
        services.mend()
    talk.network.heal()
    await _settles(talk)
    await talk.until(lambda: talk.runner.done() or talk.tiers[-1:] in ([], [Tier.REALTIME]), RECOVERS_WITHIN_S)
    if not talk.runner.done():
        talk.says("hello-z", 800)
        await _settles(talk)


async def _settles(talk: TierTalk) -> None:
    """Everything is answered and no outage is left that could still go unnoticed, or the session is over."""
    quiet_since_s = 0
    while quiet_since_s < QUIET_S and not talk.runner.done():
        await talk.until(lambda: talk.runner.done() or talk._is_quiet(), RECOVERS_WITHIN_S)
        await talk.passes(1.0)
        quiet_since_s = quiet_since_s + 1 if talk._is_quiet() else 0


async def _do(talk: TierTalk, deed: Deed, number: int, settled: list[str]) -> None:
    """`settled` gets the names of what nothing came in the way of."""
    name = f"{deed.kind}-{'abcdefgh'[number]}"
    if deed.kind == "typed":
        talk.asked.append(name)
        await talk.session.send_text(name)
    else:
        talk.says(name, deed.words * 200)
    await talk.passes(deed.words / 5 + deed.after_s)
    if deed.settles:
        await _settles(talk)
        settled.append(name)


async def _strike(talk: TierTalk, trouble: Trouble, failing: Counter[Tier]) -> None:
    await asyncio.sleep(trouble.at_s)
    failing[trouble.tier] += 1
    _begin(talk, trouble)
    await asyncio.sleep(trouble.for_s)
    failing[trouble.tier] -= 1
    if failing[trouble.tier]:
        return  # of two troubles the one that lasts longer
    if trouble.tier is Tier.REALTIME:
        talk.network.heal()
    else:
        talk.services[trouble.tier].mend()


def _begin(talk: TierTalk, trouble: Trouble) -> None:
    talk.struck_s = asyncio.get_running_loop().time()
    if trouble.tier is Tier.REALTIME:
        talk.network.inject(*REALTIME_FAULTS[trouble.how])
        return
    services, how = talk.services[trouble.tier], SERVICE_FAULTS[trouble.how]
    services.break_(*trouble.endpoints, how=how)
    if isinstance(how, Stall):
        services.freeze(*trouble.endpoints)
    elif isinstance(how, Vanish):
        services.drop(*trouble.endpoints)


# What must hold ------------------------------------------------------------------------------------------------------


def _judge(talk: TierTalk, settled: list[str]) -> Iterator[str]:
    told = talk.account
    yield from of_agent_audio(talk, told, whole=False)
    yield from of_calls(talk)
    ended = talk.ended
    assert ended is not None
    if ended.exit_status:
        if ended.exit_status != 5 or not ended.reason.startswith("engine_lost_"):
            yield f"ended as {ended}"
        return
    if "transcription_failed" not in talk.warnings():  # a turn that nobody understood is in no history
        yield from of_user_speech(told)
        yield from of_turns(talk)
    yield from of_answers(talk, settled)


def of_calls(talk: TierTalk) -> Iterator[str]:
    """Each call ran once, and has one outcome."""
    called = Counter(line["call_id"] for line in talk.said("tool_called"))
    finished = Counter(line["call_id"] for line in talk.said("tool_finished"))
    if called != finished or set(called.values()) - {1} or len(talk.ran) > len(called):
        yield f"called {called}, finished {finished}, ran {talk.ran}"


def of_answers(talk: TierTalk, settled: list[str]) -> Iterator[str]:
    """Nothing is answered twice, and what nobody spoke over to the end, or with a warning; the last turn is."""
    said = talk.said("agent_said")
    heard = Counter(line["heard_text"] for line in said)
    for line in said:  # words are only estimated where the sound of a reply broke off
        heard[line["heard_text"]] -= line["heard_ms"] < LASTS_MS.get(line["heard_text"], 0)
    asked, sure = Counter(map(answer_to, talk.asked)), Counter(map(answer_to, settled))
    if any(heard[answer] > times for answer, times in asked.items()):
        yield f"answered twice: {heard}, asked {talk.asked}"
    missing = sum((sure - heard).values())
    if missing > len(UNANSWERED.intersection(talk.warnings())):
        yield f"{missing} without an answer: {heard}, asked {talk.asked}, settled {settled}; {talk.said('warning')}"
    if not said or said[-1]["heard_text"] != answer_to("hello-z"):
        yield f"the last turn was answered with {said[-2:]}"
