"""Timers and reminders that speak when they are due."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from voiceloop.errors import ToolError
from voiceloop.tools.spoken import as_number, parse_number
from voiceloop.tools.tool import Tool, ToolContext, tool

__all__ = ["Timers", "speak_duration", "timer_tools"]

MAX_SECONDS = 24 * 3600
"""A timer ends with its session at the latest, so a longer one would promise too much."""
MAX_TIMERS = 16
"""Per session; each is a task."""

LENGTH = "[{hours} hour[s]] [and] [{minutes} minute[s]] [and] [{seconds} second[s]]"
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
            raise ToolError(f"There are already {MAX_TIMERS} timers. Cancel one first.")
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


def timer_tools(timers: Timers) -> list[Tool[..., Any]]:
    """Make the tools that share `timers`."""
    return [*_starting(timers), *_watching(timers)]


def _starting(timers: Timers) -> list[Tool[..., Any]]:
    @tool(
        phrases=[
            f"{SET} [a|an|another|the] timer [for|of] {LENGTH} [(called|named|for) [the|my] {{name}}]",
            f"[{SET}] [a|an|another|the] {LENGTH} timer [(called|named|for) [the|my] {{name}}]",
            f"{SET} [a|an|another|the|my] {{name}} timer (for|of) {LENGTH}",
            f"{SET} [a|an|another|the|my] timer for [the|my] {{name}} (for|of|in) {LENGTH}",
        ]
    )
    async def set_timer(
        context: ToolContext, hours: float = 0, minutes: float = 0, seconds: float = 0, name: str = ""
    ) -> str:
        """Start a timer that speaks when it is due. Parts of the length add up.

        name: what the timer is for, such as pasta; empty if the user gave no name
        """
        length_s = _checked_length(hours, minutes, seconds, "For how long should the timer run?")
        label = name.strip() or speak_duration(length_s, joined=True)
        timers.start(context, length_s, label, f"Your {label} timer is done.")
        called = f" called {name.strip()}" if name.strip() else ""
        return f"I set a timer{called} for {speak_duration(length_s)}."

    @tool(
        phrases=[
            f"remind me in {LENGTH} (to|about|that|of) {{about}}",
            f"remind me (to|about|that|of) {{about}} in {LENGTH}",
            f"set [a|another] reminder (to|about|for) {{about}} in {LENGTH}",
            "remind me (to|about|that|of) {about}",
        ]
    )
    async def remind_me(
        context: ToolContext, about: str, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> str:
        """Speak a reminder after some time, while this conversation lasts. Parts of the time add up.

        about: what to remind of, as the user put it
        """
        length_s = _checked_length(hours, minutes, seconds, "In how many minutes should I remind you?")
        text = _from_my_side(about)
        timers.start(context, length_s, f"{text} reminder", f"Here is your reminder: {text}.")
        return f"I will remind you in {speak_duration(length_s)}: {text}."

    return [set_timer, remind_me]


def _watching(timers: Timers) -> list[Tool[..., Any]]:
    @tool(
        idempotent=True,
        phrases=[
            "how (much time|long|many minutes) (is|are) left [on (the|my) timer[s]]",
            "how (much time|long|many minutes) (is|are) left (on|for) (the|my) {name} [timer]",
            "how (much time|long) [is] [left] (until|till|before) (the|my) timer (is done|ends|goes off|rings|is up)",
            "how (much time|long) [is] [left] (until|till|before) (the|my) {name} timer (is done|ends|goes off|rings)",
            "how (much time|long|many minutes) (does|do) (the|my) timer[s] (have|have left)",
            "(what|which|how many) timers (do i have|are set|are running|are there|are active)",
            "(list|show|read|check|what about|how about) [me] [all] [the|my] timer[s]",
            "(do i have|are there|is there) (any|a) timer[s] [running|set]",
            "what is left on (the|my) timer",
        ],
    )
    async def check_timers(context: ToolContext, name: str = "") -> str:
        """Tell which timers run and how much time they have left.

        name: only this timer; empty for all
        """
        found = _named(timers.of(context.session_id), name)
        if not found:
            return f"There is no {name.strip()} timer." if name.strip() else "There is no timer running."
        if len(found) == 1:
            timer, left_s = found[0]
            return f"Your {_plain(timer.label)} has {speak_duration(left_s)} left."
        each = [f"{_plain(timer.label)}, {speak_duration(left_s)} left" for timer, left_s in found]
        return f"You have {len(found)} timers: {'; '.join(each)}."

    @tool(
        phrases=[
            f"{STOP} [the|my|that] timer",
            f"{STOP} [the|my|that] {{name}} (timer|reminder)[s]",
            f"{STOP} [the|my|that] timer (for|called|named) {{name}}",
        ]
    )
    async def cancel_timer(context: ToolContext, name: str = "") -> str:
        """Cancel a timer or reminder.

        name: which one, by its name or length; "all" for all; empty when there is only one
        """
        running = timers.of(context.session_id)
        every = "all" in name.lower().split()
        found = running if every else _named(running, name)
        if not found:
            return f"There is no {name.strip()} timer." if running else "There is no timer running."
        if len(found) > 1 and not every:
            return f"Which one? You have {', '.join(_plain(timer.label) for timer, _ in found)}."
        for timer, _ in found:
            timers.cancel(context.session_id, timer)
        return f"I cancelled {f'{len(found)} timers' if len(found) > 1 else f'your {_plain(found[0][0].label)}'}."

    return [check_timers, cancel_timer]


def speak_duration(seconds: float, *, joined: bool = False) -> str:
    """Write a length of time so that it can be spoken; `joined` as in "5 minute timer"."""
    whole = max(1, round(seconds))
    counts = {"hour": whole // 3600, "minute": whole // 60 % 60, "second": whole % 60}
    parts = [f"{count} {unit}{'' if joined or count == 1 else 's'}" for unit, count in counts.items() if count]
    return " ".join(parts) if joined else " and ".join(parts)


def _checked_length(hours: float, minutes: float, seconds: float, question: str) -> float:
    length_s = hours * 3600 + minutes * 60 + seconds
    if min(hours, minutes, seconds) < 0 or not length_s <= MAX_SECONDS:
        raise ToolError(f"I can wait for at most {MAX_SECONDS // 3600} hours.")
    if length_s == 0:
        raise ToolError(question)
    return length_s


def _named(running: list[tuple[Timer, float]], name: str) -> list[tuple[Timer, float]]:
    """Find timers by name: the same words first, else the name within the label. "five minute" finds "5 minute"."""
    wanted = _in_digits(name)
    if not wanted:
        return running
    same = [entry for entry in running if _in_digits(entry[0].label) == wanted]
    return same or [entry for entry in running if wanted in _in_digits(entry[0].label)]


def _in_digits(name: str) -> str:
    words = re.sub(r"[^\w\s.]", " ", name.lower()).replace(" timer", "").split()
    values = [parse_number([word]) for word in words]
    return " ".join(
        word if value is None or word in ("a", "an") else str(as_number(value))
        for word, value in zip(words, values, strict=True)
    ).replace("minutes", "minute")


def _plain(label: str) -> str:
    return label if label.endswith("reminder") else f"{label} timer"


def _from_my_side(about: str) -> str:
    """Turn "call my mother" into "call your mother"."""
    swapped = {"my": "your", "i": "you", "me": "you", "i'm": "you are", "mine": "yours"}
    return " ".join(swapped.get(word.lower(), word) for word in about.strip(" .").split())
