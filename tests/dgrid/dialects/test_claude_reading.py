from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgrid.dialects.following import cuts, follow
from voiceloop.dgrid.chat_answer import CallGrew, Completion, Said, Stop, Thought
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.dgrid.dialects.claude import Claude
from voiceloop.dgrid.dialects.claude_reading import ClaudeReader
from voiceloop.vocabulary import ToolCall, Usage


def read(*events, thoughts=None, name=""):
    reader = ClaudeReader(thoughts or Echoes())
    news = [delta for each in events for delta in reader.take(each, name)]
    return reader.answer.completion("r1"), news


def begins(**usage):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None}
    return {"type": "message_start", "message": {**message, "usage": usage or {"input_tokens": 5, "output_tokens": 1}}}


def block(index, kind, **more):
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **more}}


def tool(index, call_id, name, given=None):
    return block(index, "tool_use", id=call_id, name=name, input=given or {})


def delta(index, kind, **more):
    return {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta", **more}}


def words(text, index=0):
    return delta(index, "text", text=text)


def piece(index, text):
    return delta(index, "input_json", partial_json=text)


def stops(index):
    return {"type": "content_block_stop", "index": index}


def ends(reason, **usage):
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage}


OVER = {"type": "message_stop"}
PING = {"type": "ping"}
THINKS = {"type": "thinking", "thinking": "Grüße.", "signature": "Eq=="}
WHOLE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "content": [
        THINKS,
        {"type": "text", "text": "Sure."},
        {"type": "tool_use", "id": "t1", "name": "lamp", "input": {"on": True}},
        {"type": "tool_use", "id": "t2", "name": "time", "input": {}},
    ],
    "model": "m",
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 5,
        "output_tokens": 4,
        "cache_creation_input_tokens": 2,
        "cache_read_input_tokens": 3,
    },
}
STREAM = [
    begins(input_tokens=5, cache_creation_input_tokens=2, cache_read_input_tokens=3, output_tokens=1),
    block(0, "thinking", thinking="", signature=""),
    PING,
    delta(0, "thinking", thinking="Grü"),
    delta(0, "thinking", thinking="ße."),
    delta(0, "signature", signature="Eq=="),
    stops(0),
    block(1, "text", text=""),
    words("Su", 1),
    words("re.", 1),
    stops(1),
    tool(2, "t1", "lamp"),
    piece(2, ""),
    piece(2, '{"on":'),
    piece(2, "true}"),
    stops(2),
    tool(3, "t2", "time"),
    piece(3, ""),
    stops(3),
    ends("tool_use", output_tokens=4),
    OVER,
]
CALLS = (ToolCall("t1", "lamp", '{"on":true}'), ToolCall("t2", "time", "{}"))
TOKENS = Usage(input_tokens=10, output_tokens=4, cached_tokens=3, details={"input_cached_tokens": 3})


def test_a_whole_answer():
    assert read(WHOLE)[0] == Completion(
        text="Sure.",
        thinking="Grüße.",
        tool_calls=CALLS,
        stop=Stop.TOOLS,
        usage=TOKENS,
        model="m",
        id="msg_1",
        request_id="r1",
    )


def test_a_stream_gives_the_same_and_its_news_on_the_way():
    completion, news = read(*STREAM)
    assert completion == read(WHOLE)[0]
    assert news == [
        Thought("Grü"),
        Thought("ße."),
        Said("Su"),
        Said("re."),
        CallGrew(0, "t1", "lamp", ""),
        CallGrew(0, "t1", "lamp", ""),
        CallGrew(0, "t1", "lamp", '{"on":'),
        CallGrew(0, "t1", "lamp", "true}"),
        CallGrew(1, "t2", "time", ""),
        CallGrew(1, "t2", "time", ""),
    ]


def test_signed_thinking_is_kept_for_the_call_it_led_to():
    for events in ([WHOLE], STREAM):
        thoughts = Echoes()
        read(*events, thoughts=thoughts)
        assert (thoughts.of("t1"), thoughts.of("t2")) == ([THINKS], None)


