"""What happened in a conversation, as its transcript tells it, and since when a test asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import override

from voiceloop.transcript import TranscriptLine

__all__ = ["Called", "Record"]

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


class Record:
    """Transcript lines and tool calls; questions are about the time since the user's newest turn."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.turn = "the beginning"
        self._calls: dict[str, Called] = {}
        self._turn_began = 0

    def take(self, line: TranscriptLine) -> None:
        """Take a line as it is written."""
        told = line.as_dict()
        self.lines.append(told)
        if line.event == "tool_called":
            given = told["arguments"]
            arguments = given if isinstance(given, dict) else {"arguments": given}
            self._calls[told["call_id"]] = Called(told["name"], arguments)
        elif line.event == "tool_finished":
            call_id = told["call_id"]
            self._calls[call_id] = replace(self._calls[call_id], outcome=told["outcome"], output=told["output"])

    def turn_begins(self, name: str) -> None:
        """What happens from now on is since this turn."""
        self._turn_began, self.turn = len(self.lines), name

    def since(self, event: str) -> list[dict[str, Any]]:
        """The lines of one event since the turn."""
        return [line for line in self.lines[self._turn_began :] if line["event"] == event]

    @property
    def calls(self) -> list[Called]:
        """All calls."""
        return list(self._calls.values())

    @property
    def calls_since(self) -> list[Called]:
        """The calls since the turn."""
        return [self._calls[line["call_id"]] for line in self.since("tool_called")]

    @property
    def told(self) -> str:
        """What happened since the turn, in lines for a person."""
        called = [str(call) for call in self.calls_since] or ["nothing"]
        said = [repr(line["heard_text"]) for line in self.since("agent_said")] or ["nothing"]
        told = [f"  called: {call}" for call in called] + [f"  said:   {text}" for text in said]
        told += [f"  warned: {line['code']} {line['detail']}" for line in self.since("warning")]
        told += [f"  ended:  {line['reason']}" for line in self.since("session_ended")]
        return "\n".join(told)
