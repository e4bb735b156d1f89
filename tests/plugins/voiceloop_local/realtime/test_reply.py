from __future__ import annotations

import base64

import pytest

from voiceloop.vocabulary import Encoding
from voiceloop_local.realtime.beta import BetaDialect
from voiceloop_local.realtime.config import ReplySettings, SessionConfig
from voiceloop_local.realtime.ga import GaDialect
from voiceloop_local.realtime.reply import Reply


def reply(dialect=None, *, aside=False, **config):
    ids = iter(range(1, 100))
    inserted = []

    def insert(item):
        inserted.append(item)
        return inserted[-2].item_id if len(inserted) > 1 else "before"

    settings = ReplySettings.of(SessionConfig("m", **config))
    one = Reply(
        "resp_1",
        None if aside else "conv_1",
        settings,
        dialect or GaDialect(),
        insert,
        lambda kind: f"{kind}_{next(ids)}",
    )
    one.inserted = inserted
    return one


def types(events):
    return [event["type"].removeprefix("response.") for event in events]


def test_words_and_audio_share_one_part():
    one = reply()
    assert types(one.begin()) == ["created"]
    opened = one.words("Hi")
    assert types(opened) == [
        "output_item.added",
        "conversation.item.added",
        "content_part.added",
        "output_audio_transcript.delta",
    ]
    assert opened[1]["previous_item_id"] == "before"
    [delta] = one.audio(b"\x01\x02", b"\x07")
    assert base64.b64decode(delta["delta"]) == b"\x07"
    assert one.spaced("you") == " you"
    one.words(" you")
    done = one.finish("completed")
    assert types(done) == [
        "output_audio.done",
        "output_audio_transcript.done",
        "content_part.done",
        "output_item.done",
        "conversation.item.done",
        "done",
    ]
    assert done[1]["transcript"] == "Hi you"
    assert done[-1]["response"]["status_details"] is None
    part = one.inserted[0].parts[0]
    assert (part.text, bytes(part.pcm)) == ("Hi you", b"\x01\x02")


def test_ids_and_indexes_agree():
    one = reply()
    events = [*one.words("a"), *one.call("t", "{}"), *one.words("b"), *one.finish("completed")]
    for event in events:
        if "output_index" in event:
            item_id = event.get("item_id") or event["item"]["id"]
            assert one.output[event["output_index"]].item_id == item_id
            assert event["response_id"] == "resp_1"
    assert [item["id"] for item in events[-1]["response"]["output"]] == [item.item_id for item in one.output]
    assert one.inserted == one.output


def test_long_arguments_come_in_pieces():
    arguments = '{"text": "' + "x" * 100 + '"}'
    events = reply().call("t", arguments)
    deltas = [event["delta"] for event in events if event["type"].endswith("arguments.delta")]
    assert len(deltas) > 1
    assert "".join(deltas) == arguments
    done = next(event for event in events if event["type"].endswith("arguments.done"))
    assert (done["name"], done["arguments"]) == ("t", arguments)
    assert types(reply().call("t", ""))[:3] == [
        "output_item.added",
        "conversation.item.added",
        "function_call_arguments.done",
    ]


def test_aside_from_the_conversation_nothing_is_inserted():
    one = reply(aside=True)
    events = [*one.begin(), *one.words("a"), *one.finish("completed")]
    assert not [event for event in events if event["type"].startswith("conversation.")]
    assert events[0]["response"]["conversation_id"] is None
    assert one.inserted == []


def test_beta_shows_its_own_shapes():
    one = reply(BetaDialect(), output=Encoding.G711_ULAW)
    created = one.begin()[0]["response"]
    assert created["output_audio_format"] == "g711_ulaw"
    one.words("hi")
    assert one.output[0].parts[0].rate_hz == 8000
    assert "conversation.item.done" not in [event["type"] for event in one.finish("completed")]


@pytest.mark.parametrize(
    ("status", "reason", "error", "details"),
    [
        ("cancelled", "turn_detected", None, {"type": "cancelled", "reason": "turn_detected"}),
        ("incomplete", "max_output_tokens", None, {"type": "incomplete", "reason": "max_output_tokens"}),
        ("failed", "", {"code": "x"}, {"type": "failed", "error": {"code": "x"}}),
    ],
)
def test_what_ends_early_is_incomplete_and_says_why(status, reason, error, details):
    one = reply(speaks=False)
    assert types(one.words("half"))[-1] == "output_text.delta"
    events = one.finish(status, reason, error)
    assert types(events)[0] == "output_text.done"
    response = events[-1]["response"]
    assert (response["status"], response["status_details"]) == (status, details)
    assert response["output"][0]["status"] == "incomplete"


def test_nothing_follows_the_end():
    one = reply()
    one.finish("cancelled", "client_cancelled")
    assert one.finished
    assert [*one.words("a"), *one.audio(b"", b""), *one.call("t", ""), *one.finish("completed")] == []
    assert one.close_message() == []


def test_a_reply_is_full_when_its_tokens_are_used_up():
    one = reply(max_output_tokens=2)
    one.words("four")
    assert not one.full
    one.words("more words")
    assert one.full
    assert not reply().full
