"""What a session's turn machine decides by."""

from __future__ import annotations

from dataclasses import dataclass

from voiceloop.turn.interruption import Interruptions

__all__ = ["TurnPolicy"]


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """What the machine may decide."""

    interruptions: Interruptions = Interruptions()  # noqa: RUF009 - frozen
    silence_s: float = 0.5
    """Silence the engine waits for before it says that speech stopped."""
    reply_start_s: float = 10.0
    ask_after_s: float = 2.5
    """How long an engine that starts replies by itself may take before it is asked."""
    tool_rounds: int = 6
    survivors: tuple[str, ...] = ()
    """Tools that go on when the user interrupts."""
