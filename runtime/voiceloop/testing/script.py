"""What a scripted realtime server does, in frozen pieces that a test puts together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "OMIT",
    "SESSION_EXPIRED",
    "Call",
    "Close",
    "Dialect",
    "Fail",
    "Handle",
    "Ignore",
    "NoAnswer",
    "Quirks",
    "Refusal",
    "Reply",
    "Send",
    "Spoken",
    "Stall",
    "Step",
    "Utterance",
    "Vanish",
    "Wait",
    "refusal",
]

Dialect = Literal["beta", "ga"]
OMIT: Any = object()
"""Leave the field out altogether."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection with a close frame."""

    code: int = 1000
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Vanish:
    """End the TCP connection without a close frame: 1006 at the client."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing any more; the connection stays open.

    Nothing is read either and no ping is answered, unless `answers_pings`: then everything is read and thrown away, as
    by a relay that lives on in front of a server that does not.
    """

    answers_pings: bool = False


@dataclass(frozen=True, slots=True)
class Fail:
    """Send an `error` event."""

    code: str | None
    message: str = "scripted error"
    kind: str = "invalid_request_error"
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send this: a mapping or text as one text frame, bytes as one binary frame. Text need not be JSON."""

    payload: Mapping[str, Any] | str | bytes


@dataclass(frozen=True, slots=True)
class Ignore:
    """Do nothing, say nothing."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The steps after this one come so much later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Handle:
    """Do what a well-behaved server does: handle the event, or greet."""


Step = Close | Vanish | Stall | Fail | Send | Ignore | Wait | Handle

_TOO_LONG = "Your session hit the maximum duration of 60 minutes."
SESSION_EXPIRED: tuple[Step, ...] = (Fail("session_expired", _TOO_LONG), Close(1001, _TOO_LONG))
"""How a server ends a session that has lasted too long."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One assistant message; its samples are numbered on from those of the message before it."""

    text: str = "All right."
    audio_ms: int = 500


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; `arguments` is JSON text and need not be valid."""

    name: str
    arguments: str = "{}"
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One response: what it says and calls, how fast, and what goes wrong with it."""

    says: tuple[Spoken, ...] = (Spoken(),)
    """One output item each, in this order, before the calls."""
    calls: tuple[Call, ...] = ()
    created_after_s: float | None = 0.0
    """When `response.created` comes; None: never, and nothing after it."""
    audio_after_s: float = 0.0
    """From `response.created` to the first output."""
    pace: float = 0.0
    """Audio seconds sent per second; 0 sends all at once, as fast servers do."""
    delta_ms: int = 100
    status: Literal["completed", "cancelled", "incomplete", "failed"] = "completed"
    status_details: Any = None
    """As it stands on the wire; None takes what belongs to the status. May be a string, as some servers send."""
    usage: Any = None
    """As it stands on the wire; None takes believable figures, `OMIT` leaves it out."""
    transcript_last: bool = False
    """All audio of a message before its words; normally words run ahead."""
    ignores_cancel: bool = False
    late_ms: int = 0
    """Audio still sent after a cancel, before `response.done`."""
    ends: bool = True
    """False: everything but `response.done`."""
    cut_after_ms: int | None = None
    """After this much audio, do `cut` and send nothing more of this reply."""
    cut: Step = field(default_factory=Vanish)
    padding_bytes: int = 0
    """Added to each audio delta in a field nobody knows, to make frames big."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the user says, on the buffer clock: milliseconds of audio written since the connection opened."""

    at_ms: int
    end_ms: int
    text: str = "hello"
    transcribed_after_s: float | None = 0.0
    """From the commit; None: never."""
    transcription_fails: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer instead of the upgrade."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The TCP connection is taken and the upgrade is never answered."""


_REFUSALS: dict[int, tuple[str, str, str]] = {
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "account_deactivated", "This account may not use the model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    503: ("new_api_error", "do_request_failed", "No channel is available for this model."),
}


def refusal(status: int, code: str | None = None, message: str = "", *, kind: str = "") -> Refusal:
    """Build an answer with the body that servers send with this status; `code` "insufficient_quota" makes 429 final."""
    kind_of, code_of, words = _REFUSALS.get(status, ("server_error", "", f"HTTP {status}"))
    error = {"message": message or words, "type": kind or kind_of, "param": None, "code": code or code_of or None}
    return Refusal(status, json.dumps({"error": error}).encode(), {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Quirks:
    """How this server differs from a well-behaved one."""

    accepts: tuple[Dialect, ...] = ("beta", "ga")
    refuses_by: Literal["close", "form"] = "close"
    """A beta client at a GA server: `beta_api_shape_disabled` and 4000, or the session in the other form."""
    hybrid_names: bool = False
    """Every other event by its name in the other dialect."""
    greets: bool = True
    """Send `session.created`."""
    before_greeting: tuple[Step, ...] = ()
    """`(Wait(2.0),)` greets late, `(Fail(...), Vanish())` not at all."""
    after_greeting: tuple[Step, ...] = ()
    confirms_updates: bool = True
    """Send `session.updated`."""
    strict: bool = True
    """Refuse a whole `session.update` for one unknown field."""
    omits: frozenset[str] = frozenset()
    """Top-level fields left out of every event, such as output_index, content_index, part, event_id."""
    metadata_echoed: bool = True
    truncate_confirmed: bool = True
    string_errors: bool = False
    """`error` is a string and `code` stands beside it."""
    odd_deltas: bool = False
    """Audio deltas end in the middle of a sample."""
    input_rate_hz: int | None = None
    """Rate of pcm16 input; None: what the session says, 24 kHz where it says nothing."""
    output_rate_hz: int | None = None
    """Rate of pcm16 output; likewise."""
    drops_at: Callable[[Mapping[str, Any]], object] = lambda event: False
    """Vanishes at a client event for which this is true, as relays do at what they cannot read."""
    queues_replies: bool = False
    """A turn that ends during a reply brings one after it; normally it brings none."""
    transcribed_after_s: float = 0.0
    """When a gateway that listens has the words of a turn, from its commit on."""
    asks_after_transcripts: bool = False
    """Asks for a reply of its own after each input transcription: a second one, or the error that one is active."""
    session_lasts_s: float | None = None
    """Ends each session then with `SESSION_EXPIRED`, and says when in `session.expires_at`."""
    expiry_announced: bool = True
    """False: the end comes without an `expires_at` before it."""
