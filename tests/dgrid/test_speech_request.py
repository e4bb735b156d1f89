from __future__ import annotations

import pytest
from pydantic import ValidationError

from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.speech_request import CustomVoice, SpeechRequest


def asking(words="Hello.", **more):
    return SpeechRequest(model="tts-1", input=words, **{"voice": "alloy", **more})


def test_what_is_documented_is_sent_and_nothing_else():
    assert asking().to_json() == {"model": "tts-1", "input": "Hello.", "voice": "alloy"}
    assert asking(response_format="wav", speed=1.5).to_json() == {
        "model": "tts-1", "input": "Hello.", "voice": "alloy", "response_format": "wav", "speed": 1.5,
    }  # fmt: skip


def test_what_upstream_adds_is_sent_where_it_is_asked_for():
    sent = asking(voice=CustomVoice(id="voice_1"), instructions="Whisper.", stream_format="sse").to_json()
    assert (sent["voice"], sent["instructions"], sent["stream_format"]) == ({"id": "voice_1"}, "Whisper.", "sse")


@pytest.mark.parametrize("words", ["x", "x" * 4096, "äöü" * 1365])
def test_as_many_characters_as_a_server_says_at_once(words):
    assert asking(words).input == words


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("my secret " * 410, "4100 characters are more than the 4096 a server says at once: cut the text"),
        ("", "nothing to say: give it at least one word"),
        (" \n\t", "nothing to say"),
    ],
)
def test_words_that_cannot_be_said_are_refused_with_the_fix_and_not_shown(words, told):
    with pytest.raises(ValidationError, match=told) as caught:
        asking(words)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [{"voice": ""}, {"voice": {"id": ""}}, {"speed": 0.2}, {"speed": 4.1}, {"response_format": "mp4"}, {"pitch": 1}],
)
def test_what_no_server_takes_is_refused(wrong):
    with pytest.raises(ValidationError, match="for SpeechRequest"):
        asking(**wrong)


@pytest.mark.parametrize(
    ("name", "kind"), [(None, AudioKind.MP3), ("opus", AudioKind.OGG), ("pcm", AudioKind.PCM), ("aac", AudioKind.AAC)]
)
def test_the_kind_that_is_asked_for(name, kind):
    assert asking(response_format=name).kind is kind
