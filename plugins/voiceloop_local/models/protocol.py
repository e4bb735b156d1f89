"""What the model process and its parent say to each other over two pipes, without doing any I/O.

A frame is a big-endian header length and payload length (4 bytes each), a JSON header that is one of the messages
below, and a payload of PCM bytes. Several requests are under way at a time; replies carry the id of their request.
"""

from __future__ import annotations

import struct
from typing import Final, Generic, TypeVar

import msgspec

from voiceloop.errors import DeviceError

__all__ = [
    "WINDOW",
    "Answer",
    "Cancel",
    "Chunk",
    "Failed",
    "FrameReader",
    "Identified",
    "Identify",
    "Lacking",
    "Loaded",
    "More",
    "Ready",
    "Report",
    "Request",
    "Speak",
    "Spoken",
    "Transcribe",
    "Transcribed",
    "Translate",
    "encode",
]

WINDOW: Final = 4
"""Chunks of one speech that may be under way before the listener has asked for more."""
_LENGTHS: Final = struct.Struct(">II")
_LARGEST_HEADER: Final = 1 << 20
_LARGEST_PAYLOAD: Final = 1 << 27
"""Half an hour of 24 kHz speech is 86 MB."""


class Transcribe(msgspec.Struct, frozen=True, tag=True):
    """Recognise the payload, 16-bit mono PCM; answered by `Transcribed` or `Failed`."""

    id: int
    rate_hz: int
    language: str = "en"
    vocabulary: tuple[str, ...] = ()


class Translate(Transcribe, frozen=True, tag=True):
    """Recognise the payload, which is in `language`, and write it in English; answered as a `Transcribe` is."""


class Identify(msgspec.Struct, frozen=True, tag=True):
    """Tell which language the payload is in; answered by `Identified` or `Failed`."""

    id: int
    rate_hz: int
    among: tuple[str, ...]
    """The languages it may be, as tags."""


class Speak(msgspec.Struct, frozen=True, tag=True):
    """Synthesise `text`; answered by any number of `Chunk`, then `Spoken` or `Failed`."""

    id: int
    text: str
    language: str = "en"


class More(msgspec.Struct, frozen=True, tag=True):
    """One chunk of this speech was taken: one more may come."""

    id: int


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Nobody waits for this request any more; unanswered."""

    id: int


Request = Transcribe | Translate | Identify | Speak | More | Cancel


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """One model is loaded and warm."""

    part: str
    took_s: float


class Ready(msgspec.Struct, frozen=True, tag=True):
    """All models are loaded; requests are answered from now on."""


class Transcribed(msgspec.Struct, frozen=True, tag=True):
    """The words of a `Transcribe`; empty when nobody spoke."""

    id: int
    text: str


class Identified(msgspec.Struct, frozen=True, tag=True):
    """The likeliest language of an `Identify`, empty when nobody spoke."""

    id: int
    language: str
    probability: float


class Chunk(msgspec.Struct, frozen=True, tag=True):
    """The payload is the next stretch of a speech, 16-bit mono PCM at 24 kHz."""

    id: int


class Spoken(msgspec.Struct, frozen=True, tag=True):
    """That was all of a speech."""

    id: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A request failed, or with id 0 a model did not load. `message` is one line for people."""

    id: int
    message: str


class Lacking(Failed, frozen=True, tag=True):
    """A request failed, for its language needs what is not installed."""


Answer = Transcribed | Identified | Chunk | Spoken | Failed | Lacking
Report = Loaded | Ready | Answer

# msgspec looks at a type when it first needs it, and two threads that do so at once crash the process.
msgspec.json.Decoder(Request)
msgspec.json.Decoder(Report)

Message = TypeVar("Message")


def encode(message: Request | Report, payload: bytes = b"") -> bytes:
    """Return one frame."""
    header = msgspec.json.encode(message)
    return b"".join((_LENGTHS.pack(len(header), len(payload)), header, payload))


class FrameReader(Generic[Message]):
    """Cuts a stream of bytes, in pieces of any size, into messages of one side (`Request` or `Report`)."""

    __slots__ = ("_buffer", "_decoder")

    def __init__(self, side: type[Message]) -> None:
        self._decoder = msgspec.json.Decoder(side)
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[tuple[Message, bytes]]:
        """Return what is complete now. Raises DeviceError on bytes that are no frame; the stream is lost then."""
        self._buffer += data
        found: list[tuple[Message, bytes]] = []
        start = 0
        while (end := self._frame_end(start)) is not None:
            found.append(self._decode(start, end))
            start = end
        del self._buffer[:start]
        return found

    def _frame_end(self, start: int) -> int | None:
        body = start + _LENGTHS.size
        if len(self._buffer) < body:
            return None
        header, payload = _LENGTHS.unpack_from(self._buffer, start)
        if header > _LARGEST_HEADER or payload > _LARGEST_PAYLOAD:
            raise DeviceError("the model process and voiceloop do not understand each other; restart voiceloop")
        end: int = body + header + payload
        return end if len(self._buffer) >= end else None

    def _decode(self, start: int, end: int) -> tuple[Message, bytes]:
        body = start + _LENGTHS.size
        header: int = _LENGTHS.unpack_from(self._buffer, start)[0]
        try:
            message = self._decoder.decode(self._buffer[body : body + header])
        except msgspec.MsgspecError as error:
            raise DeviceError(
                f"the model process and voiceloop differ in version ({error}); restart voiceloop"
            ) from error
        return message, bytes(self._buffer[body + header : end])
