"""The two messages that come fifty times a second each way, written and read without the codec's generality."""

from __future__ import annotations

from typing import Final

import msgspec

from voiceloop.wire.codec import decode_base64
from voiceloop.wire.names import AUDIO_DELTAS

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


class _WordyDelta(msgspec.Struct, gc=False):
    """The same with base64 left alone, for servers that do not pad it."""

    type: str
    delta: str
    response_id: str = ""
    item_id: str = ""
    content_index: int = 0


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(AudioDelta).decode
_decode_wordy: Final = msgspec.json.Decoder(_WordyDelta).decode


def append_frame(payload: bytes) -> bytes:
    """The `input_audio_buffer.append` frame of some audio in the wire encoding; base64 is the standard, padded one."""
    return b"".join((_PREFIX, _encode(payload), b"}"))


def audio_delta(frame: bytes | str) -> AudioDelta | None:
    """Read an audio delta of either dialect; None when the frame is anything else or broken."""
    if (_MARK not in frame) if isinstance(frame, str) else (_MARK_BYTES not in frame):
        return None
    try:
        delta = _decode(frame)
    except (msgspec.MsgspecError, UnicodeError):
        return _unpadded(frame)
    return delta if delta.type in AUDIO_DELTAS else None


def _unpadded(frame: bytes | str) -> AudioDelta | None:
    try:
        words = _decode_wordy(frame)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    audio = decode_base64(words.delta) if words.type in AUDIO_DELTAS else None
    if audio is None:
        return None
    return AudioDelta(words.type, audio, words.response_id, words.item_id, words.content_index)
