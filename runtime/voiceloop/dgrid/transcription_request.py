"""What is asked of a model that listens. Fields are as DGrid documents them unless they say more."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from voiceloop.dgrid.recordings import RecordingRequest
from voiceloop.dgrid.shape import RequestShape

__all__ = ["ServerVad", "TranscriptionRequest", "TranslationRequest"]


class ServerVad(RequestShape):
    """Where the server is to cut a long recording. Upstream only."""

    type: Literal["server_vad"] = "server_vad"
    prefix_padding_ms: int | None = Field(default=None, ge=0)
    silence_duration_ms: int | None = Field(default=None, ge=0)
    threshold: float | None = Field(default=None, ge=0, le=1)


class TranscriptionRequest(RecordingRequest):
    """A recording for `POST /v1/audio/transcriptions`."""

    language: str | None = Field(default=None, min_length=1)
    """ISO 639-1, such as `en`."""
    timestamp_granularities: tuple[Literal["word", "segment"], ...] = ()
    """Upstream only, with `verbose_json`."""
    include: tuple[Literal["logprobs"], ...] = ()
    """Upstream only."""
    chunking_strategy: Literal["auto"] | ServerVad | None = None
    """Upstream only; models that tell speakers apart want it for more than 30 s."""
    keywords: tuple[str, ...] = ()
    """Words to expect. Upstream only."""
    languages: tuple[str, ...] = ()
    """What may be spoken. Upstream only."""
    known_speaker_names: tuple[str, ...] = ()
    """Upstream only, with `diarized_json`."""
    known_speaker_references: tuple[str, ...] = Field(default=(), repr=False)
    """For each name a `data:` URL of 2 to 10 s of that voice."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.timestamp_granularities and self.response_format != "verbose_json":
            raise ValueError("timestamp_granularities need response_format verbose_json: ask for that, or for neither")
        if len(self.known_speaker_names) != len(self.known_speaker_references):
            raise ValueError("each known speaker needs a name and a reference: give as many of one as of the other")
        return self


class TranslationRequest(RecordingRequest):
    """A recording for `POST /v1/audio/translations`: what was said, in English. Upstream only Whisper can."""

    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] | None = None
    """`json` by default."""
