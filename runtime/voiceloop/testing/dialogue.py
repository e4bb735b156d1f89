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
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

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
from voiceloop.testing.record import Called, Record
from voiceloop.testing.script import Reply
from voiceloop.testing.timelapse import let_pass, wait_for_real

__all__ = ["Dialogue", "converse"]

WITHIN_S = 120.0
"""No turn takes longer, on the conversation's clock."""
STEP_S = 0.05
AUDIO_STEP_S = 0.01


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
        settings = settings.of(agent.settings)
        self._brain = brain or PhraseBrain(_language(settings.agent.language))
        self._failure: Exception | None = None
        gateway = ScriptedGateway(brain=self._answer)
        backend = BackendSettings(base_url="wss://converse.invalid")
        settings = settings.model_copy(update={"backend": backend})
        engine = RealtimeEngine(settings, dial=MemoryNetwork(gateway).connect)
        self._gateway = gateway
        self._line = NumberedLine() if audio else None
        self._step_s = AUDIO_STEP_S if audio else STEP_S
        self._record = Record()
        self.session = Session(agent, line=self._line, settings=settings, engine=engine, on_line=self._record.take)
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

        With `heard_s`, only until that much of the answer was heard: what is said next interrupts it, once it lasts.
        """
        self._check_alive()
        self._record.turn_begins(repr(text))
        if self._line is None:
            if heard_s is not None:
                raise MisuseError("nothing is heard in text; pass audio=True to converse")
            await self.session.send_text(text)
        else:
            at = self._line.say(WORD_MS * max(1, len(text.split()))).at
            ms = 1000 / self._line.rate_hz
            end_ms = int(at * ms) + WORD_MS * max(1, len(text.split()))
            self._gateway.heard_speech(int(at * ms), end_ms, text)
        await self._until(lambda: self._record.since("user_said"), f"the turn {text!r} to be taken")
        if heard_s is None:
            await self._settle()
        else:
            await self._until(lambda: self._record.since("agent_speech_started"), "an answer that can be heard")
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
        for call in reversed(self._record.calls_since):
            if call.name == name and all(call.arguments.get(key, ...) == value for key, value in arguments.items()):
                return call
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise AssertionError(f"{name}({given}) was not called since {self._record.turn}\n{self._record.told}")

    def said_like(self, wanted: str | re.Pattern[str]) -> str:
        """Return the newest reply with these words in it, or this pattern; case does not matter for words.

        Only what was heard counts. AssertionError without one.
        """
        pattern = wanted if isinstance(wanted, re.Pattern) else re.compile(_loosely(wanted), re.IGNORECASE)
        for line in reversed(self._record.since("agent_said")):
            heard: str = line["heard_text"]
            if pattern.search(heard):
                return heard
        shown = wanted.pattern if isinstance(wanted, re.Pattern) else wanted
        raise AssertionError(f"nothing like {shown!r} was said since {self._record.turn}\n{self._record.told}")

    @property
    def calls(self) -> list[Called]:
        """All calls since the conversation began."""
        return self._record.calls

    @property
    def said(self) -> list[str]:
        """What was heard of each reply since the conversation began."""
        return [line["heard_text"] for line in self._record.lines if line["event"] == "agent_said"]

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """All transcript lines since the conversation began."""
        return list(self._record.lines)

    @property
    def ended(self) -> bool:
        """The session is over."""
        return any(line["event"] == "session_ended" for line in self._record.lines)

    # Inside ----------------------------------------------------------------------------------------------------------

    def _answer(self, question: Question) -> Reply:
        """A server in memory has nobody to raise to: the test is who is told."""
        try:
            return self._brain(question)
        except Exception as error:  # noqa: BLE001 - raised again where the test waits
            self._failure = error
            return Reply(())

    def _check_alive(self) -> None:
        if self.ended:
            raise AssertionError(f"the session has ended\n{self._record.told}")

    async def _settle(self) -> None:
        await self._until(lambda: self.session.settled, "the agent to be done")

    async def _until(self, condition: Callable[[], object], what: str) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + WITHIN_S
        while not (condition() or self.ended or self._failure):
            if loop.time() > give_up_at:
                raise AssertionError(f"waited {WITHIN_S:g} s for {what}\n{self._record.told}")
            await self._pass(self._step_s)
        if self._failure is not None:
            raise self._failure
        if self.ended and (over := await self.session.end()).exit_status:  # what broke inside is raised by it
            raise AssertionError(f"the session ended with {over.reason}: {over.detail}\n{self._record.told}")

    async def _pass(self, seconds: float) -> None:
        """A tool may wait for a file, a thread or a socket, which time that only we let pass does nothing for."""
        if any(not call.outcome for call in self._record.calls):
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
