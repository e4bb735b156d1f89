from __future__ import annotations

import base64
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgrid import sounds
from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.speech_reading import SpeechReader
from voiceloop.dgrid.sse import LONGEST, TooLongError

USAGE = {"input_tokens": 9, "output_tokens": 80, "total_tokens": 89}


def event(raw):
    return f"data: {json.dumps(raw)}\n\n".encode()


def delta(audio):
    return event({"type": "speech.audio.delta", "audio": base64.b64encode(audio).decode()})


DONE = event({"type": "speech.audio.done", "usage": USAGE})


def told(reader, *chunks):
    return b"".join([*map(reader.feed, chunks), reader.end()])


def cuts(body):
    """A body in two pieces, cut at every byte, and byte by byte."""
    yield from ((body[:at], body[at:]) for at in range(len(body) + 1))
    yield [body[at : at + 1] for at in range(len(body))]


# Bytes


@pytest.mark.parametrize(
    ("audio", "kind", "rate_hz"),
    [
        (sounds.PCM, AudioKind.PCM, 24_000),
        (sounds.STREAMED_WAV, AudioKind.WAV, None),
        (sounds.MP3, AudioKind.MP3, None),
        (sounds.AAC, AudioKind.AAC, None),
        (sounds.OGG, AudioKind.OGG, None),
        (sounds.FLAC, AudioKind.FLAC, None),
    ],
)
def test_audio_is_passed_on_as_it_came_wherever_it_is_cut(audio, kind, rate_hz):
    for chunks in cuts(audio):
        reader = SpeechReader(AudioKind.PCM, "audio/mpeg")
        assert told(reader, *chunks) == audio
        assert (reader.kind, reader.rate_hz) == (kind, rate_hz)
        assert (reader.empty, reader.truncated, reader.words, reader.complaint) == (False, False, b"", None)


def test_pcm_leaves_in_whole_samples_and_half_of_one_is_dropped():
    reader, body = SpeechReader(AudioKind.PCM, "audio/pcm;rate=16000"), sounds.PCM + b"\x01"
    pieces = [reader.feed(body[:65]), reader.feed(body[65:70]), reader.feed(body[70:]), reader.end()]
    assert [len(piece) % 2 for piece in pieces] == [0, 0, 0, 0]
    assert (b"".join(pieces), reader.rate_hz) == (sounds.PCM, 16_000)


def test_sound_comes_as_soon_as_it_is_known():
    reader = SpeechReader(AudioKind.PCM, "")
    assert reader.feed(sounds.PCM[:63]) == b""
    assert reader.feed(sounds.PCM[63:64]) == sounds.PCM[:64]
    assert reader.feed(sounds.PCM[64:66]) == sounds.PCM[64:66]


@pytest.mark.parametrize("audio", [b"", b"\x01", sounds.WAV[:44], sounds.STREAMED_WAV[:44]])
def test_no_sound(audio):
    reader = SpeechReader(AudioKind.PCM, "audio/wav" if audio[:1] == b"R" else "audio/pcm")
    told(reader, audio)
    assert reader.empty


# Events


@pytest.mark.parametrize("content_type", ["text/event-stream", "audio/mpeg", ""])
def test_audio_in_events_wherever_they_are_cut(content_type):
    body = b": PING\n\n" + delta(sounds.WAV[:30]) + delta(sounds.WAV[30:]) + DONE
    for chunks in cuts(body):
        reader = SpeechReader(AudioKind.PCM, content_type)
        assert told(reader, *chunks) == sounds.WAV
        assert (reader.kind, reader.ended, reader.truncated) == (AudioKind.WAV, True, False)
        assert (reader.usage.input_tokens, reader.usage.output_tokens) == (9, 80)


def test_samples_cut_between_two_events_are_put_together():
    reader = SpeechReader(AudioKind.PCM, "text/event-stream")
    assert told(reader, delta(sounds.PCM[:71]) + delta(sounds.PCM[71:]) + DONE) == sounds.PCM
    assert reader.rate_hz == 24_000


def test_events_without_their_last_one_are_truncated():
    reader = SpeechReader(AudioKind.PCM, "text/event-stream")
    assert told(reader, delta(sounds.PCM)) == sounds.PCM
    assert reader.truncated


