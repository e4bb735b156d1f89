"""Says what a tool returned; pure.

Most tools return a sentence, which is said as it is. JSON becomes a short one, because nobody can listen to braces.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["spoken_output"]

_SENTENCE_KEYS: Final = ("spoken", "message", "text", "answer", "summary", "result", "output", "description")
_MOST_FIELDS: Final = 5
_MOST_CHARACTERS: Final = 500
_SAYS_NOTHING: Final = frozenset({"", "ok", "none", "null", "true", "done", "success", "{}", "[]"})


def spoken_output(output: str) -> str:
    """Return the sentence that tells a listener what the tool's output says."""
    text = output.strip()
    if text.strip(" .!").lower() in _SAYS_NOTHING:
        return "Done."
    if text[:1] in '{["':
        with contextlib.suppress(ValueError):  # not JSON after all: a sentence may begin with a quotation mark
            text = _said(json.loads(text))
    return _sentence(text) if text else "Done."


def _said(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list(value)
    return _single(value)


def _single(value: str | float | None) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{round(value, 2):,}"
    return f"{value}".strip()


def _object(value: Mapping[str, Any]) -> str:
    if isinstance(error := value.get("error"), str) and error:
        return f"Sorry, {_uncapitalised(error)}"
    for key in _SENTENCE_KEYS:
        if isinstance(sentence := value.get(key), str) and " " in sentence:
            return sentence.strip()
    if len(value) == 1:
        return _said(next(iter(value.values())))
    said = [f"{_words(key)} is {_said(item)}" for key, item in value.items() if item not in (None, "", [], {})]
    return ", ".join(said[:_MOST_FIELDS])


def _list(value: Sequence[Any]) -> str:
    if not value:
        return "nothing"
    said = [_said(item) for item in value]
    shown = said[:_MOST_FIELDS]
    if more := len(said) - len(shown):
        shown.append(f"{more} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _words(key: str) -> str:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key).replace("_", " ").replace("-", " ")
    return " ".join(apart.lower().split())


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _sentence(text: str) -> str:
    """Start with a capital, end with a stop, and keep to what a listener can hold in mind."""
    if len(text) > _MOST_CHARACTERS:
        cut = text[:_MOST_CHARACTERS]
        end = max(cut.rfind(". "), cut.rfind("! "), cut.rfind("? "))
        text = cut[: end + 1] if end > 0 else cut.rpartition(" ")[0]
    text = text[:1].upper() + text[1:]
    return text if text[-1] in ".!?…:\"'" else f"{text}."
