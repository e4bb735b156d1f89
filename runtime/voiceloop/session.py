"""Owns one conversation: opens line and engine, gives the application its face, and closes everything.

The only task group of a conversation is here, so when `run` returns everything the session started has ended. Audio
takes the short road: captured frames go straight to the engine, received audio straight to the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.agent import Agent
from voiceloop.audio.ledger import Ledger
from voiceloop.backstage import Backstage
from voiceloop.briefing import in_language, profile_of, seed_of, with_facts
from voiceloop.closing import close_all
from voiceloop.core import Core
from voiceloop.devices.base import Counting, Line
from voiceloop.driver import Driver, Hands
from voiceloop.engines.base import Engine
from voiceloop.errors import MisuseError, SessionEndedError, error_of
from voiceloop.hearing import Hearing
from voiceloop.languages.guess import LanguageGuess, language_of_text
from voiceloop.languages.shelf import AUTO
from voiceloop.microphone import Microphone
from voiceloop.prices import PriceList
from voiceloop.redact import Redactor
from voiceloop.settings import LimitSettings, Settings
from voiceloop.summarise import AskChat, backend_chat, sum_up
from voiceloop.switchboard import Switchboard
from voiceloop.telling import Scribe, Telling
from voiceloop.templates import facts_of, rendered
from voiceloop.tiers import engines_for
from voiceloop.tools.builtin import built_in
from voiceloop.tools.bus import ToolBus, survivors, tool_table
from voiceloop.tools.tool import ToolContext
from voiceloop.transcript import TranscriptLine
from voiceloop.vocabulary import Item, Tier, UserImage
from voiceloop.wakemodels import check_wake_word

if TYPE_CHECKING:
    from voiceloop.tape import TapeWriter

__all__ = ["Ended", "Session"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session ended."""

    reason: str
    exit_status: int = 0
    detail: str = ""
    """One line for a person when something went wrong."""


