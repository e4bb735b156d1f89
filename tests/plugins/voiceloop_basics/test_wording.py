"""The basics in German: what is heard reaches its tool, and what they answer is German."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import voiceloop_basics
from voiceloop.errors import ToolError
from voiceloop.languages.shelf import language_for
from voiceloop.plugins import PluginContext
from voiceloop.tools.phrases import Phrasebook
from voiceloop.tools.tool import ToolContext
from voiceloop_basics import factory
from voiceloop_basics.wording import phrases, speak_duration, tell, wording

TOOLS = {made.name: made for made in factory({"timezone": "Europe/Berlin"}, PluginContext(language="de-DE"))}
BOOK = Phrasebook.from_specs([made.spec() for made in TOOLS.values()], language_for("de"))
NOW = datetime(2026, 11, 22, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("heard", "name", "arguments"),
    [
        ("Wie spät ist es?", "get_time", {}),
        ("Wie viel Uhr ist es?", "get_time", {}),
        ("Wie spät ist es in Tokio?", "get_time", {"place": "Tokio"}),
        ("Welcher Tag ist heute?", "get_date", {}),
        ("Welches Datum ist morgen?", "get_date", {"day": "morgen"}),
        ("Welcher Tag war gestern?", "get_date", {"day": "gestern"}),
        ("Der wievielte ist heute?", "get_date", {"day": "heute"}),
        ("Stelle einen Timer auf fünf Minuten.", "set_timer", {"minutes": 5}),
        ("Stell mir bitte einen Timer auf 25 Minuten.", "set_timer", {"minutes": 25}),
        ("Timer auf anderthalb Stunden", "set_timer", {"hours": 1.5}),
        ("Stelle einen Timer auf eine halbe Stunde.", "set_timer", {"hours": 0.5}),
        ("Setze einen Timer für eine Stunde und zwanzig Minuten", "set_timer", {"hours": 1, "minutes": 20}),
        ("Stelle einen Timer für die Nudeln auf acht Minuten.", "set_timer", {"name": "Nudeln", "minutes": 8}),
        ("Erinnere mich in zehn Minuten an den Ofen.", "remind_me", {"minutes": 10, "about": "den Ofen"}),
        ("Wie lange läuft der Timer noch?", "check_timers", {}),
        ("Stoppe den Timer.", "cancel_timer", {}),
        ("Brich den Timer ab.", "cancel_timer", {}),
        ("Wie viel ist zwölf mal sieben?", "calculate", {"expression": "zwölf mal sieben"}),
        ("Was ist 20 % von 80?", "calculate", {"expression": "20 prozent von 80"}),
        ("Rechne 3,5 plus 4.", "calculate", {"expression": "3.5 plus 4"}),
    ],
)
def test_german_sentences_reach_their_tools(heard, name, arguments):
    found = BOOK.match(heard)
    assert found is not None
    assert (found.name, found.arguments) == (name, arguments)


@pytest.mark.parametrize("heard", ["Erzähl mir einen Witz.", "Was ist die Hauptstadt von Peru?", "Wo ist mein Timer?"])
def test_other_german_sentences_reach_none(heard):
    assert BOOK.match(heard) is None


def here(**changes):
    plain = ToolContext(announce=lambda text: None, spawn=lambda name, work: work.close(), now=lambda: NOW)
    return replace(plain, language="de", **changes)


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("get_time", {}, "Es ist 15:12 Uhr."),
        ("get_time", {"place": "Tokio"}, "In Tokio ist es 23:12 Uhr."),
        ("get_time", {"place": "Sydney"}, "In Sydney ist es 1:12 Uhr, und schon morgen."),
        ("get_date", {}, "Heute ist Sonntag, der 22. November 2026."),
        ("get_date", {"day": "gestern"}, "Gestern war Samstag, der 21. November 2026."),
        ("calculate", {"expression": "7 mal 8"}, "Das Ergebnis ist 56."),
        ("check_timers", {}, "Es läuft kein Timer."),
        ("cancel_timer", {"name": "Nudeln"}, "Es läuft kein Timer."),
    ],
)
async def test_the_answers_are_german(name, arguments, answer):
    assert await TOOLS[name].invoke(arguments, here()) == answer


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("get_time", {"place": "Entenhausen"}, "Die Zeitzone von Entenhausen kenne ich nicht."),
        ("set_timer", {}, "Wie lange soll der Timer laufen?"),
        ("set_timer", {"hours": 30}, "Ich kann höchstens 24 Stunden warten."),
        ("remind_me", {"about": "den Ofen"}, "In wie vielen Minuten soll ich dich erinnern?"),
    ],
)
async def test_what_is_wrong_is_said_in_german(name, arguments, why):
    with pytest.raises(ToolError, match=re.escape(why)):
        await TOOLS[name].invoke(arguments, here())


async def test_a_german_timer_from_its_start_to_its_end():
    said = []
    async with asyncio.TaskGroup() as group:
        tasks = []
        there = here(announce=said.append, session_id="kitchen")
        there = replace(there, spawn=lambda name, work: tasks.append(group.create_task(work, name=name)))
        assert await TOOLS["set_timer"].invoke({"minutes": 5}, there) == "Der Timer läuft: 5 Minuten."
        started = await TOOLS["set_timer"].invoke({"hours": 1, "name": "Braten"}, there)
        assert started == "Der Timer für Braten läuft: 1 Stunde."
        reminder = await TOOLS["remind_me"].invoke({"about": "den Ofen", "minutes": 90}, there)
        assert reminder == "Ich erinnere dich in 1 Stunde und 30 Minuten an den Ofen."
        listed = await TOOLS["check_timers"].invoke({}, there)
        assert listed.startswith("Es laufen 3 Timer: Timer 5 Minuten, noch 5 Minuten; Timer Braten, noch 1 Stunde;")
        assert "Erinnerung an den Ofen" in listed
        assert await TOOLS["check_timers"].invoke({"name": "fünf Minuten"}, there) == "Timer 5 Minuten: noch 5 Minuten."
        which = await TOOLS["cancel_timer"].invoke({}, there)
        assert which == "Welchen? Es laufen Timer 5 Minuten, Timer Braten, Erinnerung an den Ofen."
        assert await TOOLS["cancel_timer"].invoke({"name": "Braten"}, there) == "Timer Braten ist gelöscht."
        assert await TOOLS["cancel_timer"].invoke({"name": "alle"}, there) == "2 Timer sind gelöscht."
        for task in tasks:
            task.cancel()
    assert said == []


def test_every_sentence_of_the_tools_has_its_german():
    folder = Path(voiceloop_basics.__file__).parent
    sources = "".join(
        (folder / f"{name}.py").read_text("utf-8") for name in ("clock", "timers", "figures", "arithmetic")
    )
    used = set(re.findall(r'SumError\("([^"]+)"\)|tell\(\w+(?:\.\w+)?, "([^"]+)"', sources))
    sentences = {first or second for first, second in used}
    assert len(sentences) > 20
    assert sentences <= set(wording("de").said)


def test_german_sentences_take_the_same_values_as_the_english():
    for english, german in wording("de").said.items():
        assert set(re.findall(r"\{(\w+)", german)) - {"number", "weekday", "month", "year"} <= set(
            re.findall(r"\{(\w+)", english)
        ), english


def test_a_language_without_a_file_is_told_in_english():
    assert tell("fr", "It is {time}.", time="3 PM") == "It is 3 PM."
    assert phrases("fr", "x", ["in {LENGTH}"])[0].startswith("in [{hours} hour[s]]")
    assert phrases("de", "convert_units", ["convert it"]) == []


def test_while_the_language_is_not_known_every_language_is_understood():
    tools = factory({}, PluginContext(language="auto"))
    specs = [made.spec() for made in tools]
    for tag, heard in (("en", "What time is it?"), ("de", "Wie spät ist es?")):
        found = Phrasebook.from_specs(specs, language_for(tag)).match(heard)
        assert found is not None
        assert found.name == "get_time"


async def test_a_day_in_english_is_told_in_the_language_of_the_conversation():
    tools = {made.name: made for made in factory({"timezone": "Europe/Berlin"}, PluginContext(language="auto"))}
    told = await tools["get_date"].invoke({"day": "tomorrow"}, here())
    assert told == "Morgen ist Montag, der 23. November 2026."


@pytest.mark.parametrize(
    ("seconds", "spoken"), [(1, "1 Sekunde"), (300, "5 Minuten"), (5400, "1 Stunde und 30 Minuten"), (0.2, "1 Sekunde")]
)
def test_lengths_of_time_are_german(seconds, spoken):
    assert speak_duration(seconds, "de") == spoken
