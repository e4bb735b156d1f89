from __future__ import annotations

import base64
import json

import pytest

from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.numbers import Run, runs
from voiceloop.testing.script import OMIT, Call, Close, Quirks, Reply, Spoken, Stall, Vanish

GA_AUDIO = "response.output_audio.delta"


def named(events, *names):
    return [event for event in events if isinstance(event, dict) and event["type"] in names]


def audio_of(events, name=GA_AUDIO):
    return b"".join(base64.b64decode(event["delta"]) for event in named(events, name))


def test_a_spoken_reply_is_complete_and_in_the_order_of_the_protocol(peer):
    client = peer(ScriptedGateway(Reply((Spoken("one two three", 250),))))
    events = client.send("response.create")
    assert [event["type"] for event in events] == [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        *["response.output_audio_transcript.delta", GA_AUDIO] * 3,
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert runs(audio_of(events)) == [Run(0, 0, 6000)]
    done = events[-1]["response"]
    assert done["status"] == "completed"
    assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "one two three"}]
    assert done["usage"]["output_token_details"]["audio_tokens"] == 5
    assert len({event["event_id"] for event in events}) == len(events)


def test_beta_has_its_own_names_and_no_item_done(peer):
    client = peer(ScriptedGateway(), beta=True)
    names = {event["type"] for event in client.send("response.create")}
    assert {"response.audio.delta", "response.audio_transcript.delta", "conversation.item.created"} <= names
    assert not any("output_audio" in name or name == "conversation.item.done" for name in names)


