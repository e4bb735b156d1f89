"""A chat model's place, taken by the local brain: it calls the tools whose phrases were said, and is honest else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

from voiceloop.dgrid.chat_answer import ChatDelta, Ended, Gathering
from voiceloop.engines.services.seams import Question
from voiceloop.languages.shelf import language_for
from voiceloop.vocabulary import AssistantTurn, Item, UserImage
from voiceloop_local.models.smalltalk import cannot
from voiceloop_local.realtime.shared import within
from voiceloop_local.seams import Brain, Call
from voiceloop_local.services.failures import told_as_backend_errors
from voiceloop_local.services.tongue import Tongue

__all__ = ["LocalChat"]

THOUGHT_WITHIN_S: Final = 60.0


class LocalChat:
    """Answers in the language of the conversation."""

    def __init__(self, brain: Brain, tongue: Tongue) -> None:
        self._brain = brain
        self._tongue = tongue

    @asynccontextmanager
    async def __call__(self, question: Question) -> AsyncIterator[AsyncIterator[ChatDelta]]:
        """Yield the deltas of the answer, `Ended` last. Reading raises BackendError. Safe to cancel."""
        async with aclosing(self._deltas(question)) as deltas:
            yield deltas

    async def _deltas(self, question: Question) -> AsyncGenerator[ChatDelta, None]:
        answer, calls, said = Gathering(), 0, ""
        language = self._tongue.read(question.items)
        items = _unanswered(question.items)
        thinking = self._brain.think(question.instructions, items, question.tools, None, language)
        with told_as_backend_errors():
            async with aclosing(within(thinking, THOUGHT_WITHIN_S)) as thoughts:
                async for thought in thoughts:
                    if isinstance(thought, Call):
                        news = answer.call(calls, f"call_{calls}", thought.name, thought.arguments)
                        calls += 1
                    else:
                        news = answer.say(f" {thought.text}" if said else thought.text)
                        said += thought.text
                    for delta in news:
                        yield delta
        if not said and not calls:
            # A picture, or something else that nothing here understands.
            for delta in answer.say(cannot(question.tools, language_for(language))):
                yield delta
        answer.close()
        yield Ended(answer.completion(""))


def _unanswered(items: Sequence[Item]) -> Sequence[Item]:
    """Return a conversation up to what still wants an answer.

    An answer that broke off when another model was lost cannot be gone on with here, so it is given anew. Nothing here
    sees pictures.
    """
    left = [item for item in items if not isinstance(item, UserImage)]
    while left and isinstance(left[-1], AssistantTurn):
        left.pop()
    return left
