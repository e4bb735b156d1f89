from __future__ import annotations

import asyncio

import pytest

from voiceloop.errors import MisuseError
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.script import Fail, Refusal, Reply, Send, Spoken


def test_replies_come_in_order_and_then_the_default_for_ever(peer):
    gateway = ScriptedGateway(Reply((Spoken("one"),)), default=Reply((Spoken("again"),)))
    gateway.will_reply(Reply((Spoken("two"),)))
    client = peer(gateway)
    said = [client.send("response.create")[-1]["response"]["output"][0]["content"][0]["transcript"] for _ in range(4)]
    assert said == ["one", "two", "again", "again"]


def test_a_wrong_key_is_refused_over_http():
    gateway = ScriptedGateway(key="right")
    refusal = gateway.connect("/", {"Authorization": "Bearer wrong"}, 0.0)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 401
    assert b"invalid_api_key" in refusal.body
    assert isinstance(gateway.connect("/", {"authorization": "Bearer right"}, 0.0), Connection)
    assert len(gateway.upgrades) == 2


def test_upgrades_can_be_refused_a_few_times():
    gateway = ScriptedGateway()
    gateway.refuse(503, b"busy", times=2, headers={"Retry-After": "1"})
    answers = [gateway.connect("/", {}, 0.0) for _ in range(3)]
    assert answers[:2] == [Refusal(503, b"busy", {"Retry-After": "1"})] * 2
    assert isinstance(answers[2], Connection)


def test_expect_finds_events_by_type_and_fields(peer):
    gateway = ScriptedGateway()
    client = peer(gateway)
    client.send("input_audio_buffer.clear", event_id="a")
    client.send("input_audio_buffer.clear", event_id="b")
    assert len(gateway.expect("input_audio_buffer.clear")) == 2
    assert gateway.expect("input_audio_buffer.clear", times=1, event_id="b")[0]["event_id"] == "b"
    gateway.expect("response.create", times=0)
    with pytest.raises(AssertionError, match=r"some response\.create"):
        gateway.expect("response.create")
    with pytest.raises(AssertionError, match=r"expected 3 .* input_audio_buffer.clear x2"):
        gateway.expect("input_audio_buffer.clear", times=3)


def test_what_was_scripted_and_did_not_happen_is_named(peer):
    gateway = ScriptedGateway(Reply())
    gateway.heard_speech(0, 100)
    gateway.when("response.cancel", Fail("x"))
    gateway.refuse(500)
    with pytest.raises(AssertionError, match=r"1 replies, 1 hooks for response\.cancel, 1 refusals, 1 utterances"):
        gateway.assert_complete()


def test_errors_and_garbage_have_to_be_expected(peer):
    gateway = ScriptedGateway()
    client = peer(gateway)
    gateway.assert_complete()
    client.send("response.cancel")
    gateway.assert_complete(errors=1)
    with pytest.raises(AssertionError, match="response_cancel_not_active"):
        gateway.assert_complete()
    client.send_raw("{")
    with pytest.raises(AssertionError, match="garbage"):
        gateway.assert_complete(errors=2)


def test_speech_scripted_while_nobody_is_connected_waits_for_the_next(peer):
    gateway = ScriptedGateway()
    gateway.heard_speech(0, 100)
    first = peer(gateway)
    assert first.connection.hearing.unheard == 1
    first.connection.end(1006, "")
    gateway.heard_speech(0, 100)
    assert first.connection.hearing.unheard == 1
    second = peer(gateway)
    assert second.connection.hearing.unheard == 1


def test_steps_can_be_performed_at_any_time(peer):
    gateway = ScriptedGateway()
    with pytest.raises(MisuseError):
        gateway.perform(Send("x"))
    client = peer(gateway)
    gateway.perform(Send({"type": "vendor.note"}), Fail("odd"))
    assert [event["type"] for event in client.pass_time(0)] == ["vendor.note", "error"]


def test_an_unknown_item_is_misuse():
    with pytest.raises(MisuseError, match="item_9"):
        ScriptedGateway().item("item_9")


@virtual_time
async def test_a_test_can_wait_for_what_a_client_does(peer):
    gateway = ScriptedGateway()
    client = peer(gateway)
    asyncio.get_running_loop().call_later(2.0, client.send, "response.create")
    await gateway.until(lambda: gateway.got("response.create"))
    with pytest.raises(TimeoutError):
        await gateway.until(lambda: gateway.got("response.cancel"), within_s=1.0)
