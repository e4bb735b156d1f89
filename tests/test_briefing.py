"""What core and engine are told of an agent."""

from datetime import date
from decimal import Decimal

import pytest

from voiceloop.agent import Agent
from voiceloop.briefing import check_texts, in_language, profile_of, seed_of, with_facts
from voiceloop.errors import SettingsError
from voiceloop.history import HistoryPolicy
from voiceloop.notices.policy import NoticePolicy
from voiceloop.prices import PriceList
from voiceloop.settings import AgentSettings, Settings, TierSettings
from voiceloop.tools.tool import tool
from voiceloop.vocabulary import Tier

FACTS = {"caller": "Ada"}


def test_facts_stand_in_every_text_an_agent_speaks_or_obeys():
    who = AgentSettings(
        instructions="You talk to {{ caller }}.",
        greeting="Hello {{ caller }}.",
        idle={"prompt": "{{ caller }}?", "goodbye": "Bye {{ caller }}.", "after_s": 3},
    )
    told = with_facts(who, FACTS)
    assert (told.instructions, told.greeting) == ("You talk to Ada.", "Hello Ada.")
    assert (told.idle.prompt, told.idle.goodbye, told.idle.after_s) == ("Ada?", "Bye Ada.", 3)


def test_texts_that_are_not_there_stay_away():
    told = with_facts(AgentSettings(), FACTS)
    assert (told.greeting, told.idle.prompt, told.idle.goodbye) == (None, None, None)


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ({"instructions": "{{ x }}"}, "agent.instructions"),
        ({"greeting": "{{ x }}"}, "agent.greeting"),
        ({"idle": {"prompt": "{{ x }}"}}, r"agent.idle.prompt"),
        ({"idle": {"goodbye": "{{ x }}"}}, r"agent.idle.goodbye"),
    ],
)
def test_a_wrong_name_is_placed(who, name):
    with pytest.raises(SettingsError, match=f"^{name}: "):
        with_facts(AgentSettings.model_validate(who), FACTS)


def test_the_core_learns_the_limits():
    profile = profile_of(Agent(limits={"minutes": 2, "tokens": 500}), Settings())
    assert (profile.limit_s, profile.token_limit) == (120, 500)
    assert profile_of(Agent(), Settings()).token_limit == 0


def test_the_core_learns_the_limit_of_money_to_the_digit_and_the_prices():
    prices = PriceList("EUR", date(2026, 11, 22), {"m": {"minute": Decimal("0.05")}})
    profile = profile_of(Agent(limits={"money": 0.1, "prices": "prices.toml"}), Settings(), prices=prices)
    assert (profile.money_limit, profile.prices) == (Decimal("0.1"), prices)
    nothing = profile_of(Agent(), Settings())
    assert (nothing.money_limit, nothing.prices) == (None, None)


def test_the_engine_learns_who_speaks():
    @tool
    def lamp() -> str:
        """Switches the lamp."""
        return "on"

    who = Agent(
        "Be brief.",
        language="de",
        voice={"realtime": "marin"},
        vocabulary=["Brezel"],
        pronounce={"a": "b"},
        tools=[lamp],
    )
    seed = seed_of(who, Settings(), "audio")
    assert seed.instructions == "Be brief.\nSprich Deutsch."
    assert (seed.language, seed.voice, seed.vocabulary) == ("de", "marin", ("Brezel",))
    assert [spec.name for spec in seed.tools] == ["lamp"]
    assert (seed.pronounce, seed.modality) == ({"a": "b"}, "audio")


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("en", "Be kind."),
        ("en-GB", "Be kind."),
        ("auto", "Be kind."),
        ("de-CH", "Be kind.\nSprich Deutsch."),
        ("fi", "Be kind.\nSpeak the language with the BCP 47 tag fi."),
    ],
)
def test_a_model_is_told_which_language_to_speak(tag, told):
    assert in_language("Be kind.", tag) == told


def test_what_is_only_read_is_written_as_it_is():
    seed = seed_of(Agent(pronounce={"a": "b"}), Settings(), "text")
    assert (seed.pronounce, seed.modality) == ({}, "text")


def test_the_core_learns_how_much_of_a_conversation_models_are_given():
    assert profile_of(Agent(), Settings()).history == HistoryPolicy(24_000, 6, 4.0)
    agent = Agent(history={"limit": 0, "keep_turns": 2, "chars_per_token": 3.5})
    assert profile_of(agent, Settings()).history == HistoryPolicy(0, 2, 3.5)


@pytest.mark.parametrize("language", ["deutsch", "", "d", "de_", "german please"])
def test_a_language_that_is_none_is_refused(language):
    with pytest.raises(SettingsError, match=r"it should be a BCP 47 tag such as de or de-AT, or auto") as error:
        check_texts(AgentSettings(language=language))
    assert error.value.path == ("agent", "language")


@pytest.mark.parametrize("language", ["auto", "de", "pt-BR", "zh-Hant-TW", "en_US", "yue"])
def test_a_language_that_nobody_here_knows_is_the_servers_business(language):
    check_texts(AgentSettings(language=language))


def test_the_core_learns_what_the_listener_is_told_when_no_engine_speaks():
    assert profile_of(Agent(), Settings()).notices == NoticePolicy(apology_after_s=8.0, order=(Tier.REALTIME,))
    agent = Agent(language="de", waiting={"after_s": 1.5, "sound": "sentence"})
    settings = Settings(tiers=TierSettings(notice="earcon", apology_after_s=None))
    assert profile_of(agent, settings, tuple(Tier)).notices == NoticePolicy("earcon", 1.5, "sentence", None, "de")


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ({}, "Sorry, I didn't catch that."),
        ({"language": "de-AT"}, "Das habe ich leider nicht verstanden."),
        ({"unclear": "none"}, ""),
        ({"language": "auto"}, ""),
        ({"language": "fi"}, ""),
    ],
)
def test_what_is_said_of_speech_that_is_not_understood(who, sentence):
    assert profile_of(Agent(**who), Settings()).unclear == sentence
