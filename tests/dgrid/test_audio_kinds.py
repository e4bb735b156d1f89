from __future__ import annotations

import pytest

from dgrid import sounds
from voiceloop.dgrid.audio_kinds import (
    AudioKind,
    is_events,
    is_words,
    kind_of,
    kind_of_bytes,
    kind_of_type,
    rate_of_type,
    settled,
)

MARKED = {
    AudioKind.MP3: [sounds.MP3, sounds.TAGGED_MP3],
    AudioKind.OGG: [sounds.OGG],
    AudioKind.AAC: [sounds.AAC],
    AudioKind.FLAC: [sounds.FLAC],
    AudioKind.WAV: [sounds.WAV, sounds.STREAMED_WAV, b"RF64" + sounds.STREAMED_WAV[4:]],
    AudioKind.MP4: [sounds.MP4],
    AudioKind.WEBM: [sounds.WEBM],
}
MARKED_ONES = [(kind, audio) for kind, audios in MARKED.items() for audio in audios]


@pytest.mark.parametrize(("kind", "audio"), MARKED_ONES)
@pytest.mark.parametrize("content_type", ["", "audio/mpeg", "audio/pcm", "application/octet-stream", "text/html"])
@pytest.mark.parametrize("asked", [AudioKind.PCM, AudioKind.WAV, AudioKind.MP3])
def test_marked_bytes_count_before_what_anybody_says(kind, audio, content_type, asked):
    assert kind_of_bytes(audio) is kind
    assert kind_of(audio, content_type, asked) is kind
    assert not is_words(audio, content_type)


@pytest.mark.parametrize(("kind", "audio"), MARKED_ONES)
def test_once_settled_more_bytes_change_nothing(kind, audio):
    for size in range(len(audio) + 1):
        if settled(audio[:size]):
            assert kind_of_bytes(audio[:size]) is kind


@pytest.mark.parametrize(
    ("content_type", "asked", "kind"),
    [
        ("audio/pcm", AudioKind.MP3, AudioKind.PCM),
        ("audio/L16; rate=16000", AudioKind.MP3, AudioKind.PCM),
        ("audio/mpeg", AudioKind.PCM, AudioKind.PCM),  # gateways call everything that
        ("application/octet-stream", AudioKind.PCM, AudioKind.PCM),
        ("audio/mpeg", AudioKind.WAV, AudioKind.MP3),  # junk before the first frame
        ("", AudioKind.AAC, AudioKind.AAC),
    ],
)
@pytest.mark.parametrize("audio", [sounds.PCM, sounds.QUIET, bytes(200)])
def test_bytes_without_marks_are_what_is_said_of_them(audio, content_type, asked, kind):
    assert kind_of_bytes(audio) is None
    assert kind_of(audio, content_type, asked) is kind


def test_pcm_that_begins_like_a_frame_is_still_pcm():
    assert kind_of(sounds.MP3_FRAME + bytes(200), "audio/pcm", AudioKind.PCM) is AudioKind.PCM
    assert kind_of(sounds.MP3_FRAME + bytes(200), "", AudioKind.PCM) is AudioKind.PCM
    assert kind_of(sounds.MP3_FRAME + bytes(200), "audio/pcm", AudioKind.MP3) is AudioKind.PCM
    assert kind_of(sounds.MP3_FRAME, "audio/pcm", AudioKind.MP3) is AudioKind.PCM
    assert kind_of(b"\xff\xff" * 200, "", AudioKind.PCM) is AudioKind.PCM


@pytest.mark.parametrize("frame", [sounds.MP3_FRAME, sounds.AAC_FRAME])
def test_a_frame_that_no_other_follows_is_none(frame):
    assert kind_of(frame + bytes(200), "", AudioKind.WAV) is AudioKind.WAV


@pytest.mark.parametrize("frame", [sounds.MP3_FRAME, sounds.AAC_FRAME])
def test_one_frame_alone_is_believed_unless_pcm_is_expected(frame):
    kind = AudioKind.MP3 if frame is sounds.MP3_FRAME else AudioKind.AAC
    assert not settled(frame)
    assert kind_of(frame, "", AudioKind.WAV) is kind
    assert kind_of(frame, "audio/mpeg", AudioKind.PCM) is kind
    assert kind_of(frame, "", AudioKind.PCM) is AudioKind.PCM


