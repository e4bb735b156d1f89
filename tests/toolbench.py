"""A tool bus on a real loop whose tasks all have ended when a test looks at what happened."""

from __future__ import annotations

import asyncio
import contextlib

from voiceloop.events import ToolFinished
from voiceloop.tools.bus import ToolBus
from voiceloop.tools.tool import ToolContext, tool
from voiceloop.vocabulary import ToolCall


@tool
async def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@contextlib.asynccontextmanager
async def bus_of(*tools, **options):
    """A bus whose tasks belong to a group; when the block is left, all of them have ended."""
    happened: list[ToolFinished] = []
    async with asyncio.TaskGroup() as group:

        def spawn(name, work):
            group.create_task(work, name=name)

        context = options.pop("context", ToolContext(announce=print, spawn=spawn))
        yield ToolBus(tools, happened=happened.append, spawn=spawn, context=context, **options), happened


def call(name: str, arguments: str = "{}", call_id: str = "c1") -> ToolCall:
    return ToolCall(call_id, name, arguments)


async def outcome_of(*tools, asked: ToolCall, **options) -> ToolFinished:
    async with bus_of(*tools, **options) as (bus, happened):
        bus.run(asked)
    assert len(happened) == 1
    assert happened[0].call_id == asked.call_id
    return happened[0]
