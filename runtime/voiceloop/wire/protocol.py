"""One realtime connection without I/O: frames and commands in, events and frames out. Time is an argument.

```
CONNECTING -- connected --> CONFIGURING -- session configured --> READY
    |  refused                  |  closed, fatal error, silence      |  closed, fatal error
    +---------------------------+------------------------------------+--> LOST
```

The caller opens a socket to `handshake()`, calls `connected`, then for each frame `audio` and, where that gives None,
`receive`; after every call it sends `take_frames()` in order. While `deadline()` is a time, `expire` is due then. In
LOST with `redial` set, the server wants the other dialect: nothing was reported, and the caller opens another
connection with a new protocol in that dialect and `auto=False`. In READY, `recall` comes before any other command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never
from urllib.parse import quote

from voiceloop import events
from voiceloop.commands import EngineCommand
from voiceloop.events import Event
from voiceloop.vocabulary import Cause, Item, Tier
from voiceloop.wire import dialect as dialects
from voiceloop.wire import server
from voiceloop.wire.asks import Asks
from voiceloop.wire.client import UpdateSession
from voiceloop.wire.codec import decode
from voiceloop.wire.complaints import Complaints
from voiceloop.wire.config import SessionConfig, traits_of
from voiceloop.wire.counts import Counts
from voiceloop.wire.dialect import Dialect
from voiceloop.wire.fast import audio_delta
from voiceloop.wire.faults import (
    Severity,
    close_cause,
    describe,
    judge,
    judge_close,
    judge_upgrade,
)
from voiceloop.wire.handshake import Handshake, Verdict
from voiceloop.wire.inbox import Inbox
from voiceloop.wire.items import Response, WireError
from voiceloop.wire.liveness import Awaited, after_command, after_events
from voiceloop.wire.orders import SAY_EXACTLY, Orders
from voiceloop.wire.outbox import Outbox
from voiceloop.wire.replies import AudioChunk, Replies
from voiceloop.wire.session_fields import SessionFields, Transcription
from voiceloop.wire.turns import Turns

__all__ = ["SAY_EXACTLY", "AudioChunk", "Counts", "RealtimeProtocol", "SessionConfig", "State"]

_FOREIGN: Final = "session.started"
"""GPT-Live's first event: another protocol behind the same kind of door."""


class State(StrEnum):
    """How far the connection is."""

    CONNECTING = "connecting"
    CONFIGURING = "configuring"
    READY = "ready"
    LOST = "lost"


