from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from voiceloop.errors import ToolError
from voiceloop.tools.tool import ToolContext
from voiceloop_basics.clock import clock_tools, speak_date, speak_time

GET_TIME, GET_DATE = clock_tools(ZoneInfo("Europe/Berlin"), "12h")


def at(hour: int, minute: int = 0, day: int = 22) -> ToolContext:
    moment = datetime(2026, 11, day, hour, minute, tzinfo=UTC)
    return ToolContext(print, print, now=lambda: moment)


@pytest.mark.parametrize(
    ("hour", "minute", "twelve", "twenty_four"),
    [
        (0, 0, "12:00 AM", "0:00"),
        (9, 5, "9:05 AM", "9:05"),
        (12, 30, "12:30 PM", "12:30"),
        (23, 59, "11:59 PM", "23:59"),
    ],
)
def test_times_can_be_spoken(hour, minute, twelve, twenty_four):
    moment = datetime(2026, 11, 22, hour, minute, tzinfo=UTC)
    assert speak_time(moment, "12h") == twelve
    assert speak_time(moment, "24h") == twenty_four


@pytest.mark.parametrize(
    ("day", "spoken"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st")],
)
def test_dates_can_be_spoken(day, spoken):
    assert f"November {spoken}, 2026" in speak_date(datetime(2026, 11, day, tzinfo=UTC))


async def test_here_is_where_the_settings_say():
    assert await GET_TIME(at(14, 15)) == "It is 3:15 PM."


async def test_without_a_zone_here_is_the_machine():
    assert await clock_tools(None, "24h")[0](at(14, 15)) == "It is 14:15."


async def test_elsewhere_it_may_be_another_day():
    assert await GET_TIME(at(20), "Tokyo") == "It is 5:00 AM tomorrow in Tokyo."
    assert await GET_TIME(at(3), "Los Angeles") == "It is 7:00 PM yesterday in Los Angeles."
    assert await GET_TIME(at(12), " London ") == "It is 12:00 PM in London."


async def test_an_unknown_place_is_admitted():
    with pytest.raises(ToolError, match="time zone of Atlantis"):
        await GET_TIME(at(12), "Atlantis")


@pytest.mark.parametrize(
    ("day", "reply"),
    [
        ("today", "Today is Sunday, November 22nd, 2026."),
        ("tomorrow", "Tomorrow is Monday, November 23rd, 2026."),
        ("yesterday", "Yesterday was Saturday, November 21st, 2026."),
        ("the day after tomorrow", "The day after tomorrow is Tuesday, November 24th, 2026."),
    ],
)
async def test_days_have_dates(day, reply):
    assert await GET_DATE(at(12), day) == reply


async def test_the_date_is_that_of_the_users_zone():
    assert await GET_DATE(at(23, 30)) == "Today is Monday, November 23rd, 2026."
