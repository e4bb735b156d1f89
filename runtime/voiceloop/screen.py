"""What a person sees of a conversation: who says what, tools as dim lines, a level meter for a microphone.

On a terminal names are coloured; elsewhere the same words come as plain lines. Nothing here hides the cursor or
switches a mode, so the terminal stays whole whatever ends the process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import IO, Protocol

from voiceloop.agent import Agent
from voiceloop.tools.tool import Tool, as_tool
from voiceloop.tools.wording import examples, plainly, slots
from voiceloop.transcript import TranscriptLine

__all__ = ["Paper", "Part", "Screen", "Surface", "sentences"]

METER_CELLS = 24
QUIETEST_DB = -60.0
SENTENCES = 4
GLANCE = 100
"""Characters of a tool's arguments or output that are shown."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls in untrusted text could move the cursor, recolour the screen or turn words around."""

CHOICE = re.compile(r"\(([^()|]*)\|[^()]*\)")
OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
FILLERS = {"integer": "5", "number": "5", "boolean": "on"}


Part = tuple[str, str]
"""A text and its style, in the words of rich."""


class Surface(Protocol):
    """What is printed on."""

    @property
    def file(self) -> IO[str]:
        """Where it all goes."""

    @property
    def is_terminal(self) -> bool:
        """Whether what stands there can be drawn over."""

    def line(self, *parts: Part) -> None:
        """Print a line."""


class Paper:
    """A file or a pipe: lines without styles."""

    is_terminal = False

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def line(self, *parts: Part) -> None:
        """Write a line."""
        self.file.write("".join(text for text, _ in parts) + "\n")


class Screen:
    """Prints a conversation. Plain calls; none of them blocks but for the terminal itself."""

    def __init__(self, console: Surface, notes: Surface) -> None:
        """`console` takes what is said, `notes` everything about it; both may be the same."""
        self._console = console
        self._notes = notes
        self._metered = False
        self._microphone = "mic"
        """What the meter says before the level: whether somebody listens."""

    def note(self, text: str) -> None:
        """Print a line about the conversation."""
        self._print(self._notes, (clean(text), "dim"))

    def opening(self, agent: Agent, files: Sequence[str], *, spoken: bool, button: str = "") -> None:
        """Print what one can say, which files are written and how to end."""
        for file in files:
            self.note(file)
        tried = list(sentences(agent))
        if tried:
            self.note("Try to say:" if spoken else "Try to type:")
            for sentence in tried:
                self.note(f"  {sentence}")
        self.note(f"{button}Ctrl-C ends the conversation.")

    def line(self, line: TranscriptLine) -> None:
        """Print a transcript line, if a person should see it."""
        fields = line.fields
        match line.event:
            case "user_said" if not fields.get("typed"):
                self._say("you", "cyan", fields["text"])
            case "agent_said":
                self._agent(fields["text"], fields["heard_text"], interrupted=fields["interrupted"])
            case "warning":
                said = str(fields["detail"]).removeprefix(f"{fields['code']}: ")  # a server's error begins with it
                self._print(self._notes, (clean(f"{fields['code']}: {said}"), "yellow"))
            case "microphone":
                state = str(fields["state"])
                self._microphone = "mic" if state == "open" else state
                self.note(aside(line))
            case _:
                if note := aside(line):
                    self.note(note)

    def typed(self, text: str) -> None:
        """Print a turn that nobody typed on this screen; its transcript line prints none."""
        self._say("you", "cyan", text)

    def meter(self, level_db: float) -> None:
        """Show whether somebody listens and how loud the microphone is, in dBFS; only on a terminal."""
        if not self._console.is_terminal:
            return
        share = 0.0 if not math.isfinite(level_db) else 1 - min(level_db, 0.0) / QUIETEST_DB
        cells = round(METER_CELLS * max(0.0, share))
        self._console.file.write(f"\r\x1b[2K  {self._microphone} {'|' * cells}{'.' * (METER_CELLS - cells)}")
        self._console.file.flush()
        self._metered = True

    def close(self) -> None:
        """Remove the meter. Idempotent."""
        if self._metered:
            self._console.file.write("\r\x1b[2K")
            self._console.file.flush()
            self._metered = False

    def _agent(self, text: str, heard: str, *, interrupted: bool) -> None:
        if not interrupted or heard == text:
            self._say("agent", "green", text)
        else:
            self._say("agent", "green", f"{heard} [interrupted]".lstrip())

    def _say(self, who: str, style: str, text: str) -> None:
        self._print(self._console, (f"{who}: ", f"bold {style}"), (clean(text), ""))

    def _print(self, surface: Surface, *parts: Part) -> None:
        self.close()
        surface.line(*parts)
        surface.file.flush()


