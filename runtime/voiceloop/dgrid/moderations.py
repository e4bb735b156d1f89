"""`POST /v1/moderations`: whether texts, or a text with pictures, are fit to be said or shown.

As DGrid documents it; pictures, and what each category was found in, are upstream's. Categories are an open set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field

from voiceloop.dgrid.chat_request import ImagePart, TextPart
from voiceloop.dgrid.client import Client, Request
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.shape import AnswerShape, RequestShape
from voiceloop.wire.lenient import Json, child, flag, listing, number, text

__all__ = ["Moderation", "ModerationRequest", "Verdict", "moderate", "read_verdicts"]

PATH: Final = "/v1/moderations"

Texts = Annotated[tuple[str, ...], Field(min_length=1)]
Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class ModerationRequest(RequestShape):
    """What to judge."""

    input: str | Texts | Annotated[tuple[Part, ...], Field(min_length=1)]
    """One text; several, judged one by one; or the parts of one message, judged together (upstream only)."""
    model: str | None = None
    """None leaves it to the server."""

    @property
    def count(self) -> int:
        """How many verdicts are due."""
        return len(self.input) if isinstance(self.input, tuple) and isinstance(self.input[0], str) else 1

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        return self.model_dump(mode="json", exclude_none=True)


class Verdict(AnswerShape):
    """What was found in one text or message."""

    flagged: bool
    """Whether anything was: the server says so, or names a category."""
    categories: Mapping[str, bool]
    """By the server's names, such as `hate/threatening`."""
    scores: Mapping[str, float]
    """How sure it is of each, from 0 to 1; not every server tells."""
    found_in: Mapping[str, tuple[str, ...]]
    """What each category was judged by, `text` or `image`. Upstream only."""


class Moderation(AnswerShape):
    """One verdict for each text, in their order; one for a message of parts."""

    verdicts: tuple[Verdict, ...]
    model: str = ""
    id: str = ""
    request_id: str = ""
    """What to quote to the server's owner."""

    @property
    def flagged(self) -> bool:
        """Whether anything was found anywhere."""
        return any(verdict.flagged for verdict in self.verdicts)


async def moderate(client: Client, request: ModerationRequest) -> Moderation:
    """Return the verdicts. Safe to cancel; asked again when the connection breaks.

    Raises RequestRefusedError and RequestFailedError, also for an answer without a verdict for each text: silence is
    never taken for consent.
    """
    body = msgspec.json.encode(request.to_json())
    answer = await client.ask_json(Request("POST", PATH, body, repeat=Repeat.SAFE))
    verdicts = read_verdicts(answer.raw)
    if len(verdicts) != request.count:
        raise client.broken(f"{len(verdicts)} verdicts where {request.count} are due", answer)
    return Moderation(
        verdicts=verdicts, model=text(answer.raw, "model"), id=text(answer.raw, "id"), request_id=answer.request_id
    )


def read_verdicts(raw: Json) -> tuple[Verdict, ...]:
    """Return the verdicts of an answer; what says neither `flagged` nor a category is none."""
    return tuple(
        verdict(result)
        for result in listing(raw, "results")
        if isinstance(result, dict) and (flag(result, "flagged") is not None or child(result, "categories"))
    )


def verdict(result: Json) -> Verdict:
    """Return one verdict."""
    categories, scores = child(result, "categories"), child(result, "category_scores")
    found_in = child(result, "category_applied_input_types")
    named = {name: found for name in categories if (found := flag(categories, name)) is not None}
    return Verdict(
        flagged=bool(flag(result, "flagged")) or any(named.values()),
        categories=named,
        scores={name: score for name in scores if (score := number(scores, name)) is not None},
        found_in={name: tuple(map(str, listing(found_in, name))) for name in found_in},
    )
