"""One realtime session over one socket: reads client events, hands them to whoever answers, ends in time."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from voiceloop_local.realtime.beta import BetaDialect
from voiceloop_local.realtime.checks import ClientEventError, Fields, Json, invalid_value, missing
from voiceloop_local.realtime.config import ReplySettings, SessionConfig
from voiceloop_local.realtime.conversation import Conversation
from voiceloop_local.realtime.desk import ItemDesk
from voiceloop_local.realtime.dialect import Dialect
from voiceloop_local.realtime.ga import GaDialect
from voiceloop_local.realtime.idle import IdleWatch
from voiceloop_local.realtime.items import StoredItem
from voiceloop_local.realtime.replies import Replies
from voiceloop_local.realtime.shared import Crew, Models, Outbox, Peer, PeerGoneError, Shared
from voiceloop_local.realtime.tongue import Tongue
from voiceloop_local.realtime.turns import DetectorFactory, Turns

__all__ = ["Limits", "RealtimeSession"]

_log = logging.getLogger(__name__)

GOING_AWAY = 1001
LONGEST_EVENT_ID = 512

_FIELDS = {
    "session.update": ("session",),
    "input_audio_buffer.append": ("audio",),
    "input_audio_buffer.commit": (),
    "input_audio_buffer.clear": (),
    "conversation.item.create": ("item", "previous_item_id"),
    "conversation.item.retrieve": ("item_id",),
    "conversation.item.truncate": ("item_id", "content_index", "audio_end_ms"),
    "conversation.item.delete": ("item_id",),
    "response.create": ("response",),
    "response.cancel": ("response_id",),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a session, and what it is given when its client asks for nothing else."""

    minutes: float = 60.0
    language: str = "en"
    """A tag, or `auto`: the language of a client that names none."""


class RealtimeSession:
    """Serves one client until it leaves or the session has lasted as long as it may."""

    def __init__(
        self, peer: Peer, model: str, models: Models, detector_for: DetectorFactory, *, ga: bool, limits: Limits
    ) -> None:
        self._peer = peer
        self._model = model
        self._models = models
        self._detector_for = detector_for
        self._dialect: Dialect = GaDialect() if ga else BetaDialect()
        self._limits = limits

    async def run(self, now_unix_s: float) -> None:
        """Serve the client; returns when it is gone. Cancelling ends the session without a word."""
        outbox = Outbox(self._peer)
        try:
            async with asyncio.TaskGroup() as group:
                crew = Crew(group)
                try:
                    crew.spawn("send", outbox.run())
                    shared = self._share(outbox, crew)
                    await self._serve(shared, now_unix_s)
                finally:
                    crew.dismiss()
        except* PeerGoneError as gone:
            _log.debug("the client left: %s", gone.exceptions[0])

    def _share(self, outbox: Outbox, crew: Crew) -> Shared:
        return Shared(
            config=SessionConfig(self._model),
            conversation=Conversation(_new_id("conv")),
            dialect=self._dialect,
            models=self._models,
            outbox=outbox,
            crew=crew,
            new_id=_new_id,
            tongue=Tongue(self._limits.language),
        )

    async def _serve(self, shared: Shared, now_unix_s: float) -> None:
        desk = _Reception(shared, self._detector_for, round(now_unix_s + self._limits.minutes * 60))
        desk.greet()
        try:
            async with asyncio.timeout(self._limits.minutes * 60):
                while True:
                    desk.receive(await self._peer.recv())
        except TimeoutError:
            await self._expire(shared)

    async def _expire(self, shared: Shared) -> None:
        reason = f"Your session hit the maximum duration of {self._limits.minutes:g} minutes."
        shared.emit(_error(ClientEventError("session_expired", reason), None))
        await shared.outbox.flush()
        await self._peer.close(GOING_AWAY, reason)


class _Reception:
    """Takes the client's events in order, each completely before the next."""

    def __init__(self, shared: Shared, detector_for: DetectorFactory, expires_at: int) -> None:
        self._shared = shared
        self._session_id = _new_id("sess")
        self._expires_at = expires_at
        self._replies = Replies(shared)
        self._turns = Turns(shared, detector_for, self._speech_began, self._turn_ended)
        self._idle = IdleWatch(shared, self._turns, self._replies)
        self._replies.on_started = self._idle.stop
        self._replies.on_finished = self._idle.reply_finished
        desk = ItemDesk(shared, self._turns)
        self._handlers: dict[str, Callable[[Fields], None]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._turns.append,
            "input_audio_buffer.commit": self._turns.commit,
            "input_audio_buffer.clear": self._turns.clear,
            "conversation.item.create": desk.create,
            "conversation.item.retrieve": desk.retrieve,
            "conversation.item.truncate": desk.truncate,
            "conversation.item.delete": desk.delete,
            "response.create": lambda event: self._replies.create(event, self._turns),
            "response.cancel": self._replies.cancel,
        }

    def greet(self) -> None:
        """Announce the session and its conversation."""
        conversation = {"id": self._shared.conversation.conversation_id, "object": "realtime.conversation"}
        self._shared.emit(
            {"type": "session.created", "session": self._show()},
            {"type": "conversation.created", "conversation": conversation},
        )

    def receive(self, frame: str | bytes) -> None:
        """Carry out one client event, or say why not."""
        event_id: str | None = None
        try:
            raw = _decode(frame)
            given_id = raw.pop("event_id", None)
            event_id = given_id if isinstance(given_id, str) and len(given_id) <= LONGEST_EVENT_ID else None
            kind = raw.pop("type", None)
            if kind is None:
                raise missing("type")
            if not isinstance(kind, str) or kind not in self._handlers:
                raise invalid_value("type", kind, tuple(self._handlers))
            self._handlers[kind](Fields(raw, "", _FIELDS[kind]))
        except ClientEventError as error:
            self._shared.emit(_error(error, event_id))

    def _update(self, event: Fields) -> None:
        shared = self._shared
        before = shared.config
        has_spoken = shared.conversation.has_spoken
        shared.config = shared.dialect.read_session(before, event.require("session"), has_spoken=has_spoken)
        self._turns.reconfigure(before)
        shared.emit({"type": "session.updated", "session": self._show()})

    def _show(self) -> Json:
        return self._shared.dialect.show_session(self._shared.config, self._session_id, self._expires_at)

    def _speech_began(self) -> None:
        self._idle.stop()
        turns = self._shared.config.turns
        if turns is not None and turns.interrupt_response:
            self._replies.interrupt()

    def _turn_ended(self, item: StoredItem) -> None:
        """Answer the turn, unless a reply is still running: then OpenAI starts none either."""
        turns = self._shared.config.turns
        if turns is not None and turns.create_response and not self._replies.active:
            self._replies.start(ReplySettings.of(self._shared.config), self._turns, item)


def _decode(frame: str | bytes) -> Json:
    if isinstance(frame, bytes):
        raise ClientEventError("invalid_message", "Binary frames are not supported: send events as JSON text.")
    try:
        raw: Any = msgspec.json.decode(frame)
    except (msgspec.DecodeError, RecursionError) as error:
        message = "We could not parse the JSON body of your event."
        raise ClientEventError("invalid_json", message) from error
    if not isinstance(raw, dict):
        raise ClientEventError("invalid_event", "An event must be a JSON object.")
    return raw


def _error(error: ClientEventError, event_id: str | None) -> Json:
    body = {"type": "invalid_request_error", "code": error.code, "message": error.message, "param": error.param}
    return {"type": "error", "error": body | {"event_id": event_id}}


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(10)}"
