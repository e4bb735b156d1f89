"""Runs the tools of one session: every call gets exactly one outcome, whatever the tool does."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from voiceloop.errors import MisuseError, ToolError
from voiceloop.events import Event, ToolFinished
from voiceloop.redact import Redactor
from voiceloop.tools.policy import Verdict, decide
from voiceloop.tools.tool import Tool, ToolContext, as_tool
from voiceloop.vocabulary import Outcome, ToolCall, ToolSpec

__all__ = ["MAX_OUTPUT_BYTES", "ToolBus", "survivors", "tool_table"]

MAX_OUTPUT_BYTES: Final = 8_192
"""An output goes into the model's context and is paid for; no spoken answer needs more."""
MAX_REMEMBERED_CALLS: Final = 1_024
"""Call ids kept so that a call delivered twice runs once; far more than one session makes."""

LOGGER = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Running:
    """A call that was started; it leaves `ToolBus._running` when its task has ended, not when it was answered."""

    call: ToolCall
    tool: Tool[..., Any]
    deadline: asyncio.TimerHandle = field(init=False)
    task: asyncio.Task[Any] | None = None
    answered: bool = False


class ToolBus:
    """Runs tools and reports one `ToolFinished` for each call id. All methods are plain calls on the loop's thread.

    `happened` takes the events; `spawn` starts a task of the session; `context` is given to tools that ask for one,
    made anew for each call when it is a function. More than `max_running` calls at once are refused. `redact` masks
    secrets in what is logged when a tool breaks.
    """

    __slots__ = ("_closed", "_context", "_happened", "_max_running", "_redact", "_running", "_seen", "_spawn", "_tools")

    def __init__(
        self,
        tools: Sequence[Callable[..., Any]],
        *,
        happened: Callable[[Event], None],
        spawn: Callable[[str, Coroutine[Any, Any, None]], None],
        context: ToolContext | Callable[[], ToolContext],
        max_running: int = 8,
        redact: Callable[[str], str] | None = None,
    ) -> None:
        self._tools = tool_table(tools)
        self._happened = happened
        self._spawn = spawn
        self._context = context
        self._max_running = max_running
        self._redact = redact or Redactor()
        self._running: dict[str, _Running] = {}
        self._seen: dict[str, None] = {}
        self._closed = False

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as a model sees them, in the order they were given."""
        return tuple(made.spec() for made in self._tools.values())

    def offer(self, tools: Mapping[str, Tool[..., Any]]) -> None:
        """Run these tools from now on; calls that run go on."""
        self._tools = dict(tools)

    def run(self, call: ToolCall) -> None:
        """Start a call. What cannot start is answered before this returns; a call id seen before is ignored."""
        if call.call_id in self._seen:
            LOGGER.debug("tool call %s of %s came twice; it runs once", call.call_id, call.name)
            return
        self._seen[call.call_id] = None
        if len(self._seen) > MAX_REMEMBERED_CALLS:
            self._forget_oldest()
        if self._closed:
            self._report(call.call_id, Outcome.CANCELLED, "the session has ended")
        elif (made := self._tools.get(call.name)) is None:
            known = ", ".join(self._tools) or "none"
            self._report(call.call_id, Outcome.ERROR, f"there is no tool {call.name[:64]!r}; the tools are: {known}")
        elif (ruling := decide(made.name, made.policy)).verdict is not Verdict.RUN:
            self._report(call.call_id, Outcome.DENIED, ruling.output)
        elif len(self._running) >= self._max_running:
            self._report(call.call_id, Outcome.ERROR, "too many tools are running; wait for one of them and ask again")
        else:
            self._start(call, made)

    def cancel(self, call_id: str) -> None:
        """Stop a running call and answer it as cancelled, unless its tool survives interruption."""
        running = self._running.get(call_id)
        if running is not None and not running.tool.survives_interruption:
            self._abandon(running, Outcome.CANCELLED, "cancelled before it finished; it may have done part of its work")

    def close(self) -> None:
        """Stop everything, survivors of interruptions included; each running call is answered. Idempotent."""
        self._closed = True
        for running in list(self._running.values()):
            self._abandon(running, Outcome.CANCELLED, "the session has ended")

    def _start(self, call: ToolCall, made: Tool[..., Any]) -> None:
        try:
            arguments = made.parse(call.arguments)
        except ToolError as error:
            self._report(call.call_id, Outcome.ERROR, str(error))
            return
        running = _Running(call, made)
        self._running[call.call_id] = running
        # A timer and not asyncio.timeout: a tool that swallows its cancellation is answered in time all the same.
        running.deadline = asyncio.get_running_loop().call_later(
            made.deadline_s,
            self._abandon,
            running,
            Outcome.TIMEOUT,
            f"{made.name} took longer than {made.deadline_s} s",
        )
        self._spawn(f"tool {made.name}", self._carry_out(running, arguments))

    async def _carry_out(self, running: _Running, arguments: dict[str, Any]) -> None:
        running.task = asyncio.current_task()
        outcome, output = Outcome.ERROR, _broke(running.tool)
        try:
            if not running.answered:
                context = self._context if isinstance(self._context, ToolContext) else self._context()
                output = _as_text(await running.tool.invoke(arguments, context))
                outcome = Outcome.OK
        except asyncio.CancelledError:
            outcome, output = Outcome.CANCELLED, "cancelled before it finished"
            raise
        except ToolError as error:
            output = str(error) or _broke(running.tool)
        except Exception as error:  # noqa: BLE001 - a tool is anybody's code: whatever it raises is its outcome
            LOGGER.error("tool %s broke: %s", running.tool.name, self._told(error))  # noqa: TRY400 - redacted first
        finally:
            self._answer(running, outcome, output)
            self._running.pop(running.call.call_id, None)

    def _told(self, error: Exception) -> str:
        return self._redact("".join(traceback.format_exception(error)))

    def _abandon(self, running: _Running, outcome: Outcome, output: str) -> None:
        """Answer a call that has not finished, then stop it."""
        self._answer(running, outcome, output)
        if running.task is not None:
            running.task.cancel()

    def _answer(self, running: _Running, outcome: Outcome, output: str) -> None:
        if running.answered:
            return
        running.answered = True
        running.deadline.cancel()
        self._report(running.call.call_id, outcome, output)

    def _report(self, call_id: str, outcome: Outcome, output: str) -> None:
        self._happened(ToolFinished(call_id, outcome, _bounded(output)))

    def _forget_oldest(self) -> None:
        oldest = next(call_id for call_id in self._seen if call_id not in self._running)
        del self._seen[oldest]


def tool_table(tools: Sequence[Callable[..., Any]]) -> dict[str, Tool[..., Any]]:
    """Return the tools by name, in order. Raises MisuseError for a name used twice."""
    found: dict[str, Tool[..., Any]] = {}
    for made in map(as_tool, tools):
        if made.name in found:
            raise MisuseError(f"two tools are called {made.name}; give one of them another name=")
        found[made.name] = made
    return found


def survivors(tools: Iterable[Tool[..., Any]]) -> tuple[str, ...]:
    """Return the names of the tools that go on when the user interrupts."""
    return tuple(made.name for made in tools if made.survives_interruption)


def _broke(made: Tool[..., Any]) -> str:
    return f"{made.name} failed; tell the user that it did not work"


def _as_text(result: object) -> str:
    if result is None:
        return "done"
    if isinstance(result, str):
        return result
    from pydantic_core import to_json  # noqa: PLC0415 - only tools that return structures need it

    return to_json(result).decode()


def _bounded(text: str) -> str:
    """Cut a text to `MAX_OUTPUT_BYTES` of UTF-8 and say so; what UTF-8 cannot hold is replaced."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= MAX_OUTPUT_BYTES:
        return encoded.decode()
    note = f" [cut: {len(encoded)} bytes in all]"
    return encoded[: MAX_OUTPUT_BYTES - len(note)].decode("utf-8", "ignore") + note
