"""Timers and reminders that speak when they are due."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from voiceloop.errors import ToolError
from voiceloop.languages.shelf import language_for
from voiceloop.tools.spoken import as_number, parse_number
from voiceloop.tools.tool import Tool, ToolContext, tool
from voiceloop_basics.wording import phrases, speak_duration, tell, wording

__all__ = ["Timers", "timer_tools"]

MAX_SECONDS = 24 * 3600
"""A timer ends with its session at the latest, so a longer one would promise too much."""
MAX_TIMERS = 16
"""Per session; each is a task."""

LENGTH = "{LENGTH}"
"""Where a length of time stands in a phrase, in the language's own words."""
STOP = "(cancel|stop|delete|remove|clear|end|turn off|kill|forget)"
SET = "(set|start|create|make|begin|give me|i need)"


@dataclass(frozen=True, slots=True, eq=False)
class Timer:
    """A running timer."""

    label: str
    """What the user calls it: "pasta", or its length."""
    due_s: float
    """When it is due, on the clock of its `Timers`."""
    announcement: str


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class Timers:
    """The running timers of all sessions. `sleep` and `clock` count seconds; by default they are the loop's."""

    __slots__ = ("_clock", "_running", "_sleep")

    def __init__(
        self, sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep, clock: Callable[[], float] = _loop_time
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._running: dict[str, dict[Timer, asyncio.Task[None] | None]] = {}

    def start(self, context: ToolContext, seconds: float, label: str, announcement: str) -> None:
        """Start a timer in the session of `context`. Raises ToolError when there are too many."""
        mine = self._running.setdefault(context.session_id, {})
        if len(mine) >= MAX_TIMERS:
            told = tell(context.language, "There are already {count} timers. Cancel one first.", count=MAX_TIMERS)
            raise ToolError(told)
        timer = Timer(label, self._clock() + seconds, announcement)
        mine[timer] = None
        context.spawn(f"timer {label}", self._wait(timer, context, seconds))

    def of(self, session_id: str) -> list[tuple[Timer, float]]:
        """The running timers of a session with the seconds they have left, next one first."""
        now = self._clock()
        left = [(timer, max(0.0, timer.due_s - now)) for timer in self._running.get(session_id, {})]
        return sorted(left, key=lambda entry: entry[1])

    def cancel(self, session_id: str, timer: Timer) -> None:
        """Stop a timer; nothing is announced."""
        task = self._forget(session_id, timer)
        if task is not None:
            task.cancel()

    async def _wait(self, timer: Timer, context: ToolContext, seconds: float) -> None:
        mine = self._running.get(context.session_id, {})
        if timer not in mine:
            return  # cancelled before its task began
        mine[timer] = asyncio.current_task()
        try:
            await self._sleep(seconds)
            context.announce(timer.announcement)
        finally:
            self._forget(context.session_id, timer)

    def _forget(self, session_id: str, timer: Timer) -> asyncio.Task[None] | None:
        mine = self._running.get(session_id, {})
        task = mine.pop(timer, None)
        if not mine:
            self._running.pop(session_id, None)
        return task


SET_PHRASES = (
    f"{SET} [a|an|another|the] timer [for|of] {LENGTH} [(called|named|for) [the|my] {{name}}]",
    f"[{SET}] [a|an|another|the] {LENGTH} timer [(called|named|for) [the|my] {{name}}]",
    f"{SET} [a|an|another|the|my] {{name}} timer (for|of) {LENGTH}",
    f"{SET} [a|an|another|the|my] timer for [the|my] {{name}} (for|of|in) {LENGTH}",
)
REMIND_PHRASES = (
    f"remind me in {LENGTH} (to|about|that|of) {{about}}",
    f"remind me (to|about|that|of) {{about}} in {LENGTH}",
    f"set [a|another] reminder (to|about|for) {{about}} in {LENGTH}",
    "remind me (to|about|that|of) {about}",
)
CHECK_PHRASES = (
    "how (much time|long|many minutes) (is|are) left [on (the|my) timer[s]]",
    "how (much time|long|many minutes) (is|are) left (on|for) (the|my) {name} [timer]",
    "how (much time|long) [is] [left] (until|till|before) (the|my) timer (is done|ends|goes off|rings|is up)",
    "how (much time|long) [is] [left] (until|till|before) (the|my) {name} timer (is done|ends|goes off|rings)",
    "how (much time|long|many minutes) (does|do) (the|my) timer[s] (have|have left)",
    "(what|which|how many) timers (do i have|are set|are running|are there|are active)",
    "(list|show|read|check|what about|how about) [me] [all] [the|my] timer[s]",
    "(do i have|are there|is there) (any|a) timer[s] [running|set]",
    "what is left on (the|my) timer",
)
CANCEL_PHRASES = (
    f"{STOP} [the|my|that] timer",
    f"{STOP} [the|my|that] {{name}} (timer|reminder)[s]",
    f"{STOP} [the|my|that] timer (for|called|named) {{name}}",
)


def timer_tools(timers: Timers, tag: str = "en") -> list[Tool[..., Any]]:
    """Make the tools that share `timers`; `tag` is the language they are asked in."""
    return [_set_tool(timers, tag), _remind_tool(timers, tag), _check_tool(timers, tag), _cancel_tool(timers, tag)]


def _set_tool(timers: Timers, tag: str) -> Tool[..., Any]:
    @tool(phrases=phrases(tag, "set_timer", SET_PHRASES))
    async def set_timer(
        context: ToolContext, hours: float = 0, minutes: float = 0, seconds: float = 0, name: str = ""
    ) -> str:
        """Start a timer that speaks when it is due. Parts of the length add up.

        name: what the timer is for, such as pasta; empty if the user gave no name
        """
        language, called = context.language, name.strip()
        length_s = _checked_length(hours, minutes, seconds, "For how long should the timer run?", language)
        label = called or speak_duration(length_s, language, joined=True)
        timers.start(context, length_s, label, tell(language, "Your {label} timer is done.", label=label))
        sentence = "I set a timer called {name} for {length}." if called else "I set a timer for {length}."
        return tell(language, sentence, name=called, length=speak_duration(length_s, language))

    return set_timer


def _remind_tool(timers: Timers, tag: str) -> Tool[..., Any]:
    @tool(phrases=phrases(tag, "remind_me", REMIND_PHRASES))
    async def remind_me(
        context: ToolContext, about: str, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> str:
        """Speak a reminder after some time, while this conversation lasts. Parts of the time add up.

        about: what to remind of, as the user put it
        """
        language = context.language
        length_s = _checked_length(hours, minutes, seconds, "In how many minutes should I remind you?", language)
        text = _from_my_side(about) if wording(language).tag == "en" else about.strip(" .")
        label = tell(language, "{about} reminder", about=text)
        timers.start(context, length_s, label, tell(language, "Here is your reminder: {about}.", about=text))
        length = speak_duration(length_s, language)
        return tell(language, "I will remind you in {length}: {about}.", length=length, about=text)

    return remind_me


def _check_tool(timers: Timers, tag: str) -> Tool[..., Any]:
    @tool(idempotent=True, phrases=phrases(tag, "check_timers", CHECK_PHRASES))
    async def check_timers(context: ToolContext, name: str = "") -> str:
        """Tell which timers run and how much time they have left.

        name: only this timer; empty for all
        """
        language = context.language
        found = _named(timers.of(context.session_id), name, language)
        if not found:
            return _none(name, language)
        each = [(_plain(timer.label, language), speak_duration(left_s, language)) for timer, left_s in found]
        if len(found) == 1:
            return tell(language, "Your {label} has {left} left.", label=each[0][0], left=each[0][1])
        listed = "; ".join(tell(language, "{label}, {left} left", label=label, left=left) for label, left in each)
        return tell(language, "You have {count} timers: {timers}.", count=len(found), timers=listed)

    return check_timers


def _cancel_tool(timers: Timers, tag: str) -> Tool[..., Any]:
    @tool(phrases=phrases(tag, "cancel_timer", CANCEL_PHRASES))
    async def cancel_timer(context: ToolContext, name: str = "") -> str:
        """Cancel a timer or reminder.

        name: which one, by its name or length; "all" for all; empty when there is only one
        """
        language = context.language
        running = timers.of(context.session_id)
        every = not {"all", "alle", "todos", "tous"}.isdisjoint(name.lower().split())
        found = running if every else _named(running, name, language)
        if not found:
            return _none(name if running else "", language)
        labels = [_plain(timer.label, language) for timer, _ in found]
        if len(found) > 1 and not every:
            return tell(language, "Which one? You have {timers}.", timers=", ".join(labels))
        for timer, _ in found:
            timers.cancel(context.session_id, timer)
        if len(found) > 1:
            return tell(language, "I cancelled {count} timers.", count=len(found))
        return tell(language, "I cancelled your {label}.", label=labels[0])

    return cancel_timer


def _none(name: str, tag: str) -> str:
    sentence = "There is no {name} timer." if name.strip() else "There is no timer running."
    return tell(tag, sentence, name=name.strip())


def _checked_length(hours: float, minutes: float, seconds: float, question: str, tag: str) -> float:
    length_s = hours * 3600 + minutes * 60 + seconds
    if min(hours, minutes, seconds) < 0 or not length_s <= MAX_SECONDS:
        raise ToolError(tell(tag, "I can wait for at most {hours} hours.", hours=MAX_SECONDS // 3600))
    if length_s == 0:
        raise ToolError(tell(tag, question))
    return length_s


def _named(running: list[tuple[Timer, float]], name: str, tag: str) -> list[tuple[Timer, float]]:
    """Find timers by name: the same words first, else the name within the label. "five minute" finds "5 minute"."""
    wanted = _in_digits(name, tag)
    if not wanted:
        return running
    same = [entry for entry in running if _in_digits(entry[0].label, tag) == wanted]
    return same or [entry for entry in running if wanted in _in_digits(entry[0].label, tag)]


def _in_digits(name: str, tag: str) -> str:
    language = language_for(wording(tag).tag)
    words = re.sub(r"[^\w\s.]", " ", name.lower()).replace(" timer", "").split()
    values = [None if word in language.numbers.articles else parse_number([word], language) for word in words]
    said = (word if value is None else str(as_number(value)) for word, value in zip(words, values, strict=True))
    return " ".join(said).replace("minutes", "minute").replace("minuten", "minute")


def _plain(label: str, tag: str) -> str:
    """Return what a timer is called in a sentence; a reminder's label says already what it is."""
    reminder = tell(tag, "{about} reminder", about="").strip()
    return label if reminder in label else tell(tag, "{label} timer", label=label)


def _from_my_side(about: str) -> str:
    """Turn "call my mother" into "call your mother"."""
    swapped = {"my": "your", "i": "you", "me": "you", "i'm": "you are", "mine": "yours"}
    return " ".join(swapped.get(word.lower(), word) for word in about.strip(" .").split())
