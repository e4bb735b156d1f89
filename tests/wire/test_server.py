from __future__ import annotations

import inspect
import typing

import msgspec
import pytest

from voiceloop.wire import server

EVENTS = [each for _, each in inspect.getmembers(server, inspect.isclass) if each.__module__ == server.__name__]


def test_the_union_holds_every_event_of_the_module():
    assert set(typing.get_args(server.ServerEvent)) == set(EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_is_frozen_and_explained(event):
    assert issubclass(event, msgspec.Struct)
    assert event.__struct_config__.frozen
    assert event.__doc__.rstrip().endswith(".")
