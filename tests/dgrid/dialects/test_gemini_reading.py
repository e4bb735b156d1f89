from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgrid.dialects.following import cuts, follow
from voiceloop.dgrid.chat_answer import CallGrew, Completion, Said, Stop, Thought
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.dgrid.dialects.gemini import Gemini
from voiceloop.dgrid.dialects.gemini_reading import GeminiReader
from voiceloop.vocabulary import ToolCall, Usage


def reading(echoes=None):
    ids = (f"new_{number}" for number in itertools.count(1))
    return GeminiReader(echoes or Echoes(), lambda: next(ids))


def read(*pieces, echoes=None):
    reader = reading(echoes)
    news = [delta for piece in pieces for delta in reader.take(piece, "")]
    return reader.answer.completion("r1"), news


def piece(*parts, reason=None, **more):
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return {"candidates": [candidate | ({"finishReason": reason} if reason else {})], **more}


def calls(name, args=None, *, signature=None, **more):
    part = {"functionCall": {"name": name, **({} if args is None else {"args": args}), **more}}
    return part | ({"thoughtSignature": signature} if signature else {})


TOKENS = {"promptTokenCount": 5, "candidatesTokenCount": 4, "totalTokenCount": 12, "thoughtsTokenCount": 3}
THINKS = {"text": "Grüße.", "thought": True}
WHOLE = piece(
    THINKS,
    {"text": "Sure."},
    calls("lamp", {"on": True}, signature="Eq=="),
    calls("time", {}),
    reason="STOP",
    usageMetadata=TOKENS,
    modelVersion="m",
    responseId="resp_1",
)
STREAM = [
    piece({"text": "Grü", "thought": True}, usageMetadata={"promptTokenCount": 5}, modelVersion="m"),
    piece({"text": "ße.", "thought": True}),
    piece({"text": "Su"}),
    piece({"text": "re."}),
    piece(calls("lamp", {"on": True}, signature="Eq==")),
    piece(calls("time"), reason="STOP", usageMetadata=TOKENS, responseId="resp_1"),
]


def test_a_whole_answer():
    assert read(WHOLE)[0] == Completion(
        text="Sure.",
        thinking="Grüße.",
        tool_calls=(ToolCall("new_1", "lamp", '{"on":true}'), ToolCall("new_2", "time", "{}")),
        stop=Stop.TOOLS,
        usage=Usage(5, 7, details={"total_tokens": 12, "output_reasoning_tokens": 3}),
        model="m",
        id="resp_1",
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
        CallGrew(0, "new_1", "lamp", '{"on":true}'),
        CallGrew(1, "new_2", "time", ""),
    ]


def test_what_has_to_go_back_is_kept_by_the_calls_id():
    echoes = Echoes()
    completion, _ = read(piece(calls("a", signature="x=", id="c1"), calls("b", id="c2"), calls("c")), echoes=echoes)
    assert [call.call_id for call in completion.tool_calls] == ["c1", "c2", "new_1"]
    kept = [echoes.of(call.call_id) for call in completion.tool_calls]
    assert kept == [{"id": "c1", "thoughtSignature": "x="}, {"id": "c2"}, {}]


def test_the_same_call_twice_is_two_calls():
    completion, _ = read(piece(calls("roll"), calls("roll")), piece(calls("roll")))
    assert len({call.call_id for call in completion.tool_calls}) == 3


@pytest.mark.parametrize(
    ("args", "arguments"),
    [(None, "{}"), ({}, "{}"), ({"order_id": [1, None]}, '{"order_id":[1,null]}'), ('{"on":1}', '{"on":1}')],
)
def test_arguments_are_text_whatever_they_came_as(args, arguments):
    (call,) = read(piece(calls("lamp", args)))[0].tool_calls
    assert call.arguments == arguments


def test_imitators_write_names_in_snake_case_and_numbers_as_texts():
    echoes = Echoes()
    completion, news = read(
        {
            "candidates": [
                {
                    "content": {
                        "parts": [
                            {"text": "Hi"},
                            {"function_call": {"name": "lamp", "args": {"is_on": 1}}, "thought_signature": "x="},
                        ]
                    },
                    "finish_reason": "STOP",
                }
            ],
            "usage_metadata": {"prompt_token_count": "5", "candidates_token_count": "4"},
            "model_version": "m",
            "response_id": "r",
        },
        echoes=echoes,
    )
    assert news == [Said("Hi"), CallGrew(0, "new_1", "lamp", '{"is_on":1}')]
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (5, 4)
    assert (completion.model, completion.id, completion.stop) == ("m", "r", Stop.TOOLS)
    assert echoes.of("new_1") == {"thoughtSignature": "x="}


