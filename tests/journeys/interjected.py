"""One labelled sound said into the words of an agent: a whole session, with all but its models real, in virtual time.

The agent tells a story whose samples are all different, so that what its listener heard tells how loud it was and which
of its samples it was. The microphone and the loudspeaker have no echo between them: what is judged here is the policy,
and not how well an echo is taken out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voiceloop.agent import Agent
from voiceloop.audio.ledger import Ledger
from voiceloop.devices.base import Ears, LineReports, Played
from voiceloop.dgrid.chat_answer import ChatDelta, Completion, Ended, Said, Stop
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.engines.services.seams import Question, Services, Transcript
from voiceloop.session import Session
from voiceloop.settings import AgentSettings, AudioSettings, RealtimeSettings, Settings, TurnSettings
from voiceloop.testing.clock import run_virtual
from voiceloop.vocabulary import Encoding, UserTurn

__all__ = ["Outcome", "Recognise", "Spoken", "interrupted"]

Recognise = Callable[[bytes, int], str]
"""Words of 16-bit mono PCM at a rate; asked where a session would ask its recogniser."""

BLOCK_MS: Final = 20
ASKED: Final = "tell me a story"
SENTENCE: Final = "Once upon a time there was a story that went on and on."
STORY_S: Final = 30
LEVEL: Final = 4000
LEAST: Final = 3000
DUCKED: Final = 0.5
"""Of the full level: the listener notices that the agent makes way."""
SETTLED_S: Final = 3.2
"""So long the room is heard before the story begins: a gate learns in 3 s how loud its noise is."""
SURE_S: Final = 1.6
"""So long after the last word an agent that speaks at its full level has not been stopped."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said into the story, 16-bit mono PCM, and the samples at which speech begins and ends in it."""

    pcm: bytes
    rate_hz: int
    onset: int
    end: int
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the agent's words; times are milliseconds after the onset."""

    stopped: bool
    """The story was given up."""
    made_way_ms: float | None
    """When it was first lower than half its level, or silent; None: never."""
    silent_ms: float | None
    """When the last of it was heard; None: it went on."""
    low_ms: float
    """How long it was low or silent, of one that went on."""
    misplaced: int
    """Samples of it that were skipped, or heard twice."""


def interrupted(said: Spoken, turn: TurnSettings, *, recognise: Recognise | None, words_ms: int = 350) -> Outcome:
    """Say it into the story; with `recognise` its words come `words_ms` after the session asked for them."""
    return run_virtual(_interrupted(said, turn, recognise, words_ms), within_s=120)


async def _interrupted(said: Spoken, turn: TurnSettings, recognise: Recognise | None, words_ms: int) -> Outcome:
    story = _story(said.rate_hz)
    encoding = Encoding.PCM16 if said.rate_hz == AudioSettings().wire.rate_hz else Encoding.G711_ULAW
    settings = Settings(
        agent=AgentSettings(language=said.language, tools=(), unclear="none"),
        audio=AudioSettings(format=encoding),
        realtime=RealtimeSettings(turn=turn),
    )
    engine = CascadeEngine(_services(story.tobytes(), recognise, words_ms / 1000), hangover_ms=turn.silence_ms)
    line = _Room(said, story)
    async with Session(Agent.from_settings(settings.agent, ()), line=line, settings=settings, engine=engine) as session:
        await asyncio.sleep(SETTLED_S)
        await session.send_text(ASKED)
        await line.over.wait()
    return line.outcome()


def _story(rate_hz: int) -> NDArray[np.int16]:
    random = np.random.default_rng(7)
    levels = random.integers(LEAST, 2 * LEVEL - LEAST, STORY_S * rate_hz)
    story: NDArray[np.int16] = (levels * random.choice((-1, 1), len(levels))).astype(np.int16)
    return story


def _services(story: bytes, recognise: Recognise | None, words_s: float) -> Services:
    async def transcribe(pcm: bytes, rate_hz: int) -> Transcript:
        await asyncio.sleep(words_s)
        return Transcript(recognise(pcm, rate_hz) if recognise is not None else "")

    @contextlib.asynccontextmanager
    async def chat(question: Question) -> AsyncIterator[AsyncIterator[ChatDelta]]:
        asked = any(isinstance(item, UserTurn) and item.text == ASKED for item in question.items)

        async def deltas() -> AsyncIterator[ChatDelta]:
            if asked:  # and no answer to the noise of a room that the gate does not know yet
                yield Said(SENTENCE)
            yield Ended(Completion(text=SENTENCE if asked else "", stop=Stop.END))

        yield deltas()

    @contextlib.asynccontextmanager
    async def speak(text: str, rate_hz: int) -> AsyncIterator[AsyncIterator[bytes]]:
        async def chunks() -> AsyncIterator[bytes]:
            yield story

        yield chunks()

    return Services(transcribe if recognise is not None else None, chat, speak, "story")


