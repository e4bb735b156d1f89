"""What a dialect must know. The rest of the server thinks in GA names and lets the dialect translate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from voiceloop.vocabulary import Encoding
from voiceloop_local.realtime.checks import Json
from voiceloop_local.realtime.config import ReplySettings, SessionConfig
from voiceloop_local.realtime.items import Part, StoredItem

__all__ = ["Dialect"]

NewId = Callable[[str], str]


class Dialect(Protocol):
    """One spelling of the protocol. Readers raise `ClientEventError` and change nothing."""

    @property
    def ga(self) -> bool:
        """GA, else beta."""

    def read_session(self, config: SessionConfig, raw: object, *, has_spoken: bool) -> SessionConfig:
        """`config` with the fields of a `session.update` laid over; absent fields stay."""

    def show_session(self, config: SessionConfig, session_id: str, expires_at: int) -> Json:
        """The full effective session object."""

    def read_reply(self, config: SessionConfig, raw: object, new_id: NewId) -> ReplySettings:
        """`config` with the fields of a `response.create` laid over."""

    def show_reply_settings(self, settings: ReplySettings) -> Json:
        """The settings a response object shows."""

    def read_item(self, raw: object, path: str, new_id: NewId, encoding: Encoding) -> StoredItem:
        """An item the client wants created."""

    def show_item(self, item: StoredItem, encoding: Encoding | None = None) -> Json:
        """An item; with its audio in `encoding` when that is given."""

    def show_part(self, part: Part) -> Json:
        """A part as `response.content_part` events show it."""

    def item_added(self, item: StoredItem, previous_id: str | None) -> list[Json]:
        """The event that announces an item of the conversation."""

    def item_done(self, item: StoredItem, previous_id: str | None) -> list[Json]:
        """The event that says an item will not change any more, where there is one."""

    def translate(self, event: Json) -> Json:
        """An event in this dialect's names."""
