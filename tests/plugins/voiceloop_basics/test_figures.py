from __future__ import annotations

from dataclasses import replace

import pytest

from voiceloop.errors import ToolError
from voiceloop.tools.tool import ToolContext
from voiceloop_basics.figures import figure_tools

CALCULATE, CONVERT = figure_tools("metric")
HERE = ToolContext(announce=lambda text: None, spawn=lambda name, work: work.close())
GERMANY = replace(HERE, language="de-AT")


async def test_a_sum_is_answered_in_a_sentence():
    assert await CALCULATE(HERE, "12 times 7") == "The answer is 84."


async def test_a_sum_that_fails_says_why():
    with pytest.raises(ToolError, match="You cannot divide by zero"):
        await CALCULATE(HERE, "1 over 0")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("zwölf mal sieben", "Das Ergebnis ist 84."),
        ("fünfundzwanzig plus hundertzwanzig", "Das Ergebnis ist 145."),
        ("10 geteilt durch 4", "Das Ergebnis ist 2,5."),
        ("3,5 mal 2", "Das Ergebnis ist 7."),
        ("20 prozent von 80", "Das Ergebnis ist 16."),
        ("wurzel aus 81", "Das Ergebnis ist 9."),
        ("zwei hoch zehn", "Das Ergebnis ist 1.024."),
        ("hälfte von 30", "Das Ergebnis ist 15."),
        ("1 durch 3", "Das Ergebnis ist ungefähr 0,3333."),
        ("minus drei plus eins", "Das Ergebnis ist -2."),
    ],
)
async def test_a_german_sum_is_answered_in_german(said, answer):
    assert await CALCULATE(GERMANY, said) == answer


async def test_a_german_sum_that_fails_says_why_in_german():
    with pytest.raises(ToolError, match="Durch null kann man nicht teilen"):
        await CALCULATE(GERMANY, "eins durch null")


@pytest.mark.parametrize(
    ("value", "source", "target", "reply"),
    [
        (5.0, "miles", "kilometers", "5 miles is 8.05 kilometers."),
        (1.0, "gallon", "cups", "1 gallon is 16 cups."),
        (1.0, "mm", "inches", "1 millimeter is 0.0394 inches."),
        (72.0, "fahrenheit", "celsius", "72 degrees Fahrenheit is 22.22 degrees Celsius."),
        (1.5, "kg", "", "1.5 kilograms is 3.31 pounds."),
        (12.0, "inches", "feet", "12 inches is 1 foot."),
    ],
)
async def test_a_conversion_is_answered_in_a_sentence(value, source, target, reply):
    assert await CONVERT(value, source, target) == reply


@pytest.mark.parametrize(("value", "source"), [(1.0, "apples"), (float("nan"), "miles"), (float("inf"), "miles")])
async def test_a_conversion_that_fails_says_why(value, source):
    with pytest.raises(ToolError):
        await CONVERT(value, source, "kilometers")
