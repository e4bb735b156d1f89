"""Reads a price list from a TOML file: currency, date, and under `[models."NAME"]` the prices of each model."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from voiceloop.errors import SettingsError
from voiceloop.overlay import Path as NamePath
from voiceloop.overlay import dotted, toml_layer
from voiceloop.prices import KINDS, PriceList
from voiceloop.settings import LimitSettings

__all__ = ["prices_of", "read_prices"]

TOP = ("currency", "date", "models")
EXAMPLE = "configs/prices-example.toml"


def prices_of(limits: LimitSettings) -> PriceList | None:
    """Return the price list that an agent's limits name; None where they name none. Raises SettingsError."""
    if limits.prices is not None:
        return read_prices(Path(limits.prices))
    if limits.money is not None:
        raise SettingsError(
            f"agent.limits.money = {limits.money:g} needs prices: set agent.limits.prices to a file like {EXAMPLE}",
            ("agent", "limits", "money"),
        )
    return None


def read_prices(path: Path) -> PriceList:
    """Read a price file. Raises SettingsError with its line, what is wrong and what is right."""
    layer = toml_layer(read_text(path), str(path))
    for name, value in layer.values.items():
        if wrong := mistake(name, value):
            raise SettingsError(f"{layer.where(name)}: {wrong}")
    models: dict[str, dict[str, Decimal]] = {}
    for name, value in layer.values.items():
        if name[0] == "models":
            models.setdefault(name[1], {})[name[2]] = Decimal(
                str(value)
            )  # as it is written, not the nearest binary one
    if missing := [needed for needed in TOP if needed not in {name[0] for name in layer.values}]:
        raise SettingsError(f"{path}: there is no {missing[0]}; {EXAMPLE} shows one")
    return PriceList(layer.values["currency",].strip(), layer.values["date",], models)


def read_text(path: Path) -> str:
    """Return what stands in a file. Raises SettingsError."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a null byte in the name
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(
            f"agent.limits.prices: cannot read the price file {path}: {reason}", ("agent", "limits", "prices")
        ) from error


def mistake(name: NamePath, value: object) -> str:
    """Say what is wrong with a value of a price file and what would be right; empty when nothing is."""
    found = ""
    match name:
        case ("currency",) if not isinstance(value, str) or not value.strip():
            found = f'currency = {value!r} is wrong: it should be a text such as "USD"'
        case ("date",) if type(value) is not date:
            found = f"date = {value} is wrong: it should be the day these prices were right, such as 2026-11-22"
        case ("models", model, kind) if kind not in KINDS:
            found = f"there is no price {kind}, asked for {model}; {nearest(kind, KINDS)}"
        case ("models", model, kind) if not is_price(value):
            found = f"{kind} = {value!r} is wrong for {model}: it should be a number, 0 or more"
        case ("currency" | "date",) | ("models", _, _):
            pass
        case ("models", *rest):
            found = (
                f'models{dotted(("", *rest))} has no prices: write [models."NAME"], with the quotes, and prices below'
            )
        case _:
            found = f"there is no {dotted(name)}; {nearest(name[0], TOP)}"
    return found


def is_price(value: object) -> bool:
    """Whether a value of TOML is an amount of money."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def nearest(wrong: str, right: Sequence[str]) -> str:
    """Say which right name a wrong one comes nearest to."""
    close = difflib.get_close_matches(wrong, right, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(right)}"
