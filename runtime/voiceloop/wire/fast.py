"""The two messages that come fifty times a second each way, written and read without the codec's generality."""

from __future__ import annotations

from typing import Final

import msgspec

from voiceloop.wire.codec import decode
from voiceloop.wire.names import AUDIO_DELTAS
from voiceloop.wire.server import AudioDelta as ServerAudioDelta

__all__ = ["AudioDelta", "append_frame", "audio_delta"]

_PREFIX: Final = b'{"type":"input_audio_buffer.append","audio":'
_MARK: Final = "audio.delta"  # in both spellings, and in no transcript's
_MARK_BYTES: Final = _MARK.encode()


class AudioDelta(msgspec.Struct, gc=False):
    """An audio delta, with only the fields used. `delta` is the sound in the wire encoding, already out of base64."""

    type: str
    delta: bytes
    response_id: str = ""
    item_id: str = ""
    content_index: int = 0


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(AudioDelta).decode


def append_frame(payload: bytes) -> bytes:
    """The `input_audio_buffer.append` frame of some audio in the wire encoding; base64 is the standard, padded one."""
    return b"".join((_PREFIX, _encode(payload), b"}"))


def audio_delta(frame: bytes | str) -> AudioDelta | None:
    """Read an audio delta of either dialect; None when the frame is anything else or broken."""
    if (_MARK not in frame) if isinstance(frame, str) else (_MARK_BYTES not in frame):
        return None
    try:
        delta = _decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _tolerant(frame)
    return delta if delta.type in AUDIO_DELTAS else None


def _tolerant(frame: bytes | str) -> AudioDelta | None:
    """Read what the struct refuses: base64 without padding, an index that is null."""
    event = decode(frame)
    if not isinstance(event, ServerAudioDelta):
        return None
    spot = event.spot
    return AudioDelta("response.output_audio.delta", event.audio, spot.response_id, spot.item_id, spot.content_index)
