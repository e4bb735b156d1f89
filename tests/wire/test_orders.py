from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.commands import (
    AskReply,
    CancelReply,
    ForgetTurn,
    SendSaid,
    SendText,
    SendToolOutput,
    TrimReply,
    UpdateEngine,
)
from voiceloop.events import EngineComplained, ReplyStarted
from voiceloop.vocabulary import HeardSpan, ToolCall, ToolSpec, UserTurn
from voiceloop.wire.config import SessionConfig
from voiceloop.wire.orders import SAY_EXACTLY
from wire.talk import greeted, ready

SPOT = {"response_id": "r1", "item_id": "a1", "content_index": 0}
SECOND = bytes(48_000)


def speaking(seconds=1):
    talk = ready()
    talk.says("response.created", response={"id": "r1"})
    for _ in range(seconds):
        talk.sounds(SECOND)
    return talk


def trims(talk, heard_ms, received_ms=1000, index=0, item_id="a1", reply_id="r1"):
    talk.protocol.obey(TrimReply(HeardSpan(reply_id, item_id, index, heard_ms, received_ms)))
    return [{key: value for key, value in frame.items() if key != "event_id"} for frame in talk.sent()]


def truncated(to_ms, index=0):
    return [{"type": "conversation.item.truncate", "item_id": "a1", "content_index": index, "audio_end_ms": to_ms}]


DELETED = [{"type": "conversation.item.delete", "item_id": "a1"}]

# Asking ---------------------------------------------------------------------------------------------------------------


def test_an_ask_carries_its_id_and_nothing_else():
    talk = ready()
    talk.protocol.obey(AskReply("ask-1"))
    assert talk.sent() == [
        {"type": "response.create", "event_id": "vl_2", "response": {"metadata": {"ask_id": "ask-1"}}}
    ]


def test_a_sentence_is_to_be_said_as_it_stands_and_without_tools():
    talk = ready()
    talk.protocol.obey(AskReply("ask-1", say="Good {day}!"))
    (create,) = talk.sent()
    assert create["response"]["instructions"] == "Say exactly this, and nothing else: Good {day}!"
    assert create["response"]["tool_choice"] == "none"
    assert SAY_EXACTLY.format(text="x").endswith(": x")


def test_what_is_said_and_what_models_are_told_later_is_pronounced():
    talk = ready(SessionConfig("m", pronounce={"DGrid": "dee grid"}))
    talk.protocol.obey(AskReply("ask-1", say="Welcome to dgrid."))
    talk.protocol.obey(UpdateEngine("Be brief."))
    create, update = talk.sent()
    assert create["response"]["instructions"] == SAY_EXACTLY.format(text="Welcome to dee grid.")
    assert update["session"]["instructions"].startswith("Be brief.\n\nWhen you speak, ")


def test_an_ask_without_tools_forbids_them():
    talk = ready()
    talk.protocol.obey(AskReply("ask-1", tools_allowed=False))
    assert talk.sent()[0]["response"]["tool_choice"] == "none"


def test_text_outputs_and_deletions_are_sent_as_items():
    talk = ready()
    talk.protocol.obey(SendText("t1", "Hello"))
    talk.protocol.obey(SendToolOutput("call_1", '{"ok":true}'))
    talk.protocol.obey(ForgetTurn("u1"))
    text, output, delete = talk.sent()
    assert text["item"]["id"] == "t1"
    assert text["item"]["content"] == [{"type": "input_text", "text": "Hello"}]
    assert output["item"] == {"type": "function_call_output", "call_id": "call_1", "output": '{"ok":true}'}
    assert (delete["type"], delete["item_id"]) == ("conversation.item.delete", "u1")


# Cancelling -----------------------------------------------------------------------------------------------------------


def test_a_running_reply_is_cancelled_by_name():
    talk = speaking()
    talk.protocol.obey(CancelReply("r1"))
    (cancel,) = talk.sent()
    assert (cancel["type"], cancel["response_id"]) == ("response.cancel", "r1")


def test_a_reply_the_server_never_named_is_cancelled_without_a_name():
    talk = ready()
    talk.says("response.created", response={})
    talk.protocol.obey(CancelReply("reply_1"))
    assert "response_id" not in talk.sent()[0]


def test_a_reply_that_is_over_or_of_another_connection_is_not_cancelled():
    talk = speaking()
    talk.says("response.done", response={"id": "r1"})
    talk.protocol.obey(CancelReply("r1"))
    talk.protocol.obey(CancelReply("r-old"))
    assert talk.sent() == []


# Trimming -------------------------------------------------------------------------------------------------------------


def test_a_reply_is_cut_where_it_was_heard():
    assert trims(speaking(), 640) == truncated(640)


def test_a_cut_never_lies_beyond_what_was_received():
    assert trims(speaking(), 5000, 9000) == truncated(1000)


def test_a_reply_that_was_heard_out_is_left_alone():
    talk = speaking()
    talk.says("response.done", response={"id": "r1"})
    assert trims(talk, 1000) == []


