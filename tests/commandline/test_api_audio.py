from __future__ import annotations

import base64
import json
import stat
import wave
from pathlib import Path
from typing import ClassVar

import pytest

from voiceloop.commandline import api_audio
from voiceloop.testing.rest import RestAnswer

HEAR, TRANSLATE, SAY = "POST /v1/audio/transcriptions", "POST /v1/audio/translations", "POST /v1/audio/speech"
MP3 = b"ID3\x04\x00" + bytes(2000)
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


# Listening -----------------------------------------------------------------------------------------------------------


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


# Speaking ------------------------------------------------------------------------------------------------------------


def test_words_are_said_into_a_file(api, serving, tmp_path):
    with serving({SAY: [RestAnswer([MP3[:900], MP3[900:]], headers={"Content-Type": "audio/mpeg"})]}) as rest:
        options = (
            "--output",
            "hi.mp3",
            "--model",
            "t",
            "--voice",
            "nova",
            "--speed",
            "1.5",
            "--instructions",
            "Softly.",
        )
        told = api(rest, "say", "Hi there.", *options)
    assert told == (0, "", "")
    assert (tmp_path / "hi.mp3").read_bytes() == MP3
    assert stat.S_IMODE((tmp_path / "hi.mp3").stat().st_mode) == 0o600
    assert rest.heard[0].json == {
        "model": "t",
        "input": "Hi there.",
        "voice": "nova",
        "instructions": "Softly.",
        "response_format": "mp3",
        "speed": 1.5,
    }


@pytest.mark.parametrize(("ending", "form"), [("ogg", "opus"), ("OPUS", "opus"), ("flac", "flac"), ("pcm", "pcm")])
def test_the_ending_says_the_format_and_the_settings_the_voice(api, serving, ending, form):
    audio = {"opus": b"OggS", "flac": b"fLaC", "pcm": b""}[form] + bytes(2000)
    answer = RestAnswer(audio, headers={"Content-Type": f"audio/{form}"})
    with serving({SAY: [answer]}) as rest:
        status, _, err = api(rest, "say", "hi", "-o", f"o.{ending}", "--model", "t", VOICELOOP_AGENT__VOICE="echo")
    assert status == 0
    assert (rest.heard[0].json["response_format"], rest.heard[0].json["voice"]) == (form, "echo")
    assert ("24000 a second" in err) is (form == "pcm")


def test_a_server_that_answers_in_another_format_is_told(api, serving):
    with serving({SAY: [RestAnswer(MP3, headers={"Content-Type": "audio/mpeg"})]}) as rest:
        status, _, err = api(rest, "say", "hi", "--output", "o.wav", "--model", "t")
    assert (status, err) == (0, "o.wav holds mp3: the server has no wav\n")


def test_sound_goes_down_a_pipe(api, serving):
    with serving({SAY: [RestAnswer(MP3, headers={"Content-Type": "audio/mpeg"})]}) as rest:
        assert api(rest, "say", "hi", "--output", "-", "--format", "mp3", "--model", "t")[1] == MP3.decode()


def test_a_script_is_told_what_was_written(api, serving):
    event = {"type": "speech.audio.delta", "audio": base64.b64encode(MP3).decode()}
    done = {"type": "speech.audio.done", "usage": {"input_tokens": 9, "output_tokens": 80, "total_tokens": 89}}
    with serving({SAY: [sse(event, done)]}) as rest:
        _, out, _ = api(rest, "say", "hi", "--output", "o.mp3", "--model", "t", "--json")
    told = json.loads(out)
    assert (told["file"], told["model"], told["kind"], told["truncated"]) == ("o.mp3", "t", "mp3", False)
    assert told["usage"]["output_tokens"] == 80
    assert "audio" not in told


