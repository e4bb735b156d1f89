"""Long sessions one after the other, on virtual time and a network in memory that breaks every few minutes.

Most are typed, so that only events count; in the others every 20 ms frame of a microphone and a speaker passes. Ends
with status 1 when something that was said is lost, or the last hundred typed sessions grow the process by 5 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench_parts.contest import resident_mb
from voiceloop import Agent, Session, tool
from voiceloop.settings import LimitSettings, RealtimeSettings, Settings
from voiceloop.testing import (
    Answer,
    Call,
    Close,
    Freeze,
    MemoryNetwork,
    NumberedLine,
    Refuse,
    Reply,
    Reset,
    ScriptedGateway,
    Spoken,
    Stall,
    refusal,
)
from voiceloop.testing.brain import Question
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.faults import Fault
from voiceloop.testing.script import Quirks
from voiceloop.transcript import TranscriptLine

ROUND = 100
"""Sessions whose growth is told."""
GROWS_UNDER_MB = 5.0
SERVER_ENDS_SESSIONS_S = 1500.0
FAULT_EVERY_S = (240.0, 540.0)
TYPED_EVERY_S = 40.0
SPOKEN_EVERY_S = 15.0
WORD_MS = 200
WORDS = 5
ANSWERED_WITHIN_S = 60.0
KEEPS_S = 60.0
FAULTS: tuple[tuple[Fault, ...], ...] = (
    (Reset(),),
    (Close(1001, "going away"),),
    (Close(1011, "internal error"),),
    (Freeze(for_s=4.0),),
    (Freeze(scope="open"),),
    (Reset(), Refuse(for_s=3.0)),
    (Reset(), Answer(refusal(503), for_s=3.0)),
)
STALLS = (Stall(), Stall(answers_pings=True))


@dataclass
class Told:
    """What became of sessions."""

    questions: int = 0
    words: int = 0
    lost: int = 0
    """Questions that were not answered, and words of the user that are in no turn."""
    twice: int = 0
    """Words of the user that are in two turns."""
    faults: int = 0
    connections: int = 0
    endings: Counter[str] = field(default_factory=Counter)


@tool
async def look_up(number: str) -> str:
    """What belongs to a number.

    number: the number
    """
    await asyncio.sleep(1.5)
    return number


def answer_to(asked: Question) -> Reply:
    """Every fifth question needs a tool. Depends on nothing but the question, so asking again brings the same."""
    if asked.outputs:
        return Reply((Spoken(f"Answer {asked.outputs[0]}.", 900),))
    number = asked.text.split(" ")[-1].partition("w")[0].removeprefix("q")
    if not number.isdigit():
        return Reply((Spoken("Well.", 500),))
    if int(number) % 5 == 0:
        return Reply((), (Call("look_up", json.dumps({"number": number})),))
    return Reply((Spoken(f"Answer {number}.", 900),), audio_after_s=0.4)


class Rig:
    """One session and all around it."""

    def __init__(self, seed: int, line: NumberedLine | None) -> None:
        self.random = random.Random(seed)
        quirks = Quirks(session_lasts_s=SERVER_ENDS_SESSIONS_S)
        self.gateway = ScriptedGateway(brain=answer_to, listens=line is not None, keeps_s=KEEPS_S, quirks=quirks)
        self.network = MemoryNetwork(self.gateway, latency_s=0.02, seed=seed)
        self.line = line
        self.lines: list[TranscriptLine] = []
        self.news = asyncio.Event()
        self.faults = 0
        settings = Settings(realtime=RealtimeSettings(dialect=self.random.choice(["beta", "ga"])))
        self.session = Session(
            Agent(tools=[look_up], limits=LimitSettings(minutes=600.0)),
            line=line,
            settings=settings,
            engine=self.network.engine(settings),
            on_line=self.write,
            ask_chat=_in_short,
        )

    def write(self, line: TranscriptLine) -> None:
        """Keep what is told."""
        self.lines.append(line)
        self.news.set()

    async def told(self, event: str, field_: str, value: str) -> None:
        """Wait for such a line, not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                while not any(line.event == event and line.fields.get(field_) == value for line in self.lines):
                    self.news.clear()
                    await self.news.wait()

    async def breaks(self) -> None:
        """Something goes wrong every few minutes."""
        while True:
            await asyncio.sleep(self.random.uniform(*FAULT_EVERY_S))
            self.faults += 1
            if self.gateway.connection.closed is None and self.random.random() < 1 / 4:
                self.gateway.perform(self.random.choice(STALLS))
            else:
                self.network.inject(*self.random.choice(FAULTS))

    async def talks(self, number: int) -> None:
        """The user asks one question and hears the answer."""
        if self.line is None:
            await self.session.send_text(f"tell me about q{number}")
        else:
            words = " ".join(f"q{number}w{word}" for word in range(WORDS))
            self.gateway.will_hear(self.line.say(WORDS * WORD_MS), words)
        await self.told("agent_said", "heard_text", f"Answer {number}.")


