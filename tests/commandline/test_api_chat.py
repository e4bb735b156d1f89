from __future__ import annotations

import json
from base64 import b64decode
from typing import get_args

import pytest

from voiceloop.commandline.api import Dialect
from voiceloop.dgrid.dialects import DialectName
from voiceloop.testing.rest import RestAnswer

CHAT = "POST /v1/chat/completions"
PNG = b"\x89PNG\r\n\x1a\n..."
WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(64)
MP3 = b"ID3\x04\x00" + bytes(64)

pytestmark = pytest.mark.real


def says(content, stop="stop", **more):
    message = {"role": "assistant", "content": content, **more}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    body = {"id": "c1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": stop}]}
    return RestAnswer({**body, "usage": usage})


def streams(*deltas, ends="well"):
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    pieces = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    return RestAnswer([*pieces, *([b"data: [DONE]\n\n"] if ends == "well" else [])], ends=ends)


def test_a_system_prompt_and_limits_go_along(api, serving):
    with serving({CHAT: [says("Hi.")]}) as rest:
        api(rest, "chat", "hello", "--model", "m", "--system", "Be brief.", "--max-tokens", 9, "--temperature", 0.5)
    assert rest.heard[0].json == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
        "max_tokens": 9,
        "temperature": 0.5,
    }


def test_an_answer_is_printed_as_it_comes(api, serving):
    with serving({CHAT: [streams({"content": "Hel"}, {"content": "lo."})]}) as rest:
        status, out, err = api(rest, "chat", "hello", "--model", "m", "--stream")
    assert (status, out, err) == (0, "Hello.\n", "")
    assert rest.heard[0].json["stream"] is True


def test_what_came_before_a_cut_is_printed_and_the_status_tells(api, serving):
    with serving({CHAT: [streams({"content": "Hel"}, ends="cut")]}) as rest:
        status, out, err = api(rest, "chat", "hello", "--model", "m", "--stream")
    assert (status, out, err.count("\n")) == (5, "Hel\n", 1)
    assert "ended before the answer did" in err


@pytest.mark.parametrize("how", [(), ("--stream",)], ids=["whole", "streamed"])
@pytest.mark.parametrize("wanted", [True, False])
def test_thoughts_are_shown_beside_the_answer_and_only_when_asked_for(api, serving, how, wanted):
    thinks = {"reasoning_content": "Hmm.", "content": "Yes."}
    answer = streams(thinks) if how else says(**thinks)
    with serving({CHAT: [answer]}) as rest:
        _, out, err = api(rest, "chat", "hello", "--model", "m", *how, *(["--thoughts"] if wanted else []))
    assert out == "Yes.\n"
    assert ("Hmm." in err) is wanted


def test_a_script_gets_one_json_object_also_where_streaming_was_asked_for(api, serving):
    with serving({CHAT: [says("Hi.")]}) as rest:
        status, out, err = api(rest, "chat", "hello", "--model", "m", "--json", "--stream")
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert (told["text"], told["stop"], told["usage"]["output_tokens"]) == ("Hi.", "end", 2)
    assert "stream" not in rest.heard[0].json


@pytest.mark.parametrize(("stop", "told"), [("length", "--max-tokens"), ("content_filter", "filtered")])
def test_an_answer_that_is_not_all_says_so(api, serving, stop, told):
    with serving({CHAT: [says("Once", stop)]}) as rest:
        status, out, err = api(rest, "chat", "hello", "--model", "m")
    assert (status, out) == (0, "Once\n")
    assert told in err


def test_the_question_comes_from_standard_input(api, serving):
    with serving({CHAT: [says("Hi.")]}) as rest:
        api(rest, "chat", "-", "--model", "m", stdin="Grüße\n".encode())
    assert rest.heard[0].json["messages"] == [{"role": "user", "content": "Grüße"}]


