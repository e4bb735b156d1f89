from __future__ import annotations

import pytest

from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.script import Close, Fail, Handle, Quirks, Reply, Send, Spoken, Stall, Vanish, Wait


def types(events):
    return [event["type"] for event in events]


@pytest.mark.parametrize("beta", [True, False])
def test_the_greeting_is_in_the_dialect_of_the_header(peer, beta):
    client = peer(ScriptedGateway(), beta=beta)
    assert types(client.greeting) == ["session.created", "conversation.created"]
    session = client.greeting[0]["session"]
    assert session["model"] == "m"
    assert ("modalities" in session) == beta
    assert ("audio" in session) != beta


def test_a_subprotocol_can_ask_for_beta_too():
    gateway = ScriptedGateway()
    headers = {"Sec-WebSocket-Protocol": "realtime, openai-beta.realtime-v1"}
    assert gateway.connect("/v1/realtime?model=m", headers, 0.0).session.dialect == "beta"


def test_a_ga_server_refuses_beta_with_its_code_and_closes(peer):
    client = peer(ScriptedGateway(quirks=Quirks(accepts=("ga",))), beta=True)
    assert client.greeting[0]["error"]["code"] == "beta_api_shape_disabled"
    assert client.greeting[1] == Close(4000, "invalid_request_error.beta_api_shape_disabled")


def test_a_ga_server_may_just_use_its_own_form(peer):
    client = peer(ScriptedGateway(quirks=Quirks(accepts=("ga",), refuses_by="form")), beta=True)
    assert client.greeting[0]["session"]["type"] == "realtime"
    (error,) = client.send("session.update", event_id="c1", session={"modalities": ["text"]})
    assert error["error"]["code"] == "missing_required_parameter"
    assert (error["error"]["param"], error["error"]["event_id"]) == ("session.type", "c1")


def test_a_beta_server_refuses_the_ga_form(peer):
    client = peer(ScriptedGateway(quirks=Quirks(accepts=("beta",))))
    assert "modalities" in client.greeting[0]["session"]
    (error,) = client.send("session.update", session={"type": "realtime", "output_modalities": ["audio"]})
    assert (error["error"]["code"], error["error"]["param"]) == ("unknown_parameter", "session.type")


def test_the_greeting_can_be_missing_late_or_wrong(peer):
    quiet = peer(ScriptedGateway(quirks=Quirks(greets=False)))
    assert quiet.greeting == []
    assert types(quiet.send("session.update", session={"type": "realtime"})) == ["session.updated"]
    quirks = Quirks(before_greeting=(Fail("model_load_error"),), after_greeting=(Send({"type": "ping"}), Vanish()))
    odd = peer(ScriptedGateway(quirks=quirks))
    assert types(odd.greeting[:-1]) == ["error", "session.created", "conversation.created", "ping"]
    assert odd.greeting[-1] == Vanish()


def test_a_relaxed_server_takes_any_update_and_may_not_confirm_it(peer):
    client = peer(ScriptedGateway(quirks=Quirks(strict=False, confirms_updates=False)))
    assert client.send("session.update", session={"nonsense": 1, "instructions": "x"}) == []
    assert client.connection.session.fields["instructions"] == "x"


def test_fields_can_be_left_out_of_every_event(peer):
    omitted = frozenset({"output_index", "content_index", "part", "event_id"})
    client = peer(ScriptedGateway(quirks=Quirks(omits=omitted)))
    for event in client.greeting + client.send("response.create"):
        assert not omitted & set(event)


