"""What is asked of a model that speaks, checked before it is sent. Fields are as DGrid documents them, or say more."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import ConfigDict, Field, field_validator

from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.shape import RequestShape

__all__ = ["LONGEST_INPUT", "CustomVoice", "SpeechRequest"]

LONGEST_INPUT: Final = 4096
"""Characters that DGrid takes at once."""
FORMATS: Final = {"opus": AudioKind.OGG}
"""What a format is called where it has another name than its file ending."""


class CustomVoice(RequestShape):
    """A voice made from samples. Upstream only; many gateways take names alone."""

    id: str = Field(min_length=1)


class SpeechRequest(RequestShape):
    """Words for `POST /v1/audio/speech` to say. What is None is not sent, and the server's default counts.

    Unknown names and wrong values are a ValidationError, which is a ValueError; it does not show the words.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    model: str = Field(min_length=1)
    """Sent as it is; ids are opaque."""
    input: str
    """1 to 4096 characters, not all blank."""
    voice: str | CustomVoice
    """DGrid names `alloy`, `echo`, `fable`, `onyx`, `nova`, `shimmer`. Servers have more, and not those of realtime."""
    instructions: str | None = None
    """How to say it. Upstream only."""
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    """`mp3` by default. The values are upstream's. `pcm` is headerless 16-bit little-endian mono at 24 kHz."""
    speed: float | None = Field(default=None, ge=0.25, le=4)
    stream_format: Literal["audio", "sse"] | None = None
    """Upstream only: `sse` brings the sound in events, and what it cost."""

    @field_validator("input")
    @classmethod
    def _can_be_said(cls, words: str) -> str:
        if not words.strip():
            raise ValueError("there is nothing to say: give it at least one word")
        if len(words) > LONGEST_INPUT:
            raise ValueError(
                f"{len(words)} characters are more than the {LONGEST_INPUT} a server says at once:"
                " cut the text at the ends of sentences and ask for each part"
            )
        return words

    @field_validator("voice")
    @classmethod
    def _is_named(cls, voice: str | CustomVoice) -> str | CustomVoice:
        if not voice:
            raise ValueError("no voice is named: give one that the model has, such as alloy")
        return voice

    @property
    def kind(self) -> AudioKind:
        """What audio is asked for."""
        name = self.response_format or "mp3"
        return FORMATS.get(name) or AudioKind(name)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        return self.model_dump(mode="json", exclude_none=True)
