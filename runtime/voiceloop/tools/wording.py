"""How phrases are written: in a tool's description for any model to read, and as templates with slots.

A phrase is a sentence with `{slots}`, optional `[parts]` and `(one|another)` choice. On the wire all phrases of a tool
are the last line of its description, `Examples: where is order {order_id} | track order {order_id}`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from voiceloop.vocabulary import ToolSpec

__all__ = ["describe", "examples", "fault", "plainly", "slots", "strip"]

MARK = "Examples: "
SLOT = re.compile(r"\{([A-Za-z_]\w*)\}")
STRANGE = re.compile(r"[{}<>;\\:@]")
EMPTY_PART = re.compile(r"[(\[|]\s*[|)\]]|\([^()|]*\)")
PAIRS = {")": "(", "]": "[", "}": "{"}
MAX_PHRASE_CHARS = 240
"""A template is matched with backtracking, so its size is bounded; nobody says more in one command."""


def describe(purpose: str, phrases: Collection[str]) -> str:
    """Join a purpose and phrases into the description a model reads."""
    return f"{purpose}\n{MARK}{' | '.join(phrases)}" if phrases else purpose


def examples(spec: ToolSpec) -> tuple[str, ...]:
    """Return the phrases in a tool's description; choices inside brackets stay together."""
    line = spec.description.rpartition("\n")[2]
    return tuple(_split(line.removeprefix(MARK))) if line.startswith(MARK) else ()


def strip(spec: ToolSpec) -> str:
    """Return a tool's description without its phrases."""
    head, _, line = spec.description.rpartition("\n")
    return head if line.startswith(MARK) else spec.description


def slots(phrase: str) -> list[str]:
    """Names of the slots of a phrase, in order."""
    return SLOT.findall(phrase)


def fault(phrase: str, parameters: Collection[str]) -> str:
    """Say what is wrong with a phrase for a tool with these parameters; empty when nothing is."""
    rest = SLOT.sub("", phrase)
    strange = [slot for slot in slots(phrase) if slot not in parameters]
    checks = {
        f"must have 1 to {MAX_PHRASE_CHARS} characters": not phrase.strip() or len(phrase) > MAX_PHRASE_CHARS,
        "is more than one; give each its own text": "\n" in phrase or len(list(_split(phrase))) != 1,
        "has brackets that do not pair": not _balanced(phrase),
        "holds a character other than words, {slots}, [parts] and (one|another)": bool(STRANGE.search(rest)),
        "has an empty part or a choice of one": bool(EMPTY_PART.search(phrase)),
        f"fills {''.join(strange[:1])}, which is not a parameter": bool(strange),
    }
    return next((trouble for trouble, found in checks.items() if found), "")


def plainly(phrase: str) -> str:
    """Return a phrase as a person would say it: no optional parts, the first of each choice, slots as words."""
    text, before = phrase, ""
    while text != before:
        before = text
        text = re.sub(r"\[[^\[\]()]*\]", " ", text)
        text = re.sub(r"\(([^()\[\]|]*)\|[^()\[\]]*\)", r"\1", text)
    return " ".join(SLOT.sub(lambda slot: slot[1].replace("_", " "), text).split())


def _balanced(phrase: str) -> bool:
    still_open: list[str] = []
    for character in phrase:
        if character in PAIRS.values():
            still_open.append(character)
        elif character in PAIRS and (not still_open or still_open.pop() != PAIRS[character]):
            return False
    return not still_open


def _split(line: str) -> Iterator[str]:
    """Yield the texts between bars that stand outside all brackets."""
    depth, start = 0, 0
    for index, character in enumerate(line):
        depth += (character in PAIRS.values()) - (character in PAIRS)
        if character == "|" and depth == 0:
            yield line[start:index].strip()
            start = index + 1
    yield line[start:].strip()
