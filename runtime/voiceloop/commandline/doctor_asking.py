"""Asks the server and this machine what a conversation will need of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from voiceloop.commandline.doctor_case import Case, hidden
from voiceloop.commandline.doctor_device import check_device
from voiceloop.commandline.doctor_faults import of_error
from voiceloop.commandline.doctor_realtime import check_realtime
from voiceloop.commandline.doctor_report import Chosen, Finding, State, TierFound
from voiceloop.commandline.doctor_rest import check_rest, unasked_rest
from voiceloop.commandline.doctor_services import Bounds
from voiceloop.commandline.models import choice
from voiceloop.dgrid.models import PIN, Listed, choose, list_models
from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import UnreachableError, VoiceloopError
from voiceloop.network.route import route_to
from voiceloop.sources import DEFAULT_BASE_URL
from voiceloop.vocabulary import Tier

__all__ = ["check", "chosen", "key_of", "list_of"]

NONE: Final = "none"
"""What a list of choices calls a model that there is not."""
KEY_PATH: Final = ("backend", "api_key")
Models = Mapping[str, str]
"""By role; empty where the server has none."""


def key_of(case: Case) -> Finding:
    """Look at the key without showing it."""
    if case.key is not None:
        return Finding("key", State.OK, f"set by {case.effective.where(KEY_PATH)}")
    if case.url is not None:
        return Finding("key", State.OK, "none; the base URL is asked without one")
    return Finding("key", State.OK, f"none; talk starts the embedded gateway instead of {DEFAULT_BASE_URL}")


async def list_of(case: Case) -> tuple[Finding, Sequence[Listed] | None]:
    """Ask for the server's models, within some seconds. Safe to cancel."""
    assert case.url is not None, "there is somebody to ask"
    try:
        route = route_to(case.url, os.environ, case.settings.backend)
        listed = await list_models(case.url, case.key, route=route)
    except VoiceloopError as error:
        return of_error("models", error), None
    if listed is None:
        guessed = f"the server has no list of models; those of {preferences().file} are tried"
        return Finding("models", State.DEGRADED, guessed, "name them in [agent.models]"), None
    return Finding("models", State.OK, f"{len(listed)} listed"), listed


def chosen(case: Case, listed: Sequence[Listed] | None) -> Sequence[Chosen]:
    """Return which model takes which role of a conversation, why, and how to pin another."""
    assert case.url is not None, "the embedded gateway takes any"
    rows = [choice(case.effective, case.url, listed, role) for role in PIN]
    return [
        Chosen(role, "" if model == NONE else model, why.replace("set by default", "set by the agent"))
        for role, model, why in rows
    ]


async def check(tier: Tier, case: Case, listed: Sequence[Listed] | None, bounds: Bounds) -> TierFound:
    """Look at one tier, or say why nobody does. Safe to cancel."""
    if tier is Tier.DEVICE:
        found = await check_device(case.settings, case.seed, bounds)
    elif tier is Tier.REST:
        models = models_of(case, listed)
        found = unasked_rest(case.settings, models)
        if not case.why_unasked:
            found = await check_rest(case.settings, models, case.seed, bounds)
    else:
        found = await realtime(case, models_of(case, listed), bounds)
    checks = found.checks or (Finding(tier.value, State.SKIPPED, case.why_unasked),)
    return replace(found, checks=tuple(hidden(each, case.key) for each in checks))


async def realtime(case: Case, models: Models, bounds: Bounds) -> TierFound:
    """Open a session with the chosen models, if there are any and somebody may be asked."""
    asked = case.settings.realtime
    named = {"model": asked.model or models["realtime"]}
    if asked.transcription_model == "auto" and models["transcription"]:
        named["transcription_model"] = models["transcription"]
    settings = case.settings.model_copy(update={"realtime": asked.model_copy(update=named)})
    if case.why_unasked:
        return TierFound(Tier.REALTIME, (), named["model"], case.seed.voice or "")
    if not named["model"]:
        fix = f"name one that it has all the same: {PIN['realtime']}=ID"
        nothing = Finding("session", State.NOT_OFFERED, "the server lists no realtime model", fix, 5)
        return TierFound(Tier.REALTIME, (nothing,))
    return await check_realtime(settings, case.seed, bounds)


def models_of(case: Case, listed: Sequence[Listed] | None) -> Models:
    """Return the models that are set, else the best that is listed; the embedded gateway takes any."""
    set_here, url = case.settings.agent.models, case.url
    return {role: "" if url is None else getattr(set_here, role) or best(role, listed, url) for role in PIN}


def best(role: str, listed: Sequence[Listed] | None, url: str) -> str:
    """Return the best model for a role; empty where the server has none."""
    try:
        return choose(role, listed, url).model
    except UnreachableError:
        return ""
