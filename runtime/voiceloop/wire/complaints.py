"""Errors that a session survives: which of them are news, and to whom."""

from __future__ import annotations

from math import inf
from typing import Final, Literal

from voiceloop import events
from voiceloop.events import Event
from voiceloop.vocabulary import Cause
from voiceloop.wire.counts import Counts
from voiceloop.wire.dialect import Dialect
from voiceloop.wire.faults import Severity, describe, judge
from voiceloop.wire.handshake import Verdict
from voiceloop.wire.items import Response, WireError
from voiceloop.wire.orders import Orders
from voiceloop.wire.turns import COMMIT_EMPTY, found_nothing

__all__ = ["Complaints"]

Failure = Literal[Verdict.SILENT, Verdict.FOREIGN, Verdict.WRONG_DIALECT, Verdict.REFUSED]

_EXPLAINS_S: Final = 10.0
"""An error this long before a close may be its reason."""
_ENOUGH: Final = 2
"""Replies in a row that a server may fail at."""


class Complaints:
    """All errors of one connection."""

    def __init__(self, orders: Orders, counts: Counts) -> None:
        self.last: WireError | None = None
        """The newest one, fatal or not."""
        self._last_s = -inf
        self._failures = 0
        self._orders = orders
        self._counts = counts

    def note(self, error: WireError, now: float) -> None:
        """An error arrived."""
        self.last, self._last_s = error, now

    def recent(self, now: float) -> WireError | None:
        """The error that may be the reason of a close: relays hide that, the error before it tells."""
        return self.last if now - self._last_s < _EXPLAINS_S else None

    def failure(self, verdict: Failure, dialect: Dialect, timeout_s: float) -> tuple[Cause, str]:
        """Why the session could not be configured, with words for a person."""
        if verdict is Verdict.FOREIGN:
            words = "the server speaks neither realtime dialect: it sends messages of another kind"
            return Cause.UNSUPPORTED_DIALECT, f"{words}; check the base URL"
        if verdict is Verdict.SILENT:
            words = f"the server did not answer the session update in {timeout_s:g} s"
            if self.last is None:
                return Cause.DEAD_WIRE, words
            return Cause.REFUSED, f"{words}, only {describe(self.last)}"
        cause = Cause.REFUSED if verdict is Verdict.REFUSED else Cause.UNSUPPORTED_DIALECT
        return cause, f"{dialect} session update refused: {describe(self.last or WireError())}"

    def ends_all(self, response: Response) -> Cause | None:
        """A response ended: why the connection is of no more use, if it is not.

        An account's refusal often comes here alone, without an error event (livekit/agents#2967). A server that failed
        twice in a row for reasons of its own is left: another connection may lead to a better one.
        """
        error = response.error or WireError()
        fault = judge(error)
        if fault.severity is Severity.FATAL:
            return fault.cause
        broken = fault.cause is Cause.DROP and "server_error" in {error.code, error.kind}
        self._failures = self._failures + 1 if broken else 0
        return Cause.DROP if self._failures == _ENOUGH else None

    def told(self, error: WireError) -> list[Event]:
        """What the core is told of an error that ends nothing."""
        if self._orders.is_about_image(error):
            first, self._orders.takes_images = self._orders.takes_images, False
            return [events.EngineComplained("image_refused", describe(error))] if first else []
        ask_id = self._orders.refused(error)
        code = COMMIT_EMPTY if found_nothing(error) else error.code or error.kind
        if judge(error).severity is Severity.BENIGN:
            self._counts.benign += 1
            if not ask_id and code != COMMIT_EMPTY:
                return []  # a race was lost, and nobody waits to hear of it
        return [events.EngineComplained(code, describe(error), ask_id)]