def test_thinking_that_nobody_signed_is_not_kept_and_what_cannot_be_read_is():
    thoughts, hidden = Echoes(), {"type": "redacted_thinking", "data": "x"}
    read(
        block(0, "thinking", thinking="a"),
        block(1, "redacted_thinking", data="x"),
        tool(2, "t1", "lamp"),
        block(3, "thinking", thinking="b", signature="y"),
        tool(4, "t2", "lamp"),
        thoughts=thoughts,
    )
    assert thoughts.of("t1") == [hidden]
    assert thoughts.of("t2") == [{"type": "thinking", "thinking": "b", "signature": "y"}]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", Stop.END),
        ("stop_sequence", Stop.END),
        ("max_tokens", Stop.LENGTH),
        ("model_context_window_exceeded", Stop.LENGTH),
        ("tool_use", Stop.TOOLS),
        ("refusal", Stop.FILTERED),
        ("pause_turn", Stop.OTHER),
        ("news", Stop.OTHER),
        (None, Stop.TRUNCATED),
    ],
)
def test_why_an_answer_ended(reason, stop):
    assert read(begins(), words("x"), ends(reason))[0].stop is stop
    assert read({**WHOLE, "content": [], "stop_reason": reason})[0].stop is stop


def test_an_end_without_a_reason_is_one():
    assert read(begins(), words("x"), OVER)[0].stop is Stop.END


@pytest.mark.parametrize(
    ("events", "complete"),
    [
        ([words("x")], False),
        ([begins(), words("x")], False),
        ([begins(), words("x"), ends("end_turn", output_tokens=1)], True),
        ([words("x"), ends("end_turn")], False),
        ([words("x"), ends("end_turn"), OVER], True),
    ],
)
def test_when_nothing_is_missing_any_more(events, complete):
    reader = ClaudeReader(Echoes())
    for each in events:
        reader.take(each, "")
    assert reader.answer.complete is complete


def test_figures_are_cumulative():
    usage = read(begins(), ends(None, output_tokens=3), ends("end_turn", output_tokens=9, input_tokens=None))[0].usage
    assert (usage.input_tokens, usage.output_tokens) == (5, 9)
    assert read(words("x"), OVER)[0].usage is None


def test_parallel_calls_may_come_interleaved():
    completion, _ = read(
        tool(1, "a", "x"), tool(2, "b", "y"), piece(1, '{"n":'), piece(2, '{"m":'), piece(1, "1}"), piece(2, "2}")
    )
    assert completion.tool_calls == (ToolCall("a", "x", '{"n":1}'), ToolCall("b", "y", '{"m":2}'))


def test_arguments_that_come_whole_are_not_taken_twice():
    completion, _ = read(tool(0, "a", "x", {"n": 1}), piece(0, '{"n":1}'))
    assert completion.tool_calls == (ToolCall("a", "x", '{"n":1}'),)


def test_the_name_of_an_event_stands_for_a_type_that_is_missing():
    reader = ClaudeReader(Echoes())
    reader.take({"delta": {"text": "Hi"}}, "content_block_delta")
    assert reader.answer.completion("").text == "Hi"
    assert read({"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"})[0].stop is Stop.END


def test_what_servers_do_by_themselves_and_news_are_nothing():
    completion, news = read(
        begins(),
        block(0, "server_tool_use", id="s", name="search", input={}),
        block(1, "web_search_tool_result", content=[]),
        delta(1, "citations", citation={"cited_text": "x"}),
        {"type": "message_pause"},
        words("x"),
        ends("end_turn"),
    )
    assert (completion.text, completion.tool_calls, news) == ("x", (), [Said("x")])


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, PING, {"type": "completion"}, OVER])
def test_what_belongs_to_no_answer_is_nothing(odd):
    reader = ClaudeReader(Echoes())
    assert reader.take(odd, "") == []
    assert not reader.answer.began


NAMES = ["type", "index", "delta", "content_block", "message", "usage", "content", "input", "id", "signature", "text"]
TYPES = ["message_start", "content_block_start", "content_block_delta", "message_delta", "message", "tool_use", "text"]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TYPES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)


@given(st.lists(st.tuples(ODD, st.sampled_from(TYPES))))
def test_whatever_an_event_holds_the_answer_is_one(events):
    reader = ClaudeReader(Echoes())
    for raw, event in events:
        reader.take(raw, event)
    assert isinstance(reader.answer.completion(""), Completion)


BYTES = b"".join(f"event: {each['type']}\ndata: {json.dumps(each, ensure_ascii=False)}\n\n".encode() for each in STREAM)


def test_a_stream_cut_at_any_byte_keeps_what_was_said_and_knows_that_it_was_cut():
    assert follow(Claude(), BYTES)[0] == read(WHOLE)[0].model_copy(update={"request_id": ""})
    last = json.dumps(STREAM[-2]).encode()
    cuts(Claude, BYTES, stops=BYTES.index(last) + len(last))