class _Room:
    """A line whose user begins with the story and says what he is to say into it."""

    def __init__(self, said: Spoken, story: NDArray[np.int16]) -> None:
        self.over = asyncio.Event()
        self._said, self._story = said, story
        self._block = said.rate_hz * BLOCK_MS // 1000
        self._blocks = 0
        self._story_from: int | None = None
        """The first sample of it, on the line's clock; the user's first one is there too."""
        self._taken = self._misplaced = 0
        self._made_way: int | None = None
        self._low = 0
        self._heard_to = 0
        self._flushed = False
        self._timer: asyncio.TimerHandle | None = None

    # devices.base.Line -----------------------------------------------------------------------------------------------

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        self._ears, self._ledger = ears, ledger
        self._opened_s = asyncio.get_running_loop().time()
        self._tick()

    def flush(self, generation: int) -> None:
        if self._story_from is not None and not self.over.is_set():
            self._flushed = True
            # What was pulled of the block that plays now is cut off here.
            self._heard_to = min(self._heard_to, self._elapsed)
            self.over.set()

    def played(self) -> Played:
        return Played(self._ledger.generation, min(self._ledger.position, self._elapsed), exact=True)

    async def close(self, within_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # Inside ----------------------------------------------------------------------------------------------------------

    @property
    def _elapsed(self) -> int:
        return round((asyncio.get_running_loop().time() - self._opened_s) * self._said.rate_hz)

    def _tick(self) -> None:
        """One block has been captured and played; the next one starts."""
        first = self._blocks * self._block
        self._timer = asyncio.get_running_loop().call_at(
            self._opened_s + (first + self._block) / self._said.rate_hz, self._tick
        )
        if self._blocks:
            self._ledger.ack(first)
            self._ears(self._captured(first - self._block), first - self._block)
        self._blocks += 1
        if not self.over.is_set():
            self._hear(self._ledger.pull(self._block), first)

    def _captured(self, first: int) -> bytes:
        if self._story_from is None:  # the noise of the room
            at = 2 * (first % (self._said.onset // 2 // self._block * self._block))
        else:
            at = 2 * (first - self._story_from)
        pcm = self._said.pcm[at : at + 2 * self._block]
        return pcm.ljust(2 * self._block, b"\0")

    def _hear(self, pcm: bytes, first: int) -> None:
        played = np.frombuffer(pcm, np.int16)
        sounding = np.flatnonzero(played)
        if self._story_from is None:
            if not len(sounding):
                return
            self._story_from = first
        loud = float(np.mean(np.abs(played))) / LEVEL
        since = first - self._story_from - self._said.onset
        if loud < DUCKED and since > -self._block:
            self._made_way = first if self._made_way is None else self._made_way
            self._low += self._block
        if len(sounding):
            self._heard_to = first + int(sounding[-1]) + 1
            self._place(played, len(sounding))
        if since > self._said.end - self._said.onset + SURE_S * self._said.rate_hz:
            self.over.set()

    def _place(self, played: NDArray[np.int16], sounding: int) -> None:
        """Note where in the story this block is, as far as it can be told: at the full level."""
        expected = self._story[self._taken : self._taken + len(played)]
        if sounding == len(played) and not np.array_equal(played, expected):
            at = self._story.tobytes().find(played.tobytes())
            if at >= 0 and at % 2 == 0:
                self._misplaced += abs(at // 2 - self._taken)
                self._taken = at // 2
        self._taken += sounding

    def outcome(self) -> Outcome:
        """What happened."""
        began = (self._story_from or 0) + self._said.onset

        def after_ms(sample: int) -> float:
            return (sample - began) * 1000 / self._said.rate_hz

        return Outcome(
            stopped=self._flushed,
            made_way_ms=None if self._made_way is None else after_ms(self._made_way),
            silent_ms=after_ms(self._heard_to) if self._flushed else None,
            low_ms=self._low * 1000 / self._said.rate_hz,
            misplaced=self._misplaced,
        )
