from __future__ import annotations

import pytest

from voiceloop.errors import ToolError
from voiceloop_basics.figures import figure_tools

CALCULATE, CONVERT = figure_tools("metric")


async def test_a_sum_is_answered_in_a_sentence():
    assert await CALCULATE("12 times 7") == "The answer is 84."


async def test_a_sum_that_fails_says_why():
    with pytest.raises(ToolError, match="You cannot divide by zero"):
        await CALCULATE("1 over 0")


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
