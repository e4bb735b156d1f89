"""A conversation with an agent in a test: no network, no models, no waiting.

    async with testing.converse(agent) as c:
        await c.says("where is order 7")
        c.called("order_status", order_id=7)
        c.said_like("today")

The agent runs in a real session on the test's own loop; the server behind it is scripted and lives in memory, and the
phrases of the tools decide what is called. What the agent says is what its tools return.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from typing_extensions import override

from voiceloop.agent import Agent
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.errors import MisuseError, SettingsError
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import language_for
from voiceloop.session import Session
from voiceloop.settings import BackendSettings, Settings
from voiceloop.testing.brain import WORD_MS, Brain, PhraseBrain, Question
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.memory import MemoryNetwork
from voiceloop.testing.script import Reply
from voiceloop.testing.timelapse import let_pass, wait_for_real
from voiceloop.transcript import TranscriptLine

__all__ = ["Called", "Dialogue", "converse"]

WITHIN_S = 120.0
"""No turn takes longer, on the conversation's clock."""
STEP_S = 0.05
AUDIO_STEP_S = 0.01
SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Called:
    """A tool that was called, with what came of it; outcome and output are empty while it runs."""

    name: str
    arguments: Mapping[str, Any]
    outcome: str = ""
    output: str = ""

    @override
    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.name}({given}) -> {self.outcome or 'still running'} {self.output[:SHOWN_CHARACTERS]!r}"


def converse(
    agent: Agent, *, audio: bool = False, settings: Settings | None = None, brain: Brain | None = None
) -> Dialogue:
    """Return a conversation with `agent`, to be opened with `async with`; when that begins, the greeting was said.

    With `audio` turns are spoken and replies are heard, with all of turn-taking in between; else they are typed and
    read. Of `settings` everything but the backend counts. `brain` answers instead of the tools' phrases. Raises
    DeviceError when hassil, which matches phrases, is not installed.
    """
    return Dialogue(agent, audio=audio, settings=settings or Settings(), brain=brain)


