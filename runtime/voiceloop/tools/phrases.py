"""Finds the tool a spoken sentence asks for, with no model: the phrases tools declare, matched with hassil.

A slot takes what its parameter takes: an integer or number in digits or in words, a boolean as yes, on, true and so
on, an enumeration one of its values, a string any words (those its `pattern` allows). The most specific match wins: the
one that leaves the fewest words to strings, then the earlier phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voiceloop.errors import DeviceError
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import english
from voiceloop.tools.spoken import as_number, numbers_in
from voiceloop.tools.utterance import Reading, readings, tolerant
from voiceloop.tools.wording import SLOT, examples, fault, plainly, slots, strip
from voiceloop.vocabulary import ToolSpec

if TYPE_CHECKING:
    from hassil.intents import IntentData, Intents, SlotList, TextSlotList
    from hassil.models import MatchEntity
    from hassil.recognize import RecognizeResult

__all__ = ["PhraseMatch", "Phrasebook", "examples", "plainly", "strip"]

WORD = re.compile(r"[^\s,;:!?]+")
MAX_PHRASES_PER_TOOL = 64
"""Descriptions may come from other servers; what matching costs is bounded."""


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """The tool a sentence asks for, and its arguments by parameter name."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Slot:
    """What one parameter takes."""

    kind: str
    """integer, number, boolean, text, enum; or none for what cannot be said in one slot."""
    values: tuple[Any, ...] = ()
    allows: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One phrase of one tool, ready to be matched."""

    spec: ToolSpec
    order: int
    fills: Mapping[str, _Slot]


class Phrasebook:
    """All phrases of a set of tools. hassil is imported when the first book is made."""

    __slots__ = ("_intents", "_language", "_phrases")

    def __init__(self, phrases: Sequence[_Phrase], intents: Intents, language: Language) -> None:
        self._phrases = phrases
        self._intents = intents
        self._language = language

    @classmethod
    def from_specs(cls, specs: Sequence[ToolSpec], language: Language | None = None) -> Phrasebook:
        """Read the phrases in the tools' descriptions, English by default; those that cannot work are left out.

        Raises DeviceError when hassil is not installed.
        """
        try:
            from hassil import intents  # noqa: PLC0415 - optional and only needed here
        except ImportError as error:
            raise DeviceError("hassil is missing, which matches phrases; pip install 'voiceloop[local]'") from error
        language = language or english()
        phrases: list[_Phrase] = []
        blocks: list[IntentData] = []
        for spec in specs:
            known = {name: _slot(schema, spec) for name, schema in _properties(spec).items()}
            for text in examples(spec)[:MAX_PHRASES_PER_TOOL]:
                if _usable(text, spec, known):
                    fills = {name: known[name] for name in slots(text)}
                    blocks.append(_block(intents, tolerant(text, language), len(phrases), fills))
                    phrases.append(_Phrase(spec, len(phrases), fills))
        calls = {"call": intents.Intent("call", blocks)}
        return cls(phrases, intents.Intents(language.tag, calls, _fixed_lists(intents, language)), language)

    def match(self, text: str) -> PhraseMatch | None:
        """Find the tool that `text` asks for; None when no phrase fits. The same text gives the same answer."""
        for group in readings(text, self._language):
            found = [candidate for reading in group for candidate in self._candidates(reading)]
            if found:
                _, _, phrase, arguments = min(found, key=lambda candidate: candidate[:2])
                return PhraseMatch(phrase.spec.name, arguments)
        return None

    def _candidates(self, reading: Reading) -> Iterator[tuple[tuple[int, ...], int, _Phrase, dict[str, Any]]]:
        """Yield each way to read a sentence, with its rank: lower is better."""
        from hassil.recognize import recognize_all  # noqa: PLC0415 - optional and only needed here

        for result in recognize_all(reading.plain, self._intents, slot_lists=_number_lists(reading, self._language)):
            phrase = self._phrases[int(result.response or 0)]
            arguments = _arguments(phrase, result, reading)
            if arguments is not None:
                left_to_text = [_length(entity) for entity in result.entities_list if entity.is_wildcard]
                matched = len(reading.plain) - sum(left_to_text)
                rank = (sum(left_to_text), -matched, len(left_to_text), *(-length for length in left_to_text))
                yield rank, phrase.order, phrase, arguments


def _usable(text: str, spec: ToolSpec, known: Mapping[str, _Slot]) -> bool:
    names = slots(text)
    required = set(spec.parameters.get("required", ()))
    return not fault(text, known) and required <= set(names) and all(known[name].kind != "none" for name in names)


def _properties(spec: ToolSpec) -> Mapping[str, Any]:
    properties = spec.parameters.get("properties", {})
    return properties if isinstance(properties, Mapping) else {}


def _slot(schema: Mapping[str, Any], spec: ToolSpec) -> _Slot:
    """Find out what a parameter takes from its JSON schema."""
    for alternative in _alternatives(schema, spec):
        if "const" in alternative:
            return _Slot("enum", (alternative["const"],))
        if "enum" in alternative:
            return _Slot("enum", tuple(alternative["enum"]))
        kind = alternative.get("type")
        if kind in ("integer", "number", "boolean"):
            return _Slot(kind)
        if kind == "string":
            return _Slot("text", allows=_pattern(alternative.get("pattern")))
    return _Slot("none")


def _alternatives(schema: Mapping[str, Any], spec: ToolSpec) -> Iterator[Mapping[str, Any]]:
    """Yield the schema itself with a reference followed, or each member of a union."""
    reference = str(schema.get("$ref", ""))
    if reference:
        yield spec.parameters.get("$defs", {}).get(reference.rpartition("/")[2], {})
    for member in schema.get("anyOf", ()):
        yield from _alternatives(member, spec)
    yield schema


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE) if text else None
    except re.error:
        return None  # JSON schema takes its patterns from another language; the tool itself still checks


def _block(intents: Any, text: str, order: int, fills: Mapping[str, _Slot]) -> IntentData:  # noqa: ANN401 - a module
    """Make the template of a phrase: each slot names the list of what it takes."""

    def listed(slot: re.Match[str]) -> str:
        kind = fills[slot[1]].kind
        return f"{{{slot[1]}_values:{slot[1]}}}" if kind == "enum" else f"{{{kind}:{slot[1]}}}"

    lists = {f"{name}_values": _enum_list(intents, slot) for name, slot in fills.items() if slot.kind == "enum"}
    block: IntentData = intents.IntentData([SLOT.sub(listed, text)], response=str(order), slot_lists=lists)
    return block


def _enum_list(intents: Any, slot: _Slot) -> TextSlotList:  # noqa: ANN401 - a module
    spoken = [(re.sub(r"[-_]", " ", str(value)), value) for value in slot.values if value is not None]
    found: TextSlotList = intents.TextSlotList.from_tuples(spoken, allow_template=False)
    return found


def _fixed_lists(intents: Any, language: Language) -> dict[str, SlotList]:  # noqa: ANN401 - a module
    said = [(word, True) for word in language.heard.true] + [(word, False) for word in language.heard.false]
    return {
        "boolean": intents.TextSlotList.from_tuples(said, allow_template=False),
        "text": intents.WildcardSlotList("text"),
    }


def _number_lists(reading: Reading, language: Language) -> dict[str, SlotList]:
    """List the numbers said in this very sentence: hassil's own number lists need bounds and know no fractions."""
    from hassil.intents import TextSlotList  # noqa: PLC0415 - optional and only needed here

    words = [word.rstrip(".") for word in WORD.findall(reading.plain)]
    said = [(" ".join(words[span.start : span.end]), as_number(span.value)) for span in numbers_in(words, language)]
    whole = [(text, value) for text, value in said if isinstance(value, int)]
    return {
        "number": TextSlotList.from_tuples(said, allow_template=False),
        "integer": TextSlotList.from_tuples(whole, allow_template=False),
    }


def _arguments(phrase: _Phrase, result: RecognizeResult, reading: Reading) -> dict[str, Any] | None:
    """Take the values out of a match; None when one of them is not what its parameter takes."""
    values = {entity.name: _value(entity, phrase.fills[entity.name], reading) for entity in result.entities_list}
    required = set(phrase.spec.parameters.get("required", ()))
    complete = len(values) == len(result.entities_list) and required <= set(values)
    return values if complete and all(value is not None for value in values.values()) else None


def _value(entity: MatchEntity, slot: _Slot, reading: Reading) -> Any:  # noqa: ANN401 - any JSON value
    start, end = entity.text_span or (0, 0)
    if not _whole_words(reading.plain, start, end):
        return None
    if not entity.is_wildcard:
        return entity.value
    text = reading.spoken[start:end].strip(" ,.;:?!")
    return text if text and (slot.allows is None or slot.allows.search(text)) else None


def _whole_words(text: str, start: int, end: int) -> bool:
    before, inside, after = text[:start][-1:], text[start:end], text[end:][:1]
    return not (before.isalnum() and inside[:1].isalnum()) and not (inside[-1:].isalnum() and after.isalnum())


def _length(entity: MatchEntity) -> int:
    return len(entity.text)
