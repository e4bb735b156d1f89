"""Says what a tool returned; pure.

Most tools return a sentence, which is said as it is. JSON becomes a short one, because nobody can listen to braces.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from voiceloop.languages.language import Language
from voiceloop.languages.sentences import SURE_ENDS
from voiceloop.languages.shelf import english

__all__ = ["spoken_output"]

_SENTENCE_KEYS: Final = ("spoken", "message", "text", "answer", "summary", "result", "output", "description")
_MOST_FIELDS: Final = 5
_MOST_CHARACTERS: Final = 500
_SAYS_NOTHING: Final = frozenset({"", "ok", "none", "null", "true", "done", "success", "{}", "[]"})


def spoken_output(output: str, language: Language | None = None) -> str:
    """Return the sentence that tells a listener what the tool's output says; English by default."""
    language = language or english()
    text = output.strip()
    if text.strip(" .!").lower() in _SAYS_NOTHING:
        return language.said.done
    if text[:1] in '{["':
        with contextlib.suppress(ValueError):  # not JSON after all: a sentence may begin with a quotation mark
            text = _said(json.loads(text), language)
    return _sentence(text, language) if text else language.said.done


def _said(value: Any, language: Language) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return _object(value, language)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list(value, language)
    return _single(value, language)


def _single(value: str | float | None, language: Language) -> str:
    if value is None:
        return language.said.nothing
    if isinstance(value, bool):
        return language.said.yes if value else language.said.no
    if isinstance(value, float):
        marks = {",": language.numbers.group, ".": language.numbers.decimal}
        return "".join(marks.get(character, character) for character in f"{round(value, 2):,}")
    return f"{value}".strip()


def _object(value: Mapping[str, Any], language: Language) -> str:
    if isinstance(error := value.get("error"), str) and error:
        return language.said.sorry.format(why=_uncapitalised(error))
    for key in _SENTENCE_KEYS:
        if isinstance(sentence := value.get(key), str) and " " in sentence:
            return sentence.strip()
    if len(value) == 1:
        return _said(next(iter(value.values())), language)
    said = [
        language.said.field.format(name=_words(key), value=_said(item, language))
        for key, item in value.items()
        if item not in (None, "", [], {})
    ]
    return language.said.comma.join(said[:_MOST_FIELDS])


def _list(value: Sequence[Any], language: Language) -> str:
    if not value:
        return language.said.nothing
    said = [_said(item, language) for item in value]
    shown = said[:_MOST_FIELDS]
    if more := len(said) - len(shown):
        shown.append(language.said.more.format(count=more))
    if len(shown) == 1:
        return shown[0]
    return f"{language.said.comma.join(shown[:-1])}{language.said.last_and}{shown[-1]}"


def _words(key: str) -> str:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key).replace("_", " ").replace("-", " ")
    return " ".join(apart.lower().split())


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _sentence(text: str, language: Language) -> str:
    """Start with a capital, end with a stop, and keep to what a listener can hold in mind."""
    if len(text) > _MOST_CHARACTERS:
        cut = text[:_MOST_CHARACTERS]
        end = max(cut.rfind(mark) for mark in (". ", "! ", "? ", *SURE_ENDS))
        text = cut[: end + 1] if end > 0 else cut.rpartition(" ")[0] or cut
    text = text[:1].upper() + text[1:]
    return text if text[-1] in f".!?…:\"'{SURE_ENDS}" else f"{text}{language.said.stop}"
