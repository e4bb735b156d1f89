"""An agent: who it is and what it can do, apart from where and how it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voiceloop.settings import (
    AgentSettings,
    HistorySettings,
    IdleSettings,
    LimitSettings,
    ModelSettings,
    Patience,
    Unclear,
    VoiceSettings,
    WaitingSettings,
)

__all__ = ["Agent"]


class Agent:
    """Instructions, greeting, language, voice and tools; the same object runs in every face of voiceloop.

    `tools` is a list: functions marked with `voiceloop.tool`, plain functions with annotations and a docstring, and
    names of tool plugins such as "end_conversation". All other arguments are those of `settings.AgentSettings`, which
    raises pydantic's ValidationError for wrong ones. Agents are immutable and may serve any number of sessions.
    """

    __slots__ = ("named", "settings", "tools")

    def __init__(  # noqa: PLR0913 - the arguments are the documented schema of an agent
        self,
        instructions: str | None = None,
        *,
        greeting: str | None = None,
        greeting_interruptible: bool = True,
        language: str = "en",
        voice: str | Mapping[str, str] | VoiceSettings | None = None,
        models: Mapping[str, str] | ModelSettings | None = None,
        vocabulary: Sequence[str] = (),
        pronounce: Mapping[str, str] | None = None,
        patience: Patience = "normal",
        unclear: Unclear = "sentence",
        tools: Sequence[Callable[..., Any] | str] = (),
        idle: Mapping[str, Any] | IdleSettings | None = None,
        waiting: Mapping[str, Any] | WaitingSettings | None = None,
        limits: Mapping[str, Any] | LimitSettings | None = None,
        history: Mapping[str, Any] | HistorySettings | None = None,
    ) -> None:
        given: dict[str, Any] = {
            "instructions": instructions,
            "greeting": greeting,
            "greeting_interruptible": greeting_interruptible,
            "language": language,
            "voice": voice,
            "models": models,
            "vocabulary": vocabulary if isinstance(vocabulary, str) else tuple(vocabulary),
            "pronounce": pronounce,
            "patience": patience,
            "unclear": unclear,
            "idle": idle,
            "waiting": waiting,
            "limits": limits,
            "history": history,
            "tools": tools if isinstance(tools, str) else tuple(name for name in tools if isinstance(name, str)),
        }
        # A text in place of a list is handed on whole: its letters would pass for names.
        self.settings = AgentSettings(**{name: value for name, value in given.items() if value is not None})
        self.tools = tuple(function for function in tools if not isinstance(function, str))
        self.named = self.settings.tools
        """Plugins whose tools are still to be loaded."""

    def told(self, settings: AgentSettings) -> Agent:
        """Return this agent with other settings. Tool plugins that these name anew are still to be loaded."""
        agent = Agent.from_settings(settings, self.tools)
        agent.named = self.named if settings.tools == self.settings.tools else settings.tools
        return agent

    @classmethod
    def from_settings(cls, settings: AgentSettings, tools: Sequence[Callable[..., Any]] = ()) -> Agent:
        """Build the agent a settings file describes; `tools` are already loaded."""
        agent = cls.__new__(cls)
        agent.settings = settings
        agent.tools = tuple(tools)
        agent.named = ()
        return agent
