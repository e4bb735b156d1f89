from __future__ import annotations

import pytest

from voiceloop.events import ReplyStarted
from wire.talk import ready

CALL = {"type": "function_call", "id": "f1", "call_id": "call_1", "name": "lamp", "arguments": "{}"}


@pytest.mark.parametrize("known_by", [{"metadata": {"topic": "guard"}}, {}], ids=["its metadata", "the others"])
def test_a_response_outside_the_conversation_is_nobodys(known_by):
    talk = ready()
    talk.says("response.created", response={"id": "r1", "conversation_id": "conv_1"})
    other = {"id": "r2", "conversation_id": None, **known_by}
    assert talk.says("response.created", response=other) == []
    assert talk.says("response.output_item.done", response_id="r2", item=CALL) == []
    assert talk.sounds(bytes(960), response_id="r2") is None
    failure = {"error": {"code": "context_length_exceeded"}}
    assert talk.says("response.done", response={**other, "status": "failed", "status_details": failure}) == []
    assert talk.sounds(bytes(960)).reply_id == "r1"


@pytest.mark.parametrize("response", [{"conversation_id": None}, {}], ids=["null", "absent"])
def test_where_no_conversation_is_ever_named_every_response_is_heard(response):
    talk = ready()
    assert talk.says("response.created", response={"id": "r1", **response}) == [ReplyStarted("r1")]


def test_a_reply_that_we_asked_for_is_heard_wherever_the_server_puts_it():
    talk = ready()
    talk.says("response.created", response={"id": "r1", "conversation_id": "conv_1"})
    ours = {"id": "r2", "conversation_id": None, "metadata": {"ask_id": "ask-1"}}
    assert talk.says("response.created", response=ours) == [ReplyStarted("r2", "ask-1")]
