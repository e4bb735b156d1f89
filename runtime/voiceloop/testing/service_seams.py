"""The three seams of a cascade, answered from a script."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from voiceloop.dgrid.chat_answer import CallGrew, ChatDelta, Completion, Ended, Said, Stop
from voiceloop.engines.cascade import rehearsal
from voiceloop.engines.services.seams import Question, Transcript
from voiceloop.errors import BackendError
from voiceloop.testing.answers import Answers
from voiceloop.testing.brain import Question as BrainQuestion
from voiceloop.testing.gateway_items import Counters
from voiceloop.testing.gateway_words import Words
from voiceloop.testing.numbers import numbered, runs
from voiceloop.testing.script import NoAnswer, Reply, Spoken, Stall, Vanish
from voiceloop.testing.service_faults import ServiceFault, silent
from voiceloop.testing.service_log import Ending, Listing, Purpose, Recognition, Sentence, Writing
from voiceloop.testing.service_requests import Requests, now_s
from voiceloop.testing.service_voice import Voice
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, Usage, UserTurn

__all__ = ["ScriptedSeams", "ServiceTimes"]

REHEARSED = Reply((Spoken("OK."),))
LIST_WITHIN_S = 5.0
"""So long is a list of models waited for; other requests have their deadlines in the engine."""


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """How long services take, in seconds; a reply's own `created_after_s` and `audio_after_s` come on top."""

    models_s: float = 0.05
    transcribe_s: float = 0.3
    first_token_s: float = 0.3
    word_s: float = 0.02
    """Between two words that are written."""
    first_audio_s: float = 0.2
    """From a sentence to its first sound."""


