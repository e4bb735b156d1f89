from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop_basics.units import UNITS, UnitError, convert, find_unit, other_unit


@pytest.mark.parametrize(
    ("value", "source", "target", "result", "unit"),
    [
        (5, "miles", "kilometers", "8.04672", "kilometers"),
        (1, "foot", "inches", "12", "inches"),
        (6, "feet", "centimetres", "182.88", "centimeters"),
        (32, "degrees Fahrenheit", "Celsius", "0", "degrees Celsius"),
        (-40, "celsius", "fahrenheit", "-40", "degrees Fahrenheit"),
        (0, "kelvin", "celsius", "-273.15", "degrees Celsius"),
        (2, "cups", "ounces", "16", "fluid ounces"),
        (2, "pounds", "ounces", "32", "ounces"),
        (1, "gallon", "cups", "16", "cups"),
        (18, "km/h", "meters per second", "5", "meters per second"),
        (10, "miles an hour", "kilometers per hour", "16.09344", "kilometers per hour"),
        (2, "weeks", "days", "14", "days"),
        (1, "kilo", "g", "1000", "grams"),
        (3, "Fluid-Ounces.", "tbsp", "6", "tablespoons"),
    ],
)
def test_units_are_converted_exactly(value, source, target, result, unit):
    found, _, two = convert(Fraction(value), source, target)
    assert (found, two.plural) == (Fraction(result), unit)


@pytest.mark.parametrize(
    ("source", "system", "target"),
    [
        ("miles", "metric", "kilometers"),
        ("miles", "imperial", "kilometers"),
        ("kilometers", "metric", "miles"),
        ("celsius", "imperial", "degrees Fahrenheit"),
        ("hours", "metric", "minutes"),
    ],
)
def test_without_a_target_the_other_systems_usual_unit_is_taken(source, system, target):
    assert other_unit(find_unit(source)[0], system).plural == target
    assert convert(Fraction(1), source, "", system)[2].plural == target


@pytest.mark.parametrize(
    ("source", "target", "reply"),
    [
        ("apples", "pears", "I do not know the unit apples."),
        ("miles", "pounds", "I cannot convert miles to pounds."),
    ],
)
def test_what_cannot_be_converted_is_said_in_a_sentence(source, target, reply):
    with pytest.raises(UnitError) as caught:
        convert(Fraction(1), source, target)
    assert str(caught.value) == reply


@given(st.sampled_from(UNITS), st.sampled_from(UNITS), st.fractions(-(10**6), 10**6))
def test_there_and_back_again_is_the_same(one, two, value):
    if one.kind == two.kind:
        there, _, _ = convert(value, one.plural, two.plural)
        assert convert(there, two.plural, one.plural)[0] == value


def test_every_unit_has_a_counterpart_of_its_kind():
    for unit in UNITS:
        assert find_unit(unit.counterpart)[0].kind in (unit.kind, "mass")
        assert convert(Fraction(1), unit.plural, "")[1].kind == unit.kind


def test_names_follow_the_number():
    mile = find_unit("miles")[0]
    assert (mile.named(Fraction(1)), mile.named(Fraction(2))) == ("mile", "miles")
