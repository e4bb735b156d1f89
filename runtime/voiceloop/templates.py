r"""Texts of an agent with `{{ name }}` in them, filled with facts of the session they are used in.

Nothing is evaluated: a name stands for its value. Values may come from a caller, so each becomes one bounded line, and
what it holds is never looked at again for names. `\\{{` writes two braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from voiceloop.errors import SettingsError

__all__ = ["facts_of", "rendered"]

_PLACE: Final = re.compile(r"(\\?)\{\{(.*?)\}\}")
_MOST_CHARACTERS: Final = 500
_LONGEST_NAME: Final = 60


def facts_of(session_id: str, language: str, now: datetime, data: Mapping[str, object]) -> dict[str, str]:
    """Return what texts may name: `session_id`, `language`, `date`, `time`, `zone`, `caller` and everything in `data`.

    `now` is the local time, with its zone, at which the session begins. `caller` is empty unless `data` tells it; of
    the other names, too, `data` has the last word. None becomes nothing.
    """
    offset = now.strftime("%z")
    zone = f"UTC{offset[:3]}:{offset[3:5]}" if offset else ""
    name = now.tzname() or ""
    facts: dict[str, object] = {
        "session_id": session_id,
        "language": language,
        "date": now.strftime("%Y-%m-%d"),
        "time": now.strftime("%H:%M"),
        "zone": f"{name} ({zone})" if zone and not name.startswith("UTC") else zone or name,
        "caller": "",
        **data,
    }
    return {key: "" if value is None else _bounded(str(value)) for key, value in facts.items()}


def rendered(text: str, facts: Mapping[str, str], what: str) -> str:
    """Return the text with every `{{ name }}` replaced by its value.

    Raises SettingsError for a name that is none of the facts; `what` is how it calls the text.
    """

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        name = found[2].strip()
        if name not in facts:
            shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
            raise SettingsError(
                f"{what}: nothing is called {{{{ {shown} }}}} here; known are {', '.join(sorted(facts))}"
                " (two braces themselves are written \\{{)",
                tuple(what.split(".")),
            )
        return facts[name]

    return _PLACE.sub(value, text)


def _bounded(value: str) -> str:
    text = " ".join("".join(character if character.isprintable() else " " for character in value).split())
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
