"""Whole sessions with a cascade on virtual time: a recording at the microphone, scripted services behind."""

from __future__ import annotations

import asyncio
import io
from functools import cache
from pathlib import Path

import msgspec

from engines.cascade.fakes import FakeServices
from voiceloop.agent import Agent
from voiceloop.clips import decode
from voiceloop.core import Core, Profile
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.session import Session
from voiceloop.settings import RealtimeSettings, Settings, TierSettings
from voiceloop.tape import Tape, TapeWriter, read_header, read_steps, replay
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import runs
from voiceloop.transcript import problems
from voiceloop.vocabulary import ToolCall, ToolOutput

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech"


@cache
def recording(name, rate_hz):
    return decode((SPEECH / name).read_bytes(), rate_hz)


class Talk:
    """`async with Talk(words=[...], answers=[...]) as talk`; leaving it checks what every conversation must keep."""

    def __init__(
        self, fakes=None, *, agent=None, text=False, captions_only=False, realtime=None, engine=None, **script
    ):
        self.services = fakes or FakeServices(**script)
        self.line_device = NumberedLine()
        self.lines = []
        self._news = asyncio.Event()
        self._tape = io.StringIO()
        settings = Settings(
            realtime=RealtimeSettings.model_validate(realtime or {}),
            tiers=TierSettings(apology_after_s=None),  # recorded words have no numbers
        )
        self.engine = engine or CascadeEngine(self.services.services, hangover_ms=settings.realtime.turn.silence_ms)
        self.session = Session(
            agent or Agent(),
            line=None if text else self.line_device,
            settings=settings,
            engine=self.engine,
            on_line=self._take,
            tape=TapeWriter(self._tape),
            captions_only=captions_only,
        )

    def _take(self, line):
        self.lines.append(line.as_dict())
        self._news.set()

    async def __aenter__(self):
        self.runner = asyncio.get_running_loop().create_task(self.session.run(), name="talk")
        await self.until(lambda: self.line_device.is_open or self.said("session_started") or self.runner.done())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, kind, *_):
        self.session.request_end("script over")
        async with asyncio.timeout(2.0):
            await asyncio.wait([self.runner])
        self.ended = self.runner.result()
        if kind is None:
            self.check()

    def plays(self, name):
        """The recording is spoken into the microphone; returns its length in seconds."""
        pcm = recording(name, self.session.rate_hz)
        self.line_device.say_pcm(pcm)
        return len(pcm) / 2 / self.session.rate_hz

    async def passes(self, seconds):
        await asyncio.sleep(seconds)

    async def until(self, condition, within_s=120.0):
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self._news.clear()
                    waiting = asyncio.get_running_loop().call_later(0.01, self._news.set)
                    await self._news.wait()
                    waiting.cancel()
        except TimeoutError:
            told = "\n".join(map(str, self.lines))
            raise AssertionError(f"it never came; transcript:\n{told}") from None

    async def line(self, event, times=1):
        await self.until(lambda: len(self.said(event)) >= times)
        return self.said(event)[times - 1]

    def said(self, event):
        return [line for line in self.lines if line["event"] == event]

    def warnings(self):
        return [line["code"] for line in self.said("warning")]

    def words(self):
        """What was said by both, in the order of the transcript."""
        told = [line for line in self.lines if line["event"] in ("user_said", "agent_said")]
        return [line.get("heard_text", line.get("text")) for line in told]

    def items(self, number=-1):
        """What the chat model was shown with a question."""
        return list(self.services.questions[number].asked.items)

    def asked(self):
        """The texts the chat model was shown, question by question; of a call its tool's name."""
        return [[_shown(item) for item in seen.asked.items] for seen in self.services.questions]

    def played_ms(self):
        """How much of the agent's speech came out of the speaker."""
        return sum(run.samples for run in runs(self.line_device.speaker.recording)) * 1000 / self.session.rate_hz

    def check(self):
        found = problems(self.lines)
        assert not found, found
        called = sorted(line["call_id"] for line in self.said("tool_called"))
        assert sorted(line["call_id"] for line in self.said("tool_finished")) == called
        assert self.services.open == []
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        self._check_tape()

    def _check_tape(self):
        text = self._tape.getvalue().splitlines()
        header = read_header(text[0])
        tape = Tape(header["version"], header["settings"], header["seed"], tuple(read_steps(text[1:])), cut=False)
        report = replay(tape, lambda settings: Core(msgspec.convert(settings, Profile)))
        assert report.mismatch is None, report.mismatch.sentence


def _shown(item):
    match item:
        case ToolCall(name=name):
            return name
        case ToolOutput(output=output):
            return output
        case _:
            return item.text
