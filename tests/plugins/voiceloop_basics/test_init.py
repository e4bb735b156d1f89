"""Hear a sentence, see which tool of the basics is called; and run the tools as a session would."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from voiceloop.errors import SettingsError
from voiceloop.plugins import PluginContext, load
from voiceloop.tools.bus import ToolBus
from voiceloop.tools.phrases import Phrasebook
from voiceloop.tools.tool import ToolContext
from voiceloop.vocabulary import Outcome, ToolCall
from voiceloop_basics import BasicsSettings, factory

TOOLS = factory({}, PluginContext())
BOOK = Phrasebook.from_specs([made.spec() for made in TOOLS])


@pytest.mark.parametrize(
    ("heard", "name", "arguments"),
    [
        ("What time is it?", "get_time", {}),
        ("What's the time?", "get_time", {}),
        ("Could you tell me the time please?", "get_time", {}),
        ("Can you tell me what time it is?", "get_time", {}),
        ("Do you have the time?", "get_time", {}),
        ("What time is it in Tokyo?", "get_time", {"place": "Tokyo"}),
        ("What time is it right now in New York?", "get_time", {"place": "New York"}),
        ("What's the time in London?", "get_time", {"place": "London"}),
        ("Tell me the time in Berlin.", "get_time", {"place": "Berlin"}),
        ("What day is it today?", "get_date", {"day": "today"}),
        ("What's the date?", "get_date", {}),
        ("What is today's date?", "get_date", {"day": "today"}),
        ("What day is tomorrow?", "get_date", {"day": "tomorrow"}),
        ("What day was yesterday?", "get_date", {"day": "yesterday"}),
        ("What day of the week is it?", "get_date", {}),
        ("Set a timer for five minutes.", "set_timer", {"minutes": 5}),
        ("Please set a timer for me for 5 minutes.", "set_timer", {"minutes": 5}),
        ("Ten second timer.", "set_timer", {"seconds": 10}),
        ("Set a 10-minute timer.", "set_timer", {"minutes": 10}),
        ("Start a pasta timer for eight minutes.", "set_timer", {"name": "pasta", "minutes": 8}),
        ("Set a timer for an hour and a half.", "set_timer", {"hours": 1.5}),
        ("Set a timer for one hour and twenty minutes.", "set_timer", {"hours": 1, "minutes": 20}),
        ("Set a timer for two minutes and thirty seconds called eggs", "set_timer",
         {"minutes": 2, "seconds": 30, "name": "eggs"}),
        ("I need a twenty minute timer for the pizza.", "set_timer", {"minutes": 20, "name": "pizza"}),
        ("Set a timer for half an hour.", "set_timer", {"hours": 0.5}),
        ("Set a timer.", "set_timer", {}),
        ("Remind me in ten minutes to check the oven.", "remind_me", {"minutes": 10, "about": "check the oven"}),
        ("Remind me to call my mother in an hour.", "remind_me", {"hours": 1, "about": "call my mother"}),
        ("Remind me to call mom.", "remind_me", {"about": "call mom"}),
        ("How much time is left?", "check_timers", {}),
        ("How long is left on the pasta timer?", "check_timers", {"name": "pasta"}),
        ("Do I have any timers?", "check_timers", {}),
        ("Cancel the timer.", "cancel_timer", {}),
        ("Stop the pasta timer.", "cancel_timer", {"name": "pasta"}),
        ("Cancel all timers.", "cancel_timer", {"name": "all"}),
        ("Cancel the five minute timer.", "cancel_timer", {"name": "five minute"}),
        ("What is twelve times seven?", "calculate", {"expression": "twelve times seven"}),
        ("What's 12 x 7?", "calculate", {"expression": "12 x 7"}),
        ("What is 20% of 80?", "calculate", {"expression": "20 percent of 80"}),
        ("How much is three plus four?", "calculate", {"expression": "three plus four"}),
        ("What is the square root of 81?", "calculate", {"expression": "the square root of 81"}),
        ("What is 5 miles in kilometers?", "convert_units",
         {"value": 5, "from_unit": "miles", "to_unit": "kilometers"}),
        ("How many cups are in a gallon?", "convert_units", {"value": 1, "from_unit": "gallon", "to_unit": "cups"}),
        ("Convert 72 degrees Fahrenheit to Celsius.", "convert_units",
         {"value": 72, "from_unit": "degrees Fahrenheit", "to_unit": "Celsius"}),
        ("What's 5km in miles?", "convert_units", {"value": 5, "from_unit": "km", "to_unit": "miles"}),
        ("Add milk to my shopping list.", "add_to_list", {"item": "milk"}),
        ("Add milk, eggs and bread to the list.", "add_to_list", {"item": "milk, eggs and bread"}),
        ("Put call the plumber on my to-do list.", "add_to_list", {"item": "call the plumber", "list_name": "to-do"}),
        ("We need toilet paper.", "add_to_list", {"item": "toilet paper"}),
        ("Take milk off the shopping list.", "remove_from_list", {"item": "milk"}),
        ("What's on my shopping list?", "read_list", {}),
        ("Read me my to do list.", "read_list", {"list_name": "to do"}),
        ("Clear my shopping list.", "clear_list", {}),
        ("Remove everything from the shopping list.", "clear_list", {}),
    ],
)  # fmt: skip
def test_a_sentence_calls_a_tool(heard, name, arguments):
    match = BOOK.match(heard)
    assert match is not None
    assert (match.name, match.arguments) == (name, arguments)


@pytest.mark.parametrize(
    "heard",
    [
        "Hello, how are you?", "What is the capital of France?", "What is your name?", "Tell me a joke.", "Thank you.",
        "I want to talk to a human.", "What is over there?", "Where is order 4711?",
        "Don't set a timer for five minutes.",        "Goodbye.", "What is love?",
    ],
)  # fmt: skip
def test_what_the_basics_cannot_do_calls_nothing(heard):
    assert BOOK.match(heard) is None


class Room:
    """A session around the basics: hears sentences, runs the tool they call, gives what would be spoken."""

    def __init__(self, settings, group: asyncio.TaskGroup, data_dir=None) -> None:
        self.announced: list[str] = []
        self.finished: asyncio.Queue = asyncio.Queue(8)
        self.jobs: list[asyncio.Task] = []

        def spawn(name, work):
            self.jobs.append(group.create_task(work, name=name))

        tools = load("voiceloop.tools", "basics", settings, PluginContext(data_dir))
        now = datetime(2026, 11, 22, 14, 15, tzinfo=UTC)
        context = ToolContext(self.announced.append, spawn, "s1", now=lambda: now)
        self.bus = ToolBus(tools, happened=self.finished.put_nowait, spawn=spawn, context=context)
        self.book = Phrasebook.from_specs(self.bus.specs)

    async def hear(self, text: str) -> str:
        from pydantic_core import to_json  # noqa: PLC0415

        match = self.book.match(text)
        assert match is not None, text
        self.bus.run(ToolCall(f"c{len(self.jobs)}", match.name, to_json(match.arguments).decode()))
        event = await asyncio.wait_for(self.finished.get(), 10)
        assert event.outcome in (Outcome.OK, Outcome.ERROR)
        return event.output

    def leave(self) -> None:
        self.bus.close()
        for job in self.jobs:
            job.cancel()


async def test_a_day_in_the_kitchen(tmp_path):
    async with asyncio.TaskGroup() as group:
        room = Room({"timezone": "Europe/Berlin"}, group, tmp_path)
        assert await room.hear("What time is it?") == "It is 3:15 PM."
        assert await room.hear("What time is it in Tokyo?") == "It is 11:15 PM in Tokyo."
        assert await room.hear("What time is it in Atlantis?") == "I do not know the time zone of Atlantis."
        assert await room.hear("What's the date?") == "Today is Sunday, November 22nd, 2026."
        assert await room.hear("Add milk, eggs and bread to the shopping list.") == (
            "I added milk, eggs and bread to your shopping list."
        )
        assert await room.hear("Take the eggs off my list.") == "I removed eggs from your shopping list."
        assert await room.hear("What's on my shopping list?") == "On your shopping list: milk and bread."
        assert await room.hear("Set a pasta timer for eight minutes.") == ("I set a timer called pasta for 8 minutes.")
        assert await room.hear("Set a timer.") == "For how long should the timer run?"
        assert await room.hear("What is twelve times seven?") == "The answer is 84."
        assert await room.hear("How many cups are in a gallon?") == "1 gallon is 16 cups."
        assert await room.hear("Cancel the pasta timer.") == "I cancelled your pasta timer."
        room.leave()
    assert room.announced == []
    assert (tmp_path / "lists.sqlite3").stat().st_mode & 0o777 == 0o600


async def test_without_a_directory_lists_live_in_memory():
    async with asyncio.TaskGroup() as group:
        room = Room({"clock": "24h", "timezone": "UTC"}, group)
        await room.hear("Add milk to my shopping list.")
        assert await room.hear("What's on my shopping list?") == "On your shopping list: milk."
        assert await room.hear("What time is it?") == "It is 14:15."


def test_settings_choose_directory_units_zone_and_clock(tmp_path):
    chosen = BasicsSettings(data_dir=tmp_path, units="imperial", timezone="America/New_York", clock="24h")
    assert chosen.timezone == "America/New_York"
    assert len(factory(chosen.model_dump(), PluginContext())) == len(TOOLS)


@pytest.mark.parametrize("zone", ["Berlin/Europe", "../../etc/passwd", "/etc/localtime", ""])
def test_a_zone_that_is_none_is_refused(zone):
    with pytest.raises(ValidationError, match="Europe/Berlin"):
        BasicsSettings(timezone=zone)


def test_a_wrong_setting_names_the_plugin():
    with pytest.raises(SettingsError, match=r"plugin basics .*colour: there is no such setting"):
        load("voiceloop.tools", "basics", {"colour": "red"}, PluginContext())


def test_every_tool_has_phrases_and_a_purpose():
    for made in TOOLS:
        assert len(made.phrases) >= 2, made.name
        assert made.spec().description.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), made.name
