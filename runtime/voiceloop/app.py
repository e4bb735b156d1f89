"""The composition root: settings, agent, line, gateway and files become one conversation.

What can be wrong with what was asked is found by `plan`, before anything is opened; `Conversation` then holds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from voiceloop.agent import Agent
from voiceloop.backend import check_spoken, embedded_backend, with_backend, with_first_model
from voiceloop.briefing import check_texts
from voiceloop.devices.base import Line
from voiceloop.devices.context import LineContext
from voiceloop.embedded import EmbeddedGateway
from voiceloop.errors import DeviceError, SessionEndedError, UsageError, VoiceloopError
from voiceloop.microphone import Key
from voiceloop.overlay import Effective
from voiceloop.plugins import PluginContext, check_tables, load
from voiceloop.pricefile import prices_of
from voiceloop.redact import Redactor
from voiceloop.screen import Screen
from voiceloop.session import Ended, Session
from voiceloop.settings import Settings
from voiceloop.sources import Origins, agent_from_file, read_settings
from voiceloop.transcript import TranscriptLine, TranscriptWriter, open_private
from voiceloop.vocabulary import Tier
from voiceloop.wakemodels import check_wake_word

__all__ = ["Conversation", "Plan", "Wanted", "plan"]

SAMPLE = Path(__file__).parent / "samples" / "hello.wav"
SAMPLE_RECORDING = Path("voiceloop-sample.wav")
SAMPLE_TRANSCRIPT = Path("voiceloop-sample.jsonl")
SETTLE_POLL_S = 0.1
METER_EVERY_S = 0.1
FIRST_FRAMES_S = 0.1
"""What is loaded for later waits until the microphone flows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line; None is not asked for."""

    agent: Agent | None = None
    agent_file: Path | None = None
    origins: Origins = field(default_factory=Origins)
    input: Path | None = None
    """A WAV file; None is the microphone."""
    output: Path | None = None
    """A WAV file that records both sides; None records nothing."""
    card: bool = False
    """The sound card was named: without it there is no conversation. Else a file as input is played to nobody."""
    transcript: Path | None = None
    tape: Path | None = None
    text: bool = False
    captions_only: bool = False
    """What is said is heard, replies are read."""
    typed: bool = False
    """Lines of standard input are turns of a spoken conversation too."""
    at_terminal: bool = False
    """A person sits at standard input: what is typed while talking into the microphone is a turn."""
    say: tuple[str, ...] = ()
    data_dir: Path | None = None
    brain: str | None = None
    """Who thinks in the embedded gateway; None is the local brain."""
    gateway: EmbeddedGateway | None = None
    """An embedded gateway that runs already; None starts one where it is needed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A conversation that is ready to be opened."""

    wanted: Wanted
    settings: Settings
    agent: Agent
    sample: bool
    """No sound card: the shipped recording speaks to the agent."""


def plan(wanted: Wanted, *, sound: Callable[[], str]) -> Plan:
    """Check everything that can be checked before a file, socket or device is opened.

    `sound` returns why there is no sound card, empty when there is one. Raises the errors of errors.py.
    """
    effective = read_settings(wanted.origins)
    with effective.placing():
        check_tables(effective.settings.plugins)
        agent = find_agent(wanted, effective)
        check_texts(agent.settings)
        prices_of(agent.settings.limits)
        check_wake(wanted, effective.settings)
    if wanted.brain is not None and (base_url := effective.settings.backend.base_url) is not None:
        raise UsageError(
            f"--brain {wanted.brain} is for the embedded gateway, and the models are at {base_url}:"
            " leave out --brain, or unset DGRID_API_KEY and DGRID_BASE_URL"
        )
    if wanted.text:
        refuse_audio(wanted)
    sample = False
    if not wanted.text and (wanted.card or wanted.input is None) and (missing := sound()):
        if wanted.card:
            raise DeviceError(missing)
        wanted, sample = with_sample(wanted, missing), True
    if wanted.input is not None:
        check_wav(wanted.input)
    for what, path in files_of(wanted).items():
        check_writable(what, path, wanted.input)
    return Plan(wanted, effective.settings.of(agent.settings), agent, sample)


def check_wake(wanted: Wanted, settings: Settings) -> None:
    """Refuse a wake word that cannot be listened for, where one would be."""
    if not wanted.text:
        check_wake_word(settings.wake_word)


def refuse_audio(wanted: Wanted) -> None:
    """Refuse files for sound where there is none."""
    for flag, path in (("--input", wanted.input), ("--output", wanted.output)):
        if path is not None:
            raise UsageError(f"{flag} {path} and --text exclude each other: --text has no sound")
    if wanted.card:
        raise UsageError("--text has no sound: leave out --input mic and --output speaker")


def with_sample(wanted: Wanted, missing: str) -> Wanted:
    """Return the sample conversation in place of one that would need a sound card."""
    if not SAMPLE.is_file():
        raise UsageError(f"{missing}; use --input FILE.wav or --text")
    return replace(
        wanted,
        input=SAMPLE,
        output=wanted.output or SAMPLE_RECORDING,
        transcript=wanted.transcript or SAMPLE_TRANSCRIPT,
    )


def check_wav(path: Path) -> None:
    """Open the input once, so that a wrong file ends in an exit status of its own."""
    from voiceloop.clips import open_wav  # noqa: PLC0415 - --text never needs it

    open_wav(path).close()


def files_of(wanted: Wanted) -> Mapping[str, Path]:
    """Return the files a conversation writes, by what they are."""
    files = {"recording": wanted.output, "transcript": wanted.transcript, "tape": wanted.tape}
    return {what: path for what, path in files.items() if path is not None}


def check_writable(what: str, path: Path, source: Path | None) -> None:
    """Refuse a file that would overwrite the input or cannot be written."""
    if source is not None and path.exists() and path.samefile(source):
        raise UsageError(f"the {what} {path} would overwrite the input; name another file")
    open_private(path, what).close()


# Agents --------------------------------------------------------------------------------------------------------------


def find_agent(wanted: Wanted, effective: Effective) -> Agent:
    """Return the agent: handed over, from a Python file, or described by `[agent]`.

    Values of `[agent]` that were set anywhere win over those in the Python file; its tools stay.
    """
    agent = wanted.agent
    if agent is None and wanted.agent_file is not None:
        agent = agent_from_file(wanted.agent_file)
    if agent is None:
        who = effective.settings.agent
        return Agent.from_settings(who, plugin_tools(who.tools, who.language, effective.settings, wanted.data_dir))
    agent = agent.told(effective.settings.of(agent.settings).agent)
    who = agent.settings
    return Agent.from_settings(
        who, (*agent.tools, *plugin_tools(agent.named, who.language, effective.settings, wanted.data_dir))
    )


def plugin_tools(
    names: Iterable[str], language: str, settings: Settings, data_dir: Path | None
) -> Sequence[Callable[..., Any]]:
    """Load the tools of the named plugins."""
    context = PluginContext(data_dir, language)
    tools: list[Callable[..., Any]] = []
    for name in names:
        made = load("voiceloop.tools", name, settings.plugins.get(name, {}), context)
        tools += cast("Sequence[Callable[..., Any]]", made)
    return tools


# The conversation ----------------------------------------------------------------------------------------------------


class Conversation:
    """Holds one planned conversation on the running loop; installs nothing in the process."""

    def __init__(self, plan: Plan, screen: Screen, typed: Callable[[], AsyncIterator[str]]) -> None:
        """`typed` gives the lines a person types, for a conversation in text."""
        self._plan = plan
        self._screen = screen
        self._typed = typed
        self._session: Session | None = None
        self._transcript: TranscriptWriter | None = None
        self._changed = asyncio.Event()
        self.trouble: VoiceloopError | None = None
        """What went wrong with a file during a conversation that itself went on."""

    @property
    def open(self) -> bool:
        """There is a session that can be asked to end."""
        return self._session is not None

    def request_end(self, reason: str) -> None:
        """End the session politely, if it is there. A plain call on the loop's thread."""
        if self._session is not None:
            self._session.request_end(reason)

    async def hold(self) -> Ended:
        """Hold the conversation and return how it ended. Cancelling closes everything at once."""
        wanted = self._plan.wanted
        async with contextlib.AsyncExitStack() as stack:
            if wanted.transcript is not None:
                self._transcript = stack.enter_context(TranscriptWriter(wanted.transcript))
            self._screen.opening(self._plan.agent, self._files(), spoken=not wanted.text, button=self._button)
            settings = await self._backend(stack)
            tape = None
            if wanted.tape is not None:
                from voiceloop.tape import TapeWriter  # noqa: PLC0415 - few conversations leave one

                tape = stack.enter_context(TapeWriter(wanted.tape, redact=Redactor(secrets_of(settings))))
            line = None if wanted.text else self._line(settings)
            self._session = Session(
                self._plan.agent,
                line=line,
                settings=settings,
                on_line=self._take_line,
                tape=tape,
                captions_only=wanted.captions_only,
            )
            ended = await self._run(self._session)
            if tape is not None:
                self.trouble = self.trouble or tape.failure
            return ended

    async def _run(self, session: Session) -> Ended:
        try:
            async with session:
                if not self._plan.wanted.text:
                    # Loads numpy beside the first words: turning a reply down must not wait for it.
                    await asyncio.sleep(FIRST_FRAMES_S)
                    await asyncio.to_thread(importlib.import_module, "voiceloop.audio.pcm")
                gc.collect()
                gc.freeze()  # what exists by now stays: later collections need not look at it
                async with asyncio.TaskGroup() as helpers:
                    tasks = [helpers.create_task(work, name=name) for name, work in self._helpers(session).items()]
                    async for _ in session:
                        pass
                    for task in tasks:
                        task.cancel()
        except VoiceloopError:  # it could not open; how it ended tells why
            return await session.end()
        finally:
            self._screen.close()
        return await session.end()

    def _helpers(self, session: Session) -> Mapping[str, Any]:
        wanted = self._plan.wanted
        helpers: dict[str, Any] = {}
        microphone = not wanted.text and wanted.input is None
        reads = wanted.text or wanted.typed or (wanted.at_terminal and microphone)
        if reads or wanted.say:
            helpers["typed turns"] = self._send_turns(session, reads=reads)
        if microphone and not wanted.typed:  # it would be drawn over what is being typed
            helpers["level meter"] = self._meter(session)
        return helpers

    async def _send_turns(self, session: Session, *, reads: bool) -> None:
        alone = self._plan.wanted.text
        with contextlib.suppress(SessionEndedError):
            for text in self._plan.wanted.say:
                await self._settled(session)
                self._screen.typed(text)
                await session.send_text(text)
            if alone:
                await self._settled(session)
            if reads:
                async for text in self._turns(session):
                    if not self._plan.wanted.at_terminal:  # else it stands there already
                        self._screen.typed(text)
                    await session.send_text(text)  # while the agent speaks it interrupts, as speech does
                    if alone:
                        await self._settled(session)
            if alone:
                session.input_ended()

    async def _turns(self, session: Session) -> AsyncIterator[str]:
        """Yield what is typed; Enter alone is the microphone's button for a person who sits there."""
        button = self._plan.wanted.at_terminal and not self._plan.wanted.text
        async for text in self._typed():
            if text:
                yield text
            elif button:
                session.microphone.toggle()
                if session.microphone.key is Key.DOWN:
                    self._screen.note("listening; Enter hands it over")

    async def _settled(self, session: Session) -> None:
        """Wait until a typed turn would interrupt nobody."""
        while not session.settled:
            self._changed.clear()
            # Lines tell almost every change; a reply without words writes none, hence the bound.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_POLL_S):
                    await self._changed.wait()

    async def _meter(self, session: Session) -> None:
        from voiceloop.audio.pcm import level_db  # noqa: PLC0415 - loads numpy

        while True:
            await asyncio.sleep(METER_EVERY_S)
            if session.newest_frame:
                self._screen.meter(level_db(session.newest_frame))

    async def _backend(self, stack: contextlib.AsyncExitStack) -> Settings:
        """Return the settings with a backend; the embedded gateway where none is named."""
        wanted = self._plan.wanted
        settings = self._plan.settings.of(self._plan.agent.settings)
        tell: Callable[[str], None] = self._screen.note
        if settings.tiers.wanted == (Tier.DEVICE,):
            return settings
        if settings.backend.base_url is None:
            language = self._plan.agent.settings.language
            if not wanted.text:
                check_spoken(language)
            gateway = wanted.gateway or await embedded_backend(stack, tell, brain=wanted.brain, language=language)
            settings, tell = with_backend(settings, gateway), lambda _: None
        return await with_first_model(settings, tell)

    def _line(self, settings: Settings) -> Line:
        wanted = self._plan.wanted
        context = LineContext(
            input=wanted.input,
            output=wanted.output,
            speaker=not wanted.captions_only,
            tee=wanted.input is None,  # who speaks into a microphone wants to hear the answer, recorded or not
            audio=settings.audio,
            warn=self._warn,
        )
        name = "soundcard" if wanted.card or wanted.input is None else "wav"
        return cast("Line", load("voiceloop.lines", name, {}, context))

    @property
    def _button(self) -> str:
        """What Enter does, for a person who sits there."""
        if not self._plan.wanted.at_terminal or self._plan.wanted.text:
            return ""
        if self._plan.settings.realtime.turn.detection == "push_to_talk":
            return "Enter begins and ends what you say; "
        return "Enter mutes the microphone; "

    def _files(self) -> list[str]:
        told = [f"{what}: {path.absolute()}" for what, path in files_of(self._plan.wanted).items()]
        if self._plan.sample:
            told.insert(0, "No sound card: playing a sample conversation; --input FILE.wav or --text gives your own.")
        return told

    def _take_line(self, line: TranscriptLine) -> None:
        try:
            if self._transcript is not None:
                self._transcript.write(line)
        except UsageError as error:  # the disk is full: the conversation goes on
            self.trouble = error
        try:
            self._screen.line(line)
        except OSError:  # nobody reads our output any more
            self.request_end("output_closed")
        self._changed.set()

    def _warn(self, code: str, detail: str) -> None:
        self._screen.note(f"{code}: {detail}")


def secrets_of(settings: Settings) -> list[str]:
    """Return what must never be written down."""
    key = settings.backend.api_key
    return [] if key is None else [key.get_secret_value()]
