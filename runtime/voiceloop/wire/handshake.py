"""From an open socket to a configured session: the greeting, the session update, and what servers refuse of it.

```
connected -> GREETING -- session.created, another event, or too long a silence --> send update -> ANSWER
ANSWER -- session.updated, or its time is over while the server talks --> configured
ANSWER -- its time is over and no message was one of the protocol --> foreign
ANSWER -- error that names a field --> send update without it -> ANSWER
ANSWER -- error or session.created of the other dialect --> send update in that dialect, once -> ANSWER
```
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from voiceloop.wire import dialect as dialects
from voiceloop.wire.client import UpdateSession
from voiceloop.wire.config import SessionConfig, session_fields
from voiceloop.wire.dialect import Dialect
from voiceloop.wire.faults import APPLICATION_REFUSAL, Severity, judge
from voiceloop.wire.items import WireError
from voiceloop.wire.outbox import Outbox, named_params
from voiceloop.wire.server import BrokenMessage, ServerEvent, SessionCreated, SessionUpdated, UnknownMessage
from voiceloop.wire.session_fields import PATHS, SessionFields, merge, read_session

__all__ = ["Handshake", "Verdict"]

GREETING_WAIT_S: Final = 1.5
"""Longest wait for `session.created`: servers that send none wait for us (early xAI builds)."""

_ABNORMAL: Final = 1006

# Left out one by one when an update is refused without a word about which field; the least needed first.
_DISPENSABLE: Final = ("transcription", "turn_detection", "voice", "output_format", "input_format")


class Verdict(StrEnum):
    """What an event or a deadline means for the handshake."""

    WAIT = "wait"
    CONFIGURED = "configured"
    NOT_OURS = "not_ours"
    """An error about something else."""
    WRONG_DIALECT = "wrong_dialect"
    REFUSED = "refused"
    SILENT = "silent"
    FOREIGN = "foreign"
    """The server talks, but not this protocol."""


class Handshake:
    """The configuring of one connection."""

    def __init__(self, config: SessionConfig, outbox: Outbox, *, auto: bool) -> None:
        self.deadline_s: float | None = None
        self.greeted = False
        """The server has said something."""
        self.may_switch = auto
        """The dialect may still change over a refusal, which it does at most once."""
        self.expires_at_s: float | None = None
        """When the server will end the session, Unix seconds, if it says so."""
        self._effective = SessionFields()
        self._config = config
        self._outbox = outbox
        self._trusts_greeting = auto
        self._updates: list[str] = []
        self._talks = False
        self._foreign_words = 0
        self._known_words = 0

    def connected(self, now: float) -> None:
        """The socket is open."""
        self._opened_s = now
        self.deadline_s = now + min(GREETING_WAIT_S, self._config.configure_timeout_s / 2)

    def heard(self, event: ServerEvent, now: float) -> Verdict:
        """Any event but an error arrived."""
        foreign = isinstance(event, BrokenMessage | UnknownMessage)
        self._foreign_words += foreign
        self._known_words += not foreign
        if isinstance(event, BrokenMessage):
            return Verdict.WAIT
        self.greeted = self._talks = True
        if isinstance(event, SessionCreated | SessionUpdated):
            self.expires_at_s = event.session.expires_at_s or self.expires_at_s
        match event:
            case SessionUpdated() if self._updates:
                self._effective = event.session
                self.deadline_s = None
                return Verdict.CONFIGURED
            case SessionCreated():
                self._greeted_in(event.session.dialect, now)
            case _:
                pass
        if not self._updates:
            self._send_update(now)
        return Verdict.WAIT

    def rejected(self, error: WireError, now: float) -> Verdict:
        """An error arrived. Those that refuse the session update are dealt with here."""
        self.greeted = True
        self._known_words += 1
        hint = _hint(error)
        if not self._concerns_update(error, hint):
            return Verdict.NOT_OURS
        if self._is_stale(error, hint):
            return Verdict.WAIT
        if hint is not None and hint != self._outbox.dialect:
            if not self.may_switch:
                return Verdict.WRONG_DIALECT
            self.may_switch = self._trusts_greeting = False
            self._outbox.dialect = hint
            self._send_update(now)
            return Verdict.WAIT
        return self._send_less(error, now)

    def expire(self, now: float) -> Verdict:
        """The deadline passed."""
        if not self._updates:
            self._send_update(now)
            self.deadline_s = self._opened_s + self._config.configure_timeout_s
            return Verdict.WAIT
        self.deadline_s = None
        if self._foreign_words and not self._known_words:
            return Verdict.FOREIGN
        return Verdict.CONFIGURED if self._talks else Verdict.SILENT

    def looks_refused(self, close_code: int, opened_as: Dialect) -> bool:
        """Whether a close before the session was configured may come from a refused dialect.

        A relay hides both the error and the close code of a refused beta session, so there a bare 1006 may mean it.
        """
        hidden = close_code == _ABNORMAL and opened_as == "beta" and not self.greeted
        return close_code == APPLICATION_REFUSAL or (hidden and self.may_switch)

    def in_force(self) -> SessionFields:
        """The session's settings: what the server says, and where it says nothing what was asked for last."""
        asked = read_session(self._outbox.message(self._updates[-1]).get("session", {}))
        return merge(self._effective, asked)

    def _greeted_in(self, shape: Dialect | None, now: float) -> None:
        if self._updates:  # the greeting came late: the clock starts anew
            self.deadline_s = now + self._config.configure_timeout_s
        if not self._trusts_greeting or shape is None or shape == self._outbox.dialect:
            return
        self._trusts_greeting = False
        self._outbox.dialect = shape
        self._send_update(now)

    def _send_update(self, now: float) -> None:
        self._sent(self._outbox.put(UpdateSession(session_fields(self._config))), now)

    def _sent(self, event_id: str, now: float) -> None:
        self._updates.append(event_id)
        self._talks = False
        self.deadline_s = now + self._config.configure_timeout_s

    def _concerns_update(self, error: WireError, hint: Dialect | None) -> bool:
        if error.event_id:
            return error.event_id in self._updates
        return bool(self._updates) and (hint is not None or judge(error).severity is Severity.FIX)

    def _is_stale(self, error: WireError, hint: Dialect | None) -> bool:
        """It is about an update that was sent again since."""
        if error.event_id:
            return error.event_id != self._updates[-1]
        return hint == self._outbox.dialect

    def _send_less(self, error: WireError, now: float) -> Verdict:
        paths = PATHS[self._outbox.dialect]
        guesses = tuple(f"session.{'.'.join(paths[name])}" for name in _DISPENSABLE)
        named = named_params(error)
        again = self._outbox.retry(self._updates[-1], named)
        if again is None and named and not error.event_id:
            return Verdict.WAIT  # about a field that the newest update does not hold: an older update's
        again = again or self._outbox.retry(self._updates[-1], guesses)
        if again is None:
            return Verdict.REFUSED
        self._sent(again, now)
        return Verdict.WAIT


def _hint(error: WireError) -> Dialect | None:
    words = error.message.lower()
    code = error.code
    if not code:
        code = "unknown_parameter" if "unknown parameter" in words else ""
        code = "missing_required_parameter" if "missing required parameter" in words else code
    params = named_params(error)
    return dialects.from_complaint(code, params[0]) if params else None
