"""One reply's settings and items, in both dialects."""

from __future__ import annotations

import base64

import pytest

from voiceloop.vocabulary import Encoding
from voiceloop_local.realtime.beta import BetaDialect
from voiceloop_local.realtime.checks import ClientEventError
from voiceloop_local.realtime.config import ReplySettings, SessionConfig, tools_offered
from voiceloop_local.realtime.ga import GaDialect
from voiceloop_local.realtime.items import Part, StoredItem

BETA, GA = BetaDialect(), GaDialect()
BARE = SessionConfig("m")
TOOL = {"type": "function", "name": "lamp", "description": "switch", "parameters": {"type": "object"}}


def new_id(prefix):
    return f"{prefix}_new"


def read(dialect, config=BARE, *, has_spoken=False, **fields):
    raw = fields if dialect is BETA else {"type": "realtime", **fields}
    return dialect.read_session(config, raw, has_spoken=has_spoken)


def refused(work):
    with pytest.raises(ClientEventError) as error:
        work()
    return error.value.code, error.value.param


# One reply -----------------------------------------------------------------------------------------------------------


def test_a_bare_reply_has_the_sessions_settings():
    assert BETA.read_reply(BARE, {}, new_id) == GA.read_reply(BARE, {}, new_id) == ReplySettings.of(BARE)


def test_a_reply_lays_its_own_over_them():
    ga = GA.read_reply(
        BARE,
        {
            "output_modalities": ["text"],
            "audio": {"output": {"format": {"type": "audio/pcmu"}, "voice": "cedar"}},
            "metadata": {"a": "b"},
            "conversation": "none",
            "input": [{"type": "item_reference", "id": "x"}],
            "max_output_tokens": 5,
        },
        new_id,
    )
    beta = BETA.read_reply(
        BARE,
        {
            "modalities": ["text"],
            "voice": "cedar",
            "output_audio_format": "g711_ulaw",
            "metadata": {"a": "b"},
            "conversation": "none",
            "input": [{"type": "item_reference", "id": "x"}],
            "max_response_output_tokens": 5,
        },
        new_id,
    )
    assert ga == beta
    assert (ga.speaks, ga.output, ga.in_conversation) == (False, Encoding.G711_ULAW, False)
    assert GA.show_reply_settings(ga)["audio"]["output"] == {"format": {"type": "audio/pcmu"}, "voice": "cedar"}
    assert BETA.show_reply_settings(beta)["output_audio_format"] == "g711_ulaw"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"foo": 1}, "unknown_parameter", "response.foo"),
        ({"conversation": "new"}, "invalid_value", "response.conversation"),
        ({"input": {}}, "invalid_type", "response.input"),
        ({"input": [{"type": "item_reference"}]}, "missing_required_parameter", "response.input[0].id"),
        ({"input": [{"role": "user"}]}, "missing_required_parameter", "response.input[0].type"),
        ({"input": [7]}, "invalid_type", "response.input[0]"),
        ({"metadata": {"k": 1}}, "invalid_type", "response.metadata.k"),
    ],
)
def test_a_reply_refuses_what_it_does_not_know(fields, code, param):
    for dialect in (BETA, GA):
        assert refused(lambda d=dialect: d.read_reply(BARE, fields, new_id)) == (code, param)


def test_a_context_without_end_is_refused():
    endless = {"input": [{"type": "item_reference", "id": "x"}] * 1001}
    assert refused(lambda: GA.read_reply(BARE, endless, new_id)) == ("invalid_value", "response.input")


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("auto", ["lamp", "door"]),
        ("none", []),
        ("required", ["lamp", "door"]),
        ({"type": "function", "name": "door"}, ["door"]),
    ],
)
def test_tool_choice_narrows_the_tools(choice, names):
    config = read(GA, tools=[TOOL, TOOL | {"name": "door", "description": None}], tool_choice=choice)
    assert [tool.name for tool in tools_offered(ReplySettings.of(config))] == names


def test_a_tool_that_is_not_there_cannot_be_chosen():
    missing = read(GA, tool_choice={"type": "function", "name": "door"})
    assert refused(lambda: tools_offered(ReplySettings.of(missing))) == ("invalid_value", "tool_choice")
    none = read(GA, tool_choice="required")
    assert refused(lambda: tools_offered(ReplySettings.of(none))) == ("missing_required_parameter", "tools")