@pytest.mark.parametrize("head", [b"\xff\xf3\x04\xc4", b"\xff\xf3\xf4\xc4", b"\xff\xf3\x4c\xc4", b"\xff\xeb\x44\xc4"])
def test_reserved_values_make_no_frame(head):
    assert kind_of_bytes((head + bytes(92)) * 3) is None


def test_a_frame_of_every_version_is_as_long_as_it_says():
    for head, length in ((b"\xff\xfb\x90\x00", 417), (b"\xff\xf3\x44\xc4", 96), (b"\xff\xe3\x18\xc4", 72)):
        frame = head + bytes(length - 4)
        assert kind_of_bytes(frame * 2) is AudioKind.MP3
        assert kind_of_bytes(frame + b"\0" + frame) is None


def test_a_tag_before_aac_is_known_by_the_content_type():
    assert kind_of(sounds.TAGGED_MP3, "audio/aac", AudioKind.MP3) is AudioKind.AAC
    assert kind_of(sounds.WAV, "audio/aac", AudioKind.MP3) is AudioKind.WAV


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("audio/mpeg", AudioKind.MP3),
        ("Audio/X-WAV; codecs=1", AudioKind.WAV),
        ("audio/vnd.wave", AudioKind.WAV),
        ("audio/ogg; codecs=opus", AudioKind.OGG),
        ("application/ogg", AudioKind.OGG),
        ("audio/x-flac", AudioKind.FLAC),
        ("audio/pcm;rate=24000", AudioKind.PCM),
        ("video/webm", AudioKind.WEBM),
        ("text/wav", None),
        ("application/octet-stream", None),
        ("wav", None),
        ("", None),
    ],
)
def test_what_a_content_type_names(content_type, kind):
    assert kind_of_type(content_type) is kind


@pytest.mark.parametrize(
    ("content_type", "rate_hz"),
    [
        ("audio/pcm;rate=24000", 24_000),
        ("audio/L16; channels=1; Rate=16000", 16_000),
        ('audio/L16;rate="8000"', 8_000),
        ("audio/pcm; bitrate=64000", None),
        ("audio/pcm", None),
        ("audio/pcm;rate=9", None),
    ],
)
def test_the_rate_that_a_content_type_tells(content_type, rate_hz):
    assert rate_of_type(content_type) == rate_hz


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"error":{"message":"no"}}', "audio/mpeg"),
        (b'\xef\xbb\xbf \r\n{"success":false}', ""),
        (b"<!DOCTYPE html><html>", "application/octet-stream"),
        (b"busy, try again", "text/plain; charset=utf-8"),
        ('{"message":"余额不足"'.encode()[:-2], "application/json"),
        (b'data: {"type":"x"}\n\n', "audio/mpeg"),
        (b": PING\n\n", "text/event-stream"),
        (b" \n", "application/json"),
    ],
)
def test_words_in_the_place_of_audio(body, content_type):
    assert is_words(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{\x00" + sounds.QUIET, "audio/pcm"),
        (b"<\xff" + sounds.QUIET, ""),
        (sounds.PCM, "application/json"),
        (b"busy, try again", "audio/pcm"),
        (b"  \n", "audio/pcm"),
    ],
)
def test_no_words(body, content_type):
    assert not is_words(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "events"),
    [
        (b"data: 1\n\n", "", True),
        (b": PING\n\n", "audio/mpeg", True),
        (b"event: error\ndata: {}\n\n", "", True),
        (b'{"error":{}}', "text/event-stream", True),  # one JSON document: the reader of events takes that too
        (b"<html>", "text/event-stream", False),
        (b"hello", "text/plain", False),
        (b"\xff\x00", "", False),
    ],
)
def test_events_among_words(body, content_type, events):
    assert is_events(body, content_type) is events
