"""Settings that depend on each other: one voice or several, an agent's wishes and what the sections say."""

import pytest
from pydantic import ValidationError

from voiceloop.agent import Agent
from voiceloop.settings import (
    AgentSettings,
    AudioSettings,
    LimitSettings,
    RealtimeSettings,
    RestSettings,
    Settings,
    TurnSettings,
    VoiceSettings,
)
from voiceloop.vocabulary import Encoding, Tier


def of(who, **realtime):
    return Settings(realtime=RealtimeSettings.model_validate(realtime)).of(AgentSettings.model_validate(who))


def test_the_wire_format_follows_from_the_encoding():
    assert [AudioSettings(format=form).wire.rate_hz for form in Encoding] == [24_000, 8_000, 8_000]


# Voices --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["marin", {"realtime": "marin", "rest": "marin", "device": "marin"}])
def test_one_voice_stands_for_every_tier(given):
    assert [VoiceSettings.model_validate(given).on(tier) for tier in Tier] == ["marin"] * 3


def test_a_table_names_a_voice_for_each_tier_and_leaves_the_others_to_the_server():
    voice = AgentSettings(voice={"realtime": "marin", "device": "us"}).voice
    assert (voice.on(Tier.REALTIME), voice.on(Tier.REST), voice.on(Tier.DEVICE)) == ("marin", None, "us")


@pytest.mark.parametrize("given", ["", None, {}])
def test_no_voice_is_the_servers_choice(given):
    assert AgentSettings(voice=given).voice == VoiceSettings()


@pytest.mark.parametrize("given", [5, ["marin"], {"phone": "x"}])
def test_a_wrong_voice_is_refused(given):
    with pytest.raises(ValidationError):
        AgentSettings(voice=given)


def test_the_schema_allows_a_name_where_a_voice_is_wanted():
    assert {"type": "string"} in Settings.model_json_schema()["$defs"]["VoiceSettings"]["anyOf"]


# Who hears -----------------------------------------------------------------------------------------------------------


def test_a_chat_model_listens_only_in_a_dialect_that_carries_sound():
    assert RestSettings(listener="chat").chat_dialect == "openai"
    assert RestSettings(listener="chat", chat_dialect="gemini").listener == "chat"
    for deaf in ("responses", "claude", "completions"):
        assert RestSettings(chat_dialect=deaf).listener == "transcription"
        with pytest.raises(ValidationError, match=f"the dialect {deaf} carries no sound: choose openai or gemini"):
            RestSettings(listener="chat", chat_dialect=deaf)


# What an agent wishes ------------------------------------------------------------------------------------------------


def test_a_session_has_its_agents_settings_and_models():
    settings = of({"models": {"realtime": "m", "transcription": "t"}})
    assert settings.agent.models.realtime == "m"
    assert (settings.realtime.model, settings.realtime.transcription_model) == ("m", "t")


def test_what_the_realtime_section_names_wins():
    settings = of({"models": {"realtime": "m", "transcription": "t"}}, model="mine", transcription_model=None)
    assert (settings.realtime.model, settings.realtime.transcription_model) == ("mine", None)


def test_an_agent_without_wishes_changes_nothing_of_the_realtime_section():
    assert of({}).realtime == RealtimeSettings()


@pytest.mark.parametrize(
    ("patience", "silence_ms", "interrupt_after_ms", "eagerness"),
    [
        ("low", 300, 400, "high"),
        ("normal", 500, 600, "auto"),
        ("relaxed", 900, 800, "low"),
        ("very_relaxed", 1500, 1000, "low"),
        ("high", 900, 800, "low"),
    ],
)
def test_patience_sets_how_turns_end_and_how_easily_the_agent_is_interrupted(
    patience, silence_ms, interrupt_after_ms, eagerness
):
    turn = of({"patience": patience}).realtime.turn
    assert (turn.silence_ms, turn.interrupt_after_ms, turn.eagerness) == (silence_ms, interrupt_after_ms, eagerness)


def test_a_value_that_is_set_wins_over_patience_even_if_it_is_the_default():
    turn = of({"patience": "high"}, turn={"silence_ms": 500}).realtime.turn
    assert (turn.silence_ms, turn.interrupt_after_ms) == (500, 800)
    assert TurnSettings().silence_ms == 500


def test_wishes_can_be_granted_twice():
    who = AgentSettings(patience="low", models={"realtime": "m"})
    once = Settings().of(who)
    assert once.of(who) == once


@pytest.mark.parametrize("limits", [{"tokens": 0}, {"minutes": 0}, {"tool_rounds": -1}, {"money": 0}, {"money": "inf"}])
def test_limits_are_limits(limits):
    with pytest.raises(ValidationError):
        LimitSettings(**limits)


def test_an_agent_written_in_python_has_the_same_schema():
    agent = Agent(
        voice={"realtime": "marin"},
        models={"chat": "c"},
        pronounce={"DGrid": "dee grid"},
        patience="high",
        tools=["end_conversation"],
    )
    assert agent.settings == AgentSettings(
        voice={"realtime": "marin"},
        models={"chat": "c"},
        pronounce={"DGrid": "dee grid"},
        patience="high",
        tools=("end_conversation",),
    )
    assert (agent.tools, agent.named) == ((), ("end_conversation",))
    assert Agent.from_settings(agent.settings, []).named == ()
