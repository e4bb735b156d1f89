"""Loads the models of this machine and has them hear and speak once."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Final

from voiceloop.commandline.doctor_faults import of_error, of_loss, parted, too_late
from voiceloop.commandline.doctor_port import Port, opened
from voiceloop.commandline.doctor_report import Finding, State, TierFound
from voiceloop.commandline.doctor_services import WORD, Bounds, Outcome, question, recognised, timed
from voiceloop.commands import AskReply, CommitTurn
from voiceloop.engines.base import Engine, Seed
from voiceloop.engines.device import device_engine, device_missing
from voiceloop.errors import UnreachableError, VoiceloopError
from voiceloop.events import EngineLost, ReplyFinished, TranscriptionFailed, UserTranscribed
from voiceloop.settings import Settings
from voiceloop.vocabulary import Cause, ReplyStatus, Tier

__all__ = ["check_device"]

WHAT: Final = "models"
MISSING: Final = 6


async def check_device(settings: Settings, seed: Seed, bounds: Bounds) -> TierFound:
    """Have the models of this machine loaded, a question recognised and a word spoken. Safe to cancel."""
    found = TierFound(Tier.DEVICE, (), carries_pictures=False)
    if missing := device_missing():
        detail, fix = parted(missing)
        return replace(found, checks=(Finding(WHAT, State.NOT_OFFERED, detail, fix, MISSING),))
    now = asyncio.get_running_loop().time
    began = now()
    try:
        engine = device_engine(settings)
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(bounds.load_s):
                port, outcome = await stack.enter_async_context(
                    opened(engine, replace(seed, voice=settings.agent.voice.on(Tier.DEVICE)))
                )
            took_s = now() - began
            if isinstance(outcome, EngineLost):
                return stopped(found, outcome, took_s)
            loaded = Finding(WHAT, State.OK, f"loaded after {took_s:.2f} s", took_s=took_s)
            return replace(found, checks=(loaded, *await tried(engine, port, seed, bounds)))
    except TimeoutError:
        return replace(found, checks=(too_late(WHAT, bounds.load_s),))
    except VoiceloopError as error:
        return replace(found, checks=(of_error(WHAT, error),))


def stopped(found: TierFound, lost: EngineLost, took_s: float) -> TierFound:
    """Return why the models are of no use; settings that they cannot meet are those of the language."""
    detail, fix = parted(lost.detail)
    if lost.cause is Cause.SETTINGS:
        finding = Finding(WHAT, State.NOT_OFFERED, detail, fix or "go without this tier", MISSING, took_s)
        return replace(found, checks=(finding,), speaks=False)
    finding = of_loss(WHAT, lost, took_s)
    return replace(found, checks=(replace(finding, detail=detail, fix=fix or "reinstall voiceloop[local]"),))


async def tried(engine: Engine, port: Port, seed: Seed, bounds: Bounds) -> tuple[Finding, Finding]:
    """Have the engine hear, then speak, as a session would."""
    rate_hz = seed.format.rate_hz
    engine.recall((), "")

    async def hears() -> Outcome:
        now = asyncio.get_running_loop().time
        pcm = await asyncio.to_thread(question, rate_hz)
        began = now()
        engine.hear(pcm, 0)
        engine.obey(CommitTurn("check"))
        heard = await port.until(UserTranscribed, TranscriptionFailed)
        if isinstance(heard, TranscriptionFailed | EngineLost):
            raise UnreachableError(heard.detail)
        return recognised(heard.text, now() - began, seed.language)

    async def speaks() -> Outcome:
        began = asyncio.get_running_loop().time()
        engine.obey(AskReply("check", WORD))
        ended = await port.until(ReplyFinished, EngineLost)
        if isinstance(ended, EngineLost) or ended.status is not ReplyStatus.COMPLETED or port.sounded_at_s is None:
            raise UnreachableError(ended.detail or "nothing was spoken")
        return Outcome(f"spoke for {port.sound_bytes / 2 / rate_hz:.2f} s", port.sounded_at_s - began)

    return (
        await timed("transcription", bounds.transcription_s, bounds.slow_s, hears),
        await timed("speech", bounds.speech_s, bounds.slow_s, speaks),
    )
