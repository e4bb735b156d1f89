"""What the local brain says by itself: pleasantries by rule, and an honest word on what it can and cannot do; pure.

The rules and sentences are those of the language; English where none is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from voiceloop.languages.guess import language_of_text
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import english
from voiceloop.tools.wording import SLOT, examples, plainly, strip
from voiceloop.vocabulary import ToolSpec

__all__ = ["abilities", "asks_for_help", "asks_to_repeat", "cannot", "expected", "help_text", "pleasantry"]

_MOST_NAMED: Final = 4
_CERTAIN: Final = 0.5
"""A phrase of which half the known words are of another language is no example."""
_ASIDE: Final = re.compile(r"[.,;:\n(]|\s(?:that|which|while|after|until|and how|so)\s")


def pleasantry(text: str, instructions: str = "", language: Language | None = None) -> str | None:
    """Return the answer to a greeting, thanks, farewell or the like; None when `text` is anything else."""
    language = language or english()
    plain = _plain(text, language)
    if _is(language.talk.who, plain):
        name = re.search(language.talk.name, instructions) if language.talk.name else None
        return language.said.named.format(name=name[1]) if name else language.said.unnamed
    return next((rule.answer for rule in language.talk.rules if _is(rule.said, plain)), None)


def asks_for_help(text: str, language: Language | None = None) -> bool:
    """Whether somebody wants to know what can be done here."""
    language = language or english()
    return _is(language.talk.help, _plain(text, language))


def asks_to_repeat(text: str, language: Language | None = None) -> bool:
    """Whether somebody wants to hear the last answer again."""
    language = language or english()
    return _is(language.talk.repeat, _plain(text, language))


def help_text(tools: Sequence[ToolSpec], language: Language | None = None) -> str:
    """Say what can be done offline."""
    language = language or english()
    named = abilities(tools, language)
    return language.said.can.format(abilities=_listed(named, language)) if named else language.said.can_nothing


def cannot(tools: Sequence[ToolSpec], language: Language | None = None) -> str:
    """Say honestly that this cannot be done offline, and what can."""
    language = language or english()
    named = abilities(tools, language)
    return language.said.cannot.format(abilities=_listed(named, language)) if named else language.said.cannot_anything


def abilities(tools: Sequence[ToolSpec], language: Language | None = None) -> list[str]:
    """Return what each tool that can be asked for by phrase does, to follow "I can"."""
    language = language or english()
    found = (_ability(tool, language) for tool in tools if examples(tool))
    return [ability for ability in dict.fromkeys(found) if ability][:_MOST_NAMED]


def expected(tools: Sequence[ToolSpec], language: Language) -> list[str]:
    """Return sentences that people are likely to say here: an example of each tool's first phrase, and pleasantries."""
    phrases = (_filled(tool, _best(tool, language), language) for tool in tools)
    return [*(_written(phrase, language) for phrase in phrases if phrase), *language.talk.requests]


def _ability(tool: ToolSpec, language: Language) -> str:
    purpose = _ASIDE.split(strip(tool).strip(), maxsplit=1)[0].strip()
    first, space, rest = purpose.partition(" ")
    for verb in (first.lower(), first.lower().removesuffix("s"), first.lower().removesuffix("es")):
        if verb in language.talk.verbs and rest:
            return f"{verb}{space}{rest}"
    if language.talk.verbs:
        sample = min((_filled(tool, phrase, language) for phrase in examples(tool)), key=len)
    else:
        sample = _filled(tool, _best(tool, language), language)
    return sample and language.said.ability.format(sample=sample)


def _best(tool: ToolSpec, language: Language) -> str:
    """Return a tool's first phrase in this language; it may have phrases in several, or none in this one."""
    tags = {phrase: language_of_text(plainly(phrase)) for phrase in examples(tool)}
    mine = (phrase for phrase, (tag, probability) in tags.items() if tag == language.tag and probability > _CERTAIN)
    return next(mine, "") or next((phrase for phrase, (tag, _) in tags.items() if not tag), "")


def _written(phrase: str, language: Language) -> str:
    """Return a phrase as recognition would write it."""
    asks = re.match(language.talk.questions, phrase, re.IGNORECASE) if language.talk.questions else None
    sentence = f"{phrase[:1].upper()}{phrase[1:]}"
    said = language.said
    return f"{said.before_question}{sentence}{said.question}" if asks else f"{sentence}{said.stop}"


def _filled(tool: ToolSpec, phrase: str, language: Language) -> str:
    """Return a phrase as it may be said, its slots filled with something of the right kind."""
    properties: dict[str, Any] = tool.parameters.get("properties", {})
    samples = language.talk.samples

    def filled(slot: re.Match[str]) -> str:
        schema = properties.get(slot[1], {})
        values = schema.get("enum")
        return str(values[0]) if values else samples.get(str(schema.get("type")), samples.get("string", slot[1]))

    return plainly(SLOT.sub(filled, phrase))


def _listed(parts: Sequence[str], language: Language) -> str:
    said = language.said
    return parts[0] if len(parts) == 1 else f"{said.comma.join(parts[:-1])}{said.last_or}{parts[-1]}"


def _is(pattern: str, plain: str) -> bool:
    return bool(pattern) and re.fullmatch(pattern, plain) is not None


def _plain(text: str, language: Language) -> str:
    text = text.lower().replace("\u2019", "'")
    for pattern, replacement in language.talk.rewrites:
        text = re.sub(pattern, replacement, text)
    text = re.sub(r"[^\w' ]+", " ", text)
    if language.talk.ignored:
        text = re.sub(rf"\b(?:{language.talk.ignored})\b", " ", text)
    return " ".join(text.split())