def test_what_was_heard_of_an_unfinished_reply_is_cut_there_since_more_may_come():
    assert trims(speaking(), 1000) == truncated(1000)


def test_an_unheard_item_goes_once_its_reply_is_over():
    talk = speaking()
    assert trims(talk, 0) == []
    talk.says("response.done", response={"id": "r1", "status": "cancelled"})
    assert talk.sent()[0]["item_id"] == "a1"


def test_an_unheard_item_of_a_finished_reply_goes_at_once():
    talk = speaking()
    talk.says("response.done", response={"id": "r1"})
    assert trims(talk, 0) == DELETED


def test_words_without_sound_that_nobody_heard_go_too():
    talk = ready()
    talk.says("response.output_audio_transcript.delta", **SPOT, delta="Hello")
    talk.says("response.done", response={"id": "r1", "status": "cancelled"})
    assert trims(talk, 0, 0) == DELETED


def test_items_that_come_after_the_cancel_go_once_the_reply_is_over():
    talk = speaking()
    talk.protocol.obey(CancelReply("r1"))
    trims(talk, heard_ms=400)
    talk.sounds(SECOND, item_id="a2")
    talk.says("response.done", response={"id": "r1", "status": "completed"})
    (deleted,) = talk.sent()
    assert (deleted["type"], deleted["item_id"]) == ("conversation.item.delete", "a2")


def test_an_unheard_second_part_does_not_cost_the_first():
    talk = speaking()
    talk.sounds(SECOND, content_index=1)
    assert trims(talk, 0, index=1) == truncated(0, 1)


def test_written_words_are_never_cut():
    talk = ready()
    talk.says("response.output_text.delta", **SPOT, delta="Hello")
    assert trims(talk, 0, 0) == []


@pytest.mark.parametrize(
    ("kind", "goes"), [("text", []), ("output_text", []), ("audio", DELETED), ("output_audio", DELETED)]
)
def test_only_the_words_of_sound_go_when_a_part_comes_as_a_whole(kind, goes):
    talk = ready()
    words = {"transcript": "Hi"} if "audio" in kind else {"text": "Hi"}
    talk.says("response.content_part.done", **SPOT, part={"type": kind, **words})
    talk.says("response.done", response={"id": "r1", "status": "cancelled"})
    assert trims(talk, 0, 0) == goes


def test_words_that_came_as_a_whole_leave_their_sound_to_be_cut():
    talk = speaking()
    talk.says("response.output_audio_transcript.done", **SPOT, transcript="Hello")
    assert trims(talk, 640) == truncated(640)


def test_sound_whose_words_a_server_calls_text_can_be_cut():
    talk = speaking()
    talk.says("response.output_text.delta", **SPOT, delta="Hello")
    assert trims(talk, 640) == truncated(640)


def test_words_of_sound_that_came_only_as_a_whole_can_be_deleted():
    talk = ready()
    talk.says("response.output_audio_transcript.done", **SPOT, transcript="Hello")
    talk.says("response.done", response={"id": "r1", "status": "cancelled"})
    assert trims(talk, 0, 0) == DELETED


def test_what_this_connection_never_had_is_not_trimmed():
    talk = speaking()
    assert trims(talk, 10, reply_id="r-old") == []
    assert trims(talk, 10, item_id="a-old") == []


@given(st.integers(0, 5000), st.booleans())
def test_no_cut_ever_claims_more_than_was_heard_or_received(heard_ms, over):
    talk = speaking(2)
    if over:
        talk.says("response.done", response={"id": "r1"})
    for frame in trims(talk, heard_ms, 2000):
        assert frame.get("audio_end_ms", 0) <= min(heard_ms, 2000)


# Complaints about what was sent ---------------------------------------------------------------------------------------


def asked():
    talk = ready()
    talk.protocol.obey(AskReply("ask-1", tools_allowed=False))
    return talk, talk.sent()[0]["event_id"]


def test_a_refused_ask_is_named():
    talk, event_id = asked()
    (told,) = talk.errs("conversation_already_has_active_response", "Busy.", event_id=event_id)
    assert told == EngineComplained(
        "conversation_already_has_active_response", "conversation_already_has_active_response: Busy.", "ask-1"
    )
    assert talk.protocol.counts.benign == 1


def test_a_field_the_server_refuses_is_left_out_of_this_ask_and_all_later_ones():
    talk, event_id = asked()
    (told,) = talk.errs("unknown_parameter", param="response.tool_choice", event_id=event_id)
    assert told.ask_id == ""
    (again,) = talk.sent()
    assert again["response"] == {"metadata": {"ask_id": "ask-1"}}
    assert talk.protocol.counts.resent == 1
    talk.protocol.obey(AskReply("ask-2", tools_allowed=False))
    assert "tool_choice" not in talk.sent()[0]["response"]
    (told,) = talk.errs("server_broke", event_id=again["event_id"])
    assert told.ask_id == "ask-1"


