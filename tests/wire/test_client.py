from __future__ import annotations

import inspect
import typing

import pytest

from voiceloop.wire import client

MESSAGES = typing.get_args(client.ClientMessage)


def test_the_union_holds_every_message_of_the_module():
    classes = {each for _, each in inspect.getmembers(client, inspect.isclass) if each.__module__ == client.__name__}
    assert set(MESSAGES) == classes - {client.ResponseFields}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_a_message_is_frozen_slotted_and_may_carry_an_event_id(message):
    assert message.__dataclass_params__.frozen
    assert "event_id" in message.__slots__
    assert message.__dataclass_fields__["event_id"].default == ""