def test_speech_that_breaks_off_stays_as_far_as_it_came(api, serving, tmp_path):
    broken = RestAnswer([MP3[:1000]], headers={"Content-Type": "audio/mpeg"}, ends="cut")
    with serving({SAY: [broken]}) as rest:
        status, _, err = api(rest, "say", "hi", "--output", "o.mp3", "--model", "t")
    assert (status, err.count("\n")) == (5, 1)
    assert (tmp_path / "o.mp3").read_bytes() == MP3[:1000]


def test_events_that_end_early_are_told(api, serving):
    event = {"type": "speech.audio.delta", "audio": base64.b64encode(MP3).decode()}
    with serving({SAY: [sse(event)]}) as rest:
        status, _, err = api(rest, "say", "hi", "--output", "o.mp3", "--model", "t")
    assert status == 5
    assert "cut off" in err


class FakePlayer:
    """A speaker."""

    rate_hz = 48_000

    def __init__(self, audio):
        self.played, self.finished = b"", False
        self.made.append(self)

    made: ClassVar = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return None

    def feed(self, pcm):
        assert not self.finished
        self.played += pcm

    async def finish(self):
        self.finished = True


def test_sound_is_played_at_the_speakers_rate(api, serving, monkeypatch):
    monkeypatch.setattr(api_audio, "Player", FakePlayer)
    second = bytes(2 * 24_000)
    with serving({SAY: [RestAnswer(second, headers={"Content-Type": "audio/pcm"})]}) as rest:
        assert api(rest, "say", "hi", "--play", "--model", "t") == (0, "", "")
    player = FakePlayer.made.pop()
    assert (len(player.played), player.finished) == (2 * 48_000, True)
    assert rest.heard[0].json["response_format"] == "pcm"


def test_a_wav_file_is_written_and_played_at_once(api, serving, monkeypatch, tmp_path):
    monkeypatch.setattr(api_audio, "Player", FakePlayer)
    with serving({SAY: [RestAnswer(WAV.read_bytes(), headers={"Content-Type": "audio/wav"})]}) as rest:
        assert api(rest, "say", "hi", "--play", "--output", "o.wav", "--model", "t")[0] == 0
    assert (tmp_path / "o.wav").read_bytes() == WAV.read_bytes()
    with wave.open(str(WAV)) as file:
        seconds = file.getnframes() / file.getframerate()
    assert len(FakePlayer.made.pop().played) == pytest.approx(2 * 48_000 * seconds, abs=4)


BAD_SPEECH = {
    "nowhere to go": (("say", "hi"), "say where the sound goes: --output hello.mp3, or --play"),
    "no words": (("say", " ", "--output", "o.mp3"), "the text is empty"),
    "too many words": (("say", "a" * 4097, "--output", "o.mp3"), "more than the 4096 a server says at once"),
    "an unknown ending": (("say", "hi", "--output", "o.txt"), "o.txt does not say in what format"),
    "an unknown format": (("say", "hi", "--output", "o", "--format", "txt"), "'txt' is not one of"),
    "no ending": (("say", "hi", "--output", "-"), "- does not say in what format"),
    "two things on one stream": (("say", "hi", "-o", "-", "--format", "mp3", "--json"), "cannot both go"),
    "no folder": (("say", "hi", "--output", "no/o.mp3"), "there is no folder no"),
    "too fast": (("say", "hi", "--output", "o.mp3", "--speed", "9"), "--speed"),
}


@pytest.mark.parametrize("name", BAD_SPEECH)
def test_what_cannot_be_said_is_one_line_before_anything_is_sent(api, serving, name):
    arguments, told = BAD_SPEECH[name]
    with serving({}) as rest:
        status, out, err = api(rest, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert rest.heard == []


def test_a_complaint_in_place_of_sound_leaves_the_file_alone(api, serving, tmp_path):
    (tmp_path / "o.mp3").write_bytes(b"mine")
    with serving({SAY: [RestAnswer({"error": {"message": "no such voice"}}, 400)]}) as rest:
        status, _, err = api(rest, "say", "hi", "--output", "o.mp3", "--model", "t")
    assert status == 4
    assert "no such voice" in err
    assert (tmp_path / "o.mp3").read_bytes() == b"mine"
