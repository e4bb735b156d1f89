"""A recording and what is asked about it, checked before it is sent: what transcribing and translating share."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from voiceloop.dgrid.audio_kinds import AudioKind, kind_of_bytes
from voiceloop.dgrid.multipart import Field as FormField
from voiceloop.dgrid.multipart import Upload
from voiceloop.dgrid.shape import RequestShape

__all__ = ["LARGEST_FORM", "RecordingRequest"]

LARGEST_FORM: Final = 25 * 1024 * 1024
"""Bytes that DGrid takes as a file, and upstream as the whole form."""
FRAMING: Final = 64 * 1024
"""Bytes kept for what the form itself adds."""
WAV_HEAD: Final = 44
TYPES: Final = {
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "mpeg": "audio/mpeg",
    "mpga": "audio/mpeg",
    "mp4": "audio/mp4",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "webm": "audio/webm",
}
"""The file endings that DGrid documents. Gateways drop the content type, and vendors go by the ending."""
FIX: Final = "servers take FLAC, MP3, MP4, OGG, WAV and WebM: convert it first"


class RecordingRequest(RequestShape):
    """A recording to make words of. What is None or empty is not sent, and the server's default counts.

    Unknown names and wrong values are a ValidationError, which is a ValueError; it does not show them.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    model: str = Field(min_length=1)
    """Sent as it is; ids are opaque."""
    audio: bytes = Field(repr=False)
    """A whole file of at most 25 MB: FLAC, MP3, MP4, OGG, WAV or WebM. Bare samples belong in a WAV first."""
    file_name: str = Field(default="", repr=False)
    """Never sent. Its ending counts where the first bytes of the audio do not tell what it is."""
    prompt: str | None = None
    """Text that might have come before, or words to expect; for translations in English."""
    temperature: float | None = Field(default=None, ge=0, le=1)
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] | None = None
    """`json` by default. Whisper takes all but `diarized_json`, which is upstream's; most other models only `json`."""

    @field_validator("audio")
    @classmethod
    def _sounds(cls, audio: bytes) -> bytes:
        if len(audio) <= (WAV_HEAD if kind_of_bytes(audio) is AudioKind.WAV else 0):
            raise ValueError("the recording is empty: nothing would be heard in it")
        return audio

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if self.ending not in TYPES:
            what = {"": "this is no audio that can be told from its first bytes", "aac": "this is bare AAC"}
            raise ValueError(f"{what.get(self.ending, f'this is .{self.ending[:8]}')}; {FIX}")
        words = sum(len(text.encode()) for text in texts(self.fields()))
        if len(self.audio) + words + FRAMING > LARGEST_FORM:
            raise ValueError(
                f"the recording has {len(self.audio) / 1024**2:.1f} MB and servers take 25 MB with all that belongs to"
                " it: split it where nobody speaks, or compress it (FLAC halves a WAV, Opus in OGG makes it a tenth)"
            )
        return self

    @property
    def ending(self) -> str:
        """The file ending of what the audio is; what its name says where its bytes do not tell."""
        kind = kind_of_bytes(self.audio)
        return kind.value if kind is not None else self.file_name.rpartition(".")[2].lower()

    @property
    def upload(self) -> Upload:
        """The file to send. Its name says nothing of whoever recorded it."""
        return Upload(f"audio.{self.ending}", TYPES[self.ending], self.audio)

    def fields(self) -> dict[str, FormField]:
        """Return the rest of the form."""
        written = self.model_dump(mode="json", exclude={"audio", "file_name"}, exclude_none=True)
        return {name: field(value) for name, value in written.items() if value != []}


def field(value: Any) -> FormField:  # noqa: ANN401 - whatever a request holds
    """Return a JSON value as a field of a form."""
    if isinstance(value, dict):
        return {key: str(entry) for key, entry in value.items()}
    return [str(entry) for entry in value] if isinstance(value, list) else str(value)


def texts(fields: dict[str, FormField]) -> list[str]:
    """Return all that a form says beside its file."""
    found: list[str] = []
    for value in fields.values():
        found += [value] if isinstance(value, str) else value.values() if isinstance(value, dict) else value
    return found
