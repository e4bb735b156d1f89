from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from voiceloop.testing.rest import RestAnswer

HEAR, TRANSLATE = "POST /v1/audio/transcriptions", "POST /v1/audio/translations"
WAV = Path(__file__).parents[1] / "fixtures" / "speech" / "hello.wav"
HELLO = RestAnswer({"text": "Hello there."})
SRT = "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n"
SEGMENTS = [
    {"start": 0, "end": 1.5, "text": " Hello.", "speaker": "A"},
    {"start": 1.5, "end": 2, "text": "Hi.", "speaker": "B"},
]

pytestmark = pytest.mark.real


@pytest.fixture
def hello(tmp_path):
    (tmp_path / "hello.wav").write_bytes(WAV.read_bytes())


def sse(*events, ends="well"):
    return RestAnswer([f"data: {json.dumps(event)}\n\n".encode() for event in events], ends=ends)


@pytest.mark.usefixtures("hello")
def test_what_is_said_in_a_recording_is_printed(api, serving):
    with serving({HEAR: [HELLO]}) as rest:
        told = api(rest, "transcribe", "hello.wav", "--model", "w", "--language", "en", "--prompt", "Ada")
    assert told == (0, "Hello there.\n", "")
    body = rest.heard[0].body
    assert WAV.read_bytes() in body
    for name, value in {"model": "w", "language": "en", "prompt": "Ada"}.items():
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in body
    assert b"hello.wav" not in body  # names are nobody's business


def test_a_recording_comes_from_standard_input(api, serving):
    with serving({HEAR: [HELLO]}) as rest:
        assert api(rest, "transcribe", "-", "--model", "w", stdin=WAV.read_bytes())[:2] == (0, "Hello there.\n")
    assert WAV.read_bytes() in rest.heard[0].body


FORMATS = {
    "json": (HELLO, "Hello there.\n"),
    "text": (RestAnswer("Hello there.\n"), "Hello there.\n"),
    "srt": (RestAnswer(SRT), SRT),
    "vtt": (RestAnswer("WEBVTT\n\n00:00.000 --> 00:01.500\nHello there.\n"), None),
    "verbose_json": (RestAnswer({"text": "Hello.", "segments": [{"start": 0, "end": 1, "text": "Hello."}]}), None),
    "diarized_json": (
        RestAnswer({"text": "Hello. Hi.", "segments": SEGMENTS}),
        "[0.00 - 1.50] A: Hello.\n[1.50 - 2.00] B: Hi.\n",
    ),
}


@pytest.mark.usefixtures("hello")
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_printed_as_people_read_it(api, serving, form):
    answer, printed = FORMATS[form]
    with serving({HEAR: [answer]}) as rest:
        status, out, err = api(rest, "transcribe", "hello.wav", "--model", "w", "--format", form)
    assert (status, err) == (0, "")
    assert out == {"vtt": answer.body, "verbose_json": "[0.00 - 1.00] Hello.\n"}.get(form, printed)
    assert f'name="response_format"\r\n\r\n{form}\r\n'.encode() in rest.heard[0].body


@pytest.mark.usefixtures("hello")
def test_a_script_gets_all_that_was_told(api, serving):
    with serving({HEAR: [RestAnswer({"text": "Hello. Hi.", "duration": 2, "segments": SEGMENTS})]}) as rest:
        _, out, err = api(rest, "transcribe", "hello.wav", "--model", "w", "--format", "verbose_json", "--json")
    told = json.loads(out)
    assert (told["text"], told["duration_s"], told["segments"][1]["speaker"], err) == ("Hello. Hi.", 2, "B", "")


@pytest.mark.usefixtures("hello")
def test_subtitles_go_into_a_file_of_their_own(api, serving, tmp_path):
    options = ("--model", "w", "--format", "srt", "--output", "hello.srt")
    with serving({HEAR: [RestAnswer(SRT)]}) as rest:
        assert api(rest, "transcribe", "hello.wav", *options) == (0, "", "")
    assert (tmp_path / "hello.srt").read_text() == SRT
    assert stat.S_IMODE((tmp_path / "hello.srt").stat().st_mode) == 0o600