def test_a_hybrid_server_uses_names_of_both_dialects(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a b c", 300),)), quirks=Quirks(hybrid_names=True)))
    names = set(types(client.send("response.create") + client.send("response.create")))
    assert any(name.startswith(("response.audio", "conversation.item.created")) for name in names)
    assert any(name.startswith(("response.output_audio", "conversation.item.added")) for name in names)


def test_one_reply_at_a_time(peer):
    client = peer(ScriptedGateway(Reply(pace=1.0)))
    client.send("response.create")
    (error,) = client.send("response.create", event_id="again")
    assert error["error"]["code"] == "conversation_already_has_active_response"
    assert error["error"]["event_id"] == "again"


def test_cancelling_nothing_is_an_error(peer):
    client = peer(ScriptedGateway())
    client.send("response.create")
    for fields in ({}, {"response_id": "resp_1"}, {"response_id": "unknown"}):
        (error,) = client.send("response.cancel", **fields)
        assert error["error"]["code"] == "response_cancel_not_active"


def test_what_it_does_not_know_or_cannot_read_is_an_error(peer):
    gateway = ScriptedGateway()
    client = peer(gateway)
    assert client.send("nonsense.event")[0]["error"]["param"] == "type"
    for garbage in ("{", "[]", b"\xff\xfe", '"type"'):
        assert client.send_raw(garbage)[0]["error"]["code"] == "invalid_json"
    assert len(gateway.garbage) == 4


def test_errors_can_be_strings(peer):
    client = peer(ScriptedGateway(quirks=Quirks(string_errors=True)))
    assert client.send("nonsense.event")[0]["error"] == "Invalid value: 'nonsense.event'."


def test_hooks_do_something_else_once(peer):
    gateway = ScriptedGateway()
    gateway.when("response.create", Send("{broken"), Send(b"\x00\x01"), Close(1013, "later"))
    client = peer(gateway)
    assert client.send("response.create") == ["{broken", b"\x00\x01", Close(1013, "later")]
    assert client.send("response.create") == []


def test_after_the_end_nothing_is_sent(peer):
    client = peer(ScriptedGateway())
    client.connection.end(1006, "gone")
    client.connection.end(1000, "again")
    assert client.connection.closed == (1006, "gone")
    assert client.send("response.create") == []


def test_a_session_says_when_it_ends_and_ends_then(peer):
    gateway = ScriptedGateway(quirks=Quirks(session_lasts_s=3600.0), unix_s=lambda: 1_800_000_000.7)
    client = peer(gateway)
    assert client.greeting[0]["session"]["expires_at"] == 1_800_003_600
    assert client.pass_time(3599.0) == []
    error, close = client.pass_time(1.0)
    assert error["error"]["code"] == "session_expired"
    assert close == Close(1001, "Your session hit the maximum duration of 60 minutes.")


def test_a_session_can_end_without_having_said_when(peer):
    client = peer(ScriptedGateway(quirks=Quirks(session_lasts_s=10.0, expiry_announced=False)))
    assert "expires_at" not in client.greeting[0]["session"]
    assert client.pass_time(11.0)[-1].code == 1001


def test_a_stalled_server_that_still_reads_does_nothing_with_it(peer):
    gateway = ScriptedGateway(Reply((Spoken("long", 2000),), pace=1.0))
    client = peer(gateway)
    client.send("response.create")
    gateway.perform(Stall(answers_pings=True))
    assert client.send("response.cancel") == [Stall(answers_pings=True)]
    assert client.pass_time(60) == []
    assert gateway.got("response.cancel")
    assert gateway.item("item_1").audio_ms == 100
    assert gateway.errors == []


def test_each_connection_keeps_its_own_events_and_items(peer):
    gateway = ScriptedGateway(Reply((Spoken("first"),)), Reply((Spoken("second"),)))
    one, two = peer(gateway), peer(gateway)
    two.send("response.create")
    one.send("response.create")
    one.connection.end(1006, "gone")
    assert [[item.body["content"][0]["transcript"] for item in each.items] for each in gateway.connections] == [
        ["second"],
        ["first"],
    ]
    assert [each.closed for each in gateway.connections] == [(1006, "gone"), None]
    gateway.perform(Fail("only_the_newest"))
    assert [len(each.pass_time(0)) for each in (one, two)] == [0, 1]


def test_steps_can_come_late_and_around_what_is_usual(peer):
    gateway = ScriptedGateway()
    gateway.when("response.create", Send("busy"), Wait(2.0), Handle(), Wait(1.0), Close(1011))
    client = peer(gateway)
    assert client.send("response.create") == ["busy"]
    assert client.pass_time(1.9) == []
    assert types(client.pass_time(0.1))[-1] == "response.done"
    assert client.pass_time(0.9) == []
    assert client.pass_time(0.1) == [Close(1011)]


def test_the_greeting_can_come_late(peer):
    client = peer(ScriptedGateway(quirks=Quirks(before_greeting=(Wait(3.0),), after_greeting=(Send("hi"),))))
    assert client.greeting == []
    assert [*types(client.pass_time(3.0)[:2])] == ["session.created", "conversation.created"]
    assert client.raw[-1] == "hi"


def test_a_relay_vanishes_at_what_it_cannot_read(peer):
    gateway = ScriptedGateway(quirks=Quirks(drops_at=lambda event: "tool_choice" in event.get("session", {})))
    client = peer(gateway)
    assert types(client.send("session.update", session={"type": "realtime"})) == ["session.updated"]
    assert client.send("session.update", session={"type": "realtime", "tool_choice": {}}) == [Vanish()]


def test_audio_has_the_rate_that_the_session_says(peer):
    gateway = ScriptedGateway(Reply((Spoken("a", 100),)))
    gateway.heard_speech(100, 200)
    client = peer(gateway)
    pcm = {"format": {"type": "audio/pcm", "rate": 16_000}}
    client.send("session.update", session={"type": "realtime", "audio": {"input": pcm, "output": pcm}})
    client.speak(bytes(2 * 1600))
    assert client.connection.hearing.clock_ms == 100
    client.send("response.create")
    assert (gateway.item("item_2").samples, gateway.item("item_2").audio_ms) == (1600, 100)


def test_a_server_may_take_another_rate_than_it_says(peer):
    client = peer(ScriptedGateway(quirks=Quirks(input_rate_hz=16_000)), beta=True)
    client.speak(bytes(2 * 1600))
    assert client.connection.hearing.clock_ms == 100


def test_a_gateway_for_long_sessions_keeps_events_without_their_audio(peer):
    gateway = ScriptedGateway(Reply((Spoken("a", 100),)), keeps_s=1.0)
    client = peer(gateway)
    client.speak(bytes(960))
    events = client.send("response.create")
    assert any(len(event.get("delta", "")) > 1000 for event in events)
    assert gateway.got("input_audio_buffer.append") == [{"type": "input_audio_buffer.append", "audio": ""}]
    assert all(event.get("delta", "") == "" for event in client.connection.sent)
