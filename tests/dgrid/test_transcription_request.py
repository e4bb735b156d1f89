from __future__ import annotations

import pytest
from pydantic import ValidationError

from dgrid import sounds
from voiceloop.dgrid.transcription_request import ServerVad, TranscriptionRequest, TranslationRequest


def asking(**more):
    return TranscriptionRequest(model="m", audio=sounds.WAV, **more)


def test_what_is_not_given_is_not_sent():
    assert asking().fields() == {"model": "m"}


def test_what_upstream_adds_is_sent_where_it_is_asked_for():
    request = asking(
        language="en",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        include=["logprobs"],
        chunking_strategy=ServerVad(threshold=0.5, silence_duration_ms=200),
        keywords=["DGrid"],
        languages=["en", "de"],
        known_speaker_names=["Anna"],
        known_speaker_references=["data:audio/wav;base64,AA=="],
    )
    assert request.fields() == {
        "model": "m",
        "response_format": "verbose_json",
        "language": "en",
        "timestamp_granularities": ["word", "segment"],
        "include": ["logprobs"],
        "chunking_strategy": {"type": "server_vad", "silence_duration_ms": "200", "threshold": "0.5"},
        "keywords": ["DGrid"],
        "languages": ["en", "de"],
        "known_speaker_names": ["Anna"],
        "known_speaker_references": ["data:audio/wav;base64,AA=="],
    }
    assert asking(chunking_strategy="auto").fields()["chunking_strategy"] == "auto"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"timestamp_granularities": ["word"]}, "need response_format verbose_json"),
        ({"known_speaker_names": ["Anna"]}, "as many of one as of the other"),
        ({"language": ""}, "language"),
        ({"include": ["everything"]}, "include"),
    ],
)
def test_what_does_not_fit_together_is_refused(wrong, told):
    with pytest.raises(ValidationError, match=told):
        asking(**wrong)


@pytest.mark.parametrize("wrong", [{"language": "en"}, {"response_format": "diarized_json"}])
def test_a_translation_has_no_language_and_tells_nobody_apart(wrong):
    assert TranslationRequest(model="m", audio=sounds.WAV, response_format="srt").fields()["response_format"] == "srt"
    with pytest.raises(ValidationError, match="for TranslationRequest"):
        TranslationRequest(model="m", audio=sounds.WAV, **wrong)
