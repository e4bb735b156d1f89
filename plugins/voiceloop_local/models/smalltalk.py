"""What the local brain says by itself: pleasantries by rule, and an honest word on what it can and cannot do; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from voiceloop.tools.wording import SLOT, examples, plainly, strip
from voiceloop.vocabulary import ToolSpec

__all__ = ["abilities", "asks_for_help", "asks_to_repeat", "cannot", "help_text", "pleasantry"]

_MOST_NAMED: Final = 4
_RULES: Final[tuple[tuple[str, str], ...]] = (
    (r"(?:good )?(?:morning|afternoon|evening)", "Hello! How can I help?"),
    (r"(?:hi|hello|hey|hiya|howdy|hallo|greetings)(?: there| again)?", "Hello! How can I help?"),
    (
        r"(?:(?:hi|hello|hey) )?how (?:are|'re) you(?: doing)?(?: today)?|(?:hi |hello )?how is it going|how do you do",
        "I'm well, thank you. How can I help?",
    ),
    (
        r"(?:no |okay |ok |great |perfect )?(?:thanks|thank you|cheers)(?: (?:so|very) much| a lot| again)?",
        "You're welcome.",
    ),
    (r"(?:okay |ok )?(?:good ?bye|bye|bye bye|see you(?: later)?|good ?night|farewell|have a nice day)", "Goodbye!"),
    (r"(?:no|nope|nothing|no that is (?:it|all)|that is (?:it|all)|nothing else|never ?mind|forget it)", "All right."),
    (r"(?:yes|yeah|yep|sure|okay|ok|alright|all right|great|perfect|cool|fine|good|nice)", "Good."),
    (r"(?:i am )?sorry|my mistake", "No problem."),
)
_PLEASANTRIES: Final = tuple((re.compile(pattern), answer) for pattern, answer in _RULES)
_HELP: Final = re.compile(
    r"(?:what (?:else )?(?:can|do) you do|what can i (?:ask|say|do)(?: you)?|(?:can you )?help(?: me)?|i need help|"
    r"what are you able to do|what are your (?:skills|abilities)|how can you help(?: me)?)(?: (?:for me|here|offline))?"
)
_REPEAT: Final = re.compile(
    r"(?:can you |could you )?(?:say|repeat) (?:that|it)(?: again)?|repeat|pardon|what did you say|come again|"
    r"(?:sorry )?what was that"
)
_WHO: Final = re.compile(r"who are you|what is your name|what are you(?: called)?|what do i call you")
_NAME: Final = re.compile(r"\b(?:[Yy]our name is|[Yy]ou are called|[Yy]ou are|named) ([A-Z][\w-]+)")
_VERBS: Final = frozenset(
    """
    add ask book buy calculate call cancel change check choose clear convert count create delete do find flip get give
    hang help list look make mark move open order pause pick place play put read remember remind remove report roll say
    search send set show shuffle speak start stop take tell toss track transfer turn update work write
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_ASIDE: Final = re.compile(r"[.,;:\n(]|\s(?:that|which|while|after|until|and how|so)\s")
_SAMPLES: Final = {"integer": "five", "number": "five", "boolean": "on"}


def pleasantry(text: str, instructions: str = "") -> str | None:
    """Return the answer to a greeting, thanks, farewell or the like; None when `text` is anything else."""
    plain = _plain(text)
    if _WHO.fullmatch(plain):
        name = _NAME.search(instructions)
        return f"I'm {name[1]}, your voice assistant." if name else "I'm a voice assistant that works offline."
    return next((answer for rule, answer in _PLEASANTRIES if rule.fullmatch(plain)), None)


def asks_for_help(text: str) -> bool:
    """Whether somebody wants to know what can be done here."""
    return _HELP.fullmatch(_plain(text)) is not None


def asks_to_repeat(text: str) -> bool:
    """Whether somebody wants to hear the last answer again."""
    return _REPEAT.fullmatch(_plain(text)) is not None


def help_text(tools: Sequence[ToolSpec]) -> str:
    """Say what can be done offline."""
    named = abilities(tools)
    return f"I can {_listed(named)}." if named else "I work offline and have no tools here, so I can only say hello."


def cannot(tools: Sequence[ToolSpec]) -> str:
    """Say honestly that this cannot be done offline, and what can."""
    named = abilities(tools)
    return f"I can't do that offline, but I can {_listed(named)}." if named else "Sorry, I can't do that offline."


def abilities(tools: Sequence[ToolSpec]) -> list[str]:
    """Return what each tool that can be asked for by phrase does, to follow "I can"."""
    found = (_ability(tool) for tool in tools if examples(tool))
    return list(dict.fromkeys(found))[:_MOST_NAMED]


def _ability(tool: ToolSpec) -> str:
    purpose = _ASIDE.split(strip(tool).strip(), maxsplit=1)[0].strip()
    first, space, rest = purpose.partition(" ")
    for verb in (first.lower(), first.lower().removesuffix("s"), first.lower().removesuffix("es")):
        if verb in _VERBS and rest:
            return f"{verb}{space}{rest}"
    return f'answer "{_sample(tool)}"'


def _sample(tool: ToolSpec) -> str:
    """Return the shortest phrase, its slots filled with something of the right kind."""
    properties: dict[str, Any] = tool.parameters.get("properties", {})

    def filled(slot: re.Match[str]) -> str:
        schema = properties.get(slot[1], {})
        values = schema.get("enum")
        return str(values[0]) if values else _SAMPLES.get(str(schema.get("type")), "something")

    return min((plainly(SLOT.sub(filled, phrase)) for phrase in examples(tool)), key=len)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def _plain(text: str) -> str:
    text = text.lower().replace("\u2019", "'")
    text = re.sub(r"\b(what|that|how|who|it)'s\b", r"\1 is", text).replace("i'm", "i am").replace("i'd", "i would")
    text = re.sub(r"[^\w' ]+", " ", text)
    text = re.sub(r"\b(?:please|um+|uh+|well)\b", " ", text)
    return " ".join(text.split())