def test_a_blocked_question_is_a_filtered_answer():
    completion, _ = read({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}})
    assert (completion.text, completion.stop, completion.usage.input_tokens) == ("", Stop.FILTERED, 3)


def test_a_filtered_answer_has_no_parts():
    completion, _ = read({"candidates": [{"finishReason": "SAFETY", "safetyRatings": []}]})
    assert (completion.text, completion.stop) == ("", Stop.FILTERED)


def test_models_that_stop_with_each_piece_are_heard_out():
    reader = reading()
    for word in ("One", ", two"):
        reader.take(piece({"text": word}, reason="STOP", usageMetadata=TOKENS), "")
        assert not reader.answer.complete
    assert reader.answer.completion("").text == "One, two"
    reader.answer.close()
    assert reader.answer.complete


def test_the_last_reason_and_the_last_figures_count():
    completion, _ = read(
        piece({"text": "x"}, reason="STOP", usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 1}),
        piece(reason="MAX_TOKENS", usageMetadata={"promptTokenCount": None, "candidatesTokenCount": 2}),
        {"usageMetadata": {"totalTokenCount": 7}},
    )
    assert completion.stop is Stop.LENGTH
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (5, 2)


def test_an_answer_without_an_end_is_truncated():
    assert read(piece({"text": "x"}))[0].stop is Stop.TRUNCATED
    assert read(piece({"text": "x"}, reason="FINISH_REASON_UNSPECIFIED"))[0].stop is Stop.TRUNCATED


def test_what_shows_or_plays_something_is_not_spoken():
    completion, news = read(
        piece(
            {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
            {"executableCode": {"language": "PYTHON", "code": "1"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
            {"text": ""},
            {"text": "", "thoughtSignature": "x="},
            {"text": "x"},
            reason="STOP",
        )
    )
    assert (completion.text, news) == ("x", [Said("x")])


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"choices": []}, {"error": {}}])
def test_what_belongs_to_no_answer_is_nothing(odd):
    reader = reading()
    assert reader.take(odd, "") == []
    assert not reader.answer.began


@pytest.mark.parametrize("empty", [{"candidates": []}, {"candidates": None}, {"usageMetadata": {}}])
def test_an_answer_may_hold_nothing(empty):
    reader = reading()
    assert reader.take(empty, "") == []
    assert reader.answer.began
    assert reader.answer.completion("").stop is Stop.TRUNCATED


NAMES = ["candidates", "content", "parts", "text", "functionCall", "name", "args", "id", "thoughtSignature"]
NAMES += ["usageMetadata", "promptTokenCount", "promptTokensDetails", "modality", "finishReason", "promptFeedback"]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["STOP", "x", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)


@given(st.lists(ODD | ODD.map(lambda odd: {"candidates": [{"content": {"parts": [odd]}}], "usageMetadata": odd})))
def test_whatever_a_piece_holds_the_answer_is_one(pieces):
    completion, news = read(*pieces)
    assert completion.text == "".join(delta.text for delta in news if isinstance(delta, Said))
    assert completion.thinking == "".join(delta.text for delta in news if isinstance(delta, Thought))


# Streams, cut at every byte


def events(pieces, end="\r\n\r\n"):
    return "".join(f"data: {json.dumps(each, ensure_ascii=False)}{end}" for each in pieces).encode()


def array(pieces):
    return ("[" + ",\r\n".join(json.dumps(each, ensure_ascii=False, indent=2) for each in pieces) + "\n]\n").encode()


PLAIN = [piece({"text": "Grü"}), piece({"text": "ße 🙂"}), piece({"text": "."}, reason="STOP", usageMetadata=TOKENS)]


@pytest.mark.parametrize("pieces", [STREAM, PLAIN])
def test_events_cut_anywhere(pieces):
    stream = events(pieces)
    cuts(Gemini, stream, stops=len(stream) - 4)  # the last one is whole without the blank line behind it


@pytest.mark.parametrize("pieces", [STREAM, PLAIN])
def test_an_array_in_place_of_events_cut_anywhere(pieces):
    stream = array(pieces)
    cuts(Gemini, stream, stops=len(stream) - 3)
    assert follow(Gemini(), stream) == follow(Gemini(), events(pieces))


def test_a_gateways_marker_ends_a_stream():
    completion, _ = follow(Gemini(), events([piece({"text": "x"})]) + b"data: [DONE]\n\n")
    assert (completion.text, completion.stop) == ("x", Stop.END)
