from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgrid.dialects.following import cuts, follow
from voiceloop.dgrid.chat_answer import CallGrew, Completion, Said, Stop, Thought
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.dgrid.dialects.responses import Responses
from voiceloop.dgrid.dialects.responses_reading import ResponsesReader
from voiceloop.vocabulary import ToolCall, Usage


def read(*events, reasoning=None):
    reader = ResponsesReader(reasoning or Echoes())
    news = [delta for each in events for delta in reader.take(each, "")]
    return reader.answer.completion("r1"), news


def on(kind, **more):
    return {"type": f"response.{kind}", **more}


def response(status="in_progress", output=(), **more):
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": "m",
        "output": list(output),
        "usage": None,
        **more,
    }


def over(status="completed", output=(), **more):
    return on(status, response=response(status, output, **more))


def message(*parts, item_id="msg_1"):
    return {"type": "message", "id": item_id, "status": "completed", "role": "assistant", "content": list(parts)}


def part(text):
    return {"type": "output_text", "text": text, "annotations": []}


def call(call_id, name, given="", item_id=""):
    more = {"status": "completed", "call_id": call_id, "name": name, "arguments": given}
    return {"type": "function_call", "id": item_id or f"fc_{call_id}", **more}


def words(text, index=0, **more):
    return on("output_text.delta", output_index=index, content_index=0, delta=text, **more)


def piece(index, text):
    return on("function_call_arguments.delta", output_index=index, item_id=f"fc_{index}", delta=text)


def added(index, item):
    return on("output_item.added", output_index=index, item=item)


def done(index, item):
    return on("output_item.done", output_index=index, item=item)


TOLD = {"input_tokens": 7, "output_tokens": 9, "total_tokens": 16, "input_tokens_details": {"cached_tokens": 2}}
REASONED = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "Grüße."}],
    "encrypted_content": "gAA",
    "status": None,
}
OUTPUT = [REASONED, message(part("Sure.")), call("c1", "lamp", '{"on":true}'), call("c2", "time", "{}")]
WHOLE = response("completed", OUTPUT, usage=TOLD)
STREAM = [
    on("created", response=response()),
    on("in_progress", response=response()),
    added(0, {"type": "reasoning", "id": "rs_1", "summary": []}),
    on("reasoning_summary_part.added", output_index=0, item_id="rs_1", summary_index=0, part={"text": ""}),
    on("reasoning_summary_text.delta", output_index=0, item_id="rs_1", summary_index=0, delta="Grüße."),
    on("reasoning_summary_text.done", output_index=0, item_id="rs_1", summary_index=0, text="Grüße."),
    done(0, REASONED),
    added(1, message()),
    on("content_part.added", output_index=1, item_id="msg_1", content_index=0, part=part("")),
    words("Su", 1, item_id="msg_1"),
    words("re.", 1, item_id="msg_1"),
    on("output_text.done", output_index=1, item_id="msg_1", content_index=0, text="Sure."),
    on("content_part.done", output_index=1, item_id="msg_1", content_index=0, part=part("Sure.")),
    done(1, message(part("Sure."))),
    added(2, call("c1", "lamp")),
    on("function_call_arguments.delta", output_index=2, item_id="fc_c1", delta='{"on":'),
    on("function_call_arguments.delta", output_index=2, item_id="fc_c1", delta="true}"),
    on("function_call_arguments.done", output_index=2, item_id="fc_c1", arguments='{"on":true}'),
    done(2, call("c1", "lamp", '{"on":true}')),
    added(3, call("c2", "time")),
    on("function_call_arguments.done", output_index=3, item_id="fc_c2", arguments="{}"),
    done(3, call("c2", "time", "{}")),
    on("completed", response=WHOLE),
]
CALLS = (ToolCall("c1", "lamp", '{"on":true}'), ToolCall("c2", "time", "{}"))
TOKENS = Usage(input_tokens=7, output_tokens=9, cached_tokens=2, details={"total_tokens": 16, "input_cached_tokens": 2})


def test_a_whole_answer():
    assert read(WHOLE)[0] == Completion(
        text="Sure.",
        thinking="Grüße.",
        tool_calls=CALLS,
        stop=Stop.TOOLS,
        usage=TOKENS,
        model="m",
        id="resp_1",
        request_id="r1",
    )