class ScriptedSeams:
    """Recognition, chat and speech; what they are asked becomes `requests`, what they answer comes from `answers`."""

    def __init__(
        self, requests: Requests, answers: Answers, words: Words, counters: Counters, times: ServiceTimes
    ) -> None:
        self.times = times
        self._requests = requests
        self._answers = answers
        self._words = words
        self._counters = counters
        self._voice = Voice()

    async def list_models(self) -> None:
        """Ask which models there are. Raises BackendError."""
        asked = Listing(at_s=now_s())
        with self._requests.under_way(asked) as fault:
            try:
                async with asyncio.timeout(LIST_WITHIN_S):
                    await self._requests.begin(asked, fault, self.times.models_s)
                    await self._requests.end(asked, fault)
            except TimeoutError:
                raise silent(LIST_WITHIN_S) from None

    async def transcribe(self, pcm: bytes, rate_hz: int) -> Transcript:
        """`seams.Transcribe`."""
        trial = pcm.startswith(rehearsal.MURMUR) and not pcm.replace(rehearsal.MURMUR, b"")
        purpose = Purpose.REHEARSAL if trial else Purpose.CONVERSATION
        asked = Recognition(at_s=now_s(), pcm=pcm, rate_hz=rate_hz, text=self._words_in(pcm), purpose=purpose)
        with self._requests.under_way(asked) as fault:
            await self._requests.begin(asked, fault, self.times.transcribe_s)
            await self._requests.end(asked, fault)
        return Transcript(asked.text, usage=Usage(seconds=len(pcm) / 2 / rate_hz))

    @contextlib.asynccontextmanager
    async def chat(self, question: Question) -> AsyncIterator[AsyncIterator[ChatDelta]]:
        """`seams.Chat`."""
        purpose = Purpose.CONVERSATION if question.most_tokens is None else Purpose.REHEARSAL
        asked = Writing(at_s=now_s(), question=question, purpose=purpose)
        with self._requests.under_way(asked) as fault:
            reply = REHEARSED
            if purpose is Purpose.CONVERSATION and (fault is None or isinstance(fault, Stall | Vanish)):
                reply = asked.reply = self._answers.next(lambda: _asked_by(question, self._words_in(question.speech)))
                self._voice.wrote(reply)
            later_s = (reply.created_after_s or 0.0) + reply.audio_after_s
            meets = NoAnswer() if reply.created_after_s is None else fault
            await self._requests.begin(asked, meets, self.times.first_token_s + later_s)
            yield self._deltas(asked, self._written(reply), fault)

    async def _deltas(
        self, asked: Writing, pieces: list[ChatDelta], fault: ServiceFault | None
    ) -> AsyncIterator[ChatDelta]:
        stops = self._requests.faults.place(len(pieces)) if isinstance(fault, Stall | Vanish) else -1
        text = ""
        for number, piece in enumerate(pieces):
            if number == stops and isinstance(fault, Stall | Vanish):
                asked.struck = fault
            try:
                await self._requests.passes(asked, self.times.word_s if number else 0.0)
            except BackendError:  # what breaks off in the middle is told as an end of its own
                asked.ending = Ending.FAILED
                yield Ended(Completion(text=text, stop=Stop.TRUNCATED))
                return
            text += piece.text if isinstance(piece, Said) else ""
            asked.ending = Ending.ANSWERED if isinstance(piece, Ended) else asked.ending
            yield piece

    @contextlib.asynccontextmanager
    async def speak(self, text: str, rate_hz: int, voice: str = "") -> AsyncIterator[AsyncIterator[bytes]]:
        """`seams.Speak`."""
        trial = text == rehearsal.SENTENCE and not self._voice.says(text)
        purpose = Purpose.REHEARSAL if trial else Purpose.CONVERSATION
        asked = Sentence(at_s=now_s(), text=text, rate_hz=rate_hz, voice=voice, purpose=purpose)
        with self._requests.under_way(asked) as fault:
            await self._requests.begin(asked, fault, self.times.first_audio_s)
            yield self._chunks(asked, fault)

    async def _chunks(self, asked: Sentence, fault: ServiceFault | None) -> AsyncIterator[bytes]:
        sound = self._voice.of(asked.text)
        left = sound.audio_ms * asked.rate_hz // 1000
        asked.first_number = self._counters.next_number(left)
        size = max(1, sound.delta_ms * asked.rate_hz // 1000)
        sizes = [min(size, left - at) for at in range(0, left, size)]
        stops = self._requests.faults.place(len(sizes)) if isinstance(fault, Stall | Vanish) else -1
        for number, samples in enumerate(sizes):
            if number == stops and isinstance(fault, Stall | Vanish):
                asked.struck = fault
            await self._requests.passes(asked, sound.delta_ms / 1000 / sound.pace if number and sound.pace else 0.0)
            pcm = numbered(asked.first_number + asked.samples, samples)
            asked.samples += samples
            yield pcm
        asked.ending = Ending.ANSWERED

    def _written(self, reply: Reply) -> list[ChatDelta]:
        """An answer's pieces, a word each, its end among them."""
        text = " ".join(spoken.text for spoken in reply.says)
        words = [f"{word} " for word in text.split(" ")] if text else []
        calls = [
            ToolCall(call.call_id or self._counters.new_id("call"), call.name, call.arguments) for call in reply.calls
        ]
        grew = [CallGrew(place, call.call_id, call.name, call.arguments) for place, call in enumerate(calls)]
        usage = Usage(input_tokens=100, output_tokens=len(words))
        stop = Stop.TOOLS if calls else Stop.END
        end = Completion(text="".join(words), tool_calls=tuple(calls), stop=stop, usage=usage)
        return [*map(Said, words), *grew, Ended(end)]

    def _words_in(self, pcm: bytes) -> str:
        said = self._words.said_in(runs(pcm))
        return ("hello" if pcm.strip(b"\0") else "") if said is None else said


def _asked_by(question: Question, heard: str) -> BrainQuestion:
    """A chat model's question as a brain takes it; `heard` are the words of speech that came with it."""
    items = list(question.items)
    while items and isinstance(items[-1], AssistantTurn):  # an answer that was cut off: it is asked for once more
        items.pop()
    last = max((at for at, item in enumerate(items) if isinstance(item, UserTurn | AssistantTurn)), default=-1)
    outputs = tuple(item.output for item in items[last + 1 :] if isinstance(item, ToolOutput))
    newest = next((item.text for item in reversed(items) if isinstance(item, UserTurn)), "")
    return BrainQuestion("", outputs, "" if outputs else newest or heard, tuple(question.tools))
