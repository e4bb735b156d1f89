"""Converts units of length, mass, temperature, volume, speed and time, named as people name them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

__all__ = ["System", "Unit", "UnitError", "convert", "find_unit", "other_unit"]

System = Literal["metric", "imperial"]
Kind = Literal["length", "mass", "temperature", "volume", "speed", "time"]


class UnitError(ValueError):
    """A unit is unknown or two do not go together; the message can be spoken."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `factor` times a value, plus `offset`, is the value in the base unit of its kind."""

    kind: Kind
    singular: str
    plural: str
    factor: Fraction
    aliases: tuple[str, ...] = ()
    system: System = "metric"
    counterpart: str = ""
    """Plural of the unit people of the other system use."""
    offset: Fraction = Fraction(0)

    def named(self, value: Fraction) -> str:
        """Return the name that goes with a value."""
        return self.singular if value == 1 else self.plural


def _length(singular: str, plural: str, metres: str, *aliases: str, system: System = "metric", to: str = "") -> Unit:
    return Unit("length", singular, plural, Fraction(metres), aliases, system, to)


def _mass(singular: str, plural: str, grams: str, *aliases: str, system: System = "metric", to: str = "") -> Unit:
    return Unit("mass", singular, plural, Fraction(grams), aliases, system, to)


def _volume(singular: str, plural: str, litres: str, *aliases: str, system: System = "metric", to: str = "") -> Unit:
    return Unit("volume", singular, plural, Fraction(litres), aliases, system, to)


def _time(singular: str, seconds: str, *aliases: str, to: str) -> Unit:
    return Unit("time", singular, f"{singular}s", Fraction(seconds), aliases, "metric", to)


def _speed(per: tuple[str, str], metres_a_second: Fraction, *aliases: str, system: System, to: str) -> Unit:
    return Unit("speed", per[0], per[1], metres_a_second, aliases, system, to)


# Exact by definition: the international yard and pound agreement of 1959, US customary volumes (NIST SP 811).
UNITS = (
    _length("millimeter", "millimeters", "0.001", "mm", "millimetre", "millimetres", to="inches"),
    _length("centimeter", "centimeters", "0.01", "cm", "centimetre", "centimetres", to="inches"),
    _length("meter", "meters", "1", "m", "metre", "metres", to="feet"),
    _length("kilometer", "kilometers", "1000", "km", "kilometre", "kilometres", "k", "klicks", to="miles"),
    _length("inch", "inches", "0.0254", "in", system="imperial", to="centimeters"),
    _length("foot", "feet", "0.3048", "ft", "foots", system="imperial", to="meters"),
    _length("yard", "yards", "0.9144", "yd", system="imperial", to="meters"),
    _length("mile", "miles", "1609.344", "mi", system="imperial", to="kilometers"),
    _length("nautical mile", "nautical miles", "1852", system="imperial", to="kilometers"),
    _mass("milligram", "milligrams", "0.001", "mg", to="ounces"),
    _mass("gram", "grams", "1", "g", "gramme", "grammes", to="ounces"),
    _mass("kilogram", "kilograms", "1000", "kg", "kilo", "kilos", to="pounds"),
    _mass("ton", "tons", "1000000", "tonne", "tonnes", "metric ton", "metric tons", to="pounds"),
    _mass("ounce", "ounces", "28.349523125", "oz", system="imperial", to="grams"),
    _mass("pound", "pounds", "453.59237", "lb", "lbs", system="imperial", to="kilograms"),
    _mass("stone", "stone", "6350.29318", "stones", system="imperial", to="kilograms"),
    _volume("milliliter", "milliliters", "0.001", "ml", "millilitre", "millilitres", to="fluid ounces"),
    _volume("centiliter", "centiliters", "0.01", "cl", "centilitre", "centilitres", to="fluid ounces"),
    _volume("deciliter", "deciliters", "0.1", "dl", "decilitre", "decilitres", to="cups"),
    _volume("liter", "liters", "1", "l", "litre", "litres", to="gallons"),
    _volume("cubic meter", "cubic meters", "1000", "cubic metre", "cubic metres", to="gallons"),
    _volume("teaspoon", "teaspoons", "0.00492892159375", "tsp", system="imperial", to="milliliters"),
    _volume("tablespoon", "tablespoons", "0.01478676478125", "tbsp", system="imperial", to="milliliters"),
    _volume("fluid ounce", "fluid ounces", "0.0295735295625", "fl oz", system="imperial", to="milliliters"),
    _volume("cup", "cups", "0.2365882365", system="imperial", to="milliliters"),
    _volume("pint", "pints", "0.473176473", system="imperial", to="liters"),
    _volume("quart", "quarts", "0.946352946", system="imperial", to="liters"),
    _volume("gallon", "gallons", "3.785411784", system="imperial", to="liters"),
    _time("second", "1", "sec", "secs", "s", to="minutes"),
    _time("minute", "60", "min", "mins", to="seconds"),
    _time("hour", "3600", "hr", "hrs", "h", to="minutes"),
    _time("day", "86400", to="hours"),
    _time("week", "604800", to="days"),
    _time("year", "31536000", to="days"),
    Unit("temperature", "degree Celsius", "degrees Celsius", Fraction(1), ("celsius", "c", "centigrade"), "metric",
         "degrees Fahrenheit"),
    Unit("temperature", "degree Fahrenheit", "degrees Fahrenheit", Fraction(5, 9), ("fahrenheit", "f"),
         "imperial", "degrees Celsius", Fraction(-160, 9)),
    Unit("temperature", "kelvin", "kelvin", Fraction(1), ("k", "degrees kelvin", "kelvins"), "metric",
         "degrees Fahrenheit", Fraction("-273.15")),
    _speed(("kilometer per hour", "kilometers per hour"), Fraction(5, 18), "km/h", "kmh", "kph", "kilometre per hour",
           "kilometres per hour", system="metric", to="miles per hour"),
    _speed(("mile per hour", "miles per hour"), Fraction("0.44704"), "mph", system="imperial",
           to="kilometers per hour"),
    _speed(("meter per second", "meters per second"), Fraction(1), "m/s", "metres per second", "metre per second",
           system="metric", to="feet per second"),
    _speed(("foot per second", "feet per second"), Fraction("0.3048"), "ft/s", system="imperial",
           to="meters per second"),
    _speed(("knot", "knots"), Fraction(1852, 3600), "kn", "kt", system="imperial", to="kilometers per hour"),
)  # fmt: skip