def test_a_stream_gives_the_same_once_and_its_news_on_the_way():
    completion, news = read(*STREAM)
    assert completion == read(WHOLE)[0]
    assert news == [
        Thought("Grüße."),
        Said("Su"),
        Said("re."),
        CallGrew(0, "c1", "lamp", ""),
        CallGrew(0, "c1", "lamp", '{"on":'),
        CallGrew(0, "c1", "lamp", "true}"),
        CallGrew(1, "c2", "time", ""),
        CallGrew(1, "c2", "time", "{}"),
    ]


@pytest.mark.parametrize("events", [[WHOLE], STREAM])
def test_encrypted_reasoning_is_kept_for_the_call_it_led_to(events):
    reasoning = Echoes()
    read(*events, reasoning=reasoning)
    kept = {name: REASONED[name] for name in ("type", "id", "summary", "encrypted_content")}
    assert (reasoning.of("c1"), reasoning.of("c2")) == ([kept], None)


def test_reasoning_that_only_the_server_can_look_up_is_not_kept():
    reasoning = Echoes()
    read(response("completed", [{**REASONED, "encrypted_content": None}, call("c1", "x")]), reasoning=reasoning)
    assert reasoning.of("c1") is None


def test_the_names_of_tokens_that_dgrid_documents_are_known():
    told = {"prompt_tokens": 7, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 2}}
    usage = read(response("completed", usage=told))[0].usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (7, 9, 2)


@pytest.mark.parametrize(
    ("status", "reason", "stop"),
    [
        ("completed", None, Stop.END),
        ("incomplete", "max_output_tokens", Stop.LENGTH),
        ("incomplete", "content_filter", Stop.FILTERED),
        ("incomplete", "steered", Stop.OTHER),
        ("incomplete", None, Stop.OTHER),
        ("cancelled", None, Stop.OTHER),
    ],
)
def test_why_an_answer_ended(status, reason, stop):
    details = None if reason is None else {"reason": reason}
    assert read(words("x"), over(status, incomplete_details=details))[0].stop is stop
    assert read(response(status, incomplete_details=details))[0].stop is stop


def test_an_answer_under_way_or_cut_off_is_truncated():
    assert read(words("x"))[0].stop is Stop.TRUNCATED
    assert read(response("in_progress"))[0].stop is Stop.TRUNCATED


def test_an_end_without_its_response_is_one():
    assert read(words("x"), on("completed"))[0].stop is Stop.END


@pytest.mark.parametrize(("last", "complete"), [([], False), ([over()], True), ([over(usage=TOLD)], True)])
def test_when_nothing_is_missing_any_more(last, complete):
    reader = ResponsesReader(Echoes())
    for each in [words("x"), *last]:
        reader.take(each, "")
    assert reader.answer.complete is complete


def test_parallel_calls_may_come_interleaved():
    completion, _ = read(
        added(0, call("a", "x", item_id="fc_0")),
        added(1, call("b", "y", item_id="fc_1")),
        piece(0, '{"n":'),
        piece(1, '{"m":'),
        piece(0, "1}"),
        piece(1, "2}"),
        over(output=[call("a", "x", '{"n":1}', "fc_0"), call("b", "y", '{"m":2}', "fc_1")]),
    )
    assert completion.tool_calls == (ToolCall("a", "x", '{"n":1}'), ToolCall("b", "y", '{"m":2}'))


def test_the_ids_of_items_tell_where_the_index_is_missing():
    completion, _ = read(
        on("output_item.added", item=call("a", "x")),
        on("output_item.added", item=call("b", "y")),
        on("function_call_arguments.delta", item_id="fc_b", delta='{"m":2}'),
        on("function_call_arguments.delta", item_id="fc_a", delta='{"n":1}'),
    )
    assert completion.tool_calls == (ToolCall("a", "x", '{"n":1}'), ToolCall("b", "y", '{"m":2}'))


