from __future__ import annotations

import base64
import json
import stat
import wave
from pathlib import Path
from typing import ClassVar

import pytest

from voiceloop.commandline import api_speech
from voiceloop.testing.rest import RestAnswer

SAY = "POST /v1/audio/speech"
MP3 = b"ID3\x04\x00" + bytes(2000)
WAV = Path(__file__).parents[1] / "fixtures" / "speech" / "hello.wav"

pytestmark = pytest.mark.real


def sse(*events):
    return RestAnswer([f"data: {json.dumps(event)}\n\n".encode() for event in events])


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


def test_bare_samples_become_the_wav_file_that_was_asked_for(api, serving, tmp_path):
    with serving({SAY: [RestAnswer(bytes(4800), headers={"Content-Type": "audio/pcm"})]}) as rest:
        assert api(rest, "say", "hi", "--output", "o.wav", "--model", "t") == (0, "", "")
    with wave.open(str(tmp_path / "o.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (24_000, 2400)


def test_a_gemini_model_says_it(api, serving, tmp_path):
    data = {"mimeType": "audio/L16;codec=pcm;rate=16000", "data": base64.b64encode(bytes(3200)).decode()}
    candidate = {"content": {"role": "model", "parts": [{"inlineData": data}]}, "finishReason": "STOP"}
    listed = RestAnswer({"data": [{"id": "tts-1"}, {"id": "gemini-2.5-flash-preview-tts"}]})
    route = "POST /v1/models/gemini-2.5-flash-preview-tts:generateContent"
    with serving({"GET /v1/models": [listed], route: [RestAnswer({"candidates": [candidate]})]}) as rest:
        status, out, _ = api(rest, "say", "Hi.", "--output", "o.wav", "--dialect", "gemini", "--voice", "Kore")
    assert (status, out) == (0, "")
    asked = rest.heard[1].json
    assert asked["contents"][0]["parts"] == [{"text": "Hi."}]
    assert asked["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"] == {"voiceName": "Kore"}
    with wave.open(str(tmp_path / "o.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (16_000, 1600)


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
    monkeypatch.setattr(api_speech, "Player", FakePlayer)
    second = bytes(2 * 24_000)
    with serving({SAY: [RestAnswer(second, headers={"Content-Type": "audio/pcm"})]}) as rest:
        assert api(rest, "say", "hi", "--play", "--model", "t") == (0, "", "")
    player = FakePlayer.made.pop()
    assert (len(player.played), player.finished) == (2 * 48_000, True)
    assert rest.heard[0].json["response_format"] == "pcm"


def test_a_wav_file_is_written_and_played_at_once(api, serving, monkeypatch, tmp_path):
    monkeypatch.setattr(api_speech, "Player", FakePlayer)
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
    "an MP3 of Gemini's": (("say", "hi", "-o", "o.mp3", "--dialect", "gemini"), "end the file in .wav or .pcm"),
    "Gemini's speed": (("say", "hi", "-o", "o.wav", "--dialect", "gemini", "--speed", "2"), "no word for --speed"),
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
