"""`POST /v1/completions`: what the brain of this machine answers to a prompt.

Documented by DGrid: `model`, `prompt`, `max_tokens`, `n`, `stream`, `echo`, `stop` and more. The brain converses, so it
answers a prompt instead of going on with it; it takes no sampling parameters, no `suffix`, and tells no `logprobs`.
Tokens are estimated, four characters each. Upstream: the stream, and `stream_options.include_usage`.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voiceloop.languages.guess import LanguageGuess, language_of_text
from voiceloop.languages.shelf import AUTO
from voiceloop.vocabulary import UserTurn
from voiceloop_local.realtime.shared import within
from voiceloop_local.realtime.usage import text_tokens
from voiceloop_local.rest import wanted
from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.errors import error_body
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.streaming import DONE, EVENTS, Streamed, event
from voiceloop_local.rest.working import told_as_problems
from voiceloop_local.seams import Say

__all__ = ["CompletionWish", "ending", "routes", "wish_of"]

PATH: Final = "/v1/completions"
THOUGHT_WITHIN_S: Final = 60.0
MOST_CHOICES: Final = 16
MOST_STOPS: Final = 4
_MAX_TOKENS: Final = 16
_MOST_TOKENS: Final = 100_000
_TOKEN_CHARACTERS: Final = 4


@dataclass(frozen=True, slots=True)
class CompletionWish:
    """What a request asks for."""

    model: str
    prompts: Sequence[str]
    """One for each choice, in order."""
    stops: Sequence[str]
    most_characters: int
    echo: bool
    stream: bool
    usage_in_stream: bool


def routes(desk: Desk) -> list[Route]:
    """Return the endpoint."""

    async def completions(request: Request) -> Response:
        wish = wish_of(await json_body(request))
        head = {
            "id": f"cmpl-{secrets.token_hex(12)}",
            "object": "text_completion",
            "created": round(datetime.now(UTC).timestamp()),
            "model": wish.model,
        }
        if wish.stream:
            return Streamed(_events(desk, wish, head), EVENTS)
        texts, reasons = [""] * len(wish.prompts), [""] * len(wish.prompts)
        async for n, text, reason in _choices(desk, wish):
            texts[n] += text
            reasons[n] = reason
        choices = [_choice(n, *written) for n, written in enumerate(zip(texts, reasons, strict=True))]
        return JSONResponse(head | {"choices": choices, "usage": _usage(wish, "".join(texts))})

    return [Route(PATH, completions, methods=["POST"])]


def wish_of(body: Mapping[str, Any]) -> CompletionWish:
    """Read a request. Raises ApiProblem that names the field which cannot be used."""
    model = wanted.text(body, "model")
    prompt = body.get("prompt")
    if prompt is None:
        raise wanted.missing("prompt")
    prompts = prompt if isinstance(prompt, list) else [prompt]
    if not prompts or not all(isinstance(one, str) for one in prompts):
        raise ApiProblem(400, "The prompt must be a text or a list of texts, not tokens.", "invalid_value", "prompt")
    copies = wanted.whole(body, "n", 1, MOST_CHOICES)
    if len(prompts) * copies > MOST_CHOICES:
        raise ApiProblem(400, f"At most {MOST_CHOICES} choices are written at once.", "invalid_value", "n")
    stop = body.get("stop") or []
    stops = stop if isinstance(stop, list) else [stop]
    if len(stops) > MOST_STOPS or not all(isinstance(one, str) and one for one in stops):
        raise ApiProblem(400, f"'stop' must be a text or a list of up to {MOST_STOPS}.", "invalid_value", "stop")
    options = body.get("stream_options")
    return CompletionWish(
        model,
        [one for one in prompts for _ in range(copies)],
        stops,
        wanted.whole(body, "max_tokens", _MAX_TOKENS, _MOST_TOKENS) * _TOKEN_CHARACTERS,
        wanted.flag(body, "echo"),
        wanted.flag(body, "stream"),
        isinstance(options, dict) and options.get("include_usage") is True,
    )


def ending(written: str, stops: Sequence[str], most_characters: int) -> tuple[int, str]:
    """Return how much of a text is kept and why it ends there: `stop`, `length`, or nothing when it does not."""
    kept, reason = len(written), ""
    if kept > most_characters:
        kept, reason = most_characters, "length"
    for stop in stops:
        if -1 < (at := written.find(stop)) < kept:
            kept, reason = at, "stop"
    return kept, reason


# Answers -------------------------------------------------------------------------------------------------------------


async def _choices(desk: Desk, wish: CompletionWish) -> AsyncGenerator[tuple[int, str, str], None]:
    """Yield pieces as the brain has them: choice, text, and why the choice ends with it. Raises ApiProblem."""
    for n, prompt in enumerate(wish.prompts):
        if wish.echo:
            yield n, prompt, ""
        written, reason = "", ""
        async with aclosing(_answer(desk, prompt)) as pieces:
            async for piece in pieces:
                longer = f"{written} {piece}" if written else piece
                kept, reason = ending(longer, wish.stops, wish.most_characters)
                yield n, longer[len(written) : kept], ""
                if reason:
                    break
                written = longer
        yield n, "", reason or "stop"


async def _answer(desk: Desk, prompt: str) -> AsyncGenerator[str, None]:
    language = desk.language
    if language == AUTO:
        language = LanguageGuess().heard(*language_of_text(prompt)).language
    thinking = desk.models().brain.think("", (UserTurn("prompt", prompt),), (), None, language)
    with told_as_problems():
        async with aclosing(within(thinking, THOUGHT_WITHIN_S)) as thoughts:
            async for thought in thoughts:
                if isinstance(thought, Say):
                    yield thought.text


async def _events(desk: Desk, wish: CompletionWish, head: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
    written = ""
    more = {"usage": None} if wish.usage_in_stream else {}
    try:
        async with aclosing(_choices(desk, wish)) as pieces:
            async for n, text, reason in pieces:
                written += text
                yield event({**head, "choices": [_choice(n, text, reason)], **more})
    except ApiProblem as problem:  # the status is out already
        yield event(error_body(PATH, problem.status, problem.message, problem.code, problem.param))
        return
    if wish.usage_in_stream:
        yield event({**head, "choices": [], "usage": _usage(wish, written)})
    yield DONE


def _choice(n: int, text: str, reason: str) -> dict[str, Any]:
    return {"text": text, "index": n, "logprobs": None, "finish_reason": reason or None}


def _usage(wish: CompletionWish, written: str) -> dict[str, Any]:
    read, said = sum(map(text_tokens, wish.prompts)), text_tokens(written)
    return {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said}
