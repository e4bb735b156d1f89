from __future__ import annotations

import pytest

from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.script import Call, Quirks, Reply, Spoken


def user(text="hi", **more):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **more}


def code_of(events):
    assert len(events) == 1
    return events[0]["error"]["code"]


def test_a_typed_turn_is_added_and_announced(peer):
    client = peer(ScriptedGateway())
    added, done = client.send("conversation.item.create", item=user(id="u1"))
    assert (added["type"], done["type"]) == ("conversation.item.added", "conversation.item.done")
    assert (added["item"]["id"], added["previous_item_id"]) == ("u1", None)
    (second, _) = client.send("conversation.item.create", item=user())
    assert second["previous_item_id"] == "u1"


def test_items_go_where_they_are_put(peer):
    client = peer(ScriptedGateway(), beta=True)
    for item_id, after in (("b", None), ("a", "root"), ("c", "b"), ("b2", "b")):
        (event,) = client.send("conversation.item.create", item=user(id=item_id), previous_item_id=after)
        assert event["type"] == "conversation.item.created"
    assert client.connection.conversation.order == ["a", "b", "b2", "c"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"item": user(id="u1")}, "item_create_duplicate_item_id"),
        ({"item": user(), "previous_item_id": "nobody"}, "item_not_found"),
        ({"item": {"type": "poem"}}, "invalid_value"),
        ({"item": {"type": "message", "role": "assistant", "content": [{"type": "text"}]}}, "invalid_value"),
        ({"item": {"type": "message", "role": "user", "content": [{"type": "text"}]}}, "invalid_value"),
        ({"item": {"type": "function_call_output", "call_id": "x", "output": ""}}, "invalid_tool_call_id"),
    ],
)
def test_what_cannot_be_created_is_refused_and_changes_nothing(peer, event, code):
    client = peer(ScriptedGateway())
    client.send("conversation.item.create", item=user(id="u1"))
    assert code_of(client.send("conversation.item.create", **event)) == code
    assert client.connection.conversation.order == ["u1"]


@pytest.mark.parametrize(("beta", "part"), [(True, "text"), (False, "output_text")])
def test_assistant_turns_are_replayed_as_text_of_the_dialect(peer, beta, part):
    client = peer(ScriptedGateway(), beta=beta)
    item = {"type": "message", "role": "assistant", "content": [{"type": part, "text": "as I said"}]}
    assert "item" in client.send("conversation.item.create", item=item)[0]


def test_each_call_takes_one_output(peer):
    gateway = ScriptedGateway(Reply((), (Call("lamp", call_id="c1"),)))
    client = peer(gateway)
    client.send("response.create")
    with pytest.raises(AssertionError, match="an output for c1"):
        gateway.assert_complete()
    output = {"type": "function_call_output", "call_id": "c1", "output": "{}"}
    assert client.send("conversation.item.create", item=output)[0]["item"]["call_id"] == "c1"
    gateway.assert_complete()
    assert code_of(client.send("conversation.item.create", item=output)) == "invalid_tool_call_id"


def test_truncation_is_bounded_by_what_was_sent(peer):
    gateway = ScriptedGateway(Reply((Spoken("some words", 500),)))
    client = peer(gateway)
    client.send("response.create")
    too_far = client.send("conversation.item.truncate", item_id="item_1", content_index=0, audio_end_ms=501)
    assert "already shorter" in too_far[0]["error"]["message"]
    (done,) = client.send("conversation.item.truncate", item_id="item_1", content_index=0, audio_end_ms=320)
    assert (done["type"], done["audio_end_ms"]) == ("conversation.item.truncated", 320)
    assert gateway.item("item_1").kept_ms == 320
    (got,) = client.send("conversation.item.retrieve", item_id="item_1")
    assert got["item"]["content"][0]["transcript"] == ""


def test_only_assistant_audio_can_be_truncated(peer):
    client = peer(ScriptedGateway())
    client.send("conversation.item.create", item=user(id="u1"))
    refused = client.send("conversation.item.truncate", item_id="u1", content_index=0, audio_end_ms=0)
    assert code_of(refused) == "unsupported_content_type"


def test_truncation_may_go_unconfirmed(peer):
    client = peer(ScriptedGateway(quirks=Quirks(truncate_confirmed=False)))
    client.send("response.create")
    assert client.send("conversation.item.truncate", item_id="item_1", content_index=0, audio_end_ms=10) == []


def test_a_deleted_item_is_gone(peer):
    client = peer(ScriptedGateway())
    client.send("conversation.item.create", item=user(id="u1"))
    assert client.send("conversation.item.delete", item_id="u1")[0]["type"] == "conversation.item.deleted"
    for kind in ("delete", "retrieve", "truncate"):
        assert code_of(client.send(f"conversation.item.{kind}", item_id="u1", audio_end_ms=0)) == "item_not_found"
