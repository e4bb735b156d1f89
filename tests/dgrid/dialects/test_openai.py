from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgrid.dialects.following import cuts, follow
from voiceloop.dgrid.chat_answer import CallGrew, Completion, Said, Stop, Thought
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.dialects.openai import OpenAI
from voiceloop.vocabulary import ToolCall, Usage


def chunk(finish_reason=None, **delta):
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }


def call(arguments=None, *, name=None, index=None, id=None, **more):  # noqa: A002 - as on the wire
    made = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}, **more}
    return chunk(tool_calls=[{key: value for key, value in made.items() if value is not None}])


def read(*chunks):
    reader = OpenAI().reader()
    news = [delta for each in chunks for delta in reader.take(each, "")]
    return reader.answer.completion("r1"), news


def calls(*chunks):
    return [(found.call_id, found.name, found.arguments) for found in read(*chunks)[0].tool_calls]


def test_a_question_is_put_as_it_is():
    request = ChatRequest(model="m", messages=[{"role": "user", "content": "Hi"}], temperature=0.5)
    whole, streamed = (OpenAI().asked(request, streamed=streamed) for streamed in (False, True))
    assert (whole.path, whole.headers, whole.body) == ("/v1/chat/completions", {}, request.to_json())
    assert streamed.body == request.to_json() | {"stream": True, "stream_options": {"include_usage": True}}


# As documented and upstream

WHOLE = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hi",
                "reasoning_content": "Grüße.",
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "lamp", "arguments": '{"on":true}'}}
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {
        "prompt_tokens": 7,
        "completion_tokens": 9,
        "total_tokens": 16,
        "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 1, "text_tokens": 6},
        "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 4},
    },
    "system_fingerprint": "fp",
}
TOKENS = Usage(
    input_tokens=7,
    output_tokens=9,
    cached_tokens=2,
    audio_input_tokens=1,
    audio_output_tokens=4,
    details={
        "total_tokens": 16,
        "input_cached_tokens": 2,
        "input_audio_tokens": 1,
        "input_text_tokens": 6,
        "output_reasoning_tokens": 3,
        "output_audio_tokens": 4,
    },
)
LAMP = ToolCall("call_1", "lamp", '{"on":true}')


def test_a_whole_answer():
    assert read(WHOLE)[0] == Completion(
        text="Hi",
        thinking="Grüße.",
        tool_calls=[LAMP],
        stop=Stop.TOOLS,
        usage=TOKENS,
        model="m",
        id="c1",
        request_id="r1",
    )


STREAM = [
    chunk(role="assistant", content=""),
    chunk(reasoning_content="Grüße."),
    chunk(content="H"),
    chunk(content="i"),
    call("", name="lamp", index=0, id="call_1", type="function"),
    call('{"on":', index=0),
    call("true}", index=0),
    chunk("tool_calls"),
    {**chunk(), "choices": [], "usage": WHOLE["usage"]},
]


def test_a_stream_gives_the_same_and_its_news_on_the_way():
    completion, news = read(*STREAM)
    assert completion == read(WHOLE)[0]
    assert news == [
        Thought("Grüße."),
        Said("H"),
        Said("i"),
        CallGrew(0, "call_1", "lamp", ""),
        CallGrew(0, "call_1", "lamp", '{"on":'),
        CallGrew(0, "call_1", "lamp", "true}"),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("stop", Stop.END),
        ("STOP", Stop.END),
        ("length", Stop.LENGTH),
        ("content_filter", Stop.FILTERED),
        ("tool_calls", Stop.TOOLS),
        ("function_call", Stop.TOOLS),
        ("insufficient_system_resource", Stop.OTHER),
        (None, Stop.TRUNCATED),
    ],
)
def test_why_an_answer_ended(reason, stop):
    assert read(chunk(reason, content="x"))[0].stop is stop


def test_a_marker_at_the_end_is_reason_enough():
    reader = OpenAI().reader()
    reader.take(chunk(content="x"), "")
    reader.answer.close()
    assert reader.answer.completion("").stop is Stop.END
    reader.take(chunk("length"), "")
    reader.answer.close()
    assert reader.answer.completion("").stop is Stop.LENGTH


def test_a_server_that_says_stop_and_wants_a_tool_wants_a_tool():
    assert read(call("{}", name="lamp"), chunk("stop"))[0].stop is Stop.TOOLS
    assert read(call("{", name="lamp"), chunk("length"))[0].stop is Stop.LENGTH


# Tool calls in pieces


def test_parallel_calls_come_interleaved():
    assert calls(
        call("", name="a", index=0, id="1"),
        call("", name="b", index=1, id="2"),
        call('{"x":', index=0),
        call('{"y":2}', index=1),
        call("1}", index=0),
    ) == [("1", "a", '{"x":1}'), ("2", "b", '{"y":2}')]