@pytest.mark.parametrize(
    "events",
    [
        [over(output=OUTPUT)],
        [done(0, OUTPUT[1]), done(1, OUTPUT[2]), done(2, OUTPUT[3]), over()],
        [on("output_text.done", text="Sure."), over(output=OUTPUT)],
        [words("Sur"), on("output_text.done", output_index=0, text="Sure."), over(output=OUTPUT)],
        [words("Sure.", 7), over(output=OUTPUT)],
        [added(2, OUTPUT[2]), done(2, OUTPUT[2]), added(3, OUTPUT[3]), over(output=OUTPUT)],
    ],
)
def test_what_did_not_come_in_pieces_is_made_up_for_once(events):
    completion, news = read(*events)
    assert (completion.text, completion.tool_calls) == ("Sure.", CALLS)
    assert "".join(delta.text for delta in news if isinstance(delta, Said)) == "Sure."


def test_arguments_that_come_only_in_the_end_belong_to_the_call_that_began():
    completion, _ = read(added(3, call("c1", "lamp")), over(output=[call("c1", "lamp", '{"on":true}')]))
    assert completion.tool_calls == CALLS[:1]


def test_parts_of_thinking_that_come_only_when_they_are_done():
    begun = on("reasoning_summary_text.delta", output_index=0, summary_index=0, delta="A")
    rest = [on("reasoning_summary_text.done", output_index=0, summary_index=i, text=t) for i, t in enumerate("AB")]
    assert read(begun, *rest)[0].thinking == "AB"


def test_words_that_came_otherwise_stand():
    assert read(words("Yes"), on("output_text.done", output_index=0, text="Never."))[0].text == "Yes"


def test_a_refusal_is_said():
    refusal = {"type": "refusal", "refusal": "No."}
    streamed = [on("refusal.delta", delta="No"), on("refusal.done", refusal="No."), over(output=[message(refusal)])]
    assert read(*streamed)[0].text == read(response("completed", [message(refusal)]))[0].text == "No."


def test_reasoning_in_its_own_words_is_thought():
    completion, _ = read(on("reasoning_text.delta", delta="Hm."), words("x"))
    assert (completion.thinking, completion.text) == ("Hm.", "x")


def test_the_name_of_an_event_stands_for_a_type_that_is_missing():
    reader = ResponsesReader(Echoes())
    reader.take({"delta": "Hi"}, "response.output_text.delta")
    assert reader.answer.completion("").text == "Hi"


def test_what_servers_do_by_themselves_and_news_are_nothing():
    events = [
        on("web_search_call.searching"),
        on("output_text.annotation.added", annotation={}),
        on("news"),
        added(0, {"type": "web_search_call", "id": "ws_1"}),
        done(0, {"type": "web_search_call", "id": "ws_1"}),
    ]
    completion, news = read(*events, words("x", 1), over(output=[{"type": "web_search_call"}, message(part("x"))]))
    assert (completion.text, completion.tool_calls, news) == ("x", (), [Said("x")])


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"type": "keepalive"}, {"object": "list"}, {"error": "x"}])
def test_what_belongs_to_no_answer_is_nothing(odd):
    reader = ResponsesReader(Echoes())
    assert reader.take(odd, "") == []
    assert not reader.answer.began


NAMES = ["type", "output_index", "item", "response", "delta", "output", "content", "arguments", "id", "status", "usage"]
TYPES = [each["type"] for each in STREAM] + ["message", "function_call", "reasoning", "completed"]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TYPES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)


@given(st.lists(st.tuples(ODD, st.sampled_from(TYPES))))
def test_whatever_an_event_holds_the_answer_is_one(events):
    reader = ResponsesReader(Echoes())
    for raw, event in events:
        reader.take(raw, event)
    assert isinstance(reader.answer.completion(""), Completion)


BYTES = b"".join(f"event: {each['type']}\ndata: {json.dumps(each, ensure_ascii=False)}\n\n".encode() for each in STREAM)


def test_a_stream_cut_at_any_byte_keeps_what_was_said_and_knows_that_it_was_cut():
    assert follow(Responses(), BYTES)[0] == read(WHOLE)[0].model_copy(update={"request_id": ""})
    cuts(Responses, BYTES, stops=len(BYTES) - 2)
