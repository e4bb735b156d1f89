from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.events import (
    EngineLost,
    ReplyAudioStarted,
    ReplyFinished,
    ReplyStarted,
    ReplyTextArrived,
    ToolCalled,
)
from voiceloop.vocabulary import AudioFormat, Cause, Encoding, ReplyStatus, ToolCall, Usage
from voiceloop.wire.protocol import SessionConfig
from wire.talk import ready

SPOT = {"response_id": "r1", "item_id": "a1", "output_index": 0, "content_index": 0}
CALL = {
    "type": "function_call",
    "id": "f1",
    "call_id": "call_1",
    "name": "lamp",
    "arguments": "",
    "status": "in_progress",
}
CALLED = ToolCalled("r1", ToolCall("call_1", "lamp", '{"on":true}'))


def replying(**session):
    talk = ready(**session)
    assert talk.says("response.created", response={"id": "r1", "status": "in_progress"}) == [ReplyStarted("r1")]
    return talk


def message(text="Hello.", kind="output_audio", item_id="a1", status="completed"):
    words = {"text": text} if "text" in kind else {"transcript": text}
    content = [{"type": kind, **words}]
    return {"type": "message", "id": item_id, "role": "assistant", "status": status, "content": content}


def done(talk, status="completed", output=(), **fields):
    return talk.says("response.done", response={"id": "r1", "status": status, "output": list(output), **fields})


def said(told):
    return "".join(event.delta for event in told if isinstance(event, ReplyTextArrived))


# Sound ----------------------------------------------------------------------------------------------------------------


def test_the_first_sound_of_a_reply_is_told_and_only_the_first():
    talk = replying()
    chunk = talk.sounds(bytes(960))
    assert (chunk.reply_id, chunk.item_id, chunk.content_index) == ("r1", "a1", 0)
    assert chunk.payload == bytes(960)
    assert chunk.events == (ReplyAudioStarted("r1", "a1"),)
    assert talk.sounds(bytes(960)).events == ()
    assert talk.sounds(bytes(960), item_id="a2").events == ()


def test_beta_sound_is_sound():
    talk = replying()
    frame = {"type": "response.audio.delta", **SPOT, "delta": "AAA="}
    assert talk.protocol.audio(json.dumps(frame)).payload == b"\0\0"


def test_a_split_sample_is_put_together_with_the_next_delta_of_its_part():
    talk = replying()
    assert talk.sounds(b"\x01\x02\x03").payload == b"\x01\x02"
    assert talk.sounds(b"\x0a\x0b", item_id="a2").payload == b"\x0a\x0b"
    assert talk.sounds(b"\x04").payload == b"\x03\x04"
    assert talk.sounds(b"\x05\x06").payload == b"\x05\x06"


def test_half_a_sample_alone_is_no_sound_yet():
    talk = replying()
    assert (talk.sounds(b"\x01").payload, talk.sounds(b"\x02").events) == (b"", (ReplyAudioStarted("r1", "a1"),))


def test_a_mu_law_byte_is_a_whole_sample():
    talk = ready(SessionConfig("m", format=AudioFormat(Encoding.G711_ULAW, 8000)))
    assert talk.sounds(b"\x01\x02\x03").payload == b"\x01\x02\x03"


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=9))
def test_however_sound_is_cut_the_same_samples_arrive(audio, cuts):
    talk = replying()
    edges = [0, *sorted(min(cut, len(audio)) for cut in cuts), len(audio)]
    heard = b"".join(talk.sounds(audio[start:end]).payload for start, end in itertools.pairwise(edges))
    assert heard == audio[: len(audio) // 2 * 2]


def test_sound_of_an_unheard_of_reply_starts_it():
    talk = ready()
    assert talk.sounds(bytes(2)).events == (ReplyStarted("r1"), ReplyAudioStarted("r1", "a1"))
    assert talk.says("response.created", response={"id": "r1"}) == []


def test_sound_after_the_end_is_dropped():
    talk = replying()
    talk.sounds(bytes(2))
    done(talk)
    assert talk.sounds(bytes(2)) is None
    assert talk.says("response.output_audio.delta", **SPOT, delta="AAA=") == []


def test_late_sound_of_a_reply_that_never_sounded_is_dropped_too():
    talk = replying()
    done(talk)
    assert talk.sounds(bytes(2)) is None


def test_what_is_no_sound_is_left_for_receive():
    talk = replying()
    assert talk.protocol.audio('{"type": "response.output_audio_transcript.delta", "delta": "AAA="}') is None
    assert talk.protocol.audio('{"type": "response.output_audio.delta", "delta": 3') is None


def test_sound_without_item_id_belongs_to_the_message_at_hand():
    talk = replying()
    talk.says("response.output_item.added", response_id="r1", item=message(item_id="a7"))
    assert talk.sounds(bytes(2), item_id="").item_id == "a7"


# Words ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "type_",
    [
        "response.output_audio_transcript.delta",
        "response.audio_transcript.delta",
        "response.output_text.delta",
        "response.text.delta",
    ],
)
def test_words_tell_how_much_sound_of_their_part_came_before(type_):
    talk = replying()
    assert talk.says(type_, **SPOT, delta="Hel") == [ReplyTextArrived("r1", "a1", 0, "Hel", 0)]
    talk.sounds(bytes(4800))
    talk.sounds(bytes(48000), item_id="a2")
    assert talk.says(type_, **SPOT, delta="lo.") == [ReplyTextArrived("r1", "a1", 0, "lo.", 100)]


