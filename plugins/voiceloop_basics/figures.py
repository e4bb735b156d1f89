"""Tools that calculate and convert."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from voiceloop.errors import ToolError
from voiceloop.tools.tool import Tool, ToolContext, tool
from voiceloop_basics.wording import phrases, tell

if TYPE_CHECKING:
    from voiceloop_basics.units import System

__all__ = ["figure_tools"]

SUM = (
    r"\b(plus|minus|times|multiplied by|divided by|over|less|take away|percent of|power of|root of|half of|third of|"
    r"quarters? of) (the )?([-\d(]|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twel|twen|thirt|fort|"
    r"fift|minus|pi\b|an? |half|square)|"
    r"\b(mal|geteilt durch|durch|weniger|hoch|prozent von|wurzel aus|hälfte von|plus|minus) "
    r"([-\d(]|null|ein|zw|drei|vier|fünf|sechs|sieb|acht|neun|zehn|elf|hundert|tausend)|"
    r"\b(más|menos|por|entre|dividido por|elevado a|por ciento de|raíz cuadrada de|raíz de|mitad de) "
    r"([-\d(]|cero|uno\b|dos\b|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|die|vein|trei|"
    r"cuaren|cincuen|sesen|seten|ochen|noven|cien|mil)|"
    r"\b(moins|fois|divisé par|multiplié par|sur|plus|puissance|pour cent de|racine carrée de|racine de|moitié de) "
    r"([-\d(]|zéro|une?\b|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingt|"
    r"trente|quarante|soixante|septante|huitante|nonante|cent|mille)|"
    r"\b(al cuadrado|al cubo|au carré|au cube)\b|"
    r"\b(squared|cubed)\b|[\d)] ?([-+*/^x\u00d7\u00f7] ?[\d(]|%)"
)
"""What a text must hold to be a sum; without it "what is ..." would take every question. It stands in the schema for
matching phrases only: the tool itself can tell better whether it understands a sum."""
HOW = "(what is|how much is|how long is|how far is|how heavy is|how hot is|how fast is)"
SUM_PHRASES = (
    "what is {expression}",
    "how much is {expression}",
    "what does {expression} (make|equal|come to)",
    "(calculate|compute|work out|figure out) {expression}",
)
UNIT_PHRASES = (
    "(convert|change|turn) {value} {from_unit} (to|into|in) {to_unit}",
    f"{HOW} {{value}} {{from_unit}} (in|to|into) {{to_unit}}",
    "how (many|much) {to_unit} [is|are|is there|are there] in {value} {from_unit}",
    "how (many|much) {to_unit} (is|are|make|makes) {value} {from_unit}",
    "{value} {from_unit} (in|to|into) {to_unit}",
    "convert {value} {from_unit}",
)


def figure_tools(system: System, tag: str = "en") -> list[Tool[..., Any]]:
    """Make the tools; `system` is what values without a target unit are converted to, `tag` the language."""
    return [_sum_tool(tag), _unit_tool(system, tag)]


def _sum_tool(tag: str) -> Tool[..., Any]:
    @tool(
        name="calculate",
        idempotent=True,
        phrases=phrases(tag, "calculate", SUM_PHRASES),
    )
    async def calculate_sum(
        context: ToolContext,
        expression: Annotated[str, Field(max_length=200, json_schema_extra={"pattern": SUM})],
    ) -> str:
        """Work out arithmetic exactly: sums, products, powers, roots, percentages.

        expression: in words or symbols, such as 12 times 7, 20 percent of 80, (3 + 4) * 2
        """
        from voiceloop_basics.arithmetic import SumError, calculate, speak_number  # noqa: PLC0415 - at the first sum

        try:
            number = speak_number(calculate(expression, context.language), context.language)
        except SumError as error:
            raise ToolError(tell(context.language, str(error))) from error
        return tell(context.language, "The answer is {number}.", number=number)

    return calculate_sum


def _unit_tool(system: System, tag: str) -> Tool[..., Any]:
    @tool(
        idempotent=True,
        phrases=phrases(tag, "convert_units", UNIT_PHRASES),
    )
    async def convert_units(value: float, from_unit: str, to_unit: str = "") -> str:
        """Convert lengths, weights, temperatures, volumes, speeds and times.

        to_unit: empty for the usual unit of the other system
        """
        from voiceloop_basics.arithmetic import speak_number  # noqa: PLC0415 - at the first conversion
        from voiceloop_basics.units import UnitError, convert  # noqa: PLC0415

        try:
            amount = Fraction(str(value))
            result, source, target = convert(amount, from_unit, to_unit, system)
        except (UnitError, ValueError) as error:
            raise ToolError(str(error)) from error
        return (
            f"{speak_number(amount)} {source.named(amount)} is {speak_number(_shortened(result))} "
            f"{target.named(result)}."
        )

    return convert_units


def _shortened(value: Fraction) -> Fraction:
    """Round to two digits after the point, or to three digits when that would leave too few."""
    rounded = Fraction(round(value, 2))
    return rounded if abs(value) >= 1 or rounded == value else Fraction(f"{float(value):.3g}")