class Session:
    """One conversation between a line and an engine, with the agent's tools.

    Either `await session.run()`, or `async with Session(...) as session:` and then `async for line in session` for
    what is said and done. All methods belong to the loop the session runs on; several sessions may share a loop.
    """

    def __init__(  # noqa: PLR0913 - all but the agent have defaults
        self,
        agent: Agent,
        *,
        line: Line | None = None,
        settings: Settings | None = None,
        engine: Engine | Mapping[Tier, Engine] | None = None,
        on_line: Scribe | None = None,
        tape: TapeWriter | None = None,
        data: Mapping[str, object] | None = None,
        captions_only: bool = False,
        ask_chat: AskChat | None = None,
    ) -> None:
        """Without a line there is no audio: turns are typed and replies are read.

        With a line, `captions_only` has replies read all the same. What `data` holds can be named in the agent's
        texts, `{"caller": "Ada"}` as `{{ caller }}`; SettingsError for a name that is not there, and for a wrong price
        file or wake word; DeviceError for a wake word without its package. Without settings, `.env` and the environment
        choose the backend; SettingsError when they name none. Where no model is set the backend is asked for its models
        when the session opens. `engine` answers in place of those that settings ask for; several are a mapping, the
        best tier first. What settings say of an agent wins over the agent. `ask_chat` sums up what a conversation has
        become too long for; None asks the backend.
        """
        settings = (settings or (_environment_settings() if engine is None else Settings())).of(agent.settings)
        agent = agent.told(settings.agent)
        session_id, language = uuid4().hex, agent.settings.language
        self._facts = facts_of(session_id, language, datetime.now(UTC).astimezone(), data or {})
        told = with_facts(agent.settings, self._facts)
        self.agent = Agent.from_settings(told, (*agent.tools, *built_in(agent.named, language)))
        self.settings = settings.model_copy(update={"agent": told})
        self.rate_hz = self.settings.audio.wire.rate_hz
        check_wake_word(None if line is None else self.settings.wake_word)
        engines = _engines(engine, self.settings)
        self._profile = profile_of(self.agent, self.settings, tuple(engines), session_id, _price_list(told.limits))
        self._line, self._captions_only, self._tape = line, line is None or captions_only, tape
        self._driver = Driver(Core(self._profile), tape)
        self._ledger = Ledger(self.rate_hz, self._driver.happened)
        self._hearing = Hearing.of(self.settings, self._ledger, self._driver.happened)
        self.microphone = Microphone(self._hearing, self._take)
        """Mute and push-to-talk."""
        self._backstage = Backstage(self._driver.happened, self._fail, self._ledger, self._hearing, self.settings.audio)
        self.tool_context = _tool_context(self._backstage, session_id, language)
        self._bus = ToolBus(
            self.agent.tools,
            happened=self._driver.happened,
            spawn=self._backstage.spawn,
            context=lambda: self.tool_context,
            redact=Redactor(_secrets(self.settings)),
        )
        self._ask_chat = ask_chat or backend_chat(self.settings)
        self._guess, self._typed = LanguageGuess(), 0
        self._ended: Ended | None = None
        self._end_asked = ""
        self._failure: BaseException | None = None
        self._board = Switchboard(
            engines,
            seed_of(self.agent, self.settings, "text" if self._captions_only else "audio"),
            self._hearing,
            audio=self._ledger.put,
            happened=self._driver.happened,
            spawn=self._backstage.spawn,
        )
        self._opened, self._over = asyncio.Event(), asyncio.Event()
        self._telling = Telling(on_line, self._fail)
        self._runner: asyncio.Task[Ended] | None = None

    # Running -----------------------------------------------------------------------------------------------------

    async def run(self) -> Ended:
        """Hold the conversation and return how it ended; exactly one `session_ended` line is written.

        Cancelling it ends the session at once, closes line and engine, and raises CancelledError. What went wrong on
        the way to the server or the device is in `Ended`; what must not happen is raised, after everything is closed.
        """
        if self._driver.hands is not None:
            raise MisuseError("a session runs once; make a new Session for the next conversation")
        if self._tape is not None:
            self._tape.begin(self._profile)
        self._driver.hands = Hands(
            self._board,
            self._ledger,
            self._line,
            self._bus,
            open_line=lambda: self._backstage.spawn(
                "line", self._backstage.open_line(self._line, self._opened, captions_only=self._captions_only)
            ),
            summarise=lambda older: self._backstage.spawn(
                "summary", sum_up(older, self.agent.settings.language, self._ask_chat, self._driver.happened)
            ),
            write=self._write,
            ended=self._has_ended,
            failed=self._fail,
        )
        try:
            async with asyncio.TaskGroup() as group:
                self._backstage.group = group
                self._driver.happened(on.SessionOpened())
                if self._end_asked:
                    self.request_end(self._end_asked)
                try:
                    await self._over.wait()
                finally:
                    self.request_end("cancelled")
                    await self._close()
        except BaseExceptionGroup:
            if self._failure is None:
                raise
        finally:
            self._telling.close()
            self._opened.set()
        if self._failure is not None:
            raise self._failure
        assert self._ended is not None, "ending sets it"
        return self._ended

    def _write(self, line: TranscriptLine) -> None:
        if line.event == "user_said" and self.agent.settings.language == AUTO:
            # A server hears the language; the tools learn it from the words.
            self._guess = self._guess.heard(*language_of_text(str(line.fields["text"])))
            self.tool_context = replace(self.tool_context, language=self._guess.language)
        if line.event == "session_ended" and isinstance(self._line, Counting):
            line = replace(line, fields={**line.fields, "card": self._line.mishaps})
        self._telling.write(line)

    async def __aenter__(self) -> Self:
        """Start the session; microphone and engine are open when this returns. Raises what kept them from it."""
        self._runner = asyncio.get_running_loop().create_task(self.run(), name="session")
        try:
            await self._opened.wait()
        except asyncio.CancelledError:
            await _cancelled(self._runner)
            raise
        if self._ended is not None:
            await self._runner
            detail = self._ended.detail or f"the session ended at once: {self._ended.reason}"
            raise error_of(self._ended.exit_status, detail) if self._ended.exit_status else SessionEndedError(detail)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the session and wait until everything is closed. Cancelling cuts that short."""
        try:
            await self.end("left" if error is None else "failed")
        except asyncio.CancelledError:
            if self._runner is not None:
                await _cancelled(self._runner)
            raise

    def __aiter__(self) -> AsyncIterator[TranscriptLine]:
        """Yield transcript lines until the session has ended; of more than 256 unread ones the oldest are dropped."""
        return self._telling

    # What an application may do ----------------------------------------------------------------------------------
    #
    # All of these raise SessionEndedError once the session has ended and MisuseError before it runs. Those that queue
    # something have done so before they first give way to other tasks, so cancelling them neither loses nor halves it.

    async def say(self, text: str) -> None:
        """Have the agent speak `text` as soon as nobody else speaks. Returns when it is queued; safe to cancel."""
        self._take(on.SayAsked(_writable(text)))

    async def send_text(self, text: str, *, image: bytes | None = None) -> None:
        """Take a typed turn from the user. Returns when it is queued; safe to cancel.

        `image` is a picture shown with it, the bytes of a PNG or JPEG file of at most 512 KiB; MisuseError for others.
        With an empty text it is shown and nothing is asked. A server that takes none becomes a `warning` line.
        """
        if image is not None:
            self._take(on.ImageShown(UserImage.of(f"image-{self._typed + 1}", image)))
        if text or image is None:
            self._take(on.TextTyped(f"typed-{self._typed + 1}", _writable(text)))
        self._typed += 1

    async def interrupt(self) -> None:
        """Make the agent stop speaking; nothing more is handed to the line when this returns. Safe to cancel."""
        self._take(on.InterruptAsked())

    async def update(
        self, *, instructions: str | None = None, tools: Sequence[Callable[..., Any] | str] | None = None
    ) -> None:
        """Give the agent other instructions or tools from its next reply on; None leaves what there is.

        `tools` replaces all of them; running calls go on. Returns when it is queued; safe to cancel. Tools that cannot
        stand together raise MisuseError, instructions that name what is not there SettingsError, and nothing is
        changed. What a server refuses becomes a `warning` line.
        """
        told = None
        if instructions is not None:
            said = _writable(rendered(instructions, self._facts, "instructions"))
            told = in_language(said, self._board.seed.language)
        table = None if tools is None else tool_table(_loaded(tools, self.tool_context.language))
        specs = None if table is None else tuple(made.spec(self._board.seed.language) for made in table.values())
        self._take(on.UpdateAsked(told, specs, survivors(table.values() if table else ())))
        if table is not None and specs is not None:
            self._bus.offer(table)
            self._board.seed = replace(self._board.seed, tools=specs)
        if told is not None:
            self._board.seed = replace(self._board.seed, instructions=told)

    async def end(self, reason: str = "ended") -> Ended:
        """End the session and return how it ended. Cancelling stops the waiting, not the ending."""
        if self._driver.hands is None and self._runner is None:
            raise MisuseError("the session never ran: await session.run(), or use async with")
        self.request_end(reason)
        if self._runner is not None:
            return await asyncio.shield(self._runner)
        await self._over.wait()
        assert self._ended is not None, "ending sets it"
        return self._ended

    def request_end(self, reason: str) -> None:
        """Ask for the end without waiting; harmless when it has ended. For signal handlers on the loop.

        A session that does not run yet ends as soon as it does.
        """
        if self._driver.hands is None:
            self._end_asked = reason
        elif self._ended is None:
            self._driver.happened(on.EndAsked(reason))

    @property
    def settled(self) -> bool:
        """Nobody speaks, no reply is due, no tool runs."""
        return self._driver.core.machine.settled

    @property
    def newest_frame(self) -> bytes:
        """The newest captured frame, for a level meter."""
        return self._hearing.last

    @property
    def history(self) -> Sequence[Item]:
        """The conversation so far, as far as it was heard."""
        return self._driver.core.narrator.conversation.history

    def input_ended(self) -> None:
        """Say that no more turns will come: the session ends when everything is said."""
        if self._ended is None:
            self._take(on.LineEnded())

    def _take(self, event: on.Event) -> None:
        if self._ended is not None:
            raise SessionEndedError(f"the session has ended: {self._ended.reason}")
        if self._driver.hands is None:
            raise MisuseError("the session does not run yet: await session.run(), or use async with")
        self._driver.happened(event)

    # Opening, telling and closing --------------------------------------------------------------------------------

    def _has_ended(self, command: do.EndSession) -> None:
        self._ended = Ended(command.reason, command.exit_status, command.detail)
        self._over.set()

    def _fail(self, error: BaseException) -> None:
        """Something that must not happen did: end the session, politely if that still works; `run` raises the error."""
        first, self._failure = self._failure is None, self._failure or error
        if self._ended is not None:
            return
        if first:
            self._driver.happened(on.EndAsked("failed"))
        else:
            self._has_ended(do.EndSession("failed", 1, str(error)))
            self._telling.write(TranscriptLine("session_ended", 0.0, {"reason": "failed"}))

    async def _close(self) -> None:
        self._driver.stop()
        self._bus.close()
        opened, opening = (self._line, None) if self._opened.is_set() else (None, self._line)
        try:
            await close_all(self._board, opened, opening, self._backstage, failed=self._fail)
        finally:
            if self._tape is not None:
                self._tape.close()


def _loaded(tools: Sequence[Callable[..., Any] | str], language: str) -> list[Callable[..., Any]]:
    if isinstance(tools, str):  # its letters would pass for names
        raise MisuseError(f"tools is a list: tools=[{tools!r}]")
    named = [name for name in tools if isinstance(name, str)]
    return [*(function for function in tools if not isinstance(function, str)), *built_in(named, language)]


def _tool_context(backstage: Backstage, session_id: str, language: str) -> ToolContext:
    return ToolContext(
        announce=lambda text: backstage.happened(on.SayAsked(_writable(text))),
        spawn=backstage.spawn,
        end=lambda reason: backstage.happened(on.EndWhenSaid(reason)),
        session_id=session_id,
        language=language,
    )


def _writable(text: str) -> str:
    """The text without half surrogate pairs, which terminals let through and UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


async def _cancelled(task: asyncio.Task[Ended]) -> None:
    """Cancel a task and wait for its end, whatever it was."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()


def _secrets(settings: Settings) -> Sequence[str]:
    key = settings.backend.api_key
    return () if key is None else (key.get_secret_value(),)


def _engines(given: Engine | Mapping[Tier, Engine] | None, settings: Settings) -> Mapping[Tier, Engine]:
    if given is None:
        return engines_for(settings)
    return given if isinstance(given, Mapping) else {given.tier: given}


def _environment_settings() -> Settings:
    from voiceloop.sources import environment_settings  # noqa: PLC0415 - only sessions without settings pay for it

    return environment_settings()


def _price_list(limits: LimitSettings) -> PriceList | None:
    from voiceloop.pricefile import prices_of  # noqa: PLC0415 - as above

    return prices_of(limits)
