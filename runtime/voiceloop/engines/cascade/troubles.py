"""What a failed request means for the conversation: another try, one turn without an answer, or another engine."""

from __future__ import annotations

from typing import Final

from voiceloop.dgrid.failures import RequestFailedError, RequestRefusedError
from voiceloop.engines.cascade.orders import Trouble
from voiceloop.errors import DialectError, RefusedError, SettingsError, VoiceloopError
from voiceloop.failover import HOPELESS
from voiceloop.vocabulary import Cause
from voiceloop.wire.faults import judge
from voiceloop.wire.items import WireError

__all__ = ["FINAL", "TRIES", "is_of_this_request", "trouble_of"]

TRIES: Final = 2
"""Fresh requests for the same thing."""
FINAL: Final = HOPELESS | {Cause.REFUSED, Cause.CONTEXT_FULL, Cause.UNSUPPORTED_DIALECT}
"""The very same request would fail the very same way."""
CAUSES: Final = (
    (SettingsError, Cause.SETTINGS),
    (RefusedError, Cause.REFUSED),
    (DialectError, Cause.UNSUPPORTED_DIALECT),
)


def trouble_of(error: VoiceloopError) -> Trouble:
    """Return what an error of a service comes to."""
    if not isinstance(error, RequestFailedError | RequestRefusedError):
        cause = next((cause for kind, cause in CAUSES if isinstance(error, kind)), Cause.UNREACHABLE)
        return Trouble(cause, str(error))
    failure = error.failure
    if judge(WireError(code=failure.code, message=failure.message)).cause is Cause.CONTEXT_FULL:
        return Trouble(Cause.CONTEXT_FULL, str(error))
    silent = failure.cause is Cause.DEAD_WIRE  # no wire stays open between requests that could be dead
    return Trouble(Cause.SLOW_MODEL if silent else failure.cause, str(error))


def is_of_this_request(trouble: Trouble) -> bool:
    """Whether the service is well and takes other requests: no reason to leave it."""
    return trouble.cause is Cause.REFUSED
