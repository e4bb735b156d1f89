"""What an agent can do: a function with a name, a purpose, a schema and rules for running it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, cast, get_args, overload

from voiceloop.errors import MisuseError
from voiceloop.languages.tags import AUTO, primary_subtag
from voiceloop.tools.arguments import Arguments, named_parameters, read_docs
from voiceloop.tools.policy import Policy
from voiceloop.tools.wording import describe, fault
from voiceloop.vocabulary import ToolSpec

__all__ = ["Tool", "ToolContext", "as_tool", "tool"]

P = ParamSpec("P")
R = TypeVar("R")

Phrases = Sequence[str] | Mapping[str, Sequence[str]]
"""What people say, in any language or by language (BCP 47)."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What every model backend takes as a function name."""


def _local_now() -> datetime:
    return datetime.now(UTC).astimezone()


def _nothing_to_end(reason: str) -> None:
    """There is no session."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may use besides its arguments; a tool receives it as its first parameter when it asks for it."""

    announce: Callable[[str], None]
    """Have the session speak this sentence as soon as it can, for instance when a timer is due."""
    spawn: Callable[[str, Coroutine[Any, Any, None]], None]
    """Run work that outlives the call; it ends with the session at the latest."""
    end: Callable[[str], None] = _nothing_to_end
    """End the session for this reason once the agent's words are heard; the user speaking on cancels it."""
    session_id: str = ""
    data_dir: Path | None = None
    """Where a tool may keep files; None when nothing may be kept."""
    language: str = "en"
    now: Callable[[], datetime] = _local_now
    """The time of day, with its time zone."""

    def for_thread(self, loop: asyncio.AbstractEventLoop) -> ToolContext:
        """Return the same context, to be used from another thread than that of `loop`."""

        def announce(text: str) -> None:
            loop.call_soon_threadsafe(self.announce, text)

        def spawn(name: str, work: Coroutine[Any, Any, None]) -> None:
            loop.call_soon_threadsafe(self.spawn, name, work)

        def end(reason: str) -> None:
            loop.call_soon_threadsafe(self.end, reason)

        return replace(self, announce=announce, spawn=spawn, end=end)