async def hold(seed: int, minutes: float, *, spoken: bool, told: Told) -> None:
    """Hold one session of so many minutes and add up what became of it."""
    rig = Rig(seed, NumberedLine(keeps_s=KEEPS_S) if spoken else None)
    loop = asyncio.get_running_loop()
    until, asked = loop.time() + 60 * minutes, 0
    async with rig.session, asyncio.TaskGroup() as group:
        await rig.gateway.until(lambda: rig.gateway.connections)
        await asyncio.sleep(1.0)
        breaking = group.create_task(rig.breaks())
        while loop.time() < until:
            asked += 1
            at_s = loop.time() + (SPOKEN_EVERY_S if spoken else TYPED_EVERY_S)
            await rig.talks(asked)
            await asyncio.sleep(max(0.0, at_s - loop.time()))
        breaking.cancel()
        await asyncio.sleep(10.0)
        ended = await rig.session.end("soaked")
    _add_up(rig, asked, ended.reason, told)


def _add_up(rig: Rig, asked: int, reason: str, told: Told) -> None:
    heard = Counter(str(line.fields["heard_text"]) for line in rig.lines if line.event == "agent_said")
    told.lost += sum(not heard[f"Answer {number}."] for number in range(1, asked + 1))
    if rig.line is not None:
        said = Counter(f"q{number}w{word}" for number in range(1, asked + 1) for word in range(WORDS))
        user = (str(line.fields["text"]) for line in rig.lines if line.event == "user_said")
        got = Counter(word for text in user for word in text.split())
        told.words += said.total()
        told.lost += (said - got).total()
        told.twice += (got - said).total()
    told.questions += asked
    told.faults += rig.faults
    told.connections += len(rig.gateway.connections)
    told.endings[reason] += 1


async def _in_short(_task: str, _question: str) -> str:
    return "They asked about numbers."


def typed(sessions: int, minutes: float, told: Told) -> float:
    """Hold typed sessions; return how many MB the process grew in the last hundred, or the last half."""
    last = min(ROUND, sessions // 2)
    marks = {1: 0.0, last: 0.0, sessions - last: 0.0, sessions: 0.0}
    began = time.monotonic()
    for number in range(1, sessions + 1):
        _run(partial(hold, number, minutes, spoken=False, told=told), minutes)
        if number in marks or number % 50 == 0:
            gc.collect()
            mb = resident_mb()
            marks[number] = mb
            rate = number / (time.monotonic() - began)
            print(f"{number:5} typed sessions  {rate:6.2f} a second  {mb:7.1f} MB  lost {told.lost}", flush=True)
    grew = marks[sessions] - marks[sessions - last]
    print(f"The first {last} grew the process by {marks[last] - marks[1]:.1f} MB, the last {last} by {grew:.1f} MB.")
    return grew


def spoken(sessions: int, minutes: float, told: Told) -> None:
    """Hold sessions in which every frame counts."""
    for number in range(1, sessions + 1):
        began = time.monotonic()
        _run(partial(hold, 100_000 + number, minutes, spoken=True, told=told), minutes)
        gc.collect()
        took_s = time.monotonic() - began
        print(f"{number:5} spoken sessions  {took_s:6.1f} s  {resident_mb():7.1f} MB  lost {told.lost}", flush=True)


def _run(work: Callable[[], Coroutine[Any, Any, None]], minutes: float) -> None:
    run_virtual(work(), within_s=60 * minutes + 3600.0)


def main() -> int:
    """Return 0 when nothing is lost and memory stays."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--typed", type=int, default=1000, help="sessions at the level of events (1000)")
    parser.add_argument("--spoken", type=int, default=10, help="sessions with every frame (10)")
    parser.add_argument("--minutes", type=float, default=70.0, help="of each, virtual (70)")
    options = parser.parse_args()
    told = Told()
    grew_mb = typed(options.typed, options.minutes, told) if options.typed else 0.0
    spoken(options.spoken, options.minutes, told)
    print(
        f"{told.questions} questions, {told.faults} faults, {told.connections} connections, {told.words} spoken words; "
        f"answers or words lost: {told.lost}, words twice: {told.twice}, endings: {dict(told.endings)}"
    )
    sound = told.lost == told.twice == 0 and told.endings.keys() == {"soaked"}
    return 0 if sound and grew_mb < GROWS_UNDER_MB else 1


if __name__ == "__main__":
    sys.exit(main())