class Dialogue:
    """A conversation in a test. What is asked of it belongs to the time since the user's last turn.

    All waiting ends: AssertionError tells what was called and said when something does not come.
    """

    def __init__(self, agent: Agent, *, audio: bool, settings: Settings, brain: Brain | None) -> None:
        self._brain = brain or PhraseBrain(_language(agent.settings.language))
        self._failure: Exception | None = None
        gateway = ScriptedGateway(brain=self._answer)
        backend = BackendSettings(base_url="wss://converse.invalid")
        settings = settings.model_copy(update={"backend": backend})
        engine = RealtimeEngine(settings, dial=MemoryNetwork(gateway).connect)
        self._gateway = gateway
        self._line = NumberedLine() if audio else None
        self._step_s = AUDIO_STEP_S if audio else STEP_S
        self._lines: list[dict[str, Any]] = []
        self._calls: dict[str, Called] = {}
        self._turn_began = 0
        self._turn = "the beginning"
        self.session = Session(agent, line=self._line, settings=settings, engine=engine, on_line=self._take)
        """The session itself, for `say`, `update` and whatever else an application does."""

    async def __aenter__(self) -> Self:
        """Start the session and hear its greeting out."""
        await self.session.__aenter__()
        try:
            await self._settle()
        except BaseException:
            await self.session.end("failed")
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the session; raises what broke in it."""
        await self.session.__aexit__(kind, error, trace)

    # What the user does ----------------------------------------------------------------------------------------------

    async def says(self, text: str, *, heard_s: float | None = None) -> None:
        """Say or type a turn and wait until the agent has answered and is done.

        With `heard_s`, only until that much of the answer was heard: whatever is said next interrupts it.
        """
        self._check_alive()
        self._turn_began, self._turn = len(self._lines), repr(text)
        if self._line is None:
            if heard_s is not None:
                raise MisuseError("nothing is heard in text; pass audio=True to converse")
            await self.session.send_text(text)
        else:
            at = self._line.say(WORD_MS * max(1, len(text.split()))).at
            ms = 1000 / self._line.rate_hz
            end_ms = int(at * ms) + WORD_MS * max(1, len(text.split()))
            self._gateway.heard_speech(int(at * ms), end_ms, text)
        await self._until(lambda: self._since("user_said"), f"the turn {text!r} to be taken")
        if heard_s is None:
            await self._settle()
        else:
            await self._until(lambda: self._since("agent_speech_started"), "an answer that can be heard")
            await self.silence(heard_s)

    async def silence(self, seconds: float) -> None:
        """Let time pass in which the user says nothing; the test does not wait for it, but its own timeouts see it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0 and not self.ended:
            await self._pass(min(left, self._step_s))

    async def interrupt(self) -> None:
        """Interrupt as an application does, and wait until nobody speaks."""
        self._check_alive()
        await self.session.interrupt()
        await self._settle()

    # What came of it -------------------------------------------------------------------------------------------------

    def called(self, name: str, /, **arguments: Any) -> Called:  # noqa: ANN401 - JSON values
        """Return the newest call of a tool with these arguments, maybe among others. AssertionError without one."""
        for call in reversed(self._calls_since()):
            if call.name == name and all(call.arguments.get(key, ...) == value for key, value in arguments.items()):
                return call
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise AssertionError(f"{name}({given}) was not called since {self._turn}\n{self._happened()}")

    def said_like(self, wanted: str | re.Pattern[str]) -> str:
        """Return the newest reply with these words in it, or this pattern; case does not matter for words.

        Only what was heard counts. AssertionError without one.
        """
        pattern = wanted if isinstance(wanted, re.Pattern) else re.compile(_loosely(wanted), re.IGNORECASE)
        for line in reversed(self._since("agent_said")):
            heard: str = line["heard_text"]
            if pattern.search(heard):
                return heard
        shown = wanted.pattern if isinstance(wanted, re.Pattern) else wanted
        raise AssertionError(f"nothing like {shown!r} was said since {self._turn}\n{self._happened()}")

    @property
    def calls(self) -> list[Called]:
        """All calls since the conversation began."""
        return list(self._calls.values())

    @property
    def said(self) -> list[str]:
        """What was heard of each reply since the conversation began."""
        return [line["heard_text"] for line in self._lines if line["event"] == "agent_said"]

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """All transcript lines since the conversation began."""
        return list(self._lines)

    @property
    def ended(self) -> bool:
        """The session is over."""
        return any(line["event"] == "session_ended" for line in self._lines)

    # Inside ----------------------------------------------------------------------------------------------------------

    def _answer(self, question: Question) -> Reply:
        """A server in memory has nobody to raise to: the test is who is told."""
        try:
            return self._brain(question)
        except Exception as error:  # noqa: BLE001 - raised again where the test waits
            self._failure = error
            return Reply(())

    def _take(self, line: TranscriptLine) -> None:
        told = line.as_dict()
        self._lines.append(told)
        if line.event == "tool_called":
            given = told["arguments"]
            arguments = given if isinstance(given, dict) else {"arguments": given}
            self._calls[told["call_id"]] = Called(told["name"], arguments)
        elif line.event == "tool_finished":
            call = self._calls[told["call_id"]]
            self._calls[told["call_id"]] = Called(call.name, call.arguments, told["outcome"], told["output"])

    def _since(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self._lines[self._turn_began :] if line["event"] == event]

    def _calls_since(self) -> list[Called]:
        return [self._calls[line["call_id"]] for line in self._since("tool_called")]

    def _happened(self) -> str:
        called = [str(call) for call in self._calls_since()] or ["nothing"]
        said = [repr(line["heard_text"]) for line in self._since("agent_said")] or ["nothing"]
        told = [f"  called: {call}" for call in called] + [f"  said:   {text}" for text in said]
        told += [f"  warned: {line['code']} {line['detail']}" for line in self._since("warning")]
        told += [f"  ended:  {line['reason']}" for line in self._since("session_ended")]
        return "\n".join(told)

    def _check_alive(self) -> None:
        if self.ended:
            raise AssertionError(f"the session has ended\n{self._happened()}")

    async def _settle(self) -> None:
        await self._until(lambda: self.session.settled, "the agent to be done")

    async def _until(self, condition: Callable[[], object], what: str) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + WITHIN_S
        while not (condition() or self.ended or self._failure):
            if loop.time() > give_up_at:
                raise AssertionError(f"waited {WITHIN_S:g} s for {what}\n{self._happened()}")
            await self._pass(self._step_s)
        if self._failure is not None:
            raise self._failure
        if self.ended and (over := await self.session.end()).exit_status:  # what broke inside is raised by it
            raise AssertionError(f"the session ended with {over.reason}: {over.detail}\n{self._happened()}")

    async def _pass(self, seconds: float) -> None:
        """A tool may wait for a file, a thread or a socket, which time that only we let pass does nothing for."""
        if any(not call.outcome for call in self._calls.values()):
            await wait_for_real()
        else:
            await let_pass(seconds)


def _loosely(words: str) -> str:
    """Return a pattern for words in a row, however they are spaced."""
    return r"\s+".join(map(re.escape, words.split()))


def _language(tag: str) -> Language | None:
    try:
        return language_for(tag)
    except SettingsError:
        return None
