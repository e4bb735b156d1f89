"""What tokens and minutes cost, by a list that its owner keeps. Nothing is guessed: what it does not name has no price.

A price has a kind: text, audio or image, each going in for the first time (`text_input`), in again out of the server's
cache (`text_cached`) or out (`text_output`), for a million tokens; and `minute`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from voiceloop.vocabulary import Usage

__all__ = ["KINDS", "MINUTE", "Cost", "PriceList", "by_price"]

INPUT_MODALITIES: Final = ("text", "audio", "image")
OUTPUT_MODALITIES: Final = ("text", "audio")
MINUTE: Final = "minute"
KINDS: Final = (
    *(f"{modality}_{way}" for modality in INPUT_MODALITIES for way in ("input", "cached")),
    *(f"{modality}_output" for modality in OUTPUT_MODALITIES),
    MINUTE,
)
"""Every kind of price."""
UNTOLD_INPUT: Final = "input of untold kind"
UNTOLD_OUTPUT: Final = "output of untold kind"
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What something cost."""

    money: Decimal | None
    """Of all that has a price; None when nothing has."""
    unpriced: tuple[str, ...] = ()
    """What else was used, in words for people: a model, or a model and a kind."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices by model and kind; plain values, so that they fit a tape."""

    currency: str
    date: date
    """When the figures were right."""
    models: Mapping[str, Mapping[str, Decimal]]

    def cost(self, model: str, usage: Usage) -> Cost:
        """Return the cost of what one reply or transcription of a model used."""
        used: dict[str, Decimal] = {kind: Decimal(tokens) / MILLION for kind, tokens in by_price(usage).items()}
        if usage.seconds:
            used[MINUTE] = Decimal(str(usage.seconds)) / 60
        prices = self.models.get(model)
        if prices is None:
            return Cost(None, (model,) if used else ())
        parts = [prices[kind] * amount for kind, amount in used.items() if kind in prices]
        unpriced = tuple(f"{model}: {kind}" for kind in used if kind not in prices)
        return Cost(sum(parts, Decimal()) if parts else None, unpriced)

    def a_minute(self, model: str) -> Decimal:
        """Return what each minute of a conversation with this model costs beside its tokens."""
        return self.models.get(model, {}).get(MINUTE, Decimal())

    def only_by_the_minute(self, model: str) -> bool:
        """Whether the model's tokens cost nothing: its minutes have a price and nothing else has."""
        return self.models.get(model, {}).keys() == {MINUTE}


def by_price(usage: Usage) -> dict[str, int]:
    """Return tokens by the kind of their price, each in one place; those whose kind was not told stand apart.

    Cached tokens are part of the input. A server may tell how many there are and not of which modality; where the
    input has a single one that is no question.
    """
    told = usage.details
    taken_in = {modality: told.get(f"input_{modality}_tokens", 0) for modality in INPUT_MODALITIES}
    cached = {modality: min(told.get(f"cached_{modality}_tokens", 0), taken_in[modality]) for modality in taken_in}
    fresh = {modality: taken_in[modality] - cached[modality] for modality in taken_in}
    untold = max(0, usage.input_tokens - sum(taken_in.values()))
    untold_cached = usage.cached_tokens - sum(cached.values())
    if untold_cached > 0:
        candidates = [modality for modality in fresh if fresh[modality]]
        if untold or len(candidates) > 1:
            untold += sum(fresh.values())
            fresh = {}
        for modality in fresh:
            moved = min(untold_cached, fresh[modality])
            fresh[modality] -= moved
            cached[modality] += moved
    given_out = {modality: told.get(f"output_{modality}_tokens", 0) for modality in OUTPUT_MODALITIES}
    counted = {
        **{f"{modality}_input": tokens for modality, tokens in fresh.items()},
        **{f"{modality}_cached": tokens for modality, tokens in cached.items()},
        **{f"{modality}_output": tokens for modality, tokens in given_out.items()},
        UNTOLD_INPUT: untold,
        UNTOLD_OUTPUT: max(0, usage.output_tokens - sum(given_out.values())),
    }
    return {kind: tokens for kind, tokens in counted.items() if tokens}