def _index() -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for unit in UNITS:
        for name in {unit.singular.lower(), unit.plural.lower(), *unit.aliases}:
            found.setdefault(name, []).append(unit)
    ounce = found["fluid ounces"][0]
    for name in ("ounce", "ounces", "oz"):
        found[name].append(ounce)
    return found


BY_NAME = _index()


def find_unit(name: str) -> list[Unit]:
    """Return the units a name may mean, likeliest first. Raises UnitError."""
    tidy = " ".join(name.lower().replace("-", " ").strip(" .?").split())
    tidy = tidy.replace(" an hour", " per hour").replace(" a second", " per second")
    for candidate in (tidy, tidy.removeprefix("degrees ").removeprefix("degree "), tidy.removesuffix("s")):
        if candidate in BY_NAME:
            return BY_NAME[candidate]
    raise UnitError(f"I do not know the unit {name.strip()}.")


def other_unit(unit: Unit, system: System) -> Unit:
    """Return the unit to convert to when none is named: the usual one of `system`, or of the other system."""
    other = BY_NAME[unit.counterpart.lower()][0]
    return BY_NAME[other.counterpart.lower()][0] if system not in (unit.system, other.system) else other


def convert(value: Fraction, source: str, target: str, system: System = "metric") -> tuple[Fraction, Unit, Unit]:
    """Convert; an empty `target` takes the usual unit of the other system. Raises UnitError with a sentence to speak.

    A name with two meanings takes the one that fits the other side: ounces of cups are fluid.
    """
    sources = find_unit(source)
    targets = find_unit(target) if target else [other_unit(sources[0], system)]
    pair = next(((one, two) for one in sources for two in targets if one.kind == two.kind), None)
    if pair is None:
        raise UnitError(f"I cannot convert {sources[0].plural} to {targets[0].plural}.")
    one, two = pair
    return (value * one.factor + one.offset - two.offset) / two.factor, one, two