def test_pictures_and_recordings_stand_before_the_question(api, serving, tmp_path):
    for name, data in {"a.png": PNG, "a.wav": WAV, "a.bin": MP3}.items():
        (tmp_path / name).write_bytes(data)
    media = ("--image", "a.png", "--image", "https://pictures.example/b.jpg", "--audio", "a.wav", "--audio", "a.bin")
    with serving({CHAT: [says("A desk.")]}) as rest:
        assert api(rest, "chat", "What is it?", "--model", "m", *media)[0] == 0
    (message,) = rest.heard[0].json["messages"]
    file, address, wav, mp3, words = message["content"]
    assert file["image_url"]["url"].startswith("data:image/png;base64,")
    assert b64decode(file["image_url"]["url"].partition(",")[2]) == PNG
    assert address["image_url"] == {"url": "https://pictures.example/b.jpg"}
    assert (wav["input_audio"]["format"], b64decode(wav["input_audio"]["data"])) == ("wav", WAV)
    assert mp3["input_audio"]["format"] == "mp3"
    assert words == {"type": "text", "text": "What is it?"}


RESPONSE = {
    "object": "response",
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi."}]}],
}
CANDIDATE = {"content": {"role": "model", "parts": [{"text": "Hi."}]}, "finishReason": "STOP"}
MESSAGE = {"type": "message", "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn"}
DIALECTS = {
    "openai": (CHAT, says("Hi.")),
    "responses": ("POST /v1/responses", RestAnswer(RESPONSE)),
    "claude": ("POST /v1/messages", RestAnswer(MESSAGE)),
    "gemini": ("POST /v1/models/m:generateContent", RestAnswer({"candidates": [CANDIDATE]})),
}


def test_every_dialect_there_is_can_be_chosen():
    assert get_args(Dialect) == get_args(DialectName)
    assert set(get_args(Dialect)) == set(DIALECTS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_at_its_own_endpoint(api, serving, dialect):
    route, answer = DIALECTS[dialect]
    with serving({route: [answer]}) as rest:
        status, out, _ = api(rest, "chat", "hello", "--model", "m", "--dialect", dialect)
    assert (status, out) == (0, "Hi.\n")
    assert f"{rest.heard[0].method} {rest.heard[0].path}" == route


BAD = {
    "no text": (("chat", " "), 2, "the text is empty"),
    "nothing on standard input": (("chat", "-"), 2, "the text standard input is empty"),
    "an empty system prompt": (("chat", "hi", "--system", ""), 2, "the system prompt is empty"),
    "an unknown dialect": (("chat", "hi", "--dialect", "klingon"), 2, "'klingon' is not one of"),
    "a temperature that is none": (("chat", "hi", "--temperature", "3"), 2, "'--temperature': "),  # then typer's words
    "no tokens": (("chat", "hi", "--max-tokens", "0"), 2, "'--max-tokens': "),
    "a missing picture": (("chat", "hi", "--image", "none.png"), 2, "cannot read the picture none.png"),
    "a picture that is none": (("chat", "hi", "--image", "words"), 2, "words is no picture"),
    "a missing recording": (("chat", "hi", "--audio", "none.wav"), 2, "cannot read the recording none.wav"),
    "a recording that is none": (("chat", "hi", "--audio", "words"), 2, "words is neither WAV nor MP3"),
    "standard input twice": (("chat", "-", "--audio", "-"), 2, "can be read once"),
    "a recording for Claude": (
        ("chat", "hi", "--model", "m", "--dialect", "claude", "--audio", "a.wav"),
        3,
        "recording",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_asked_is_one_line_before_anything_is_sent(api, serving, tmp_path, name):
    (tmp_path / "words").write_text("only words")
    (tmp_path / "a.wav").write_bytes(WAV)
    arguments, status, told = BAD[name]
    with serving({}) as rest:
        ended, out, err = api(rest, *arguments)
    assert (ended, out, err.count("\n")) == (status, "", 1)
    assert told in err
    assert rest.heard == []
