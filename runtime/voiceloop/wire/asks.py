"""Which of our requests a response answers.

Metadata decides where the server echoes it. Where it does not, order does: a response answers the oldest open request,
unless the server may have started it by itself. It may when it starts replies and has committed a user turn since that
request was sent; then the response is the server's, and the next one is looked at afresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voiceloop.wire.items import WireError

__all__ = ["ASK_KEY", "Asks"]

ASK_KEY = "ask_id"
"""The metadata key that carries an ask's id there and back."""

_ACTIVE = "conversation_already_has_active_response"
_ACTIVE_WORDS = "already has an active response"


@dataclass(slots=True)
class _Ask:
    event_id: str
    ask_id: str
    commits_seen: int


class Asks:
    """Open requests for a response, oldest first."""

    def __init__(self) -> None:
        self.server_replies = False
        """The server starts a reply by itself when it commits a turn."""
        self._open: list[_Ask] = []
        self._commits = 0
        self._echoes = False

    def sent(self, event_id: str, ask_id: str) -> None:
        """A `response.create` went out."""
        self._open.append(_Ask(event_id, ask_id, self._commits))

    @property
    def newest(self) -> str:
        """The event id of the newest open request, or empty."""
        return self._open[-1].event_id if self._open else ""

    def resent(self, old_event_id: str, new_event_id: str) -> None:
        """A refused `response.create` went out again under another id."""
        for ask in self._open:
            if ask.event_id == old_event_id:
                ask.event_id = new_event_id

    def committed(self) -> None:
        """The server committed a user turn."""
        if self.server_replies:
            self._commits += 1

    def answered(self, metadata: Mapping[str, str]) -> str:
        """A response started: the ask it answers, or empty."""
        named = metadata.get(ASK_KEY, "")
        if named:
            self._echoes = True
            self._open = [ask for ask in self._open if ask.ask_id != named]
            return named
        if self._echoes or not self._open:
            return ""
        oldest = self._open[0]
        if self._commits > oldest.commits_seen:
            oldest.commits_seen = self._commits
            return ""
        return self._open.pop(0).ask_id

    def refused(self, error: WireError) -> str:
        """An error arrived: the ask it refuses, or empty.

        `error.event_id` names it. Where the server leaves that empty, "already has an active response" can only be
        about the newest open request.
        """
        for ask in self._open:
            if error.event_id and ask.event_id == error.event_id:
                self._open.remove(ask)
                return ask.ask_id
        active = error.code == _ACTIVE or _ACTIVE_WORDS in error.message.lower()
        if active and not error.event_id and self._open:
            return self._open.pop().ask_id
        return ""
