from __future__ import annotations

import asyncio
import contextlib

import pytest

from voiceloop.errors import ToolError
from voiceloop.tools.tool import ToolContext
from voiceloop_basics.timers import MAX_TIMERS, Timers, timer_tools
from voiceloop_basics.wording import speak_duration


class Kitchen:
    """Timers on a clock that is moved by hand."""

    def __init__(self, group: asyncio.TaskGroup, timers: Timers | None = None) -> None:
        self.now_s = 100.0
        self.said: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self._waiting: list[tuple[float, asyncio.Event]] = []
        self.timers = timers or Timers(sleep=self._sleep, clock=lambda: self.now_s)
        self.set, self.remind, self.check, self.cancel = timer_tools(self.timers)

        def spawn(name, work):
            self.tasks.append(group.create_task(work, name=name))

        self.context = ToolContext(self.said.append, spawn, session_id="kitchen")

    async def _sleep(self, seconds: float) -> None:
        due = asyncio.Event()
        self._waiting.append((self.now_s + seconds, due))
        await due.wait()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def pass_s(self, seconds: float) -> None:
        await self.settle()
        self.now_s += seconds
        for due_s, due in sorted(self._waiting, key=lambda entry: entry[0]):
            if due_s <= self.now_s:
                due.set()
        await self.settle()


@contextlib.asynccontextmanager
async def kitchen():
    async with asyncio.TaskGroup() as group:
        here = Kitchen(group)
        yield here
        for task in here.tasks:
            task.cancel()


async def test_a_timer_speaks_when_it_is_due_and_not_before():
    async with kitchen() as here:
        assert await here.set(here.context, minutes=5) == "I set a timer for 5 minutes."
        await here.pass_s(299)
        assert here.said == []
        assert await here.check(here.context) == "Your 5 minute timer has 1 second left."
        await here.pass_s(1)
        assert here.said == ["Your 5 minute timer is done."]
        assert await here.check(here.context) == "There is no timer running."


async def test_timers_have_names_and_run_side_by_side():
    async with kitchen() as here:
        assert await here.set(here.context, minutes=8, name="pasta") == "I set a timer called pasta for 8 minutes."
        await here.set(here.context, hours=1, minutes=30, name=" cake ")
        await here.set(here.context, seconds=90)
        assert await here.check(here.context) == (
            "You have 3 timers: 1 minute 30 second timer, 1 minute and 30 seconds left; pasta timer, 8 minutes left; "
            "cake timer, 1 hour and 30 minutes left."
        )
        assert await here.check(here.context, "pasta") == "Your pasta timer has 8 minutes left."
        assert await here.check(here.context, "soup") == "There is no soup timer."
        await here.pass_s(480)
        assert here.said == ["Your 1 minute 30 second timer is done.", "Your pasta timer is done."]


async def test_a_cancelled_timer_stays_silent():
    async with kitchen() as here:
        await here.set(here.context, minutes=5)
        await here.settle()
        assert await here.cancel(here.context) == "I cancelled your 5 minute timer."
        await here.pass_s(600)
        assert here.said == []
        assert await here.cancel(here.context) == "There is no timer running."


async def test_a_timer_cancelled_before_its_task_began_stays_silent():
    async with kitchen() as here:
        await here.set(here.context, minutes=5)
        await here.cancel(here.context)
        await here.pass_s(600)
        assert here.said == []


async def test_which_timer_to_cancel_is_asked_when_it_is_not_clear():
    async with kitchen() as here:
        await here.set(here.context, minutes=5)
        await here.set(here.context, minutes=10, name="eggs")
        assert await here.cancel(here.context) == "Which one? You have 5 minute timer, eggs timer."
        assert await here.cancel(here.context, "rice") == "There is no rice timer."
        assert await here.cancel(here.context, "five minutes") == "I cancelled your 5 minute timer."
        assert await here.cancel(here.context, "all my") == "I cancelled your eggs timer."


async def test_all_timers_can_be_cancelled_at_once():
    async with kitchen() as here:
        await here.set(here.context, minutes=5)
        await here.set(here.context, minutes=10)
        assert await here.cancel(here.context, "all") == "I cancelled 2 timers."
        assert await here.cancel(here.context, "all") == "There is no timer running."


async def test_a_reminder_speaks_from_the_assistants_side():
    async with kitchen() as here:
        assert await here.remind(here.context, "call my mother", hours=1) == (
            "I will remind you in 1 hour: call your mother."
        )
        assert await here.check(here.context) == "Your call your mother reminder has 1 hour left."
        await here.pass_s(3600)
        assert here.said == ["Here is your reminder: call your mother."]


@pytest.mark.parametrize(
    ("length", "reply"),
    [
        ({}, "For how long should the timer run?"),
        ({"hours": 25}, "I can wait for at most 24 hours."),
        ({"minutes": -1, "hours": 1}, "I can wait for at most 24 hours."),
        ({"minutes": float("nan")}, "I can wait for at most 24 hours."),
    ],
)
async def test_a_length_that_makes_no_sense_is_answered(length, reply):
    async with kitchen() as here:
        with pytest.raises(ToolError) as caught:
            await here.set(here.context, **length)
        assert str(caught.value) == reply


async def test_a_reminder_without_a_time_is_a_question():
    async with kitchen() as here:
        with pytest.raises(ToolError, match="In how many minutes"):
            await here.remind(here.context, "call mom")


async def test_a_session_has_so_many_timers():
    async with kitchen() as here:
        for _ in range(MAX_TIMERS):
            await here.set(here.context, minutes=5)
        with pytest.raises(ToolError, match="already 16 timers"):
            await here.set(here.context, minutes=5)


async def test_sessions_do_not_see_each_others_timers():
    async with kitchen() as here:
        await here.set(here.context, minutes=5)
        other = ToolContext(here.said.append, here.context.spawn, session_id="bath")
        assert await here.check(other) == "There is no timer running."
        assert await here.cancel(other, "all") == "There is no timer running."
        assert await here.check(here.context) == "Your 5 minute timer has 5 minutes left."


async def test_a_session_that_ends_takes_its_timers_with_it():
    async with asyncio.TaskGroup() as group:
        here = Kitchen(group)
        await here.set(here.context, minutes=5)
        await here.settle()
        for task in here.tasks:
            task.cancel()
    assert here.timers.of("kitchen") == []
    assert here.said == []


async def test_by_default_the_loop_keeps_the_time():
    async with asyncio.TaskGroup() as group:
        here = Kitchen(group, Timers())
        assert await here.set(here.context, seconds=0.001) == "I set a timer for 1 second."
    assert here.said == ["Your 1 second timer is done."]


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [(1, "1 second"), (59.6, "1 minute"), (90, "1 minute and 30 seconds"), (3600, "1 hour"), (0.2, "1 second"),
     (7384, "2 hours and 3 minutes and 4 seconds")],
)  # fmt: skip
def test_lengths_can_be_spoken(seconds, spoken):
    assert speak_duration(seconds) == spoken