def aside(line: TranscriptLine) -> str:  # noqa: PLR0911 - one return for each kind of line
    """Return what a line says about the conversation; empty for what needs no words."""
    fields = line.fields
    match line.event:
        case "session_started":
            return f"{fields['tier']}, model {fields['model']}"
        case "tier_changed":
            return f"now on {fields['tier']}: {fields['cause']}"
        case "microphone":
            return f"microphone {fields['state']}"
        case "tool_called":
            return f"  {fields['name']} {brief(fields['arguments'])}".rstrip()
        case "tool_finished":
            mark = "" if fields["outcome"] == "ok" else f"{fields['outcome']}: "
            return f"  = {mark}{brief(fields['output'])}"
        case "session_ended":
            return f"ended: {fields['reason']}"
        case _:
            return ""


def clean(text: str) -> str:
    """Return text on one line and without control characters."""
    return CONTROL.sub("", " ".join(text.splitlines()))


def brief(value: object) -> str:
    """Return a tool's arguments or output short enough for a glance."""
    text = " ".join(f"{name}={part}" for name, part in value.items()) if isinstance(value, dict) else str(value)
    return text if len(text) <= GLANCE else text[: GLANCE - 3] + "..."


def sentences(agent: Agent) -> Iterator[str]:
    """Yield a few sentences that reach this agent's tools, one of each tool first."""
    by_tool = [list(sayable(as_tool(function), agent.settings.language)) for function in agent.tools]
    rounds = (sentence for one_of_each in zip_longest(*by_tool) for sentence in one_of_each if sentence)
    yield from islice(rounds, SENTENCES)


def sayable(tool: Tool[..., object], language: str) -> Iterator[str]:
    """Yield a tool's phrases with their slots filled, as far as a value is known to fit; those without slots first."""
    spec = tool.spec(language)
    words = {name: filler(schema) for name, schema in spec.parameters.get("properties", {}).items()}
    known = {name: word for name, word in words.items() if word}
    for phrase in sorted((settled(text, known) for text in examples(spec)), key=lambda text: len(slots(text))):
        if known.keys() >= set(slots(phrase)):
            yield plainly(phrase.format_map(known))


def settled(phrase: str, known: Mapping[str, str]) -> str:
    """Return a phrase with its optional parts decided: kept are endings, choices, the first part with slots."""
    while part := OPTIONAL.search(phrase):
        before, inside = phrase[: part.start()], part[1]
        if filled := slots(inside):
            kept = inside if known.keys() >= set(filled) and not slots(before) else ""
        else:
            kept = first_choice(inside) if before[-1:].isalpha() or "|" in inside else ""
        phrase = before + kept + phrase[part.end() :]
    return phrase


def first_choice(words: str) -> str:
    """Return words with the first of each choice."""
    before = ""
    while words != before:
        before = words
        words = CHOICE.sub(r"\1", words)
    return words.partition("|")[0]


def filler(schema: dict[str, object]) -> str:
    """Return a word that fits a parameter, or nothing when any word might be wrong."""
    match schema:
        case {"enum": [first, *_]}:
            return str(first)
        case {"type": str() as kind}:
            return FILLERS.get(kind, "")
        case _:
            return ""
