from __future__ import annotations

import json

import pytest

from voiceloop.wire.client import CommitInput, CreateItem, CreateResponse, DeleteItem, ResponseFields
from voiceloop.wire.items import MessageItem, Part, WireError
from voiceloop.wire.outbox import Outbox, named_params

ITEM = CreateItem(MessageItem("t1", "user", (Part("input_text", text="Hi"),)))


def take(outbox):
    return [json.loads(frame) for frame in outbox.take()]


def test_frames_come_out_once_in_order_each_with_its_own_id():
    outbox = Outbox("ga")
    ids = [outbox.put(CommitInput()), outbox.put(DeleteItem("u1"))]
    assert [frame["event_id"] for frame in take(outbox)] == ids == ["vl_1", "vl_2"]
    assert take(outbox) == []


def test_a_message_goes_again_without_the_refused_field_and_so_do_later_ones():
    outbox = Outbox("ga")
    first = outbox.put(ITEM)
    assert outbox.retry(first, ("item.nonsense", "item.id")) == "vl_2"
    outbox.put(ITEM)
    assert ["id" in frame["item"] for frame in take(outbox)] == [True, False, False]
    assert outbox.retry(first, ("item.role",)) is None


@pytest.mark.parametrize("params", [(), ("item",), ("type",), ("item.id.deeper",), ("x.y.z",), ("",), ("[0]",)])
def test_what_a_message_does_not_hold_cannot_be_left_out(params):
    outbox = Outbox("ga")
    assert outbox.retry(outbox.put(ITEM), params) is None
    assert len(take(outbox)) == 1


def test_a_refused_element_takes_its_array_along():
    outbox = Outbox("ga")
    asked = CreateResponse(ResponseFields(input=(ITEM.item,), instructions="Be brief."))
    outbox.retry(outbox.put(asked), ("response.input[0].content",))
    assert take(outbox)[1]["response"] == {"instructions": "Be brief."}


@pytest.mark.parametrize("param", ["item.content[0].text", "item.content", "item.role", "item.type"])
def test_an_item_goes_whole_or_not_at_all(param):
    outbox = Outbox("ga")
    assert outbox.retry(outbox.put(ITEM), (param,)) is None
    outbox.put(ITEM)
    assert take(outbox)[1]["item"]["content"] == [{"type": "input_text", "text": "Hi"}]


def test_an_item_without_a_name_of_ours_is_not_kept():
    outbox = Outbox("ga")
    assert outbox.message(outbox.put(CreateItem(MessageItem("", "user", ())))) == {}


def test_only_the_latest_messages_can_be_sent_again():
    outbox = Outbox("ga")
    first = outbox.put(ITEM)
    for _ in range(127):
        outbox.put(CommitInput())
    assert outbox.message(first)["item"]["id"] == "t1"
    outbox.put(CommitInput())
    assert outbox.message(first) == {}
    assert outbox.retry(first, ("item.id",)) is None


@pytest.mark.parametrize(
    ("error", "first"),
    [
        (WireError(param="session.voice"), "session.voice"),
        (WireError(message="Unknown parameter: 'response.metadata'."), "response.metadata"),
        (WireError(message="Bad 'session.tools[0].name', please."), "session.tools[0].name"),
        (WireError(param="session.audio.input.format.rate"), "session.audio.input.format"),
        (WireError(param="session.turn_detection.type"), "session.turn_detection"),
        (WireError(param="session.type"), "session.type"),
        (WireError(code="cannot_update_voice", param="session"), "session.voice"),
    ],
)
def test_an_error_names_a_field_in_its_param_or_its_words(error, first):
    assert named_params(error)[0] == first


@pytest.mark.parametrize("message", ["", "No.", "Invalid value: 'loud'."])
def test_most_errors_name_none(message):
    assert named_params(WireError(message=message)) == ()
