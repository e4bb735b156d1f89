"""What a failed request means for the conversation: another try, one turn without an answer, or another engine."""

from __future__ import annotations

from typing import Final

from voiceloop.dgrid.failures import Kind, RequestFailedError, RequestRefusedError
from voiceloop.engines.cascade.orders import Failed, Trouble
from voiceloop.errors import DialectError, RefusedError, SettingsError, VoiceloopError
from voiceloop.failover import HOPELESS
from voiceloop.vocabulary import Cause
from voiceloop.wire.faults import judge
from voiceloop.wire.items import WireError

__all__ = ["FINAL", "TRIES", "is_of_this_request", "may_be_tried_again", "trouble_of"]

TRIES: Final = 2
"""Fresh requests for the same thing."""
FINAL: Final = HOPELESS | {Cause.REFUSED, Cause.CONTEXT_FULL, Cause.UNSUPPORTED_DIALECT}
"""The very same request would fail the very same way."""
REPEATED: Final = frozenset({Cause.BUSY, Cause.UNREACHABLE})
"""A service has made such a request again by itself before it calls it failed."""
CAUSES: Final = (
    (SettingsError, Cause.SETTINGS),
    (RefusedError, Cause.REFUSED),
    (DialectError, Cause.UNSUPPORTED_DIALECT),
)
OF_REQUESTS: Final = {
    Kind.SILENT: Cause.SLOW_MODEL,  # no wire stays open between requests that could be dead
    Kind.REDIRECTED: Cause.UNREACHABLE,  # whatever is asked: somebody stands before the server
}


def trouble_of(error: VoiceloopError) -> Trouble:
    """Return what an error of a service comes to."""
    if not isinstance(error, RequestFailedError | RequestRefusedError):
        cause = next((cause for kind, cause in CAUSES if isinstance(error, kind)), Cause.UNREACHABLE)
        return Trouble(cause, str(error))
    failure = error.failure
    if judge(WireError(code=failure.code, message=failure.message)).cause is Cause.CONTEXT_FULL:
        return Trouble(Cause.CONTEXT_FULL, str(error))
    return Trouble(OF_REQUESTS.get(failure.kind, failure.cause), str(error))


def may_be_tried_again(failed: Failed, tries: int, within_s: float) -> bool:
    """Whether to make the same request once more at once, after so many tries of which the last failed."""
    worth_it = failed.trouble.cause not in FINAL | REPEATED
    return worth_it and tries < TRIES and failed.after_s <= within_s


def is_of_this_request(trouble: Trouble) -> bool:
    """Whether the service is well and takes other requests: no reason to leave it."""
    return trouble.cause is Cause.REFUSED
