"""A realtime server that costs little: it paces audio to every session and notes when each appended frame arrived.

Run in a process of its own; prints its port. `GET /reset` forgets the notes, `GET /stats` answers them as JSON.
Audio frames carry the time they were handed over in their first eight bytes, on the clock both processes share.
"""

# ruff: noqa: D102, PLR2004 - the names say it; the numbers are those of RFC 6455, 5.2
from __future__ import annotations

import asyncio
import binascii
import json
import os
import struct
import time
from array import array

import uvloop
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.utils import apply_mask

FRAME_S = 0.02
FRAME_BYTES = 960
STAMP = struct.Struct("<q")
PHASES = 64
ITEM = {"id": "item_1", "object": "realtime.item", "type": "message", "role": "assistant", "content": []}
WHERE = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
DELTA = json.dumps({"type": "response.output_audio.delta", "event_id": "event_12345", **WHERE, "delta": ""}).encode()
SPEAKS = [
    {"type": "response.created", "response": {"id": "resp_1", "object": "realtime.response", "status": "in_progress"}},
    {"type": "response.output_item.added", "response_id": "resp_1", "output_index": 0, "item": ITEM},
    {"type": "conversation.item.added", "previous_item_id": None, "item": ITEM},
    {"type": "response.content_part.added", **WHERE, "part": {"type": "audio", "transcript": ""}},
]
PCM = {"type": "audio/pcm", "rate": 24_000}
SESSION = {
    "id": "sess_1",
    "type": "realtime",
    "object": "realtime.session",
    "model": "bench",
    "output_modalities": ["audio"],
    "audio": {"input": {"format": PCM, "turn_detection": {"type": "server_vad"}}, "output": {"format": PCM}},
}


class Notes:
    """What arrived since the last reset."""

    def __init__(self) -> None:
        self.sessions = 0
        self.reset()

    def reset(self) -> None:
        self.uplink_ns = array("q")
        self.sent = 0
        self.first_append_ns = 0


class Peer(asyncio.Protocol):
    """One connection: websocket, or plain HTTP for the notes."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.protocol: ServerProtocol | None = ServerProtocol()
        self.buffer = bytearray()
        self.timer: asyncio.TimerHandle | None = None
        self.quiet = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if self.protocol is None:
            self.buffer += data
            self.read_frames(now)
        elif data.startswith((b"GET /stats", b"GET /reset")):
            self.answer(data)
        else:
            self.upgrade(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.protocol is None:
            self.notes.sessions -= 1

    def answer(self, request: bytes) -> None:
        notes = self.notes
        told = {"sent": notes.sent, "uplink_ns": notes.uplink_ns.tolist(), "first_append_ns": notes.first_append_ns}
        if request.startswith(b"GET /reset"):
            notes.reset()
            told = {"sessions": notes.sessions}
        body = json.dumps(told).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()

    def upgrade(self, data: bytes) -> None:
        protocol = self.protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Request):
                self.quiet = "model=idle" in event.path
                protocol.send_response(protocol.accept(event))
                self.transport.write(b"".join(protocol.data_to_send()))
                self.protocol = None
                self.notes.sessions += 1
                self.send({"type": "session.created", "event_id": "event_1", "session": SESSION})

    def read_frames(self, now: int) -> None:
        buffer, at = self.buffer, 0
        while len(buffer) - at >= 6:
            kind, size, head = buffer[at] & 15, buffer[at + 1] & 127, 2
            if size == 126:
                size, head = int.from_bytes(buffer[at + 2 : at + 4], "big"), 4
            elif size == 127:
                if len(buffer) - at < 14:
                    break
                size, head = int.from_bytes(buffer[at + 2 : at + 10], "big"), 10
            if len(buffer) - at < head + 4 + size:
                break
            mask = bytes(buffer[at + head : at + head + 4])
            self.frame(kind, bytes(buffer[at + head + 4 : at + head + 4 + size]), mask, now)
            at += head + 4 + size
        del buffer[:at]

    def frame(self, kind: int, masked: bytes, mask: bytes, now: int) -> None:
        if kind == 8:
            self.transport.write(b"\x88\x00")
            self.transport.close()
        elif kind == 9:
            self.transport.write(bytes((0x8A, len(masked))) + apply_mask(masked, mask))
        elif kind == 1:
            head = apply_mask(masked[:96], mask)
            if b"buffer.append" in head:
                self.append(head, now)
            else:
                self.event(json.loads(apply_mask(masked, mask)))

    def append(self, head: bytes, now: int) -> None:
        start = head.index(b'"', head.index(b'"audio"') + 7) + 1
        (stamp,) = STAMP.unpack(binascii.a2b_base64(head[start : start + 12])[:8])
        self.notes.uplink_ns.append(now - stamp)
        self.notes.first_append_ns = self.notes.first_append_ns or now

    def event(self, event: dict[str, object]) -> None:
        if event["type"] == "session.update":
            self.send({"type": "session.updated", "event_id": "event_2", "session": SESSION})
            if not self.quiet and self.timer is None:
                for each in SPEAKS:
                    self.send({"event_id": "event_3", **each})
                loop = asyncio.get_running_loop()
                phase = (self.notes.sessions * 37 % PHASES) / PHASES * FRAME_S
                self.due = loop.time() + phase
                self.timer = loop.call_at(self.due, self.speak)

    def speak(self) -> None:
        loop = asyncio.get_running_loop()
        self.due += FRAME_S
        self.timer = loop.call_at(self.due, self.speak)
        audio = binascii.b2a_base64(STAMP.pack(time.monotonic_ns()) + bytes(FRAME_BYTES - 8), newline=False)
        self.write_text(DELTA[:-2] + audio + b'"}')
        self.notes.sent += 1

    def send(self, event: dict[str, object]) -> None:
        self.write_text(json.dumps(event).encode())

    def write_text(self, payload: bytes) -> None:
        size = len(payload)
        head = b"\x81" + (bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big"))
        self.transport.write(head + payload)


async def main() -> None:
    """Serve until standard input ends, which it does with the parent."""
    notes = Notes()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Peer(notes), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()

    class Parent(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            ended.set()

    await loop.connect_read_pipe(Parent, os.fdopen(0, "rb", buffering=0))
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(main())
