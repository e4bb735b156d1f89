"""An agent: who it is and what it can do, apart from where and how it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from voiceloop.settings import AgentSettings, IdleSettings, LimitSettings

__all__ = ["Agent"]


class Agent:
    """Instructions, greeting, language, voice and tools; the same object runs in every face of voiceloop.

    `tools` are functions marked with `voiceloop.tool`, or plain functions with annotations and a docstring. All other
    arguments are those of `settings.AgentSettings`. Agents are immutable and may serve any number of sessions.
    """

    __slots__ = ("settings", "tools")

    def __init__(  # noqa: PLR0913 - the arguments are the documented schema of an agent
        self,
        instructions: str | None = None,
        *,
        greeting: str | None = None,
        greeting_interruptible: bool = True,
        language: str = "en",
        voice: str | None = None,
        vocabulary: Sequence[str] = (),
        tools: Sequence[Callable[..., Any]] = (),
        idle: IdleSettings | None = None,
        limits: LimitSettings | None = None,
    ) -> None:
        given: dict[str, Any] = {
            "instructions": instructions,
            "greeting": greeting,
            "greeting_interruptible": greeting_interruptible,
            "language": language,
            "voice": voice,
            "vocabulary": tuple(vocabulary),
            "idle": idle,
            "limits": limits,
            "tools": (),
        }
        self.settings = AgentSettings(**{name: value for name, value in given.items() if value is not None})
        self.tools = tuple(tools)

    @classmethod
    def from_settings(cls, settings: AgentSettings, tools: Sequence[Callable[..., Any]] = ()) -> Agent:
        """Build the agent a settings file describes; `tools` are already loaded."""
        agent = cls.__new__(cls)
        agent.settings = settings
        agent.tools = tuple(tools)
        return agent
