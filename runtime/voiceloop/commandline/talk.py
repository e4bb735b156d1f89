"""`voiceloop talk`: one conversation on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from voiceloop.agent import Agent
from voiceloop.app import Conversation, Wanted, plan
from voiceloop.commandline.running import run
from voiceloop.commandline.watch import WATCHED, gateway_of, watch
from voiceloop.errors import UsageError, error_of
from voiceloop.keystore import stored_key
from voiceloop.machine import data_dir
from voiceloop.screen import Paper, Screen, Surface
from voiceloop.sources import Origins

__all__ = ["Options", "talk"]

MICROPHONE = "mic"
SPEAKER = "speaker"
SAY_TERMINAL = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Variables by which rich takes a pipe for a terminal."""
LONGEST_LINE = 16_384
"""Bytes of one typed turn; a file without line ends must not become one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What stood on the command line; None was not given."""

    agent_file: Path | None = None
    config: Path | None = None
    input: str | None = None
    output: str | None = None
    transcript: Path | None = None
    tape: Path | None = None
    engine: str | None = None
    dialect: str | None = None
    model: str | None = None
    key_file: Path | None = None
    text: bool = False
    captions_only: bool = False
    type: bool = False
    push_to_talk: bool = False
    wake_word: str | None = None
    say: tuple[str, ...] = ()
    brain: str | None = None
    watch: bool = False
    color: bool = True


def talk(options: Options, agent: Agent | None) -> int:
    """Hold the conversation and return the process's exit status."""
    if agent is not None and options.agent_file is not None:
        raise UsageError(f"{options.agent_file}: this program brings its own agent; leave the file out")
    asked = wanted(options, agent, os.environ)
    if options.watch and WATCHED not in os.environ:
        return watch(asked.origins, options.agent_file or program(agent), options.brain, note)
    planned = plan(asked, sound=why_no_sound)
    screen = Screen(surface(sys.stdout, color=options.color), surface(sys.stderr, color=options.color))
    ask = prompt() if options.text else nothing
    conversation = Conversation(planned, screen, lambda: typed_lines(sys.stdin.fileno(), ask))

    async def hold() -> int:
        ended = await conversation.hold()
        if ended.exit_status:
            raise error_of(ended.exit_status, ended.detail or f"the session ended: {ended.reason}")
        if conversation.trouble is not None:
            raise conversation.trouble
        return 0

    def polite(reason: str) -> bool:
        conversation.request_end(reason)
        return conversation.open

    return run(hold, polite=polite, tidy=screen.close)


def surface(stream: TextIO, *, color: bool) -> Surface:
    """Return what a stream is to print on; rich, which takes long to load, where it is or is said to be a terminal."""
    if not stream.isatty() and not any(os.environ.get(name) for name in SAY_TERMINAL):
        return Paper(stream)
    from voiceloop.commandline.terminal import OpenConsole, Terminal  # noqa: PLC0415

    return Terminal(OpenConsole(file=stream, highlight=False, no_color=not color or None))


def why_no_sound() -> str:
    """Return why there is no sound card; asked only where one is wanted, for it loads numpy and PortAudio."""
    from voiceloop.commandline.sound import why_no_sound as look  # noqa: PLC0415

    return look()


def wanted(options: Options, agent: Agent | None, environ: Mapping[str, str]) -> Wanted:
    """Return what was asked for, with the flags that are settings among them."""
    if options.captions_only and options.output == SPEAKER:
        raise UsageError("--captions-only makes no sound: leave out --output speaker")
    spoken = {
        "--captions-only": options.captions_only,
        "--type": options.type,
        "--push-to-talk": options.push_to_talk,
        "--wake-word": options.wake_word,
    }
    for flag, given in spoken.items():
        if options.text and given:
            raise UsageError(f"{flag} is for conversations with sound: leave it out, or leave out --text")
    flags: dict[tuple[str, ...], tuple[str, Any]] = {
        ("realtime", "turn", "detection"): ("--push-to-talk", "push_to_talk" if options.push_to_talk else None),
        ("audio", "wake_word"): ("--wake-word", options.wake_word),
        ("tiers", "engine"): ("--engine", options.engine),
        ("realtime", "dialect"): ("--dialect", options.dialect),
        ("realtime", "model"): ("--model", options.model),
    }
    return Wanted(
        agent=agent,
        agent_file=options.agent_file,
        origins=Origins(options.config, options.key_file, flags, environ, Path(), stored_key),
        input=file_or_device("--input", options.input, MICROPHONE),
        output=file_or_device("--output", options.output, SPEAKER),
        card=options.input == MICROPHONE or options.output == SPEAKER,
        transcript=options.transcript,
        tape=options.tape,
        text=options.text,
        captions_only=options.captions_only,
        typed=options.type,
        at_terminal=person_types(),
        say=tuple(text for text in options.say if text.strip()),
        data_dir=data_dir(environ),
        brain=options.brain,
        gateway=gateway_of(environ) if options.watch else None,
    )


def program(agent: Agent | None) -> Path | None:
    """Return the file of the program that handed over its agent."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    return None if agent is None or file is None else Path(file)


def note(text: str) -> None:
    """Tell a person what goes on besides the conversation."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def file_or_device(flag: str, value: str | None, device: str) -> Path | None:
    """Return the WAV file a flag names, or None for the device."""
    if value is None or value == device:
        return None
    if not value.lower().endswith((".wav", ".wave")):
        raise UsageError(f"{flag} {value}: name a file that ends in .wav, or {device}")
    return Path(value)


def prompt() -> Callable[[], None]:
    """Return what asks a person for the next line: nothing when no person sits there."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return nothing

    def ask() -> None:
        sys.stdout.write("> ")
        sys.stdout.flush()

    return ask


def nothing() -> None:
    """Ask for no line."""


def person_types() -> bool:
    """Whether standard input is a terminal whose keys are meant for this process and not for one in front of it."""
    try:
        terminal = sys.stdin.fileno()
        return os.isatty(terminal) and os.tcgetpgrp(terminal) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # there is none, or none that can tell, as on Windows
        return False


async def typed_lines(descriptor: int, ask: Callable[[], None]) -> AsyncIterator[str]:
    """Yield the lines of a file descriptor until its end; of a blank one nothing is left.

    Reads in a daemon thread with no buffer object, so that a person who types nothing holds up neither the loop nor the
    end of the process. One block is read when one is wanted: nothing piles up.
    """
    pending = b""
    ask()
    while block := await read_block(descriptor):
        *lines, pending = (pending + block).split(b"\n")
        if len(pending) > LONGEST_LINE:
            raise UsageError(f"a typed line is longer than {LONGEST_LINE} bytes; break it")
        for line in lines:
            yield line.decode("utf-8", "replace").strip()
            ask()
    if text := pending.decode("utf-8", "replace").strip():
        yield text


async def read_block(descriptor: int) -> bytes:
    """Read what is there, or wait for it. Cancelling leaves the thread behind; it dies with the process."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    def settle(block: bytes) -> None:
        if not answer.done():
            answer.set_result(block)

    def read() -> None:
        try:
            block = os.read(descriptor, LONGEST_LINE)
        except OSError:  # the terminal went away: the same as its end
            block = b""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, block)

    threading.Thread(target=read, name="typed lines", daemon=True).start()
    return await answer
