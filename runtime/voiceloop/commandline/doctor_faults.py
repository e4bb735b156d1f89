"""What stopped a check, in plain words and with the fix. Pure."""

from __future__ import annotations

import re
from typing import Final

from voiceloop.commandline.doctor_report import Finding, State
from voiceloop.dgrid.failures import TOLD, Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.dgrid.models import PIN
from voiceloop.errors import DeviceError, RefusedError, SettingsError, VoiceloopError
from voiceloop.events import EngineLost
from voiceloop.screen import clean
from voiceloop.vocabulary import Cause

__all__ = ["of_error", "of_failure", "of_loss", "parted", "too_late"]

COMMAND: Final = re.compile(r"[:;] (?:install it with: )?((?:pip|sudo|brew) .*)")
"""How messages about this machine end: with what to type."""
KEY_FIX: Final = "check DGRID_API_KEY, or keep another: voiceloop login"
QUOTA_FIX: Final = "top up the account, or use another key"
ADDRESS_FIX: Final = "check DGRID_BASE_URL, the network and its proxy"
LATER: Final = "try again later"

REFUSED_KINDS: Final = frozenset({Kind.BAD_KEY, Kind.QUOTA, Kind.BAD_MODEL, Kind.REFUSED, Kind.PROXY_REFUSED})
FIXES: Final = {Kind.BAD_KEY: KEY_FIX, Kind.UNREACHABLE: ADDRESS_FIX}
ROLES: Final = {"session": "realtime", "models": "chat"}
"""Whose model a finding is about, where it is not named after the role."""
CAUSES: Final = {
    Cause.BAD_KEY: (State.REFUSED, 4, KEY_FIX),
    Cause.QUOTA: (State.REFUSED, 4, QUOTA_FIX),
    Cause.REFUSED: (State.REFUSED, 4, "correct what it names"),
    Cause.BAD_MODEL: (State.REFUSED, 4, ""),
    Cause.BUSY: (State.REFUSED, 4, LATER),
    Cause.SETTINGS: (State.REFUSED, 3, "correct it"),
    Cause.UNSUPPORTED_DIALECT: (State.NOT_OFFERED, 5, ADDRESS_FIX),
    Cause.UNREACHABLE: (State.FAILED, 5, ADDRESS_FIX),
}
"""State, exit status and fix; any other cause is a failure that may pass."""


OF_ERRORS: Final = ((SettingsError, Cause.SETTINGS), (RefusedError, Cause.REFUSED))


def of_error(what: str, error: VoiceloopError, took_s: float | None = None) -> Finding:
    """Return what an error of a check means."""
    if isinstance(error, RequestRefusedError | RequestFailedError):
        return of_failure(what, error.failure, took_s)
    state = State.FAILED
    if isinstance(error, RefusedError | SettingsError):
        state = State.REFUSED
    elif isinstance(error, DeviceError):
        state = State.NOT_OFFERED
    detail, fix = parted(clean(str(error)))
    if isinstance(error, SettingsError):
        fix = fix or "correct it"
    cause = next((cause for kind, cause in OF_ERRORS if isinstance(error, kind)), None)
    return Finding(what, state, detail, fix, error.exit_status, took_s, cause)


def of_failure(what: str, failure: Failure, took_s: float | None = None) -> Finding:
    """Return what a failed request means."""
    words, fix = TOLD[failure.kind]
    state = State.REFUSED if failure.kind in REFUSED_KINDS else State.FAILED
    if failure.kind is Kind.NOT_OFFERED:
        state = State.NOT_OFFERED
    told = f" (HTTP {failure.status})" * (failure.status is not None)
    said = f": {failure.message}" * bool(failure.message)
    asked = f" [request {failure.request_id}]" * bool(failure.request_id)
    fix = FIXES.get(failure.kind, fix)
    if failure.kind is Kind.BAD_MODEL:
        fix = pin(ROLES.get(what, what))
    status = 4 if failure.kind in REFUSED_KINDS else 5
    detail = clean(f"the server {words}{told}{said}{asked}")
    return Finding(what, state, detail, fix, status, took_s, failure.cause)


def of_loss(what: str, lost: EngineLost, took_s: float | None = None) -> Finding:
    """Return what it means that an engine did not become ready."""
    state, status, fix = CAUSES.get(lost.cause, (State.FAILED, 5, LATER))
    if lost.cause is Cause.BAD_MODEL:
        fix = pin("realtime")
    return Finding(what, state, clean(lost.detail), fix, status, took_s, lost.cause)


def too_late(what: str, within_s: float) -> Finding:
    """Return that a check took longer than a conversation would wait."""
    return Finding(what, State.FAILED, f"no answer within {within_s:g} s", LATER, 5, within_s)


def pin(role: str) -> str:
    """Return how to take another model for a role."""
    return f"choose another (voiceloop models --role {role}): {PIN[role]}=ID"


def parted(message: str) -> tuple[str, str]:
    """Return a message and the command it ends with, which is its fix; empty where there is none."""
    found = COMMAND.search(message)
    return (message, "") if found is None else (message[: found.start()], found[1])
