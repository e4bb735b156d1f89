"""Every way a call can end but by itself: deadline, cancellation, the end of the session."""

from __future__ import annotations

import asyncio
import threading

import pytest

from toolbench import add, bus_of, call, outcome_of
from voiceloop.events import ToolFinished
from voiceloop.tools.bus import ToolBus
from voiceloop.tools.tool import ToolContext, tool
from voiceloop.vocabulary import Outcome


async def test_a_tool_that_takes_too_long_is_answered_and_stopped():
    stopped = asyncio.Event()

    @tool(deadline_s=0.001)
    async def sleepy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    finished = await outcome_of(sleepy, asked=call("sleepy"))
    assert finished == ToolFinished("c1", Outcome.TIMEOUT, "sleepy took longer than 0.001 s")
    assert stopped.is_set()


async def test_a_tool_that_swallows_its_cancellation_is_answered_in_time_all_the_same():
    release = asyncio.Event()
    answered = asyncio.Event()

    @tool(deadline_s=0.001)
    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await release.wait()
        return "at last"

    happened = []

    def note(event):
        happened.append(event)
        answered.set()

    async with asyncio.TaskGroup() as group:

        def spawn(name, work):
            group.create_task(work, name=name)

        bus = ToolBus([stubborn], happened=note, spawn=spawn, context=ToolContext(print, spawn), max_running=1)
        bus.run(call("stubborn"))
        await asyncio.wait_for(answered.wait(), 5)
        assert [event.outcome for event in happened] == [Outcome.TIMEOUT]
        bus.run(call("stubborn", call_id="c2"))
        assert happened[-1].outcome is Outcome.ERROR, "it still takes its place"
        release.set()
    assert len(happened) == 2


async def test_a_tool_that_takes_a_thread_times_out_too():
    release = threading.Event()

    @tool(deadline_s=0.001)
    def blocked() -> None:
        release.wait(30)

    finished = await outcome_of(blocked, asked=call("blocked"))
    release.set()
    assert finished.outcome is Outcome.TIMEOUT


async def test_a_cancelled_call_is_answered_at_once():
    @tool
    async def wait() -> None:
        await asyncio.Event().wait()

    async with bus_of(wait) as (bus, happened):
        bus.run(call("wait"))
        await asyncio.sleep(0)
        bus.cancel("c1")
        assert [event.outcome for event in happened] == [Outcome.CANCELLED]
    assert len(happened) == 1


async def test_a_call_cancelled_before_it_began_never_runs():
    ran = []

    @tool
    async def note() -> None:
        ran.append(1)

    async with bus_of(note) as (bus, happened):
        bus.run(call("note"))
        bus.cancel("c1")
    assert ran == []
    assert [event.outcome for event in happened] == [Outcome.CANCELLED]


async def test_a_tool_that_survives_interruption_runs_on():
    release = asyncio.Event()

    @tool(survives_interruption=True)
    async def book() -> str:
        await release.wait()
        return "booked"

    async with bus_of(book) as (bus, happened):
        bus.run(call("book"))
        await asyncio.sleep(0)
        bus.cancel("c1")
        assert happened == []
        release.set()
    assert happened == [ToolFinished("c1", Outcome.OK, "booked")]


async def test_cancelling_what_does_not_run_is_nothing():
    async with bus_of(add) as (bus, happened):
        bus.cancel("nobody")
        bus.run(call("add", '{"a": 1, "b": 2}'))
        await asyncio.sleep(0)
        bus.cancel("c1")
    assert [event.outcome for event in happened] == [Outcome.OK]


async def test_closing_answers_what_runs_survivors_too_and_what_comes_after():
    @tool(survives_interruption=True)
    async def book() -> None:
        await asyncio.Event().wait()

    async with bus_of(book, add) as (bus, happened):
        bus.run(call("book"))
        await asyncio.sleep(0)
        bus.close()
        bus.close()
        bus.run(call("add", '{"a": 1, "b": 2}', "c2"))
        assert [(event.call_id, event.outcome) for event in happened] == [
            ("c1", Outcome.CANCELLED),
            ("c2", Outcome.CANCELLED),
        ]
    assert len(happened) == 2


async def test_a_group_that_is_cancelled_answers_the_call():
    started = asyncio.Event()

    @tool
    async def wait() -> None:
        started.set()
        await asyncio.Event().wait()

    happened = []

    async def session() -> None:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:

            def spawn(name, work):
                group.create_task(work, name=name)

            ToolBus([wait], happened=happened.append, spawn=spawn, context=ToolContext(print, spawn)).run(call("wait"))
            await started.wait()
            limit.reschedule(0)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await session()
    assert [event.outcome for event in happened] == [Outcome.CANCELLED]