def test_received_milliseconds_follow_the_format_in_force():
    output = {"output": {"format": {"type": "audio/pcmu"}}}
    talk = replying(audio=output)
    talk.sounds(bytes(800))
    (told,) = talk.says("response.output_audio_transcript.delta", **SPOT, delta="Hi")
    assert told.received_ms == 100


def test_an_empty_delta_is_no_news():
    assert replying().says("response.output_text.delta", **SPOT, delta="") == []


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("response.output_audio_transcript.done", {"transcript": "Hello."}),
        ("response.audio_transcript.done", {"transcript": "Hello."}),
        ("response.output_text.done", {"text": "Hello."}),
        ("response.text.done", {"text": "Hello."}),
        ("response.content_part.done", {"part": {"type": "audio", "transcript": "Hello."}}),
        ("response.output_item.done", {"item": message()}),
    ],
)
@pytest.mark.parametrize("before", ["", "Hel", "Hello."])
def test_words_that_only_the_end_brings_are_told_once(type_, fields, before):
    talk = replying()
    told = talk.says("response.output_audio_transcript.delta", **SPOT, delta=before)
    told += talk.says(type_, **SPOT, **fields)
    told += talk.says(type_, **SPOT, **fields)
    told += done(talk, output=[message()])
    assert said(told) == "Hello."


def test_words_that_only_response_done_brings_are_told_before_the_end():
    talk = replying()
    told = done(talk, output=[message("Hello.", "text")])
    assert told == [ReplyTextArrived("r1", "a1", 0, "Hello."), ReplyFinished("r1", ReplyStatus.COMPLETED)]


def test_a_final_text_that_differs_is_not_said_again():
    talk = replying()
    talk.says("response.output_audio_transcript.delta", **SPOT, delta="Helo.")
    assert talk.says("response.output_audio_transcript.done", **SPOT, transcript="Hello.") == []


def test_words_after_the_end_are_dropped():
    talk = replying()
    done(talk)
    assert talk.says("response.output_text.delta", **SPOT, delta="Ghost") == []
    assert talk.says("response.output_text.done", **SPOT, text="Ghost") == []
    assert talk.says("response.output_item.done", response_id="r1", item=message()) == []


# Calls ----------------------------------------------------------------------------------------------------------------

ARGUMENTS = {"response_id": "r1", "item_id": "f1", "output_index": 0, "call_id": "call_1"}
WHOLE = {**CALL, "arguments": '{"on":true}', "status": "completed"}


def test_a_call_is_told_when_its_arguments_are_whole_with_the_name_from_before():
    talk = replying()
    assert talk.says("response.output_item.added", response_id="r1", item=CALL) == []
    assert talk.says("response.function_call_arguments.delta", **ARGUMENTS, delta='{"on":') == []
    assert talk.says("response.function_call_arguments.done", **ARGUMENTS, arguments='{"on":true}') == [CALLED]
    assert talk.says("response.output_item.done", response_id="r1", item=WHOLE) == []
    assert done(talk, output=[WHOLE]) == [ReplyFinished("r1", ReplyStatus.COMPLETED)]


def test_ga_names_the_function_with_its_arguments():
    talk = replying()
    told = talk.says("response.function_call_arguments.done", **ARGUMENTS, name="lamp", arguments='{"on":true}')
    assert told == [CALLED]


def test_arguments_without_a_name_wait_for_it():
    talk = replying()
    assert talk.says("response.function_call_arguments.done", **ARGUMENTS, arguments='{"on":true}') == []
    named = {**WHOLE, "arguments": ""}
    assert talk.says("response.output_item.done", response_id="r1", item=named) == [CALLED]


def test_a_call_that_only_response_done_brings_is_told_before_the_end():
    assert done(replying(), output=[WHOLE]) == [CALLED, ReplyFinished("r1", ReplyStatus.COMPLETED)]


def test_two_calls_and_a_message_in_one_reply():
    talk = replying()
    second = {**WHOLE, "id": "f2", "call_id": "call_2", "arguments": "{}"}
    told = done(talk, output=[message("Wait."), WHOLE, second])
    assert [type(event) for event in told] == [ReplyTextArrived, ToolCalled, ToolCalled, ReplyFinished]
    assert told[2].call == ToolCall("call_2", "lamp", "{}")


def test_arguments_are_put_together_by_call_id_where_the_item_id_is_missing():
    talk = replying()
    talk.says("response.output_item.added", response_id="r1", item=CALL)
    spot = {"response_id": "r1", "call_id": "call_1"}
    talk.says("response.function_call_arguments.delta", **spot, delta='{"on":true}')
    assert talk.says("response.function_call_arguments.done", **spot) == [CALLED]


