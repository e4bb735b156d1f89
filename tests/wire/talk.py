"""A protocol object and the server it talks to, so that a test reads as a conversation."""

from __future__ import annotations

import base64
import json

from voiceloop.events import EngineLost, Event
from voiceloop.vocabulary import Cause
from voiceloop.wire.protocol import RealtimeProtocol, SessionConfig
from voiceloop.wire.replies import AudioChunk

BETA_CREATED = {"id": "sess_1", "modalities": ["text", "audio"], "input_audio_format": "pcm16"}
GA_CREATED = {"id": "sess_1", "type": "realtime", "output_modalities": ["audio"]}
SPOKEN = {"beta": BETA_CREATED, "ga": GA_CREATED}


class Talk:
    """The protocol, a clock, and what the server says."""

    SILENCE = AudioChunk("", "", 0, b"")

    def __init__(self, config: SessionConfig | None = None, dialect: str = "ga", *, auto: bool = True) -> None:
        self.protocol = RealtimeProtocol(config or SessionConfig("gpt-realtime"), dialect, auto=auto)
        self.now = 0.0

    def connect(self) -> None:
        """The upgrade succeeds."""
        self.protocol.connected(self.now)

    def says(self, type_: str, **fields: object) -> list[Event]:
        """The server sends an event."""
        return self.protocol.receive(json.dumps({"type": type_, **fields}), self.now)

    def errs(self, code: str | None = None, message: str = "", **fields: object) -> list[Event]:
        """The server sends an error."""
        return self.says("error", error={"type": "invalid_request_error", "code": code, "message": message, **fields})

    def sounds(self, audio: bytes, response_id: str = "r1", item_id: str = "a1", **fields: object) -> AudioChunk | None:
        """The server sends sound."""
        delta = base64.b64encode(audio).decode()
        spot = {"response_id": response_id, "item_id": item_id, "content_index": 0}
        frame = {"type": "response.output_audio.delta", **spot, **fields, "delta": delta}
        return self.protocol.audio(json.dumps(frame).encode())

    def waits(self, seconds: float) -> list[Event]:
        """Time passes; deadlines on the way come due."""
        until = self.now + seconds
        told: list[Event] = []
        while (due := self.protocol.deadline()) is not None and due <= until:
            self.now = due
            told += self.protocol.expire(due)
        self.now = until
        return told

    def sent(self) -> list[dict]:
        """What the protocol wants sent, as JSON."""
        return [json.loads(frame) for frame in self.protocol.take_frames()]

    def types(self) -> list[str]:
        """Types of what the protocol wants sent."""
        return [frame["type"] for frame in self.sent()]


def ready(config: SessionConfig | None = None, dialect: str = "ga", **session: object) -> Talk:
    """A talk whose session is configured and whose frames so far are sent. `session` is what is in force."""
    talk = Talk(config, dialect)
    talk.connect()
    talk.says("session.created", session=SPOKEN[dialect])
    talk.says("session.updated", session={**SPOKEN[dialect], **session})
    talk.sent()
    return talk


def greeted(config: SessionConfig, dialect: str = "ga", *, auto: bool = True, session: dict | None = None) -> tuple:
    """A talk whose first session update is out, and that update."""
    talk = Talk(config, dialect, auto=auto)
    talk.connect()
    assert talk.says("session.created", session=SPOKEN[dialect] if session is None else session) == []
    (update,) = talk.sent()
    return talk, update


def lost(told: list[Event]) -> Cause:
    """Why the engine was lost, when that is all that was told."""
    (event,) = told
    assert isinstance(event, EngineLost)
    return event.cause
