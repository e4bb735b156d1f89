"""What goes wrong on the wire, at every endpoint of a REST server: the cause, and that the engine is lost at all.

Over real connections, with deadlines of tenths of a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from engines.cascade.fakes import Port
from voiceloop.commands import AskReply, CommitTurn, SendText
from voiceloop.dgrid.retries import Retries
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.engines.cascade.orders import Deadlines
from voiceloop.engines.services.rest_services import rest_services
from voiceloop.events import EngineLost, ReplyFinished
from voiceloop.settings import Settings
from voiceloop.testing.numbers import numbered
from voiceloop.testing.rest import RestAnswer, ScriptedRest
from voiceloop.vocabulary import AudioFormat, Cause

pytestmark = pytest.mark.real

SHORT = Deadlines(
    transcription_s=0.4,
    first_token_s=0.4,
    first_words_s=0.8,
    stream_silence_s=0.4,
    first_audio_s=0.4,
    again_within_s=0.2,
    gives_up="engine",
)
RETRIES = Retries(attempts=2, first_s=0.02, within_s=0.2)
PATHS = {"transcribe": "/v1/audio/transcriptions", "chat": "/v1/chat/completions", "speak": "/v1/audio/speech"}
MODELS = {"chat": "c", "speech": "s", "transcription": "t"}
PAGE = "<!DOCTYPE html><html><body><h1>Welcome to our Wi-Fi</h1></body></html>"


def error(status, message="it says why", **headers):
    return RestAnswer(
        {"error": {"message": message}}, status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def said(*texts, ends="well"):
    pieces = [f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': text}}]})}\n\n" for text in texts]
    return RestAnswer([piece.encode() for piece in pieces], headers={"Content-Type": "text/event-stream"}, ends=ends)


def sound(data, kind, **more):
    return RestAnswer(data, headers={"Content-Type": kind}, **more)


EVERYWHERE = {
    "bad key": (error(401), Cause.BAD_KEY),
    "no money": (error(402), Cause.QUOTA),
    "no credit": (error(429, "You exceeded your current quota"), Cause.QUOTA),
    "no such model": (error(404, "the model x does not exist"), Cause.BAD_MODEL),
    "no such endpoint": (error(404, "not found"), Cause.UNSUPPORTED_DIALECT),
    "refused as it is": (error(400), Cause.REFUSED),
    "too many requests": (error(429), Cause.BUSY),
    "too many, wait little": (error(429, retry_after="0"), Cause.BUSY),
    "too many, wait long": (error(429, retry_after="30"), Cause.BUSY),
    "server fault": (error(500), Cause.UNREACHABLE),
    "bad gateway": (RestAnswer(PAGE, 502, {"Content-Type": "text/html"}), Cause.UNREACHABLE),
    "redirect": (RestAnswer(status=302, headers={"Location": "http://login.example/"}), Cause.UNREACHABLE),
    "not a byte": (RestAnswer(silent=True, ends="never"), Cause.SLOW_MODEL),
    "head and no body": (RestAnswer(ends="never"), Cause.SLOW_MODEL),
    "cut before a byte": (RestAnswer(silent=True, ends="cut"), Cause.DROP),
    "a page": (RestAnswer(PAGE, headers={"Content-Type": "text/html"}), Cause.BROKEN_PEER),
    "nothing": (RestAnswer(), Cause.BROKEN_PEER),
    "other JSON": (RestAnswer({"hello": ["world"]}), Cause.BROKEN_PEER),
    "a list": (RestAnswer(b"[]", headers={"Content-Type": "application/json"}), Cause.BROKEN_PEER),
}
HERE = {
    "transcribe": {
        "half, then silence": (
            RestAnswer(b'{"te', headers={"Content-Type": "application/json"}, ends="never"),
            Cause.SLOW_MODEL,
        ),
        "half, then cut": (RestAnswer(b'{"te', headers={"Content-Type": "application/json"}, ends="cut"), Cause.DROP),
    },
    "chat": {
        "words, then silence": (said("It is ", ends="never"), Cause.SLOW_MODEL),
        "words, then cut": (said("It is ", ends="cut"), Cause.DROP),
        "a sentence, then silence": (said("It is noon. ", "And it", ends="never"), Cause.SLOW_MODEL),
        "a sentence, then cut": (said("It is noon. ", "And it", ends="cut"), Cause.DROP),
        "an error inside": (
            RestAnswer([b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n']),
            Cause.UNREACHABLE,
        ),
        "no words of an answer": (RestAnswer([b": waiting\n\n"]), Cause.BROKEN_PEER),
    },
    "speak": {
        "sound, then silence": (sound(b"\1\2" * 2400, "audio/pcm", ends="never"), Cause.SLOW_MODEL),
        "sound, then cut": (sound(b"\1\2" * 2400, "audio/pcm", ends="cut"), Cause.DROP),
        "WAV without audio": (sound(b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"), Cause.BROKEN_PEER),
        "a page called audio": (sound(PAGE.encode(), "audio/mpeg"), Cause.BROKEN_PEER),
        "half a sample": (sound(b"\1", "audio/pcm"), Cause.BROKEN_PEER),
    },
}
ROWS = [
    pytest.param(endpoint, answer, cause, id=f"{endpoint}: {name}")
    for endpoint in PATHS
    for name, (answer, cause) in (EVERYWHERE | HERE[endpoint]).items()
]


def works():
    """Enough answers for one turn."""
    spoken = sound(b"\1\2" * 2400, "audio/pcm")
    return {"transcribe": [RestAnswer({"text": "what time is it"})], "chat": [whole()], "speak": [spoken] * 4}


def whole():
    answer = said("It is noon. ", "And it rains.")
    return RestAnswer([*answer.body, b"data: [DONE]\n\n"], headers=answer.headers)


@contextlib.asynccontextmanager
async def engine_at(base_url, deadlines=SHORT):
    """Open an engine; yields it, its port and an event that is set when it is lost or a reply is over."""
    settings = Settings.model_validate({"backend": {"base_url": base_url}, "agent": {"models": MODELS}})
    over = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        port = Port(group, lambda event: over.set() if isinstance(event, EngineLost | ReplyFinished) else None)
        engine = CascadeEngine(
            lambda seed: rest_services(settings, seed.language, retries=RETRIES), deadlines=deadlines
        )
        await engine.open(Seed("Be brief.", (), AudioFormat()), port)
        try:
            yield engine, port, over
        finally:
            await engine.close(0.5)


def begins(engine, endpoint):
    """Have the engine ask this endpoint, and as few as possible before it."""
    if endpoint == "transcribe":
        engine.hear(numbered(0, 12_000), 0)
        engine.obey(CommitTurn("turn-1"))
    engine.obey(SendText("typed-1", "what time is it"))
    engine.obey(AskReply("ask-1"))


@pytest.mark.parametrize(("endpoint", "answer", "cause"), ROWS)
async def test_a_failing_request_costs_the_engine_and_is_named(endpoint, answer, cause):
    answers = works() | {endpoint: [answer] * 8}
    async with (
        ScriptedRest({f"POST {PATHS[name]}": answers[name] for name in PATHS}) as rest,
        engine_at(rest.base_url) as (engine, port, over),
    ):
        begins(engine, endpoint)
        await over.wait()
        assert [(lost.cause, lost.endpoint) for lost in port.of(EngineLost)] == [(cause, endpoint)]
        asked = [heard for heard in rest.heard if heard.path == PATHS[endpoint]]
        assert len(asked) <= 4
    assert port.of(ReplyFinished) == []


@pytest.mark.parametrize("endpoint", ["transcribe", "chat"])
async def test_a_server_that_is_not_there_costs_the_engine(endpoint, unused_tcp_port):
    async with engine_at(f"http://127.0.0.1:{unused_tcp_port}") as (engine, port, over):
        begins(engine, endpoint)
        await over.wait()
    assert [(lost.cause, lost.endpoint) for lost in port.of(EngineLost)] == [(Cause.UNREACHABLE, endpoint)]


async def test_a_server_that_is_gone_when_it_is_to_speak_costs_the_engine(unused_tcp_port):
    async with engine_at(f"http://127.0.0.1:{unused_tcp_port}") as (engine, port, over):
        engine.obey(AskReply("ask-1", say="It is noon."))
        await over.wait()
    assert [(lost.cause, lost.endpoint) for lost in port.of(EngineLost)] == [(Cause.UNREACHABLE, "speak")]


async def test_a_recording_that_nobody_can_decode_costs_the_engine():
    mp3 = sound(b"ID3" + bytes(500), "audio/mpeg")
    async with (
        ScriptedRest({f"POST {PATHS['speak']}": [mp3] * 2}) as rest,
        engine_at(rest.base_url, Deadlines(first_audio_s=15.0)) as (engine, port, over),
    ):
        engine.obey(AskReply("ask-1", say="It is noon."))
        await over.wait()
    assert [(lost.cause, lost.endpoint) for lost in port.of(EngineLost)] == [(Cause.BROKEN_PEER, "speak")]


async def test_a_whole_turn_costs_nothing():
    answers = works()
    async with (
        ScriptedRest({f"POST {PATHS[name]}": answers[name] for name in PATHS}) as rest,
        engine_at(rest.base_url) as (engine, port, over),
    ):
        begins(engine, "transcribe")
        await over.wait()
    assert [event.status for event in port.of(ReplyFinished)] == ["completed"]