class Tool(Generic[P, R]):
    """A function an agent may call. Calling the object calls the function, so it stays testable as it was written.

    Immutable. `deadline_s` bounds one call in seconds; a tool that `survives_interruption` runs on when the user
    interrupts; an `idempotent` one may be run again when it is not known whether it ran.
    """

    __slots__ = (
        "__dict__",
        "_arguments",
        "_phrases",
        "_purpose",
        "_specs",
        "deadline_s",
        "function",
        "idempotent",
        "name",
        "phrases",
        "policy",
        "survives_interruption",
        "takes_context",
    )

    def __init__(  # noqa: PLR0913 - the arguments are the documented options of a tool
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        phrases: Phrases = (),
        policy: Policy = "allow",
        deadline_s: float = 20.0,
        survives_interruption: bool = False,
        idempotent: bool = False,
    ) -> None:
        self.name = _checked_name(function, name)
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise MisuseError(f"tool {self.name} yields; return one value instead")
        if policy not in get_args(Policy):
            raise MisuseError(f"tool {self.name}: policy {policy!r} is not one of {', '.join(get_args(Policy))}")
        if not deadline_s > 0:
            raise MisuseError(f"tool {self.name}: deadline_s is {deadline_s}; give it some seconds")
        functools.update_wrapper(self, function)
        self.function = function
        self.policy = policy
        self.deadline_s = deadline_s
        self.survives_interruption = survives_interruption
        self.idempotent = idempotent
        parameters = named_parameters(function, self.name)
        self.takes_context = bool(parameters) and _is_context(parameters[0])
        offered = parameters[1:] if self.takes_context else parameters
        names = [parameter.name for parameter in offered]
        if any(_is_context(parameter) for parameter in offered):
            raise MisuseError(f"tool {self.name}: take the ToolContext as the first parameter, and once")
        self._phrases = _by_language(self.name, phrases, names)
        self.phrases = next(iter(self._phrases.values()), ())
        docs = read_docs(function.__doc__, names)
        self._arguments = Arguments(self.name, function, offered, docs.parameters)
        self._purpose = description or docs.summary or self.name.replace("_", " ")
        self._specs: dict[tuple[str, ...], ToolSpec] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself, with no checks, deadline or thread."""
        return self.function(*args, **kwargs)

    def phrases_in(self, language: str) -> tuple[str, ...]:
        """Return what people say in a language (BCP 47): its own phrases, else the first ones; for `auto` all."""
        if language == AUTO:
            return tuple(dict.fromkeys(phrase for said in self._phrases.values() for phrase in said))
        return self._phrases.get(primary_subtag(language), self.phrases)

    def spec(self, language: str = "") -> ToolSpec:
        """Return the tool as a model sees it; phrases of that language are the last line of its description."""
        phrases = self.phrases_in(language)
        if phrases not in self._specs:
            self._specs[phrases] = ToolSpec(self.name, describe(self._purpose, phrases), self._arguments.schema())
        return self._specs[phrases]

    def parse(self, arguments: str) -> dict[str, Any]:
        """Read JSON text into keyword arguments. Raises ToolError with a message for the model."""
        return self._arguments.parse(arguments)

    async def invoke(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:  # noqa: ANN401 - any tool
        """Run the function; a plain one runs in a thread. Cancelling stops a coroutine but never a thread."""
        if inspect.iscoroutinefunction(self.function):
            given = (context,) if self.takes_context else ()
            return await cast(Callable[..., Awaitable[Any]], self.function)(*given, **arguments)
        aside = (context.for_thread(asyncio.get_running_loop()),) if self.takes_context else ()
        result = await asyncio.to_thread(cast(Callable[..., Any], self.function), *aside, **arguments)
        return await result if inspect.isawaitable(result) else result


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    phrases: Phrases = (),
    policy: Policy = "allow",
    deadline_s: float = 20.0,
    survives_interruption: bool = False,
    idempotent: bool = False,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(  # noqa: PLR0913 - the arguments are the documented options of a tool
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    phrases: Phrases = (),
    policy: Policy = "allow",
    deadline_s: float = 20.0,
    survives_interruption: bool = False,
    idempotent: bool = False,
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a function a tool; use it bare or with options.

    The first paragraph of the docstring tells the model what the tool is for, lines `name: text` what a parameter
    means. `phrases` are sentences people say, with `{slots}` named like parameters, optional `[parts]` and
    `(one|another)` choice; they let a tool be called with no model at all. Where an agent speaks several languages they
    are a table, `{"en": [...], "de": [...]}`: a session takes those of its language, else the first. A function that is
    not a coroutine runs in a thread. Raises MisuseError for a signature or a phrase that cannot work.
    """

    def make(plain: Callable[P, R]) -> Tool[P, R]:
        return Tool(
            plain,
            name=name,
            description=description,
            phrases=phrases,
            policy=policy,
            deadline_s=deadline_s,
            survives_interruption=survives_interruption,
            idempotent=idempotent,
        )

    return make if function is None else make(function)


def as_tool(function: Callable[..., Any]) -> Tool[..., Any]:
    """Return `function` itself when it is a tool, else a tool with the usual rules."""
    return function if isinstance(function, Tool) else Tool(function)


def _checked_name(function: Callable[..., Any], name: str | None) -> str:
    if not callable(function):
        raise MisuseError(f"{function!r} is not a function; a tool is made of one")
    found = str(name or getattr(function, "__name__", ""))
    if not NAME.fullmatch(found):
        raise MisuseError(
            f"a tool cannot be called {found or repr(function)!r}; pass name= with letters, digits and underscores"
        )
    return found


def _by_language(name: str, phrases: Phrases, parameters: list[str]) -> Mapping[str, tuple[str, ...]]:
    """Return checked phrases by primary subtag; those of no language in particular under an empty one."""
    if not isinstance(phrases, Mapping):
        return {"": _checked_phrases(name, phrases, parameters)}
    found: dict[str, tuple[str, ...]] = {}
    for tag, said in phrases.items():
        subtag = primary_subtag(tag)
        if not subtag or subtag in found:
            trouble = "is there twice" if subtag else "is no language; write it like de"
            raise MisuseError(f"tool {name}: the language {tag!r} of its phrases {trouble}")
        found[subtag] = _checked_phrases(name, said, parameters)
    return found


def _checked_phrases(name: str, phrases: Sequence[str], parameters: list[str]) -> tuple[str, ...]:
    if isinstance(phrases, str):
        raise MisuseError(f"tool {name}: phrases {phrases!r} is one text; write it as a list: [{phrases!r}]")
    for phrase in phrases:
        trouble = fault(phrase, parameters)
        if trouble:
            raise MisuseError(f"tool {name}: phrase {phrase!r} {trouble}")
    return tuple(" ".join(phrase.split()) for phrase in phrases)


def _is_context(parameter: inspect.Parameter) -> bool:
    """Annotations may still be text, so a context is known by its name."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        return annotation.strip("'\"").rpartition(".")[2] == ToolContext.__name__
    return annotation is ToolContext