def test_a_marker_of_chat_ends_them_too():
    reader = SpeechReader(AudioKind.PCM, "text/event-stream")
    assert told(reader, delta(sounds.PCM) + b"data: [DONE]\n\n") == sounds.PCM
    assert (reader.ended, reader.truncated, reader.usage) == (True, False, None)


def test_what_cannot_be_read_is_left_out():
    odd = event({"type": "speech.audio.delta", "audio": "x"}) + event({"audio": "ü"}) + event([1]) + b"data: {\n\n"
    reader = SpeechReader(AudioKind.PCM, "text/event-stream")
    assert told(reader, odd + delta(sounds.PCM) + DONE) == sounds.PCM
    assert reader.truncated


def test_base64_without_its_padding_is_read():
    unpadded = base64.b64encode(struct.pack("<2h", 1, 2)).decode().rstrip("=")
    reader = SpeechReader(AudioKind.PCM, "text/event-stream")
    assert told(reader, event({"type": "speech.audio.delta", "audio": unpadded}) + DONE) == struct.pack("<2h", 1, 2)
    assert not reader.truncated


@pytest.mark.parametrize(
    "frame", [event({"error": {"message": "no more"}}), b'event: error\ndata: {"message":"no more"}\n\n']
)
def test_an_error_among_events_is_a_complaint_and_the_sound_before_it_is_kept(frame):
    reader = SpeechReader(AudioKind.PCM, "text/event-stream")
    assert told(reader, delta(sounds.PCM), frame) == sounds.PCM
    assert reader.complaint["error"]


def test_an_event_of_more_than_10_mib_is_too_long():
    reader = SpeechReader(AudioKind.PCM, "text/event-stream")
    reader.feed(delta(sounds.PCM) + b"data: ")
    reader.feed(b"A" * (LONGEST - len("data: ")))
    with pytest.raises(TooLongError):
        reader.feed(b"A")


# Words


@pytest.mark.parametrize("content_type", ["audio/pcm", "application/json", ""])
def test_an_error_in_the_place_of_audio_wherever_it_is_cut(content_type):
    message = "余额不足, please top up your account before you go on"
    body = f'{{"success":false,"message":"{message}"}}'.encode()
    for chunks in cuts(body):
        reader = SpeechReader(AudioKind.PCM, content_type)
        assert told(reader, *chunks) == b""
        assert reader.complaint == {
            "success": False,
            "message": "余额不足, please top up your account before you go on",
        }
        assert (reader.kind, reader.words) == (None, body)


@pytest.mark.parametrize("body", [b"<html>" + b"x" * 100_000, b'{"fine":true}', b"[" * 5_000])
def test_any_other_text_is_kept_as_far_as_it_is_shown(body):
    reader = SpeechReader(AudioKind.PCM, "")
    assert told(reader, body[:100], body[100:]) == b""
    assert (reader.words, reader.complaint, reader.kind) == (body[:65_536], None, None)


# Anything

ODDS = [
    b"data: ",
    b"event: error\n",
    b"\n\n",
    b"\r\n",
    b"{",
    b"}",
    b'{"audio":"AAAA"}',
    DONE,
    b"data: [DONE]\n\n",
    b"null",
    b'{"type":"speech.audio.done","usage":7}',
    b'{"error":0}',
    b'{"success":false}',
    "余".encode()[:2],
    b"RIFF",
    b"ID3",
    sounds.MP3_FRAME,
    bytes(9),
    b"<html>",
    b": PING\n\n",
]


@given(
    odds=st.lists(st.sampled_from(ODDS) | st.binary(max_size=9), max_size=12),
    content_type=st.sampled_from(["", "text/event-stream", "application/json", "audio/pcm"]),
    place=st.floats(0, 1),
)
@settings(deadline=None, derandomize=True, max_examples=300)
def test_nothing_is_too_odd_and_no_cut_changes_it(odds, content_type, place):
    body = b"".join(odds)
    at = int(place * len(body))
    once, twice = SpeechReader(AudioKind.PCM, content_type), SpeechReader(AudioKind.PCM, content_type)
    assert told(once, body) == told(twice, body[:at], body[at:])
    for name in ("kind", "words", "complaint", "truncated", "ended", "empty", "usage"):
        assert getattr(once, name) == getattr(twice, name)
