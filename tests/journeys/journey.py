"""A journey: one conversation from microphone to speaker on virtual time, written as given, heard, expect.

    async with Journey(Reply((Spoken("It is noon.", 1200),)), dialect="ga") as talk:    # given
        talk.user_says("what time is it", 1000)                                         # heard
        said = await talk.line("agent_said")                                            # expect
        assert said["heard_ms"] == 1200

Whatever a journey is about, leaving it also checks what every conversation must keep: the transcript is sound and ends
with one `session_ended`, each call has one outcome, no timer is left, the tape replays to the same commands, the
listener heard each sample once and in order, and what the transcript calls heard is what was played.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from journeys.heard import played_of_items
from voiceloop.agent import Agent
from voiceloop.core import Core, Profile
from voiceloop.engines.base import Engine
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.session import Ended, Session
from voiceloop.settings import AudioSettings, BackendSettings, RealtimeSettings, Settings, TierSettings
from voiceloop.summarise import AskChat
from voiceloop.tape import Tape, TapeWriter, read_header, read_steps, replay
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.memory import MemoryNetwork
from voiceloop.testing.script import Reply
from voiceloop.transcript import TranscriptLine, problems
from voiceloop.vocabulary import Encoding, Tier

KEY = "sk-journey-0123456789abcdef"  # pragma: allowlist secret

dialects = pytest.mark.parametrize("dialect", ["beta", "ga"])
wires = pytest.mark.parametrize(
    ("dialect", "form"), [(dialect, form) for form in ("pcm16", "g711_ulaw") for dialect in ("beta", "ga")]
)

tapes: list[Callable[[], str]] = []
"""What recorded the sessions of the test that runs; where it fails, they are kept."""


class Journey:
    """Builds server, network, line and session; runs the session until the script is over."""

    def __init__(
        self,
        *replies: Reply,
        dialect: str = "ga",
        form: str = "pcm16",
        agent: Agent | None = None,
        text: bool = False,
        captions_only: bool = False,
        data: dict[str, object] | None = None,
        ask_chat: AskChat | None = None,
        realtime: dict[str, Any] | None = None,
        audio: dict[str, Any] | None = None,
        latency_s: float = 0.01,
        line: NumberedLine | None = None,
        errors: int | None = 0,
        complete: bool = True,
        lower: Callable[[ScriptedGateway], dict[Tier, Engine]] | None = None,
        **gateway: Any,
    ) -> None:
        """`errors`: how many `error` events the server sends; None: any. `complete`: the whole script must happen.

        `lower`: the engines of the tiers below realtime."""
        self.gateway = ScriptedGateway(*replies, **gateway)
        self.network = MemoryNetwork(self.gateway, latency_s=latency_s)
        self.line_device = line or NumberedLine()
        self.lines: list[dict[str, Any]] = []
        self.ended: Ended | None = None
        self.heard_ms: dict[str, float] = {}
        """Milliseconds really played of each of the server's items; known when the journey is over."""
        self._errors = errors
        self._complete = complete
        self._news = asyncio.Event()
        self._tape = io.StringIO()
        tapes.append(self._tape.getvalue)
        settings = Settings(
            backend=BackendSettings(base_url="wss://journey.test/v1", api_key=SecretStr(KEY)),
            audio=AudioSettings.model_validate({"format": Encoding(form), **(audio or {})}),
            realtime=RealtimeSettings.model_validate({"dialect": dialect, **(realtime or {})}),
            tiers=TierSettings(apology_after_s=None),  # recorded words have no numbers
        )
        self.engine = RealtimeEngine(settings, dial=self.network.connect)
        self.session = Session(
            agent or Agent(),
            line=None if text else self.line_device,
            settings=settings,
            engine={Tier.REALTIME: self.engine, **lower(self.gateway)} if lower else self.engine,
            on_line=self._take,
            tape=TapeWriter(self._tape),
            captions_only=captions_only,
            data=data,
            ask_chat=ask_chat,
        )
        self.runner: asyncio.Task[Ended]

    def _take(self, line: TranscriptLine) -> None:
        self.lines.append(line.as_dict())
        self._news.set()

    # The script ------------------------------------------------------------------------------------------------------

    def session_task(self) -> asyncio.Task[Ended]:
        """Start the session without waiting for anything."""
        return asyncio.get_running_loop().create_task(self.session.run(), name="journey")

    async def __aenter__(self) -> Journey:
        self.runner = self.session_task()
        await self.until(lambda: self.line_device.is_open or self.said("session_started") or self.runner.done())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.session.request_end("script over")
        async with asyncio.timeout(2.0):
            await asyncio.wait([self.runner])
        if not self.runner.cancelled():
            self.ended = self.runner.result()
        if kind is None:
            self.check()

    def user_says(self, text: str = "hello", duration_ms: int = 1000, **more: Any) -> tuple[int, int]:
        """The user speaks from now on, or after the last word; tells from when to when on the capture clock, in ms."""
        run = self.line_device.say(duration_ms)
        at_ms = run.at * 1000 // self.line_device.rate_hz
        self.gateway.heard_speech(at_ms, at_ms + duration_ms, text, **more)
        return at_ms, at_ms + duration_ms

    async def passes(self, seconds: float) -> None:
        """Time passes."""
        await asyncio.sleep(seconds)

    async def until(self, condition: Callable[[], object], within_s: float = 90.0) -> None:
        """Wait for something that a transcript line or the server's news makes true."""
        self.gateway._watchers.append(self._news.set)
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self._news.clear()
                    waiting = asyncio.get_running_loop().call_later(0.02, self._news.set)
                    await self._news.wait()
                    waiting.cancel()
        except TimeoutError:
            told = "\n".join(map(str, self.lines))
            raise AssertionError(f"it never came; server got {self.gateway.summary()}; transcript:\n{told}") from None
        finally:
            self.gateway._watchers.remove(self._news.set)

    async def line(self, event: str, times: int = 1, within_s: float = 90.0) -> dict[str, Any]:
        """Wait for the `times`-th transcript line of an event."""
        await self.until(lambda: len(self.said(event)) >= times, within_s)
        return self.said(event)[times - 1]

    def said(self, event: str) -> list[dict[str, Any]]:
        """The transcript lines of one event so far."""
        return [line for line in self.lines if line["event"] == event]

    @property
    def tape(self) -> str:
        """What was recorded of the session so far."""
        return self._tape.getvalue()

    def warnings(self) -> list[str]:
        """The codes of all warnings so far."""
        return [line["code"] for line in self.said("warning")]

    async def ends(self, within_s: float = 120.0) -> Ended:
        """The session ends by itself."""
        async with asyncio.timeout(within_s):
            return await asyncio.shield(self.runner)

    # What every conversation must keep -------------------------------------------------------------------------------

    def check(self) -> None:
        """AssertionError unless the conversation was sound."""
        found = problems(self.lines)
        assert not found, found
        called = sorted(line["call_id"] for line in self.said("tool_called"))
        assert sorted(line["call_id"] for line in self.said("tool_finished")) == called
        self._check_timers()
        self._check_tape()
        assert KEY not in self._tape.getvalue()
        if self._complete:
            errors = len(self.gateway.errors) if self._errors is None else self._errors
            self.gateway.assert_complete(errors=errors)
        self._check_sound()

    def _check_timers(self) -> None:
        ours = (self.session._driver, self.session._bus, self.engine)
        timers = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
        left = [timer for timer in timers if getattr(timer._callback, "__self__", None) in ours]
        left = [timer for timer in left if not timer.cancelled()]
        assert not left, left

    def _check_tape(self) -> None:
        text = self._tape.getvalue().splitlines()
        header = read_header(text[0])
        tape = Tape(header["version"], header["settings"], header["seed"], tuple(read_steps(text[1:])), cut=False)
        report = replay(tape, lambda settings: Core(msgspec.convert(settings, Profile)))
        assert report.mismatch is None, report.mismatch.sentence
        assert report.steps == len(tape.steps) > 0

    def _check_sound(self) -> None:
        if self.line_device.rate_hz == 0:
            return
        recording = self.line_device.speaker.recording
        items = [item for each in self.gateway.connections for run in each.replies for item in run.items]
        told = {part["item_id"]: part["heard_ms"] or 0 for line in self.said("agent_said") for part in line["items"]}
        self.heard_ms = played_of_items(recording, [item for item in items if item.samples], told)
        for item_id, played_ms in self.heard_ms.items():
            assert told.get(item_id, 0) == pytest.approx(played_ms, abs=1.0), (item_id, self.lines)


def spoken_words(lines: Sequence[dict[str, Any]]) -> list[str]:
    """What was said by both, in the order of the transcript."""
    return [line.get("heard_text", line.get("text")) for line in lines if line["event"] in ("user_said", "agent_said")]
