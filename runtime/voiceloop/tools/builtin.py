"""Tools that come with voiceloop itself, by the names settings call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from voiceloop.errors import MisuseError, SettingsError
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import english, language_for
from voiceloop.tools.tool import Tool, ToolContext, tool

__all__ = ["AGENT_ENDED", "built_in", "end_conversation_factory"]

AGENT_ENDED: Final = "agent_ended"
"""The reason of a session that `end_conversation` ended."""


class _Place(Protocol):
    """What is used of the context a factory is given."""

    @property
    def language(self) -> str: ...


def end_conversation_factory(settings: Mapping[str, Any], context: _Place) -> list[Tool[..., Any]]:
    """Make the tools of the entry point `end_conversation`. Raises SettingsError for any setting: there are none."""
    for name in settings:
        raise SettingsError(f"[plugins.end_conversation] knows no setting {name!r}; there are none")
    return [_end_conversation(_known(context.language))]


def built_in(names: Sequence[str], language: str) -> list[Tool[..., Any]]:
    """Return the tools of these names. Raises MisuseError for a plugin, which only the command line loads."""
    for name in names:
        if name not in BUILT_IN:
            raise MisuseError(
                f"the tool plugin {name!r} is loaded by voiceloop.run and voiceloop talk; give a Session its functions"
            )
    return [BUILT_IN[name](_known(language)) for name in names]


def _end_conversation(language: Language) -> Tool[..., Any]:
    @tool(phrases=list(language.talk.farewells))
    async def end_conversation(context: ToolContext) -> str:
        """Hang up. Use it when the user says goodbye or wants nothing more; say goodbye in one short sentence as well.

        The session ends when your words were heard, unless the user speaks on.
        """
        context.end(AGENT_ENDED)
        return language.said.farewell

    return end_conversation


def _known(tag: str) -> Language:
    """The language whose sentences are offered; English for those that have no data file, and for any."""
    try:
        return language_for(tag)
    except SettingsError:
        return english()


BUILT_IN: Final[Mapping[str, Callable[[Language], Tool[..., Any]]]] = {"end_conversation": _end_conversation}
