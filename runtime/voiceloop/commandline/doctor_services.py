"""Asks each service of a cascade once, as a conversation would, and says how it went."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voiceloop.clips import decode
from voiceloop.commandline.doctor_faults import of_error, too_late
from voiceloop.commandline.doctor_report import Finding, State
from voiceloop.dgrid.chat_answer import CallGrew, Said
from voiceloop.engines.services.seams import Question, Services, Transcript
from voiceloop.errors import VoiceloopError
from voiceloop.languages.shelf import AUTO, primary_subtag
from voiceloop.screen import brief, clean
from voiceloop.vocabulary import ToolSpec, UserTurn

__all__ = ["WORD", "Bounds", "Outcome", "hears", "question", "recognised", "speaks", "thinks", "timed"]

SAMPLE: Final = Path(__file__).parent.parent / "samples" / "hello.wav"
SPOKEN_S: Final = (0.2, 1.2)
"""Where somebody speaks in the sample."""
WORD: Final = "Hello."
RATE_HZ: Final = 24_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long each check may take, and from when on an answer is slow; seconds."""

    slow_s: float = 2.0
    """Who waits longer for an answer says hello once more."""
    open_s: float = 15.0
    transcription_s: float = 10.0
    chat_s: float = 15.0
    speech_s: float = 8.0
    load_s: float = 60.0
    """Models of this machine, from the disk."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a service brought."""

    detail: str
    took_s: float
    """Until the first piece of it."""
    flaw: str = ""
    """Why a conversation is not as it should be with this; empty when it is."""


async def timed(what: str, within_s: float, slow_s: float, ask: Callable[[], Awaitable[Outcome]]) -> Finding:
    """Ask, for so long at most, and return how it went. Safe to cancel."""
    now = asyncio.get_running_loop().time
    began = now()
    try:
        async with asyncio.timeout(within_s):
            outcome = await ask()
    except TimeoutError:
        return too_late(what, within_s)
    except VoiceloopError as error:
        return of_error(what, error, now() - began)
    detail = f"{outcome.detail} after {outcome.took_s:.2f} s"
    if outcome.flaw:
        return Finding(what, State.DEGRADED, detail, outcome.flaw, took_s=outcome.took_s)
    if outcome.took_s > slow_s:
        return Finding(what, State.DEGRADED, f"slow: {detail}", "a faster model answers sooner", took_s=outcome.took_s)
    return Finding(what, State.OK, detail, took_s=outcome.took_s)


def question(rate_hz: int) -> bytes:
    """Return a second of somebody who asks for the time, as PCM. Blocks for a moment. Raises UsageError."""
    first, last = (round(at_s * rate_hz) * 2 for at_s in SPOKEN_S)
    return decode(SAMPLE.read_bytes(), rate_hz)[first:last]


def recognised(text: str, took_s: float, language: str) -> Outcome:
    """Return what became of the question, which is in English: of another language's model no words are expected."""
    expected = language == AUTO or primary_subtag(language) == "en"
    flaw = "it hears no word in a recorded question: choose another model"
    return Outcome(quoted("heard", text), took_s, "" if text or not expected else flaw)


async def hears(services: Services, language: str) -> Outcome:
    """Have the recorded question recognised. Raises BackendError. Safe to cancel."""
    assert services.transcribe is not None, "else nobody asks for it"
    now = asyncio.get_running_loop().time
    pcm = await asyncio.to_thread(question, RATE_HZ)
    began = now()
    heard: Transcript = await services.transcribe(pcm, RATE_HZ)
    return recognised(heard.text, now() - began, language)


async def thinks(services: Services, tools: Sequence[ToolSpec]) -> Outcome:
    """Ask the chat model for a word, with the agent's tools. Raises BackendError. Safe to cancel."""
    now = asyncio.get_running_loop().time
    listens = services.transcribe is None
    speech = await asyncio.to_thread(question, RATE_HZ) if listens else b""
    turn = UserTurn("check", "" if listens else "Hello!")
    asked = Question("Answer with one word.", (turn,), tools, speech, RATE_HZ)
    began, first_s = now(), None
    said: list[str] = []
    called = ""
    async with services.chat(asked) as deltas:
        async for delta in deltas:
            if isinstance(delta, Said | CallGrew):
                first_s = now() - began if first_s is None else first_s
                said += [delta.text] if isinstance(delta, Said) else []
                called = called or (delta.name if isinstance(delta, CallGrew) else "")
    detail = quoted("answered", "".join(said)) if said or not called else f"called {clean(called)}"
    flaw = "" if said or called else "it answers without a word: choose another model"
    return Outcome(detail, now() - began if first_s is None else first_s, flaw)


async def speaks(services: Services) -> Outcome:
    """Have one word spoken. Raises BackendError. Safe to cancel."""
    now = asyncio.get_running_loop().time
    began, first_s, size = now(), None, 0
    async with services.speak(WORD, RATE_HZ) as chunks:
        async for pcm in chunks:
            first_s = now() - began if first_s is None else first_s
            size += len(pcm)
    detail = f"spoke for {size / 2 / RATE_HZ:.2f} s"
    return Outcome(detail, now() - began if first_s is None else first_s, "" if size else "it makes no sound")


def quoted(did: str, text: str) -> str:
    """Return what was done with a text of the server."""
    return f'{did} "{clean(brief(text.strip()))}"' if text.strip() else f"{did} nothing"
