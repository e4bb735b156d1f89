from __future__ import annotations

import asyncio

import pytest

from voiceloop.errors import MisuseError
from voiceloop.events import Event
from voiceloop.tools.bus import ToolBus, survivors, tool_table
from voiceloop.tools.tool import ToolContext, tool
from voiceloop.vocabulary import Outcome, ToolCall


@tool(survives_interruption=True)
async def order(dish: str) -> str:
    """Orders a dish."""
    return dish


async def menu() -> str:
    """Reads the menu."""
    return "soup"


def test_tools_stand_under_their_names_in_order():
    assert list(tool_table([order, menu])) == ["order", "menu"]


def test_one_name_is_one_tool():
    with pytest.raises(MisuseError, match="two tools are called menu"):
        tool_table([menu, menu])


def test_survivors_are_named():
    assert survivors(tool_table([order, menu]).values()) == ("order",)


async def test_other_tools_run_from_the_next_call_on_and_running_calls_go_on():
    happened: list[Event] = []
    news = asyncio.Event()
    go = asyncio.Event()

    async def slow() -> str:
        """Takes its time."""
        news.set()
        await go.wait()
        return "at last"

    async with asyncio.TaskGroup() as group:

        def spawn(name, work):
            group.create_task(work, name=name)

        bus = ToolBus([slow], happened=happened.append, spawn=spawn, context=ToolContext(print, spawn))
        bus.run(ToolCall("c1", "slow", "{}"))
        await news.wait()
        bus.offer(tool_table([menu]))
        assert [spec.name for spec in bus.specs] == ["menu"]
        bus.run(ToolCall("c2", "slow", "{}"))
        bus.run(ToolCall("c3", "menu", "{}"))
        go.set()
    outcomes = {event.call_id: (event.outcome, event.output) for event in happened}
    assert outcomes == {
        "c1": (Outcome.OK, "at last"),
        "c2": (Outcome.ERROR, "there is no tool 'slow'; the tools are: menu"),
        "c3": (Outcome.OK, "soup"),
    }