STREAM = [{"type": "transcript.text.delta", "delta": "Hello "}, {"type": "transcript.text.delta", "delta": "there."}]
DONE = {"type": "transcript.text.done", "text": "Hello there."}


@pytest.mark.usefixtures("hello")
def test_words_are_printed_while_they_are_recognised(api, serving):
    with serving({HEAR: [sse(*STREAM, DONE)]}) as rest:
        told = api(rest, "transcribe", "hello.wav", "--model", "w", "--stream")
    assert told == (0, "Hello there.\n", "")
    assert b'name="stream"\r\n\r\ntrue' in rest.heard[0].body


@pytest.mark.usefixtures("hello")
def test_subtitles_are_never_streamed(api, serving):
    with serving({HEAR: [RestAnswer(SRT)]}) as rest:
        assert api(rest, "transcribe", "hello.wav", "--model", "w", "--stream", "--format", "srt") == (0, SRT, "")
    assert b'name="stream"' not in rest.heard[0].body


@pytest.mark.usefixtures("hello")
def test_speakers_are_told_apart_while_they_are_recognised(api, serving):
    segments = [{"type": "transcript.text.segment", **segment} for segment in SEGMENTS]
    with serving({HEAR: [sse(*segments, DONE)]}) as rest:
        options = ("--model", "w", "--stream", "--format", "diarized_json")
        _, out, _ = api(rest, "transcribe", "hello.wav", *options)
    assert out == "[0.00 - 1.50] A: Hello.\n[1.50 - 2.00] B: Hi.\n"


@pytest.mark.usefixtures("hello")
def test_a_stream_that_ends_early_keeps_its_words_and_tells(api, serving):
    with serving({HEAR: [sse(STREAM[0])]}) as rest:
        status, out, err = api(rest, "transcribe", "hello.wav", "--model", "w", "--stream")
    assert (status, out) == (5, "Hello \n")
    assert "cut off" in err


@pytest.mark.usefixtures("hello")
@pytest.mark.parametrize("how", [(), ("--stream",)])
def test_silence_is_told(api, serving, how):
    with serving({HEAR: [RestAnswer({"text": ""})]}) as rest:
        assert api(rest, "transcribe", "hello.wav", "--model", "w", *how) == (0, "", "Nothing was heard.\n")


@pytest.mark.usefixtures("hello")
def test_a_translation_is_english_and_whispers_task(api, serving):
    listed = RestAnswer({"data": [{"id": "gpt-4o-transcribe"}, {"id": "my-whisper"}]})
    with serving({"GET /v1/models": [listed], TRANSLATE: [HELLO]}) as rest:
        status, out, err = api(rest, "translate", "hello.wav", "--format", "json")
    assert (status, out) == (0, "Hello there.\n")
    assert "Model my-whisper" in err


BAD_RECORDINGS = {
    "missing": ("none.wav", "cannot read the recording none.wav: No such file or directory"),
    "a folder": (".", "cannot read the recording .: Is a directory"),
    "empty": ("empty.wav", "the recording empty.wav is empty"),
    "too large": ("large.wav", "the recording has 26.0 MB and servers take 25 MB"),
    "of another kind": ("words.txt", "this is .txt; servers take FLAC"),
}


@pytest.mark.parametrize("command", ["transcribe", "translate"])
@pytest.mark.parametrize("name", BAD_RECORDINGS)
def test_a_recording_of_no_use_is_one_line_before_anything_is_sent(api, serving, tmp_path, command, name):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "words.txt").write_text("only words")
    (tmp_path / "large.wav").write_bytes(WAV.read_bytes()[:44] + bytes(26 * 1024 * 1024 - 44))
    file, told = BAD_RECORDINGS[name]
    with serving({}) as rest:
        status, out, err = api(rest, command, file)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert rest.heard == []


@pytest.mark.usefixtures("hello")
def test_the_recording_is_never_written_over(api, serving, tmp_path):
    with serving({}) as rest:
        status, _, err = api(rest, "transcribe", "hello.wav", "--output", tmp_path / "hello.wav")
    assert status == 2
    assert "is what is read" in err
    assert (tmp_path / "hello.wav").read_bytes() == WAV.read_bytes()
