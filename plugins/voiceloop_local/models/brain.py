"""The local brain: calls the tools whose phrases were said, speaks their outputs, and is honest about the rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from voiceloop.languages.language import Language
from voiceloop.languages.shelf import language_for
from voiceloop.tools.phrases import Phrasebook
from voiceloop.vocabulary import AssistantTurn, Item, ToolOutput, ToolSpec, UserTurn
from voiceloop_local.models.outputs import spoken_output
from voiceloop_local.models.questions import direct_question
from voiceloop_local.models.smalltalk import asks_for_help, asks_to_repeat, cannot, help_text, pleasantry
from voiceloop_local.models.wishes import Wishes, understood
from voiceloop_local.seams import Call, Say, Thought

__all__ = ["PhraseBrain"]

Match = Callable[[str], Call | None]


class PhraseBrain:
    """A `Brain` without a model: the same items always bring the same thoughts.

    Raises DeviceError from `think` when hassil, which matches the phrases, is not installed, and SettingsError for a
    language that has no data.
    """

    def __init__(self) -> None:
        self._known: tuple[tuple[ToolSpec, ...], Language] | None = None
        self._book: Phrasebook | None = None

    async def think(
        self, instructions: str, items: Sequence[Item], tools: Sequence[ToolSpec], say: str | None, language: str = "en"
    ) -> AsyncIterator[Thought]:
        """Yield what to say or call for the newest items. Safe to cancel; matching runs beside the loop."""
        if say is not None:
            yield Say(say)
            return
        spoken = language_for(language)
        items = _to_answer(items)
        outputs = _new_outputs(items)
        if outputs:
            for output in outputs:
                yield Say(spoken_output(output.output, spoken))
            return
        thoughts = await asyncio.to_thread(self._answer, instructions, tuple(items), tuple(tools), spoken)
        for thought in thoughts:
            yield thought

    def _answer(
        self, instructions: str, items: Sequence[Item], tools: tuple[ToolSpec, ...], language: Language
    ) -> list[Thought]:
        turns = _unanswered(items)
        if not turns:
            return [] if items else [Say(language.said.greeting)]
        match = self._matcher(tools, language)
        newest = turns[-1].text.strip()
        if not newest:
            return [Say(language.said.not_heard)]
        wishes = _wishes(newest, match, instructions, language)
        if not wishes.meanings and len(turns) > 1:
            # A pause in the middle of a sentence makes two turns of it.
            wishes = _wishes(f"{turns[-2].text} {newest}", match, instructions, language)
        return list(_replies(wishes, newest, items, tools, language))

    def _matcher(self, tools: tuple[ToolSpec, ...], language: Language) -> Match:
        if self._book is None or (tools, language) != self._known:
            self._book, self._known = Phrasebook.from_specs(tools, language), (tools, language)
        book = self._book

        def match(text: str) -> Call | None:
            turned = direct_question(text, language)
            found = book.match(text) or (book.match(turned) if turned else None)
            return Call(found.name, json.dumps(found.arguments, ensure_ascii=False)) if found else None

        return match


def _wishes(text: str, match: Match, instructions: str, language: Language) -> Wishes[Thought]:
    def understand(part: str) -> Thought | None:
        if call := match(part):
            return call
        answer = pleasantry(part, instructions, language)
        return Say(answer) if answer else None

    return understood(text, understand, language)


def _replies(
    wishes: Wishes[Thought], text: str, items: Sequence[Item], tools: Sequence[ToolSpec], language: Language
) -> Iterator[Thought]:
    calls = [meaning for meaning in wishes.meanings if isinstance(meaning, Call)]
    if calls:
        if wishes.unexplained:
            yield Say(language.said.partly)
        yield from calls  # a "hello" beside a request needs no answer of its own
    elif asks_for_help(text, language):
        yield Say(help_text(tools, language))
    elif asks_to_repeat(text, language):
        yield Say(_last_said(items) or language.said.nothing_said_yet)
    elif wishes.meanings and not wishes.unexplained:
        yield wishes.meanings[-1]
    else:
        yield Say(cannot(tools, language))


def _to_answer(items: Sequence[Item]) -> Sequence[Item]:
    """Return the items without an answer that stands last: whoever asks once more got only a part of it."""
    said = next((at for at, item in enumerate(reversed(items)) if not isinstance(item, AssistantTurn)), 0)
    before = items[: len(items) - said]
    return before if before and isinstance(before[-1], UserTurn | ToolOutput) else items


def _new_outputs(items: Sequence[Item]) -> list[ToolOutput]:
    """Return the outputs nobody has been told yet: those after the last turn of either side."""
    last_turn = max((at for at, item in enumerate(items) if isinstance(item, UserTurn | AssistantTurn)), default=-1)
    return [item for item in items[last_turn + 1 :] if isinstance(item, ToolOutput)]


def _unanswered(items: Sequence[Item]) -> list[UserTurn]:
    """Return the user's turns after everything else."""
    turns: list[UserTurn] = []
    for item in reversed(items):
        if not isinstance(item, UserTurn):
            break
        turns.insert(0, item)
    return turns


def _last_said(items: Sequence[Item]) -> str:
    said = (item.text for item in reversed(items) if isinstance(item, AssistantTurn) and item.text)
    return next(said, "")
