"""Tools that tell the time and the date, here and elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal

from voiceloop.errors import ToolError
from voiceloop.tools.tool import Tool, ToolContext, tool
from voiceloop_basics.places import find_zone

__all__ = ["clock_tools", "speak_date", "speak_time"]

ClockFace = Literal["12h", "24h"]
Day = Literal["today", "tomorrow", "yesterday", "the day after tomorrow"]
DAYS: dict[Day, int] = {"today": 0, "tomorrow": 1, "yesterday": -1, "the day after tomorrow": 2}
FIRST_TEEN, LAST_TEEN = 11, 13
NOON = 12


def speak_time(moment: datetime, face: ClockFace) -> str:
    """Write a time of day so that it can be spoken: "3:15 PM", or "15:15"."""
    if face == "24h":
        return f"{moment.hour}:{moment.minute:02}"
    return f"{moment.hour % NOON or NOON}:{moment.minute:02} {'AM' if moment.hour < NOON else 'PM'}"


def speak_date(moment: datetime) -> str:
    """Write a date so that it can be spoken: "Sunday, November 22nd, 2026"."""
    teen = FIRST_TEEN <= moment.day <= LAST_TEEN
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(moment.day % 10, "th")
    return f"{moment:%A, %B} {moment.day}{ending}, {moment.year}"


def clock_tools(zone: tzinfo | None, face: ClockFace) -> list[Tool[..., Any]]:
    """Make the tools; `zone` is where the user is, None for the machine's own zone."""

    def here(now: Callable[[], datetime]) -> datetime:
        return now().astimezone(zone) if zone is not None else now()

    return [_time_tool(here, face), _date_tool(here)]


Here = Callable[[Callable[[], datetime]], datetime]


def _time_tool(here: Here, face: ClockFace) -> Tool[..., Any]:
    @tool(
        idempotent=True,
        phrases=[
            "what time is it",
            "(what is|give me|i need) the [current|exact] time",
            "(what time it is|what time do you have|have you got the time|do you have the time)",
            "(how late is it|current time|the time)",
            "what time is it [now|right now] [over] in {place}",
            "(what is|give me) the [current|local] time [now|right now] [over] in {place}",
            "(the time in|time in|how late is it in) {place}",
        ],
    )
    async def get_time(context: ToolContext, place: str = "") -> str:
        """Tell what time it is now, here or in another city or country.

        place: city, country or time zone; empty for here
        """
        if not place.strip():
            return f"It is {speak_time(here(context.now), face)}."
        there = find_zone(place)
        if there is None:
            raise ToolError(f"I do not know the time zone of {place.strip()}.")
        moment = context.now().astimezone(there)
        days = (moment.date() - here(context.now).date()).days
        other_day = {1: " tomorrow", -1: " yesterday"}.get(days, "")
        return f"It is {speak_time(moment, face)}{other_day} in {place.strip()}."

    return get_time


def _date_tool(here: Here) -> Tool[..., Any]:
    @tool(
        idempotent=True,
        phrases=[
            "what [day|date] is {day}",
            "what day of the week is it [{day}]",
            "(what day is it|what date is it|what is the [current] date|what is the day) [{day}]",
            "(what is|tell me) {day}'s date",
            "what is the date of {day}",
            "what (day|date) (was|will) [it be] {day} [be]",
            "(what year is it|what month is it|which day is it|today's date|the date)",
        ],
    )
    async def get_date(context: ToolContext, day: Day = "today") -> str:
        """Tell the date and the day of the week."""
        moment = here(context.now) + timedelta(days=DAYS[day])
        verb = "was" if DAYS[day] < 0 else "is"
        return f"{day[0].upper()}{day[1:]} {verb} {speak_date(moment)}."

    return get_date
