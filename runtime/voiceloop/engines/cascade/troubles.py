"""What a failed request means for the conversation: another try, one turn without an answer, or another engine."""

from __future__ import annotations

from typing import Final

from voiceloop.dgrid.failures import Kind, RequestFailedError, RequestRefusedError
from voiceloop.engines.cascade.orders import Deadlines, Failed, Trouble
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
REPEATED: Final = frozenset({Kind.RATE_LIMITED, Kind.SERVER_FAULT, Kind.UNREACHABLE, Kind.DROPPED})
"""What a client tries again by itself, as long as no answer has begun."""
SUCCESSES: Final = range(200, 300)
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
    told = judge(WireError(code=failure.code, message=failure.message)).cause
    if told in {Cause.CONTEXT_FULL, Cause.SETTINGS}:
        return Trouble(told, str(error))
    repeated = failure.kind in REPEATED and (failure.status or 0) not in SUCCESSES
    return Trouble(OF_REQUESTS.get(failure.kind, failure.cause), str(error), repeated)


def may_be_tried_again(failed: Failed, tries: int, deadlines: Deadlines) -> bool:
    """Whether to make the same request once more at once, after so many tries of which the last failed."""
    trouble = failed.trouble
    return (
        trouble.cause not in FINAL
        and not trouble.repeated
        and tries < TRIES
        and failed.after_s <= deadlines.again_within_s
    )


def is_of_this_request(trouble: Trouble, deadlines: Deadlines) -> bool:
    """Whether it costs no more than the turn's answer: the service is well, and nobody else could answer."""
    return trouble.cause is Cause.REFUSED and deadlines.gives_up == "turn"