def test_ids_and_names_may_be_repeated():
    one = {"name": "a", "index": 0, "id": "1"}
    assert calls(call("{", **one), call("}", **one)) == [("1", "a", "{}")]
    assert calls(call("{", name="a", id="1"), call("{}", name="b", id="2"), call("}", name="a", id="1")) == [
        ("1", "a", "{}"),
        ("2", "b", "{}"),
    ]


def test_without_an_index_the_id_tells_and_without_both_the_name():
    assert calls(call("{", name="a", id="1"), call("}"), call("{}", name="b", id="2")) == [
        ("1", "a", "{}"),
        ("2", "b", "{}"),
    ]
    assert calls(call("{}", name="a"), call("{", name="b"), call("}")) == [("c1_0", "a", "{}"), ("c1_1", "b", "{}")]


def test_every_call_with_the_same_index_is_still_several():
    assert calls(call("{}", name="a", index=0, id="1"), call("{}", name="a", index=0, id="2")) == [
        ("1", "a", "{}"),
        ("2", "a", "{}"),
    ]


def test_another_id_for_each_piece_is_still_one_call():
    assert calls(call("{", name="a", index=0, id="1"), call("}", index=0, id="2")) == [("1", "a", "{}")]


def test_an_id_may_come_late():
    assert calls(call("{", name="a", index=0), call("}", name="a", index=0, id="1")) == [("1", "a", "{}")]


@pytest.mark.parametrize(
    ("sent", "arguments"), [("", "{}"), (None, "{}"), ({"on": True}, '{"on":true}'), ("{no", "{no"), (7, "7")]
)
def test_arguments_may_be_missing_an_object_or_no_json(sent, arguments):
    assert calls(call(sent, name="a", id="1")) == [("1", "a", arguments)]


def test_a_call_that_nobody_could_carry_out_is_left_out():
    assert calls(call("{}", id="1")) == []


# Odd shapes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, ""),
        ([{"type": "text", "text": "a"}, {"text": "b"}, {"type": "thinking", "text": "c"}, "d"], "ab"),
        ({"text": "a"}, ""),
        (7, ""),
    ],
)
def test_content_may_be_null_or_parts(content, said):
    assert read(chunk(content=content))[0].text == said


def test_a_refusal_is_said_and_other_names_for_thinking_are_known():
    completion, _ = read(chunk(refusal="No."), chunk(reasoning="Hm."))
    assert (completion.text, completion.thinking) == ("No.", "Hm.")


def test_only_the_first_of_several_choices_counts():
    second = {"index": 1, "delta": {"content": "b"}, "finish_reason": "length"}
    first = {"delta": {"content": "a"}, "finish_reason": "stop"}
    completion, _ = read({"choices": [second, first]})
    assert (completion.text, completion.stop) == ("a", Stop.END)


def test_newer_names_of_tokens_are_known_and_the_last_figures_count():
    first = {**chunk(content="x"), "usage": {"prompt_tokens": 7, "completion_tokens": 1}}
    last = {"usage": {"input_tokens": 7, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 3}}}
    usage = read(first, chunk(), {**chunk(), "usage": None}, last)[0].usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (7, 2, 3)


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"object": "list"}, {"error": "x"}])
def test_what_belongs_to_no_answer_is_nothing(odd):
    reader = OpenAI().reader()
    assert reader.take(odd, "") == []
    assert not reader.answer.began


NAMES = [
    "choices",
    "delta",
    "message",
    "content",
    "tool_calls",
    "function",
    "arguments",
    "index",
    "id",
    "name",
    "usage",
]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
)


@given(st.lists(ODD), st.lists(ODD))
def test_whatever_a_chunk_holds_the_answer_is_one(raws, choices):
    reader = OpenAI().reader()
    for raw in [*raws, {"choices": choices}, {"choices": [{"delta": {"tool_calls": choices}}]}]:
        reader.take(raw, "")
    assert isinstance(reader.answer.completion(""), Completion)


# Cut anywhere

BYTES = b"".join(b"data: %s\n\n" % json.dumps(each, ensure_ascii=False).encode() for each in STREAM)
BYTES = b": PING\n\n" + BYTES + b"data: [DONE]\n\n"


def test_a_stream_cut_at_any_byte_keeps_what_was_said_and_knows_that_it_was_cut():
    assert follow(OpenAI(), BYTES) == (read(WHOLE)[0].model_copy(update={"request_id": ""}), "Hi")
    cuts(OpenAI, BYTES, stops=BYTES.index(b'"tool_calls"}]}') + len(b'"tool_calls"}]}'))