def test_a_refused_field_of_a_response_is_known_without_an_event_id():
    talk, _ = asked()
    assert talk.errs(None, "Unknown parameter: 'response.tool_choice'.")[0].ask_id == ""
    assert talk.sent()[0]["response"] == {"metadata": {"ask_id": "ask-1"}}
    assert talk.errs("invalid_value", param="response.nonsense")[0].ask_id == "ask-1"
    assert talk.errs("invalid_value", param="response.nonsense")[0].ask_id == ""


def test_a_refusal_that_cannot_be_helped_refuses_the_ask():
    talk, event_id = asked()
    (told,) = talk.errs("invalid_value", param="response.nonsense", event_id=event_id)
    assert told.ask_id == "ask-1"
    assert talk.sent() == []


def test_a_server_that_ignores_metadata_and_says_so_has_not_refused():
    talk, event_id = asked()
    (told,) = talk.errs(None, "Specifying `metadata` is not supported, it is ignored.", event_id=event_id)
    assert told.ask_id == ""
    assert talk.says("response.created", response={"id": "r1"}) == [ReplyStarted("r1", "ask-1")]
    talk.protocol.obey(AskReply("ask-2"))
    assert talk.sent()[0]["response"] == {}


@pytest.mark.parametrize(
    "code", ["response_cancel_not_active", "unsupported_content_type", "item_create_duplicate_item_id"]
)
def test_lost_races_are_counted_and_not_told(code):
    talk, _ = asked()
    assert talk.errs(code) == []
    assert talk.protocol.counts.benign == 1


# Changing what the model knows ---------------------------------------------------------------------------------------

CLOCK = ToolSpec("clock", "Tells the time.", {"type": "object", "properties": {}})


@pytest.mark.parametrize("dialect", ["beta", "ga"])
def test_only_what_has_changed_is_told(dialect):
    kind = {"type": "realtime"} if dialect == "ga" else {}
    talk = ready(dialect=dialect)
    talk.protocol.obey(UpdateEngine(instructions="Be brief."))
    talk.protocol.obey(UpdateEngine(tools=(CLOCK,)))
    talk.protocol.obey(UpdateEngine("", ()))
    brief, clock, nothing = talk.sent()
    assert brief == {"type": "session.update", "event_id": "vl_2", "session": {**kind, "instructions": "Be brief."}}
    told = {"type": "function", "name": "clock", "description": "Tells the time.", "parameters": CLOCK.parameters}
    assert clock["session"] == {**kind, "tools": [told], "tool_choice": "auto"}
    assert nothing["session"] == {**kind, "instructions": "", "tools": []}


def test_before_the_server_is_ready_nothing_is_obeyed_and_nothing_kept():
    talk, _ = greeted(SessionConfig("m", instructions="Be long."))
    talk.protocol.obey(UpdateEngine(instructions="Be brief."))
    talk.protocol.recall((UserTurn("u1", "Hi."),), {}, "")
    talk.says("session.updated", session={"id": "sess_1", "type": "realtime"})
    assert talk.sent() == []


def test_a_refused_change_is_told_and_no_ask_is_taken_for_refused():
    talk = ready()
    talk.protocol.obey(UpdateEngine(instructions="Be brief."))
    (update,) = talk.sent()
    (told,) = talk.errs("invalid_value", "Not allowed.", event_id=update["event_id"])
    assert (told.code, told.ask_id) == ("invalid_value", "")


# The next connection -------------------------------------------------------------------------------------------------

SECOND_CONNECTION = SessionConfig("m", id_suffix="_s2")


def test_what_was_heard_of_an_earlier_reply_is_told_in_words():
    talk = ready(SECOND_CONNECTION)
    talk.protocol.obey(SendSaid("r1", "It is"))
    (create,) = talk.sent()
    assert create["item"] == {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "It is"}],
    }


def test_an_output_goes_by_the_name_that_this_server_knows_its_call_by():
    talk = ready(SECOND_CONNECTION)
    talk.protocol.recall((ToolCall("call_1", "clock", "{}"),), {}, "")
    item = {"type": "function_call", "id": "i1", "call_id": "call_2", "name": "clock", "arguments": "{}"}
    talk.says("response.created", response={"id": "r1"})
    (called,) = talk.says("response.output_item.done", response_id="r1", item=item)
    assert (called.reply_id, called.call.call_id) == ("r1_s2", "call_2_s2")
    talk.sent()
    talk.protocol.obey(SendToolOutput("call_1", "noon"))
    talk.protocol.obey(SendToolOutput("call_2_s2", "one"))
    assert [frame["item"]["call_id"] for frame in talk.sent()] == ["vl_call_1", "call_2"]


def test_a_reply_of_an_earlier_connection_is_neither_cancelled_nor_trimmed():
    talk = ready(SECOND_CONNECTION)
    talk.says("response.created", response={"id": "r1"})
    talk.sounds(SECOND)
    talk.protocol.obey(CancelReply("r1"))
    assert talk.sent() == []
    assert trims_of(talk, "r1") == []
    talk.protocol.obey(CancelReply("r1_s2"))
    assert talk.sent()[0]["response_id"] == "r1"


def trims_of(talk, reply_id):
    talk.protocol.obey(TrimReply(HeardSpan(reply_id, "a1", 0, 500, 1000)))
    return talk.sent()
