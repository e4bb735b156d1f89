"""What core and engine are told of an agent: its texts with the session's facts in them, its rules, its seed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal
from zlib import crc32

from voiceloop.agent import Agent
from voiceloop.core import Profile
from voiceloop.engines.base import Seed
from voiceloop.errors import SettingsError
from voiceloop.history import HistoryPolicy
from voiceloop.languages.shelf import AUTO, english, language_for
from voiceloop.languages.tags import primary_subtag
from voiceloop.notices.policy import NoticePolicy
from voiceloop.prices import PriceList
from voiceloop.settings import AgentSettings, Settings
from voiceloop.templates import facts_of, rendered
from voiceloop.tools.bus import survivors
from voiceloop.tools.tool import as_tool
from voiceloop.vocabulary import Tier

__all__ = ["check_texts", "in_language", "profile_of", "seed_of", "with_facts"]


def with_facts(who: AgentSettings, facts: Mapping[str, str]) -> AgentSettings:
    """Return the agent's settings with the facts in its texts. Raises SettingsError for a name that is none of them."""

    def said(text: str | None, what: str) -> str | None:
        return None if text is None else rendered(text, facts, what)

    idle = who.idle
    texts = {
        "instructions": rendered(who.instructions, facts, "agent.instructions"),
        "greeting": said(who.greeting, "agent.greeting"),
        "idle": idle.model_copy(
            update={
                "prompt": said(idle.prompt, "agent.idle.prompt"),
                "goodbye": said(idle.goodbye, "agent.idle.goodbye"),
            }
        ),
    }
    return who.model_copy(update=texts)


def check_texts(who: AgentSettings) -> None:
    """Refuse what no session can use: a language that is none, names that only data of its own would fill.

    Raises SettingsError.
    """
    if who.language != AUTO and not primary_subtag(who.language):
        raise SettingsError(
            f"agent.language = {who.language!r} is wrong: it should be a BCP 47 tag such as de or de-AT, or {AUTO}",
            ("agent", "language"),
        )
    with_facts(who, facts_of("", who.language, datetime.now(UTC), {}))


def profile_of(
    agent: Agent,
    settings: Settings,
    tiers: tuple[Tier, ...] = (Tier.REALTIME,),
    session_id: str = "",
    prices: PriceList | None = None,
) -> Profile:
    """Return what the core needs to know of an agent, its settings and the session."""
    who = agent.settings
    turn = settings.realtime.turn
    return Profile(
        greeting=who.greeting or "",
        greeting_interruptible=who.greeting_interruptible,
        idle_prompt=who.idle.prompt or "",
        idle_goodbye=who.idle.goodbye or "",
        idle_after_s=who.idle.after_s,
        unclear=not_understood(who),
        limit_s=who.limits.minutes * 60,
        token_limit=who.limits.tokens or 0,
        money_limit=None if who.limits.money is None else Decimal(str(who.limits.money)),
        prices=prices,
        tool_rounds=who.limits.tool_rounds,
        survivors=survivors(map(as_tool, agent.tools)),
        interrupt_after_s=turn.interrupt_after_ms / 1000,
        interrupt_by=turn.interrupt_by,
        silence_s=turn.silence_ms / 1000,
        reply_start_s=2 * settings.realtime.reply_start_timeout_s,  # the engine notices first
        ask_after_s=settings.realtime.reply_start_timeout_s / 2,
        reconnect_within_s=settings.realtime.reconnect_within_s,
        roll_over_after_s=settings.realtime.roll_over_after_s,
        seed=crc32(session_id.encode()),
        transcribes=tiers[0] is not Tier.REALTIME or settings.realtime.transcription_model is not None,
        tiers=tiers,
        history=HistoryPolicy(who.history.limit, who.history.keep_turns, who.history.chars_per_token),
        notices=NoticePolicy(
            at_tier_change=settings.tiers.notice,
            waiting_after_s=who.waiting.after_s,
            while_waiting=who.waiting.sound,
            apology_after_s=settings.tiers.apology_after_s,
            language=who.language,
            order=tiers,
            wake_earcon=settings.audio.earcon and settings.audio.wake_word is not None,
        ),
    )


def not_understood(who: AgentSettings) -> str:
    """Return what to say when nothing was understood; empty for silence, and where the language has no words for it."""
    if who.unclear == "none" or who.language == AUTO:
        return ""
    try:
        return language_for(who.language).said.not_heard
    except SettingsError:
        return ""


def in_language(instructions: str, tag: str) -> str:
    """Return instructions that also tell a model which language to speak; English and any language need no word."""
    try:
        language = english() if tag == AUTO else language_for(tag)
    except SettingsError:
        return f"{instructions}\nSpeak the language with the BCP 47 tag {tag}."
    return instructions if language is english() else f"{instructions}\n{language.said.speak}"


def seed_of(agent: Agent, settings: Settings, modality: Literal["audio", "text"]) -> Seed:
    """Return what an engine needs to know of an agent and its settings."""
    who = agent.settings
    return Seed(
        instructions=in_language(who.instructions, who.language),
        tools=tuple(as_tool(made).spec(who.language) for made in agent.tools),
        format=settings.audio.wire,
        language=who.language,
        voice=who.voice.on(Tier.REALTIME),
        vocabulary=who.vocabulary,
        pronounce=who.pronounce if modality == "audio" else {},
        modality=modality,
    )
