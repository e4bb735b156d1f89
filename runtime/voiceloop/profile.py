"""What a session's core decides by, apart from what happens."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Literal

from voiceloop.history import HistoryPolicy
from voiceloop.notices.policy import NoticePolicy
from voiceloop.prices import PriceList
from voiceloop.turn.interruption import Interruptions, words_in
from voiceloop.turn.policy import TurnPolicy
from voiceloop.vocabulary import Tier

__all__ = ["Profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything about the agent and its settings that the core decides by; plain values, so that it fits a tape."""

    greeting: str = ""
    greeting_interruptible: bool = True
    idle_prompt: str = ""
    idle_goodbye: str = ""
    idle_after_s: float = 20.0
    unclear: str = ""
    """Said when nothing was understood of a turn; empty says nothing."""
    limit_s: float = 3600.0
    token_limit: int = 0
    """0: none."""
    money_limit: Decimal | None = None
    prices: PriceList | None = None
    tool_rounds: int = 6
    survivors: tuple[str, ...] = ()
    interrupt_after_s: float = 0.6
    interrupt_by: Literal["words", "length"] = "words"
    silence_s: float = 0.5
    reply_start_s: float = 10.0
    ask_after_s: float = 2.5
    """How long an engine that starts replies by itself may take before it is asked."""
    transcribes: bool = True
    history: HistoryPolicy = HistoryPolicy()
    notices: NoticePolicy = NoticePolicy()
    reconnect_within_s: float = 60.0
    """How long an outage may last before the session ends."""
    roll_over_after_s: float = 3300.0
    """After how long an engine that does not tell its end is replaced."""
    seed: int = 0
    """What makes this session's jitter its own."""
    tiers: tuple[Tier, ...] = (Tier.REALTIME,)
    """Who may answer, the best one first."""

    @property
    def turns(self) -> TurnPolicy:
        """What the turn machine decides by."""
        return TurnPolicy(
            interruptions=Interruptions(
                after_s=self.interrupt_after_s,
                by_words=self.interrupt_by == "words" and self.transcribes,
                words_in=partial(words_in, tag=self.notices.language),
            ),
            silence_s=self.silence_s,
            reply_start_s=self.reply_start_s,
            ask_after_s=self.ask_after_s,
            tool_rounds=self.tool_rounds,
            survivors=self.survivors,
        )