def test_a_call_without_call_id_is_known_by_its_item():
    item = {"type": "function_call", "id": "f9", "name": "lamp", "arguments": "{}"}
    assert done(replying(), output=[item])[0] == ToolCalled("r1", ToolCall("f9", "lamp", "{}"))


def test_a_call_with_no_id_at_all_cannot_be_answered_and_is_not_told():
    item = {"type": "function_call", "name": "lamp", "arguments": "{}"}
    assert done(replying(), output=[item]) == [ReplyFinished("r1", ReplyStatus.COMPLETED)]


@pytest.mark.parametrize("status", ["cancelled", "incomplete", "failed"])
def test_a_call_that_was_cut_short_is_told_at_the_end_as_it_is(status):
    talk = replying()
    talk.says("response.output_item.added", response_id="r1", item=CALL)
    talk.says("response.function_call_arguments.delta", **ARGUMENTS, delta='{"on":')
    cut = {**CALL, "arguments": '{"on":', "status": "incomplete"}
    assert talk.says("response.output_item.done", response_id="r1", item=cut) == []
    told = done(talk, status, [cut])
    assert told == [ToolCalled("r1", ToolCall("call_1", "lamp", '{"on":')), ReplyFinished("r1", ReplyStatus(status))]


def test_arguments_after_the_end_call_nothing():
    talk = replying()
    done(talk)
    assert talk.says("response.function_call_arguments.done", **ARGUMENTS, name="lamp", arguments="{}") == []


def test_items_that_are_neither_words_nor_calls_are_passed_over():
    talk = replying()
    mcp = {"type": "mcp_call", "id": "m1"}
    assert talk.says("response.output_item.added", response_id="r1", item=mcp) == []
    assert talk.says("response.output_item.done", response_id="r1", item=mcp) == []


# Endings --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status", "detail"),
    [
        ({"status": "completed", "status_details": None}, "completed", ""),
        ({"status": "cancelled", "status_details": {"reason": "turn_detected"}}, "cancelled", "turn_detected"),
        ({"status": "incomplete", "status_details": {"reason": "content_filter"}}, "incomplete", "content_filter"),
        ({"status": "failed", "status_details": "out of luck"}, "failed", "out of luck"),
        (
            {
                "status": "failed",
                "status_details": {
                    "type": "failed",
                    "error": {"code": "rate_limit_exceeded", "message": "Slow\ndown."},
                },
            },
            "failed",
            "rate_limit_exceeded: Slow down.",
        ),
        ({"status": "odd"}, "completed", ""),
    ],
)
def test_every_ending_is_told_with_its_reason(fields, status, detail):
    told = replying().says("response.done", response={"id": "r1", **fields})
    assert told == [ReplyFinished("r1", ReplyStatus(status), detail)]


def test_usage_is_told_where_the_server_tells_it():
    talk = replying()
    usage = {"input_tokens": 9, "output_tokens": 4, "input_token_details": {"cached_tokens": 2}}
    (told,) = done(talk, usage=usage)
    assert told.usage == Usage(9, 4, 2, details={"input_cached_tokens": 2})


def test_a_reply_ends_once():
    talk = replying()
    assert len(done(talk)) == 1
    assert done(talk) == []


def test_an_exhausted_account_shows_only_in_the_failed_response():
    error = {"type": "failed", "error": {"type": "insufficient_quota", "code": "insufficient_quota"}}
    told = done(replying(), "failed", status_details=error)
    assert told == [
        ReplyFinished("r1", ReplyStatus.FAILED, "insufficient_quota"),
        EngineLost(Cause.QUOTA, "insufficient_quota"),
    ]


# Servers that leave things out ----------------------------------------------------------------------------------------


def test_a_reply_that_was_never_created_starts_with_its_first_event():
    talk = ready()
    told = talk.says("response.output_audio_transcript.delta", response_id="r9", item_id="a1", delta="Hi")
    assert told == [ReplyStarted("r9"), ReplyTextArrived("r9", "a1", 0, "Hi")]
    assert talk.says("response.done", response={"id": "r8"}) == [
        ReplyStarted("r8"),
        ReplyFinished("r8", ReplyStatus.COMPLETED),
    ]


def test_a_server_without_response_ids_is_followed_by_order():
    talk = ready()
    assert talk.says("response.created", response={}) == [ReplyStarted("reply_1")]
    assert talk.says("response.created", response={}) == []
    assert talk.says("response.text.delta", delta="Hi") == [ReplyTextArrived("reply_1", "", 0, "Hi")]
    assert talk.says("response.done", response={}) == [ReplyFinished("reply_1", ReplyStatus.COMPLETED)]
    assert talk.says("response.text.delta", delta="late") == []
    assert talk.says("response.created", response={}) == [ReplyStarted("reply_2")]


def test_without_ids_and_without_created_the_first_delta_starts_a_reply():
    assert ready().says("response.text.delta", delta="Hi")[0] == ReplyStarted("reply_1")


def test_only_the_latest_replies_are_remembered():
    talk = replying()
    for number in range(64):
        talk.says("response.created", response={"id": f"n{number}"})
    assert talk.says("response.output_text.delta", **SPOT, delta="Hi")[0] == ReplyStarted("r1")