def test_samples_are_numbered_on_from_message_to_message(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a", 100), Spoken("b", 100)))))
    events = client.send("response.create") + client.send("response.create")
    assert runs(audio_of(events)) == [Run(0, 0, 2400 + 2400 + 12_000)]
    assert [client.connection.gateway.item(f"item_{n}").first_number for n in (1, 2, 3)] == [0, 2400, 4800]


def test_pace_spreads_the_audio_over_time(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a b", 200),), created_after_s=0.5, audio_after_s=0.25, pace=2.0)))
    assert client.send("response.create") == []
    assert named(client.pass_time(0.5), "response.created", GA_AUDIO)[0]["type"] == "response.created"
    assert len(named(client.pass_time(0.26), GA_AUDIO)) == 1
    assert named(client.pass_time(0.03), GA_AUDIO, "response.done") == []
    later = client.pass_time(0.2)
    assert [event["type"] for event in named(later, GA_AUDIO, "response.done")] == [GA_AUDIO, "response.done"]


def test_a_text_reply_has_no_audio(peer):
    client = peer(ScriptedGateway(Reply((Spoken("just these words"),))))
    events = client.send("response.create", response={"output_modalities": ["text"]})
    assert [event["delta"] for event in named(events, "response.output_text.delta")] == ["just", " these", " words"]
    assert named(events, GA_AUDIO) == []
    assert events[-1]["response"]["output"][0]["content"] == [{"type": "output_text", "text": "just these words"}]


def test_two_parallel_calls_one_with_broken_arguments(peer):
    reply = Reply((), (Call("lamp", '{"on":tru', "call_a"), Call("time")))
    client = peer(ScriptedGateway(reply))
    events = client.send("response.create")
    done = named(events, "response.function_call_arguments.done")
    assert [(event["name"], event["arguments"], event["output_index"]) for event in done] == [
        ("lamp", '{"on":tru', 0),
        ("time", "{}", 1),
    ]
    pieces = named(events, "response.function_call_arguments.delta")
    assert "".join(event["delta"] for event in pieces if event["call_id"] == "call_a") == '{"on":tru'
    assert [item["call_id"] for item in events[-1]["response"]["output"]] == ["call_a", "call_1"]


def test_beta_call_arguments_carry_no_name(peer):
    client = peer(ScriptedGateway(Reply((), (Call("lamp"),))), beta=True)
    (done,) = named(client.send("response.create"), "response.function_call_arguments.done")
    assert "name" not in done


def test_cancel_ends_a_paced_reply_with_what_was_sent(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a b c d", 1000),), pace=1.0)))
    client.send("response.create")
    client.pass_time(0.35)
    events = client.send("response.cancel", response_id="resp_1")
    assert events[-1]["response"]["status"] == "cancelled"
    assert events[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert events[-1]["response"]["output"][0]["status"] == "incomplete"
    assert client.connection.gateway.item("item_1").audio_ms == 400
    assert client.pass_time(10) == []


def test_deltas_may_still_come_after_a_cancel(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a", 1000),), pace=1.0, late_ms=200)))
    client.send("response.create")
    events = client.send("response.cancel")
    assert runs(audio_of(events)) == [Run(0, 2400, 4800)]
    assert events[-1]["type"] == "response.done"


def test_a_cancel_before_anything_was_created_still_reports_both_ends(peer):
    client = peer(ScriptedGateway(Reply(created_after_s=2.0)))
    client.send("response.create")
    assert [event["type"] for event in named(client.send("response.cancel"), "response.created", "response.done")] == [
        "response.created",
        "response.done",
    ]
    assert client.pass_time(5) == []


def test_a_reply_can_ignore_cancel(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a", 200),), pace=1.0, ignores_cancel=True)))
    client.send("response.create")
    assert client.send("response.cancel") == []
    assert client.pass_time(1.0)[-1]["response"]["status"] == "completed"


@pytest.mark.parametrize("status", ["completed", "cancelled", "incomplete", "failed"])
def test_every_status_comes_with_its_details(peer, status):
    client = peer(ScriptedGateway(Reply(status=status)))
    response = client.send("response.create")[-1]["response"]
    assert response["status"] == status
    assert (response["status_details"] is None) == (status == "completed")


def test_odd_shapes_of_details_and_usage(peer):
    replies = Reply(status="failed", status_details="it broke", usage={}), Reply(usage=OMIT)
    client = peer(ScriptedGateway(*replies))
    first = client.send("response.create")[-1]["response"]
    assert (first["status_details"], first["usage"]) == ("it broke", {})
    assert "usage" not in client.send("response.create")[-1]["response"]


def test_a_reply_may_never_be_created(peer):
    client = peer(ScriptedGateway(Reply(created_after_s=None)))
    assert client.send("response.create") == []
    assert client.pass_time(60) == []
    assert client.send("response.create")[-1]["type"] == "response.done"


def test_a_reply_may_never_end(peer):
    client = peer(ScriptedGateway(Reply(ends=False)))
    assert named(client.send("response.create") + client.pass_time(60), "response.done") == []


@pytest.mark.parametrize("cut", [Vanish(), Stall(), Close(1011, "oops")])
def test_a_reply_can_be_cut_in_the_middle_of_its_audio(peer, cut):
    client = peer(ScriptedGateway(Reply((Spoken("a b c d e", 500),), cut_after_ms=200, cut=cut)))
    events = client.send("response.create")
    assert len(audio_of(events)) == 200 * 48
    assert events[-1] == cut
    assert client.send("response.create") == []


def test_words_can_come_after_the_audio(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a b", 200),), transcript_last=True)))
    events = named(client.send("response.create"), GA_AUDIO, "response.output_audio_transcript.delta")
    assert [event["type"] for event in events][:2] == [GA_AUDIO, GA_AUDIO]
    assert events[2]["delta"] == "a b"


def test_frames_can_be_made_megabytes_big(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a", 20),), padding_bytes=3 * 2**20)))
    client.send("response.create")
    assert any(len(output) > 3 * 2**20 for output in client.raw)


def test_deltas_can_end_in_the_middle_of_a_sample(peer):
    client = peer(ScriptedGateway(quirks=Quirks(odd_deltas=True)))
    deltas = [base64.b64decode(event["delta"]) for event in named(client.send("response.create"), GA_AUDIO)]
    assert all(len(delta) % 2 for delta in deltas)
    assert runs(b"".join(deltas)) == [Run(0, 0, 12_000)]


def test_16_khz_replies(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a", 100),)), quirks=Quirks(output_rate_hz=16_000)))
    assert runs(audio_of(client.send("response.create"))) == [Run(0, 0, 1600)]
    assert client.connection.gateway.item("item_1").audio_ms == 100


def test_g711_replies_have_a_byte_a_sample(peer):
    client = peer(ScriptedGateway(Reply((Spoken("a", 100),))), beta=True)
    client.send("session.update", session={"output_audio_format": "g711_ulaw"})
    assert len(audio_of(client.send("response.create"), "response.audio.delta")) == 800


def test_metadata_comes_back_where_the_server_echoes_it(peer):
    asked = {"response": {"metadata": {"ask": "7"}}}
    polite, other = peer(ScriptedGateway()), peer(ScriptedGateway(quirks=Quirks(metadata_echoed=False)))
    assert polite.send("response.create", **asked)[0]["response"]["metadata"] == {"ask": "7"}
    assert other.send("response.create", **asked)[0]["response"]["metadata"] is None


def test_an_out_of_band_reply_leaves_the_conversation_alone(peer):
    client = peer(ScriptedGateway(Reply(pace=1.0), Reply((Spoken("aside"),))))
    client.send("response.create")
    events = client.send("response.create", response={"conversation": "none", "output_modalities": ["text"]})
    assert named(events, "conversation.item.added", "error") == []
    assert named(events, "response.done")[0]["response"]["conversation_id"] is None
    assert json.loads(client.raw[-1])["type"] == "response.done"
