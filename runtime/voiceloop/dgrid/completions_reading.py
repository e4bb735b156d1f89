"""Answers of `/v1/completions`, whole and as chunks of a stream, read alike. Pure; nothing it is given is too odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.chat_reading import usage
from voiceloop.dgrid.shape import AnswerShape
from voiceloop.vocabulary import Usage
from voiceloop.wire.lenient import Json, child, integer, listing, text

__all__ = ["CompletionReader", "Continuation", "Continued", "Finished", "TextCompletion", "TokenLogprobs"]


class TokenLogprobs(AnswerShape):
    """How likely each token was; the lists are as long as one another where the server tells all of them."""

    tokens: tuple[str, ...] = ()
    logprobs: tuple[float | None, ...] = ()
    """Natural logarithms; None for the first token of an echoed prompt."""
    top: tuple[Mapping[str, float], ...] = ()
    """The likeliest candidates in each place."""
    offsets: tuple[int, ...] = ()
    """Where each token begins, in characters."""


class Continuation(AnswerShape):
    """One text that was written."""

    text: str
    stop: Stop
    """Truncated where the connection ended before the text did."""
    logprobs: TokenLogprobs | None = None


class TextCompletion(AnswerShape):
    """All that was written, in the order of the prompts."""

    continuations: tuple[Continuation, ...]
    """Never empty. Of several texts for each prompt, those for the first come first."""
    usage: Usage | None = None
    """None where the server said nothing."""
    model: str = ""
    id: str = ""
    request_id: str = ""
    """What to quote to the server's owner."""

    @property
    def text(self) -> str:
        """The first text: the only one, unless more were asked for."""
        return self.continuations[0].text


@dataclass(frozen=True, slots=True)
class Continued:
    """One of the texts goes on."""

    place: int
    """Which, from 0."""
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more comes; always the last, and once."""

    completion: TextCompletion


STOPS: Final = {"stop": Stop.END, "length": Stop.LENGTH, "content_filter": Stop.FILTERED}
LISTS: Final = ("tokens", "token_logprobs", "top_logprobs", "text_offset")
MOST_TEXTS: Final = 4096
"""A place beyond it is a server's error, not a text."""


@dataclass(slots=True)
class Text:
    """A text that is still being written."""

    pieces: list[str] = field(default_factory=list)
    stop: Stop | None = None
    logprobs: dict[str, list[Any]] = field(default_factory=dict)


class CompletionReader:
    """Takes the decoded events of one answer in order."""

    def __init__(self) -> None:
        self._texts: dict[int, Text] = {}
        self._usage: Usage | None = None
        self._model = ""
        self._id = ""

    @property
    def began(self) -> bool:
        """Whether any text began, be it empty."""
        return bool(self._texts)

    @property
    def stopped(self) -> bool:
        """Whether the server said of every text that began why it ends."""
        return self.began and all(one.stop is not None for one in self._texts.values())

    @property
    def complete(self) -> bool:
        """Whether nothing is missing any more; only tokens tell, since texts may begin after others ended."""
        return self.stopped and self._usage is not None

    def close(self) -> None:
        """Take the marker that ends a stream; servers that say nothing else about the end have said all."""
        for one in self._texts.values():
            one.stop = one.stop or Stop.END

    def take(self, raw: object) -> list[Continued]:
        """Return what a chunk adds."""
        if not isinstance(raw, dict):
            return []
        self._id = self._id or text(raw, "id")
        self._model = self._model or text(raw, "model")
        if tokens := child(raw, "usage"):
            self._usage = usage(tokens)
        return [
            piece for choice in listing(raw, "choices") if isinstance(choice, dict) for piece in self._choice(choice)
        ]

    def completion(self, request_id: str) -> TextCompletion:
        """Return what there is by now; call it only once something began."""
        texts = [one for _, one in sorted(self._texts.items())]
        return TextCompletion(
            continuations=tuple(
                Continuation(
                    text="".join(one.pieces), stop=one.stop or Stop.TRUNCATED, logprobs=read_logprobs(one.logprobs)
                )
                for one in texts
            ),
            usage=self._usage,
            model=self._model,
            id=self._id,
            request_id=request_id,
        )

    def _choice(self, choice: Json) -> list[Continued]:
        place = integer(choice, "index")
        if place >= MOST_TEXTS:
            return []
        one = self._texts.setdefault(place, Text())
        more = text(choice, "text")
        one.pieces.append(more)
        for name in LISTS:
            one.logprobs.setdefault(name, []).extend(listing(child(choice, "logprobs"), name))
        if reason := text(choice, "finish_reason"):
            one.stop = STOPS.get(reason.lower(), Stop.OTHER)
        return [Continued(place, more)] if more else []


def read_logprobs(lists: Mapping[str, list[Any]]) -> TokenLogprobs | None:
    """Return what was told about the tokens; None where that was nothing."""
    if not any(lists.values()):
        return None
    tokens, logprobs, top, offsets = (lists[name] for name in LISTS)
    return TokenLogprobs(
        tokens=tuple(str(token) for token in tokens),
        logprobs=tuple(figure(value) for value in logprobs),
        top=tuple(candidates(value) for value in top),
        offsets=tuple(int(figure(value) or 0) for value in offsets),
    )


def figure(value: object) -> float | None:
    """Return a number; None for what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def candidates(value: object) -> dict[str, float]:
    """Return the candidates for one place."""
    found = value if isinstance(value, dict) else {}
    return {token: likely for token, told in found.items() if (likely := figure(told)) is not None}
