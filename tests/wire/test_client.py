from __future__ import annotations

import inspect
import typing

import msgspec
import pytest

from voiceloop.wire import client

MESSAGES = typing.get_args(client.ClientMessage)


def test_the_union_holds_every_message_of_the_module():
    classes = {each for _, each in inspect.getmembers(client, inspect.isclass) if each.__module__ == client.__name__}
    assert set(MESSAGES) == classes - {client.ResponseFields}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_a_message_is_frozen_and_may_carry_an_event_id(message):
    assert message.__struct_config__.frozen
    assert {field.name: field.default for field in msgspec.structs.fields(message)}["event_id"] == ""
