from __future__ import annotations

import pytest
from pydantic import ValidationError

from dgrid import sounds
from voiceloop.dgrid.recordings import LARGEST_FORM, RecordingRequest


def asking(audio=sounds.WAV, **more):
    return RecordingRequest(model="whisper-1", audio=audio, **more)


@pytest.mark.parametrize(
    ("audio", "file_name", "sent", "content_type"),
    [
        (sounds.WAV, "", "audio.wav", "audio/wav"),
        (sounds.STREAMED_WAV, "/home/anna/Call with Dr. X.mp3", "audio.wav", "audio/wav"),
        (sounds.MP3, "a", "audio.mp3", "audio/mpeg"),
        (sounds.FLAC, "", "audio.flac", "audio/flac"),
        (sounds.OGG, "a.opus", "audio.ogg", "audio/ogg"),
        (sounds.MP4, "a.m4a", "audio.mp4", "audio/mp4"),
        (sounds.WEBM, "", "audio.webm", "audio/webm"),
        (b"junk before the first frame", "Anna.MP3", "audio.mp3", "audio/mpeg"),
        (b"\x00\x00\x01\xba", "clip.mpeg", "audio.mpeg", "audio/mpeg"),
    ],
)
def test_a_file_is_named_for_what_it_is_and_for_nobody(audio, file_name, sent, content_type):
    upload = asking(audio, file_name=file_name).upload
    assert (upload.file_name, upload.content_type, upload.data) == (sent, content_type, audio)


@pytest.mark.parametrize(
    ("audio", "file_name", "told"),
    [
        (b"", "a.wav", "the recording is empty: nothing would be heard"),
        (sounds.WAV[:44], "", "the recording is empty"),
        (sounds.AAC, "a.mp3", "this is bare AAC; servers take FLAC, MP3, MP4, OGG, WAV and WebM: convert it first"),
        (sounds.PCM, "", "no audio that can be told from its first bytes; servers take"),
        (b"MZ\x90", "virus.exe", "this is .exe; servers take"),
        (sounds.WAV + bytes(26_000_000 - len(sounds.WAV)), "", None),
        (sounds.WAV + bytes(26 * 1024**2), "", r"has 26\.0 MB and servers take 25 MB .*: split it where .* compress"),
    ],
)
def test_what_no_server_takes_is_refused_with_the_fix_before_it_is_sent(audio, file_name, told):
    if told is None:  # decimal and binary megabytes differ: what fits is sent
        assert asking(audio, file_name=file_name).upload.data == audio
        return
    with pytest.raises(ValidationError, match=told):
        asking(audio, file_name=file_name)


def test_the_limit_is_for_the_whole_form():
    audio = sounds.WAV + bytes(LARGEST_FORM - 100_000)
    assert asking(audio, prompt="x" * 30_000)
    with pytest.raises(ValidationError, match="split it"):
        asking(audio, prompt="x" * 40_000)


def test_an_error_shows_neither_the_recording_nor_its_name():
    with pytest.raises(ValidationError) as caught:
        asking(b"private words", file_name="private.words")
    assert "private" not in str(caught.value)
    assert "private" not in repr(asking(file_name="private.wav"))


def test_what_is_not_given_is_not_sent():
    assert asking().fields() == {"model": "whisper-1"}
    assert asking(prompt="Anna", temperature=0.2, response_format="text").fields() == {
        "model": "whisper-1", "prompt": "Anna", "temperature": "0.2", "response_format": "text",
    }  # fmt: skip


@pytest.mark.parametrize("wrong", [{"temperature": 1.1}, {"response_format": "xml"}, {"loud": True}])
def test_what_no_server_knows_is_refused(wrong):
    with pytest.raises(ValidationError, match="for RecordingRequest"):
        asking(**wrong)
