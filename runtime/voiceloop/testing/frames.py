"""Where the frames of a websocket begin and end in a stream of bytes, so that a proxy can break it where it likes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from voiceloop.testing.conditions import Piece

__all__ = ["FrameSplitter", "close_frame"]

_HEAD_END = b"\r\n\r\n"
_MAX_HEAD_BYTES = 65_536
_FIN, _CONTROL, _MASKED, _LENGTH = 0x80, 0x08, 0x80, 0x7F
_LONGER = {126: 2, 127: 8}
"""Bytes of a length that does not fit into 7 bits."""


class FrameSplitter:
    """One direction of a connection: the head of an upgrade, then frames. What begins otherwise is not looked into."""

    def __init__(self) -> None:
        self.state: Literal["head", "frames", "opaque"] = "head"
        self._head = bytearray()
        self._header = bytearray()
        self._left = 0
        """Bytes of the frame's payload still to come."""

    @property
    def is_between(self) -> bool:
        """Another frame could be put in here."""
        return self.state == "frames" and not self._header

    def split(self, data: bytes) -> Iterator[tuple[bytes, Piece]]:
        """Yield the same bytes in pieces, none of which reaches over the end of a frame."""
        while data:
            size, piece = self._next(data)
            yield data[:size], piece
            data = data[size:]

    def _next(self, data: bytes) -> tuple[int, Piece]:
        if self.state == "head":
            return self._read_head(data), "other"
        if self.state == "opaque":
            return len(data), "other"
        return self._read_frame(data)

    def _read_head(self, data: bytes) -> int:
        """Take the head of a request or a response; tells how much of `data` belongs to it."""
        before = len(self._head)
        self._head += data
        end = self._head.find(_HEAD_END)
        if end >= 0:
            switched = self._head.startswith((b"GET ", b"HTTP/1.1 101"))
            self.state = "frames" if switched else "opaque"
            return end + len(_HEAD_END) - before
        if len(self._head) > _MAX_HEAD_BYTES or not _could_be_http(bytes(self._head)):
            self.state = "opaque"
        return len(data)

    def _read_frame(self, data: bytes) -> tuple[int, Piece]:
        taken = self._read_header(data)
        payload = min(self._left, len(data) - taken) if self._header_done else 0
        self._left -= payload
        control = self._header[0] & _CONTROL
        whole = self._header_done and not self._left
        final = whole and self._header[0] & _FIN
        if whole:
            self._header.clear()
        return taken + payload, "other" if control else "message" if final else "part"

    def _read_header(self, data: bytes) -> int:
        """Take what is missing of the header; tells how much of `data` that is."""
        taken = 0
        while not self._header_done and taken < len(data):
            self._header.append(data[taken])
            taken += 1
            if self._header_done:
                self._left = self._payload_bytes()
        return taken

    @property
    def _header_done(self) -> bool:
        return len(self._header) > 1 and len(self._header) == self._header_bytes()

    def _header_bytes(self) -> int:
        second = self._header[1]
        return 2 + _LONGER.get(second & _LENGTH, 0) + (4 if second & _MASKED else 0)

    def _payload_bytes(self) -> int:
        short = self._header[1] & _LENGTH
        longer = _LONGER.get(short)
        return short if longer is None else int.from_bytes(self._header[2 : 2 + longer], "big")


def close_frame(code: int, reason: str) -> bytes:
    """A close frame as servers send it. The reason is cut to what a control frame can hold."""
    body = code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()
    return bytes([_FIN | _CONTROL, len(body)]) + body


def _could_be_http(start: bytes) -> bool:
    return any(start.startswith(prefix) or prefix.startswith(start) for prefix in (b"GET ", b"HTTP/"))
