from __future__ import annotations

import asyncio
import contextlib
import json
import logging

import pytest

from dgrid import sounds
from dgrid.asker import KEY, client, refusal
from dgrid.forms import fields
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.transcript import TextGrew, Transcribed
from voiceloop.dgrid.transcriptions import TranscriptionRequest, Transcriptions
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

SPEECH = TranscriptionRequest(model="gpt-4o-transcribe", audio=sounds.WAV)
HEARD = RestAnswer({"text": "Turn on the light."})


def event(raw):
    return f"data: {json.dumps(raw)}\n\n".encode()


def delta(text):
    return event({"type": "transcript.text.delta", "delta": text})


DONE = event({"type": "transcript.text.done", "text": "Turn on."})


def no(message, **more):
    return RestAnswer({"error": {"message": message, "type": "invalid_request_error", **more}}, 400)


@contextlib.asynccontextmanager
async def listening(*answers):
    async with ScriptedRest({"POST /v1/audio/transcriptions": answers}) as rest, client(rest) as asker:
        yield Transcriptions(asker), rest


async def told(transcriptions, request=SPEECH):
    async with transcriptions.stream(request) as deltas:
        return [delta async for delta in deltas]


# What comes


@pytest.mark.parametrize(
    "answer",
    [
        HEARD,
        RestAnswer("Turn on the light.\n"),
        RestAnswer([event({"type": "transcript.text.done", "text": "Turn on the light."})]),
        RestAnswer(event({"text": "Turn on the light."}), headers={"Content-Type": "application/json"}),
        RestAnswer(b'{"text":"Turn on the light."}', headers={"Content-Type": "text/event-stream"}),
    ],
)
async def test_whole_or_streamed_whatever_was_asked_for(answer):
    async with listening(answer, answer) as (transcriptions, _):
        whole, deltas = await transcriptions.whole(SPEECH), await told(transcriptions)
    assert whole.text == "Turn on the light."
    assert deltas[-1] == Transcribed(whole)


async def test_deltas_come_while_more_is_still_being_recognised():
    async with listening(RestAnswer([delta("turn ")], ends="never")) as (transcriptions, rest):
        async with transcriptions.stream(SPEECH) as deltas:
            assert await anext(deltas) == TextGrew("turn ")
        await rest.heard[0].gone.wait()


async def test_a_server_that_hangs_on_after_the_last_event_is_left(monkeypatch):
    monkeypatch.setattr("voiceloop.dgrid.client.END_WITHIN_S", 0.01)
    async with listening(RestAnswer([delta("Turn on."), DONE], ends="never")) as (transcriptions, rest):
        assert (await told(transcriptions))[-1].transcription.text == "Turn on."
        await rest.heard[0].gone.wait()


async def test_the_connection_stays_warm_for_the_next_turn():
    async with listening(RestAnswer([DONE]), HEARD, RestAnswer([DONE])) as (transcriptions, rest):
        for _ in range(3):
            await told(transcriptions)
    assert [asked.connection for asked in rest.heard] == [1, 1, 1]


async def test_a_connection_that_breaks_is_raised_after_what_came():
    cut = RestAnswer([delta("turn ")], ends="cut")
    async with listening(cut) as (transcriptions, _), transcriptions.stream(SPEECH) as deltas:
        assert await anext(deltas) == TextGrew("turn ")
        assert (await refusal(anext(deltas))).kind is Kind.DROPPED


async def test_cancelling_closes_the_request():
    async with (
        listening(RestAnswer(silent=True, ends="never")) as (transcriptions, rest),
        asyncio.TaskGroup() as tasks,
    ):
        asking = tasks.create_task(transcriptions.whole(SPEECH))
        asked = await rest.hears()
        asking.cancel()
        await asked.gone.wait()
    assert asking.cancelled()


# What goes wrong


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (RestAnswer({"success": False, "message": f"no group for {KEY}"}), Kind.REFUSED, "no group for"),
        (RestAnswer([event({"error": {"message": f"of {KEY}", "code": "insufficient_quota"}})]), Kind.QUOTA, "of"),
        (RestAnswer({"error": {"message": "Audio file is too short"}}, 400), Kind.REFUSED, "Audio file is too short"),
        (RestAnswer({"error": {"message": "Maximum content size limit exceeded"}}, 413), Kind.REFUSED, "Maximum"),
        (RestAnswer(b""), Kind.BROKEN, "nothing of what was heard but nothing"),
        (RestAnswer("<html><title>Welcome</title>"), Kind.BROKEN, "nothing of what was heard but Welcome"),
        (RestAnswer({"key": KEY}), Kind.BROKEN, 'nothing of what was heard but {"key": "'),
        (RestAnswer([b": PING\n\n"]), Kind.BROKEN, "nothing of what was heard but : PING"),
    ],
)
async def test_an_answer_that_is_none(answer, kind, words):
    async with listening(answer, answer) as (transcriptions, _):
        for asking in (transcriptions.whole(SPEECH), told(transcriptions)):
            failure = await refusal(asking)
            assert failure.kind is kind
            assert failure.message.startswith(words)


async def test_an_event_without_end_is_broken(monkeypatch):
    monkeypatch.setattr("voiceloop.dgrid.sse.LONGEST", 200)
    long = RestAnswer([b"data: " + b"A" * 300])
    async with listening(long, long) as (transcriptions, _):
        for asking in (transcriptions.whole(SPEECH), told(transcriptions)):
            assert "longer than" in (await refusal(asking)).message


# What a model refuses


async def test_a_refused_format_is_left_out_for_that_format_alone(caplog):
    caplog.set_level(logging.WARNING)
    verbose = SPEECH.model_copy(update={"response_format": "verbose_json", "timestamp_granularities": ("word",)})
    diarized = SPEECH.model_copy(update={"response_format": "diarized_json"})
    refusals = [
        no("response_format 'verbose_json' is not compatible with model 'x'. Use 'json'.", param="response_format"),
        no("This needs verbose_json", param="timestamp_granularities[]", code="unsupported_parameter"),
    ]
    async with listening(*refusals, HEARD, HEARD, HEARD) as (transcriptions, rest):
        assert (await transcriptions.whole(verbose)).text == "Turn on the light."
        await transcriptions.whole(verbose)
        await transcriptions.whole(diarized)
    assert [[name for name, _ in fields(asked)][1:] for asked in rest.heard] == [
        ["response_format", "timestamp_granularities[]"], ["timestamp_granularities[]"], [], [], ["response_format"],
    ]  # fmt: skip
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "gpt-4o-transcribe (verbose_json) takes no response_format",
        "gpt-4o-transcribe (verbose_json) takes no timestamp_granularities",
    ]


async def test_a_model_that_cannot_stream_is_asked_without():
    async with listening(no("stream is not supported by this model"), HEARD, HEARD) as (transcriptions, rest):
        assert (await told(transcriptions))[-1].transcription.text == "Turn on the light."
        await told(transcriptions)
    assert [("stream", "true") in fields(asked) for asked in rest.heard] == [True, False, False]


@pytest.mark.parametrize(
    ("request_", "refusal_"),
    [
        (
            SPEECH.model_copy(update={"response_format": "srt"}),
            no("response_format 'srt' is not compatible with this model", param="response_format"),
        ),
        (SPEECH.model_copy(update={"language": "xx"}), no("Language 'xx' is not supported.", param="language")),
    ],
)
async def test_what_would_change_the_question_is_the_callers_to_mend(request_, refusal_):
    async with listening(refusal_) as (transcriptions, rest):
        assert (await refusal(transcriptions.whole(request_))).kind is Kind.REFUSED
    assert len(rest.heard) == 1
