from __future__ import annotations

import base64
import json

import pytest

from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_connection import Connection


class Peer:
    """A client of the pure gateway: sends events, lets time pass, keeps what it was sent."""

    def __init__(self, gateway: ScriptedGateway, *, beta: bool = False, path: str = "/v1/realtime?model=m") -> None:
        self.now_s = 5.0
        answer = gateway.connect(path, {"OpenAI-Beta": "realtime=v1"} if beta else {}, self.now_s)
        assert isinstance(answer, Connection)
        self.connection = answer
        self.raw: list[object] = []
        answer.greet()
        self.greeting = self._take()

    def _take(self):
        outputs = self.connection.outbox.take(self.now_s)
        self.raw += outputs
        events = []
        for output in outputs:
            try:
                events.append(json.loads(output))
            except (TypeError, ValueError):
                events.append(output)
        return events

    def send(self, event_type, **fields):
        """Send an event; returns what is sent back at once."""
        return self.send_raw(json.dumps({"type": event_type, **fields}))

    def send_raw(self, payload):
        self.connection.receive(payload, self.now_s)
        return self._take()

    def speak(self, pcm):
        return self.send("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())

    def pass_time(self, duration_s):
        """Returns what is sent meanwhile."""
        self.now_s += duration_s
        return self._take()


def types(events):
    return [event["type"] for event in events]


@pytest.fixture
def peer():
    """Builds a client: `peer(gateway, beta=True)`."""
    return Peer