class RealtimeProtocol:
    """One connection, in one dialect.

    `auto`: the dialect is a guess that the server may correct. Not to be used after LOST.
    """

    def __init__(self, config: SessionConfig, dialect: Dialect, *, auto: bool) -> None:
        self.state = State.CONNECTING
        self.redial: Dialect | None = None
        """The dialect to connect anew with; set only in LOST."""
        self.capture_offset_s = 0.0
        """Capture-clock second of the first sample appended on this connection; to be set by the caller."""
        self.awaited = Awaited.NOTHING
        """What the server owes now."""
        self.counts = Counts()
        self.input_format = config.format
        """What the server takes; may differ from what was asked once READY."""
        self.output_format = config.format
        """What the server sends; may differ from what was asked once READY."""
        self._config = config
        self.expires_at_s: float | None = None
        """When the server will end the session, Unix seconds; known at READY, if ever."""
        self._outbox = Outbox(dialect)
        self._opened_as: Dialect = dialect
        self._handshake = Handshake(config, self._outbox, auto=auto)
        self._asks = Asks()
        self._turns = Turns(config.id_suffix)
        self._replies = Replies(self._asks, config.format, config.id_suffix)
        self._inbox = Inbox(self._asks, self._turns, self._replies, self.counts)
        self._orders = Orders(self._outbox, self._asks, self._turns, self._replies, self.counts, config.pronounce)
        self._complaints = Complaints(self._orders, self.counts)

    @property
    def dialect(self) -> Dialect:
        """The dialect spoken now."""
        return self._outbox.dialect

    def handshake(self) -> tuple[str, dict[str, str]]:
        """Path with query, and headers, of the upgrade request; authorisation is the caller's. No subprotocol."""
        path = f"/v1/realtime?model={quote(self._config.model, safe='/:')}"
        return path, dict(dialects.BETA_HEADERS) if self.dialect == "beta" else {}

    def connected(self, now: float) -> None:
        """The upgrade succeeded at `now` (monotonic seconds)."""
        self.state = State.CONFIGURING
        self._handshake.connected(now)

    def refused(self, status: int, body: bytes) -> list[Event]:
        """The upgrade was answered with another HTTP status than 101."""
        fault = judge_upgrade(status, body)
        if fault.severity is Severity.SWITCH:
            return self._other_dialect(f"the server answered HTTP {status}")
        excerpt = " ".join(body.decode(errors="replace").split())[:200]
        return self.give_up(fault.cause, f"the server answered HTTP {status}: {excerpt}".rstrip(": "))

    def audio(self, frame: bytes | str) -> AudioChunk | None:
        """Take a frame if it is received sound; None means it is not, and is for `receive`.

        The hot call: per frame one decoded struct and the chunk, nothing else.
        """
        delta = audio_delta(frame)
        if delta is None or self.state is State.LOST:
            return None
        chunk = self._replies.sound(delta)
        if chunk is not None and chunk.events:
            self._awaits_after(chunk.events)
        return chunk

    def receive(self, frame: bytes | str, now: float) -> list[Event]:
        """Take a frame that is not sound. Never raises."""
        if self.state is State.LOST:
            return []
        if self.awaited is Awaited.SIGN:
            self.awaited = Awaited.NOTHING
        event = decode(frame)
        if isinstance(event, server.ErrorRaised):
            return self._error(event.error, now)
        told: list[Event] = []
        if self.state is State.CONFIGURING:
            if isinstance(event, server.UnknownMessage) and event.type == _FOREIGN:
                return self.give_up(Cause.UNSUPPORTED_DIALECT, "the server speaks GPT-Live, not the realtime protocol")
            told += self._configure(self._handshake.heard(event, now))
        told += self._inbox.happened(event, self.capture_offset_s)
        self._awaits_after(told)
        if isinstance(event, server.ResponseDone) and not self._replies.outside.takes(event.response):
            told = self._response_done(told, event.response)
        return told

    def closed(self, code: int, reason: str, now: float) -> list[Event]:
        """The connection is gone; 1006 when there was no close frame. Nothing to report when that is known already."""
        if self.state is State.LOST:
            return []
        words = f"closed with {code} {reason}".rstrip()
        fault = judge_close(reason)
        error = self._complaints.recent(now)
        if error is not None:
            words += f" after {describe(error)}"
            fault = fault or judge(error)
        if fault is not None and fault.severity is Severity.SWITCH:
            return self._other_dialect(words)
        cause = fault.cause if fault is not None and fault.cause is not Cause.DROP else None
        if cause is None and self.state is State.CONFIGURING and self._handshake.looks_refused(code, self._opened_as):
            return self._other_dialect(words, than_any=True)
        return self.give_up(cause or close_cause(code), words)

    def recall(self, items: Sequence[Item], speech: Mapping[str, bytes], open_turn: str) -> None:
        """Bring the server up to date; `speech` is the sound of turns without words, in the wire encoding."""
        if self.state is State.READY:
            self._orders.recall(items, speech, open_turn)

    def obey(self, command: EngineCommand) -> None:
        """Carry out a command: what is to be sent is in `take_frames`. Nothing happens but in READY."""
        if self.state is State.READY:
            self._orders.carry_out(command)
            self.awaited = after_command(self.awaited, command)

    def ask_for_a_sign(self) -> None:
        """Ask the server for something that it must answer and that changes nothing, unless it owes something."""
        if self.state is State.READY and self.awaited is Awaited.NOTHING:
            self._outbox.put(UpdateSession(SessionFields(kind="realtime")))
            self.awaited = Awaited.SIGN

    def give_up(self, cause: Cause, detail: str) -> list[Event]:
        """The connection is of no more use: here it is found out, or by the caller."""
        if self.state is State.LOST:
            return []
        self.state = State.LOST
        self._outbox.take()
        return [events.EngineLost(cause, detail)]

    def take_frames(self) -> list[bytes]:
        """The text frames to send now, in order."""
        return self._outbox.take()

    def deadline(self) -> float | None:
        """When `expire` is due, monotonic seconds; None when nothing is waited for."""
        return self._handshake.deadline_s if self.state is State.CONFIGURING else None

    def expire(self, now: float) -> list[Event]:
        """The deadline passed; does nothing before it."""
        due = self.deadline()
        if due is None or now < due:
            return []
        return self._configure(self._handshake.expire(now))

    def _configure(self, verdict: Verdict) -> list[Event]:
        match verdict:
            case Verdict.WAIT | Verdict.NOT_OURS:
                return []
            case Verdict.CONFIGURED:
                pass
            case Verdict.SILENT | Verdict.FOREIGN | Verdict.WRONG_DIALECT | Verdict.REFUSED:
                words = self._complaints.failure(verdict, self.dialect, self._config.configure_timeout_s)
                return self.give_up(*words)
            case _:
                assert_never(verdict)
        self.state = State.READY
        found = self._handshake.in_force()
        traits = traits_of(found.turn_detection, self._config.modality)
        self._turns.detection = found.turn_detection
        self._asks.server_replies = traits.starts_replies
        self.input_format = found.input_format or self.input_format
        self.output_format = self._replies.format = found.output_format or self.output_format
        self.expires_at_s = self._handshake.expires_at_s
        config = self._config
        written = found.transcription
        words_by = written.model or config.transcription_model or "" if isinstance(written, Transcription) else ""
        return [events.EngineReady(Tier.REALTIME, config.model, traits, self.dialect, transcription_model=words_by)]

    def _response_done(self, told: list[Event], response: Response) -> list[Event]:
        for event in told:
            if isinstance(event, events.ReplyFinished):
                self._orders.reply_ended(event.reply_id)
        cause = self._complaints.ends_all(response)
        if cause is Cause.DROP:  # the reply is to be asked for again on another connection: it is not over
            told = [event for event in told if not isinstance(event, events.ReplyFinished)]
        return told if cause is None else [*told, *self.give_up(cause, describe(response.error or WireError()))]

    def _error(self, error: WireError, now: float) -> list[Event]:
        fault = judge(error)
        self._complaints.note(error, now)
        if fault.severity is Severity.SWITCH:
            return self._other_dialect(describe(error))
        if fault.severity is Severity.FATAL:
            return self.give_up(fault.cause, describe(error))
        if self.state is State.CONFIGURING:
            verdict = self._handshake.rejected(error, now)
            if verdict is not Verdict.NOT_OURS:
                return self._configure(verdict)
        told = self._complaints.told(error)
        self._awaits_after(told)
        return told

    def _awaits_after(self, told: Sequence[Event]) -> None:
        waited_for = [event for event in told if not self._orders.is_cancelled(getattr(event, "reply_id", ""))]
        self.awaited = after_events(self.awaited, waited_for, replies_by_itself=self._asks.server_replies)

    def _other_dialect(self, detail: str, *, than_any: bool = False) -> list[Event]:
        """Redial in the other dialect, if it may be the way out.

        A refusal of beta by name (`than_any` is False) does not send a GA connection back to beta.
        """
        told = self.give_up(Cause.UNSUPPORTED_DIALECT, detail)
        if not self._handshake.may_switch or (self._opened_as == "ga" and not than_any):
            return told
        self.redial = dialects.other(self._opened_as)
        return []
