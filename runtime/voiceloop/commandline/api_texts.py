"""`voiceloop api complete`, `embed` and `moderate`: texts that go on, as vectors, and judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic_core import to_jsonable_python

from voiceloop.commandline.api_chat import tell_stop
from voiceloop.commandline.api_desk import AUTO, Desk, shaped
from voiceloop.commandline.api_files import Paragraph, check_inputs, note, print_json, read_words, show
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.completions import CompletionRequest, Completions
from voiceloop.dgrid.completions_reading import Continued, TextCompletion
from voiceloop.dgrid.embeddings import EmbeddingsRequest
from voiceloop.dgrid.embeddings import embed as ask_for_vectors
from voiceloop.dgrid.gemini_embeddings import GeminiEmbeddingsRequest, embed_content
from voiceloop.dgrid.moderations import ModerationRequest, Verdict
from voiceloop.dgrid.moderations import moderate as ask_for_verdicts
from voiceloop.sources import Origins

__all__ = ["complete", "embed", "moderate"]

Dialect = Literal["openai", "gemini"]
DIGITS: Final = ".8g"
"""More than a float32 is worth."""


def complete(  # noqa: PLR0913 - the documented options
    origins: Origins,
    text: str,
    *,
    model: str | None = None,
    suffix: str | None = None,
    stop: Sequence[str] = (),
    max_tokens: int | None = None,
    temperature: float | None = None,
    stream: bool = False,
    as_json: bool = False,
) -> int:
    """Print how a model goes on with a text."""
    desk = Desk(origins)
    asked = shaped(
        CompletionRequest,
        model=model or AUTO,
        prompt=read_words(text),
        suffix=suffix,
        stop=tuple(stop) or None,
        max_tokens=max_tokens,
        temperature=temperature,
    )

    async def ask(client: Client) -> None:
        request = await desk.chosen(asked, "chat", "instruct")
        completions = Completions(client)
        if stream and not as_json:
            completion = await follow(completions, request)
        else:
            completion = await completions.complete(request)
            if as_json:
                print_json(completion.model_dump(mode="json"))
            else:
                show(completion.text)
        tell_stop(completion.continuations[0].stop)

    return desk.run(ask)


async def follow(completions: Completions, request: CompletionRequest) -> TextCompletion:
    """Print a text while it is written; return it whole."""
    paragraph = Paragraph()
    completion = None
    async with completions.stream(request) as pieces:
        async for piece in pieces:
            if isinstance(piece, Continued):
                paragraph.write(piece.text)
            else:
                completion = piece.completion
    paragraph.end()
    assert completion is not None, "an answer ends"
    return completion


def embed(
    origins: Origins,
    texts: Sequence[str],
    *,
    model: str | None = None,
    dialect: Dialect = "openai",
    dimensions: int | None = None,
    as_json: bool = False,
) -> int:
    """Print the vectors of texts, each on a line of its own, as JSON."""
    desk = Desk(origins)
    check_inputs(*texts)
    words = tuple(map(read_words, texts))
    asked: EmbeddingsRequest | GeminiEmbeddingsRequest
    if dialect == "gemini":
        asked = shaped(GeminiEmbeddingsRequest, model=model or AUTO, texts=words, dimensions=dimensions)
    else:
        given = words[0] if len(words) == 1 else words
        asked = shaped(EmbeddingsRequest, model=model or AUTO, input=given, dimensions=dimensions)

    async def ask(client: Client) -> None:
        request = await desk.chosen(asked, "embedding", "gemini" if dialect == "gemini" else "")
        if isinstance(request, GeminiEmbeddingsRequest):
            found = await embed_content(client, request)
        else:
            found = await ask_for_vectors(client, request)
        vectors = [[float(f"{number:{DIGITS}}") for number in vector] for vector in found.vectors]
        if as_json:
            rest: dict[str, Any] = {"usage": to_jsonable_python(found.usage), "request_id": found.request_id}
            print_json({"model": found.model, "dimensions": found.dimensions, "vectors": vectors, **rest})
            return
        show("\n".join(map(str, vectors)))

    return desk.run(ask)


def moderate(origins: Origins, texts: Sequence[str], *, model: str | None = None, as_json: bool = False) -> int:
    """Print for each text whether it is fit to be said, and what was found in it. The server chooses the model."""
    desk = Desk(origins)
    check_inputs(*texts)
    words = tuple(map(read_words, texts))
    request = shaped(ModerationRequest, model=model, input=words[0] if len(words) == 1 else words)

    async def ask(client: Client) -> None:
        found = await ask_for_verdicts(client, request)
        if as_json:
            print_json({"flagged": found.flagged, **found.model_dump(mode="json")})
            return
        show("\n".join(map(line, found.verdicts)))
        if found.model:
            note(f"Judged by {found.model}.")

    return desk.run(ask)


def line(verdict: Verdict) -> str:
    """Return a verdict as a line: what was found, surest first, and how sure the server is."""
    named = sorted(
        (name for name, found in verdict.categories.items() if found), key=lambda n: -verdict.scores.get(n, 0)
    )
    told = [f"{name} ({verdict.scores[name]:.2f})" if name in verdict.scores else name for name in named]
    return ("flagged: " + ", ".join(told) if told else "flagged") if verdict.flagged else "not flagged"
