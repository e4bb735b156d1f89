from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgrid import sounds
from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.gemini_speech_reading import GeminiSpeechReader

L16 = "audio/L16;codec=pcm;rate=16000"
USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 80}


def sound(audio, kind=L16):
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(audio).decode()}}


def piece(*parts, reason=None, **more):
    candidate = {"content": {"parts": list(parts)}} | ({"finishReason": reason} if reason else {})
    return {"candidates": [candidate], **more}


def events(*pieces):
    return "".join(f"data: {json.dumps(each)}\r\n\r\n" for each in pieces).encode()


def array(*pieces):
    return ("[" + ",\r\n".join(json.dumps(each, indent=1) for each in pieces) + "\n]").encode()


def told(*chunks):
    reader = GeminiSpeechReader()
    return reader, b"".join([*map(reader.feed, chunks), reader.end()])


PIECES = [piece(sound(sounds.PCM[:71])), piece(sound(sounds.PCM[71:])), piece(reason="STOP", usageMetadata=USAGE)]


@pytest.mark.parametrize("write", [events, array])
def test_sound_in_pieces_wherever_they_are_cut(write):
    body = write(*PIECES)
    for at in range(len(body)):
        reader, audio = told(body[:at], body[at:])
        assert audio == sounds.PCM
        assert (reader.kind, reader.rate_hz, reader.content_type) == (AudioKind.PCM, 16_000, L16)
        assert (reader.truncated, reader.ended, reader.empty, reader.complaint) == (False, True, False, None)
        assert (reader.usage.input_tokens, reader.usage.output_tokens) == (9, 80)


@pytest.mark.parametrize("write", [events, array])
def test_a_stream_that_breaks_off_anywhere_is_truncated_and_keeps_whole_samples(write):
    body = write(*PIECES)
    for cut in range(body.rindex(b"STOP")):
        reader, audio = told(body[:cut])
        assert sounds.PCM.startswith(audio)
        assert len(audio) % 2 == 0
        assert reader.truncated


def test_sound_comes_as_soon_as_a_piece_is_whole():
    reader, stream = GeminiSpeechReader(), array(*PIECES)
    second = stream.index(b",\r\n")
    assert reader.feed(stream[: second - 1]) == b""
    assert reader.feed(stream[second - 1 : second]) == sounds.PCM[:70]


@pytest.mark.parametrize(
    ("audio", "media_type", "kind", "rate_hz"),
    [
        (sounds.PCM, "audio/pcm", AudioKind.PCM, 24_000),
        (sounds.PCM, "", AudioKind.PCM, 24_000),
        (sounds.WAV, "audio/wav", AudioKind.WAV, None),
        (sounds.WAV, L16, AudioKind.WAV, None),
        (sounds.MP3, "audio/mp3", AudioKind.MP3, None),
    ],
)
def test_what_the_sound_is(audio, media_type, kind, rate_hz):
    reader, found = told(json.dumps(piece(sound(audio, media_type), reason="STOP")).encode())
    assert (found, reader.kind, reader.rate_hz) == (audio, kind, rate_hz)


def test_samples_are_whole_across_pieces_that_name_no_type():
    reader = GeminiSpeechReader()
    pieces = [piece({"inline_data": {"data": base64.b64encode(audio).decode()}})
              for audio in (sounds.PCM[:65], sounds.PCM[65:])]  # fmt: skip
    assert b"".join([reader.take(each) for each in pieces]) == sounds.PCM


@pytest.mark.parametrize(("last", "truncated"), [("STOP", False), ("MAX_TOKENS", True), ("OTHER", True), (None, True)])
def test_whether_the_end_may_be_missing(last, truncated):
    reader = GeminiSpeechReader()
    reader.take(piece(sound(sounds.PCM), reason=last))
    assert reader.truncated is truncated


def test_a_gateways_marker_ends_it_too():
    reader, _ = told(events(piece(sound(sounds.PCM))) + b"data: [DONE]\n\n")
    assert (reader.ended, reader.truncated) == (True, False)


def test_sound_that_cannot_be_read_is_missing():
    reader = GeminiSpeechReader()
    broken = {"inlineData": {"mimeType": L16, "data": "ü"}}
    assert reader.take(piece(broken, sound(sounds.PCM), reason="STOP")) == sounds.PCM
    assert reader.truncated


@pytest.mark.parametrize(
    "answer",
    [{}, {"candidates": []}, piece(), piece({"text": "Hello."}, reason="STOP"), piece(sound(b"")), piece(sound(b"\1"))],
)
def test_no_sound(answer):
    reader, audio = told(json.dumps(answer).encode())
    assert (reader.empty, audio) == (True, b"")
    assert reader.words == (b"Hello." if "Hello" in str(answer) else b"")


def test_the_head_of_a_file_is_no_sound():
    assert told(json.dumps(piece(sound(sounds.WAV[:44], "audio/wav"))).encode())[0].empty


ERROR = {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}


@pytest.mark.parametrize("body", [json.dumps(ERROR).encode(), json.dumps([ERROR]).encode(), events(PIECES[0], ERROR)])
def test_a_complaint_is_kept(body):
    assert told(body)[0].complaint == ERROR


@pytest.mark.parametrize(
    ("answer", "why"), [({"promptFeedback": {"blockReason": "OTHER"}}, "OTHER"), (piece(reason="SAFETY"), "SAFETY")]
)
def test_words_that_are_blocked(answer, why):
    assert told(json.dumps(answer).encode())[0].complaint["error"]["message"] == f"the words were blocked: {why}"


NAMES = ["candidates", "content", "parts", "inlineData", "mimeType", "data", "text", "usageMetadata", "finishReason"]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["STOP", "AAAA", "a", "ü"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)


@given(st.lists(ODD | ODD.map(lambda odd: {"candidates": [{"content": {"parts": [odd, {"inlineData": odd}]}}]})))
def test_whatever_a_piece_holds_it_is_read(pieces):
    reader = GeminiSpeechReader()
    audio = b"".join([*map(reader.take, pieces), reader.end()])
    assert reader.empty or audio