# Items ---------------------------------------------------------------------------------------------------------------


def item(dialect, encoding=Encoding.PCM16, **fields):
    return dialect.read_item(fields, "item", new_id, encoding)


AUDIO = base64.b64encode(b"\x01\x02").decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "hi"}], "id": "mine"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": "hi", "audio": AUDIO}]},
        {
            "type": "message",
            "role": "user",
            "status": "incomplete",
            "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"}],
        },
        {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{"},
        {"type": "function_call_output", "call_id": "c", "output": ""},
    ],
)
def test_items_are_shown_as_they_were_given(fields):
    stored = item(GA, **fields)
    defaults = {"id": "item_new", "object": "realtime.item", "status": "completed"}
    assert GA.show_item(stored, Encoding.PCM16) == defaults | fields


def test_only_a_retrieved_item_shows_its_audio():
    stored = item(GA, type="message", role="user", content=[{"type": "input_audio", "audio": AUDIO}])
    assert GA.show_item(stored)["content"] == [{"type": "input_audio", "transcript": None}]
    assert stored.parts[0].text is None


def test_telephone_audio_in_items_is_decoded():
    content = [{"type": "input_audio", "audio": AUDIO}]
    stored = item(BETA, Encoding.G711_ULAW, type="message", role="user", content=content)
    assert (len(stored.parts[0].pcm), stored.parts[0].rate_hz) == (4, 8000)
    assert BETA.show_item(stored, Encoding.G711_ULAW)["content"][0]["audio"] == AUDIO


def test_the_assistants_parts_have_a_name_in_each_dialect():
    said = StoredItem("a", "message", role="assistant", parts=[Part("audio", "hi"), Part("text", "ho")])
    assert [part["type"] for part in BETA.show_item(said)["content"]] == ["audio", "text"]
    assert [part["type"] for part in GA.show_item(said)["content"]] == ["output_audio", "output_text"]
    assert GA.show_part(said.parts[0]) == BETA.show_part(said.parts[0]) == {"type": "audio", "transcript": "hi"}
    assert GA.show_part(said.parts[1]) == {"type": "text", "text": "ho"}
    content = [{"type": "text", "text": "hi"}]
    assert item(BETA, type="message", role="assistant", content=content).words == "hi"
    found = refused(lambda: item(GA, type="message", role="assistant", content=content))
    assert found == ("invalid_value", "item.content[0].type")


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({}, "missing_required_parameter", "item.type"),
        ({"type": "mcp_call"}, "invalid_value", "item.type"),
        ({"type": "message"}, "missing_required_parameter", "item.role"),
        ({"type": "message", "role": "robot"}, "invalid_value", "item.role"),
        ({"type": "message", "role": "user"}, "missing_required_parameter", "item.content"),
        ({"type": "message", "role": "user", "content": "hi"}, "invalid_type", "item.content"),
        ({"type": "message", "role": "user", "content": [], "foo": 1}, "unknown_parameter", "item.foo"),
        ({"type": "message", "role": "user", "content": [], "status": "x"}, "invalid_value", "item.status"),
        ({"type": "message", "role": "user", "content": [], "id": "x" * 200}, "string_above_max_length", "item.id"),
        ({"type": "message", "role": "user", "content": [{}]}, "missing_required_parameter", "item.content[0].type"),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text"}]},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AA==", "transcript": 1}]},
            "invalid_type",
            "item.content[0].transcript",
        ),
        (
            {"type": "message", "role": "system", "content": [{"type": "input_audio", "audio": "AA=="}]},
            "invalid_value",
            "item.content[0].type",
        ),
        ({"type": "function_call"}, "missing_required_parameter", "item.name"),
        ({"type": "function_call_output"}, "missing_required_parameter", "item.call_id"),
        ({"type": "function_call_output", "call_id": "c"}, "missing_required_parameter", "item.output"),
        ({"type": "function_call_output", "call_id": "c", "output": {}}, "invalid_type", "item.output"),
    ],
)
def test_wrong_items_are_refused(fields, code, param):
    assert refused(lambda: item(GA, **fields)) == (code, param)


def test_a_call_without_an_id_gets_one():
    assert item(GA, type="function_call", name="n").call_id == "call_new"
