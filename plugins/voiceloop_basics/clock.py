"""Tools that tell the time and the date, here and elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal

from voiceloop.errors import ToolError
from voiceloop.tools.tool import Tool, ToolContext, tool
from voiceloop_basics.places import find_zone
from voiceloop_basics.wording import phrases, tell, wording

__all__ = ["clock_tools", "speak_date", "speak_time"]

ClockFace = Literal["12h", "24h"]
Day = Literal["today", "tomorrow", "yesterday", "the day after tomorrow"]
GermanDay = Literal["heute", "morgen", "gestern", "übermorgen", "vorgestern"]
SpanishDay = Literal["hoy", "mañana", "ayer", "pasado mañana", "anteayer"]
FrenchDay = Literal["aujourd'hui", "demain", "hier", "après-demain", "avant-hier"]
AnyDay = Day | GermanDay | SpanishDay | FrenchDay
DAYS: dict[AnyDay, int] = {"today": 0, "tomorrow": 1, "yesterday": -1, "the day after tomorrow": 2}
DAYS |= {"heute": 0, "morgen": 1, "gestern": -1, "übermorgen": 2, "vorgestern": -2}
DAYS |= {"hoy": 0, "mañana": 1, "ayer": -1, "pasado mañana": 2, "anteayer": -2}
DAYS |= {"aujourd'hui": 0, "demain": 1, "hier": -1, "après-demain": 2, "avant-hier": -2}
FIRST_TEEN, LAST_TEEN = 11, 13
NOON = 12


def speak_time(moment: datetime, face: ClockFace, tag: str = "en") -> str:
    """Write a time of day so that it can be spoken: "3:15 PM", or "15:15". Only English halves the day."""
    if face == "24h" or wording(tag).tag != "en":
        return tell(tag, "{hour}:{minute:02}", hour=moment.hour, minute=moment.minute)
    return f"{moment.hour % NOON or NOON}:{moment.minute:02} {'AM' if moment.hour < NOON else 'PM'}"


def speak_date(moment: datetime, tag: str = "en") -> str:
    """Write a date so that it can be spoken: "Sunday, November 22nd, 2026"."""
    if names := wording(tag).names:
        weekday, month = names["weekdays"][moment.weekday()], names["months"][moment.month - 1]
        named = {"weekday": weekday, "month": month, "number": moment.day, "year": moment.year}
        return tell(tag, "{weekday}, {month} {day}, {year}", **named)
    teen = FIRST_TEEN <= moment.day <= LAST_TEEN
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(moment.day % 10, "th")
    return f"{moment:%A, %B} {moment.day}{ending}, {moment.year}"


def clock_tools(zone: tzinfo | None, face: ClockFace, tag: str = "en") -> list[Tool[..., Any]]:
    """Make the tools; `zone` is where the user is, None for the machine's own zone; `tag` the language."""

    def here(now: Callable[[], datetime]) -> datetime:
        return now().astimezone(zone) if zone is not None else now()

    dates = {"de": _german_date_tool, "es": _spanish_date_tool, "fr": _french_date_tool}.get(wording(tag).tag)
    return [_time_tool(here, face, tag), dates(here) if dates else _date_tool(here, tag)]


Here = Callable[[Callable[[], datetime]], datetime]
TIME_PHRASES = (
    "what time is it",
    "(what is|give me|i need) the [current|exact] time",
    "(what time it is|what time do you have|have you got the time|do you have the time)",
    "(how late is it|current time|the time)",
    "what time is it [now|right now] [over] in {place}",
    "(what is|give me) the [current|local] time [now|right now] [over] in {place}",
    "(the time in|time in|how late is it in) {place}",
)
DATE_PHRASES = (
    "what [day|date] is {day}",
    "what day of the week is it [{day}]",
    "(what day is it|what date is it|what is the [current] date|what is the day) [{day}]",
    "(what is|tell me) {day}'s date",
    "what is the date of {day}",
    "what (day|date) (was|will) [it be] {day} [be]",
    "(what year is it|what month is it|which day is it|today's date|the date)",
)


def _time_tool(here: Here, face: ClockFace, tag: str) -> Tool[..., Any]:
    @tool(idempotent=True, phrases=phrases(tag, "get_time", TIME_PHRASES))
    async def get_time(context: ToolContext, place: str = "") -> str:
        """Tell what time it is now, here or in another city or country.

        place: city, country or time zone; empty for here
        """
        language, name = context.language, place.strip()
        if not name:
            return tell(language, "It is {time}.", time=speak_time(here(context.now), face, language))
        there = find_zone(wording(language).places.get(name.lower(), name))
        if there is None:
            raise ToolError(tell(language, "I do not know the time zone of {place}.", place=name))
        moment = context.now().astimezone(there)
        days = (moment.date() - here(context.now).date()).days
        other_day = tell(language, {1: " tomorrow", -1: " yesterday"}.get(days, ""))
        time = speak_time(moment, face, language)
        return tell(language, "It is {time}{other_day} in {place}.", time=time, other_day=other_day, place=name)

    return get_time


def _date_tool(here: Here, tag: str) -> Tool[..., Any]:
    @tool(idempotent=True, phrases=phrases(tag, "get_date", DATE_PHRASES))
    async def get_date(context: ToolContext, day: Day = "today") -> str:
        """Tell the date and the day of the week."""
        return _date_of(day, here, context)

    return get_date


def _german_date_tool(here: Here) -> Tool[..., Any]:
    @tool(name="get_date", idempotent=True, phrases=phrases("de", "get_date", ()))
    async def get_date(context: ToolContext, day: GermanDay = "heute") -> str:
        """Tell the date and the day of the week."""
        return _date_of(day, here, context)

    return get_date


def _spanish_date_tool(here: Here) -> Tool[..., Any]:
    @tool(name="get_date", idempotent=True, phrases=phrases("es", "get_date", ()))
    async def get_date(context: ToolContext, day: SpanishDay = "hoy") -> str:
        """Tell the date and the day of the week."""
        return _date_of(day, here, context)

    return get_date


def _french_date_tool(here: Here) -> Tool[..., Any]:
    @tool(name="get_date", idempotent=True, phrases=phrases("fr", "get_date", ()))
    async def get_date(context: ToolContext, day: FrenchDay = "aujourd'hui") -> str:
        """Tell the date and the day of the week."""
        return _date_of(day, here, context)

    return get_date


def _date_of(day: AnyDay, here: Here, context: ToolContext) -> str:
    date = speak_date(here(context.now) + timedelta(days=DAYS[day]), context.language)
    sentence = "{Day} was {date}." if DAYS[day] < 0 else "{Day} is {date}."
    named = tell(context.language, f"{day[0].upper()}{day[1:]}")
    return tell(context.language, sentence, Day=named, date=date)
