"""Puts a question to the models: recordings become words, the brain's thoughts become the pieces of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import uuid4

from voiceloop.languages.guess import LanguageGuess, language_of_text
from voiceloop.languages.shelf import AUTO, language_for
from voiceloop.vocabulary import Item, UserTurn
from voiceloop_local.realtime.shared import within
from voiceloop_local.realtime.usage import Spent
from voiceloop_local.realtime.words import words_of
from voiceloop_local.rest.inner import (
    Ask,
    Called,
    Ended,
    Picture,
    Piece,
    Reason,
    Recorded,
    Turn,
    Words,
    spent_on_reading,
    spent_on_writing,
)
from voiceloop_local.rest.inner_cutting import Cutter
from voiceloop_local.rest.listening import language_in, open_recording, segments
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.working import told_as_problems
from voiceloop_local.seams import Brain, Say, Thought, Transcriber

__all__ = ["BLIND", "Settled", "pieces", "settle"]

THOUGHT_WITHIN_S: Final = 60.0
BLIND: Final = "I cannot see pictures: please tell me in words what this one shows."


@dataclass(frozen=True, slots=True)
class Settled:
    """A question in which every word is known."""

    items: Sequence[Item]
    language: str
    """Tag of the language to answer in."""
    read: Spent
    instead: str | None = None
    """What to say without asking the brain, for a last turn without words."""


@dataclass(slots=True)
class _Listener:
    """Reads turns one after the other, and follows their language."""

    ears: Transcriber
    wanted: str
    guess: LanguageGuess = field(default_factory=LanguageGuess)
    audio_ms: int = 0

    @property
    def language(self) -> str:
        return self.guess.language if self.wanted == AUTO else self.wanted

    async def words(self, turn: Turn) -> str:
        found = []
        for part in turn.parts:
            match part:
                case str():
                    found.append(part)
                    if self.wanted == AUTO:
                        self.guess = self.guess.heard(*language_of_text(part))
                case Recorded():
                    found.append(await self._heard(part))
                case Picture():
                    pass
        return " ".join(words for words in found if words.strip())

    async def _heard(self, part: Recorded) -> str:
        try:
            recording = await open_recording(part.data)
        except ApiProblem as problem:
            raise ApiProblem(problem.status, problem.message, problem.code, part.path) from problem
        self.audio_ms += recording.duration_ms
        language = self.wanted
        if language == AUTO:
            language = await language_in(self.ears, recording)
            self.guess = self.guess.heard(language)
        found = segments(recording, partial(self.ears.transcribe, language=language))
        async with aclosing(found):
            return " ".join([segment.text async for segment in found])


async def settle(ears: Transcriber, ask: Ask, language: str) -> Settled:
    """Return the question in words. `language` is a tag, or `auto` to go by the turns. Raises ApiProblem.

    Safe to cancel. Turns without words are left out; when the last one has none, that is what is answered.
    """
    listener = _Listener(ears, language)
    items: list[Item] = []
    wordless: Turn | None = None
    for entry in ask.entries:
        wordless = None
        if not isinstance(entry, Turn):
            items.append(entry)
        elif words := await listener.words(entry):
            items.append(UserTurn(entry.turn_id, words))
        else:
            wordless = entry
    instead = None if wordless is None else _without_words(wordless, listener.language)
    return Settled(items, listener.language, spent_on_reading(ask, items, listener.audio_ms), instead)


def _without_words(turn: Turn, language: str) -> str:
    if any(isinstance(part, Picture) for part in turn.parts):
        return BLIND
    with told_as_problems():
        return language_for(language).said.not_heard


async def pieces(brain: Brain, ask: Ask, settled: Settled) -> AsyncGenerator[Piece | Ended, None]:
    """Yield the answer word by word, and its end last. Raises ApiProblem. Closing it ends the thinking."""
    answer = _Answering(ask)
    with told_as_problems():
        async with aclosing(within(_thoughts(brain, ask, settled), THOUGHT_WITHIN_S)) as thoughts:
            async for thought in thoughts:
                for piece in answer.take(thought):
                    yield piece
                if answer.over:
                    break
    for piece in answer.rest():
        yield piece
    yield answer.ended(settled.read)


def _thoughts(brain: Brain, ask: Ask, settled: Settled) -> AsyncIterator[Thought]:
    if settled.instead is not None:
        return _say(settled.instead)
    return brain.think(ask.instructions, settled.items, ask.tools, None, settled.language)


async def _say(text: str) -> AsyncIterator[Thought]:
    yield Say(text)


class _Answering:
    """Makes pieces of thoughts."""

    def __init__(self, ask: Ask) -> None:
        self._cutter = Cutter(ask.stops, ask.most_tokens)
        self._most_calls = ask.most_calls
        self._pieces: list[Piece] = []
        self._calls = 0
        self._said = False

    @property
    def over(self) -> bool:
        """Nothing more may be said."""
        return self._cutter.reason is not None

    def take(self, thought: Thought) -> Iterator[Piece]:
        """Yield what a thought adds."""
        if isinstance(thought, Say):
            text = f" {thought.text}" if self._said else thought.text
            self._said = self._said or bool(thought.text)
            yield from self._words(self._cutter.feed(text))
            return
        yield from self.rest()
        if self._most_calls is not None and self._calls >= self._most_calls:
            return
        self._calls += 1
        yield self._kept(Called(f"call_{uuid4().hex[:24]}", thought.name, thought.arguments or "{}"))

    def rest(self) -> Iterator[Piece]:
        """Yield the words that were kept back."""
        yield from self._words(self._cutter.drain())

    def ended(self, read: Spent) -> Ended:
        """Return the end."""
        finished = Reason.CALLS if self._calls else Reason.FINISHED
        return Ended(self._cutter.reason or finished, read, spent_on_writing(self._pieces), self._cutter.stop)

    def _words(self, text: str) -> Iterator[Piece]:
        for word in words_of(text):
            yield self._kept(Words(word))

    def _kept(self, piece: Piece) -> Piece:
        self._pieces.append(piece)
        return piece
