"""An agent is who it is, and its tools."""

import pytest
from pydantic import ValidationError

from voiceloop.agent import Agent
from voiceloop.settings import AgentSettings, IdleSettings, LimitSettings


def clock() -> str:
    """The time."""
    return "noon"


def test_an_agent_that_is_told_nothing_has_the_documented_settings_and_no_tools():
    agent = Agent()
    assert agent.settings == AgentSettings(tools=())
    assert agent.tools == ()


def test_what_an_agent_is_told_stands_in_its_settings():
    idle, limits = IdleSettings(prompt="Still there?"), LimitSettings(minutes=5)
    agent = Agent(
        "You work at a bakery.",
        greeting="Hello.",
        greeting_interruptible=False,
        language="de",
        voice="marin",
        vocabulary=["croissant"],
        tools=[clock],
        idle=idle,
        limits=limits,
    )
    who = agent.settings
    assert (who.instructions, who.greeting, who.greeting_interruptible) == ("You work at a bakery.", "Hello.", False)
    assert (who.language, who.vocabulary) == ("de", ("croissant",))
    assert who.voice == AgentSettings(voice="marin").voice
    assert (who.idle, who.limits) == (idle, limits)
    assert agent.tools == (clock,)


def test_a_wrong_value_is_refused():
    with pytest.raises(ValidationError):
        Agent(language=7)


@pytest.mark.parametrize("name", ["tools", "vocabulary"])
def test_a_text_in_place_of_a_list_is_refused_and_not_taken_letter_by_letter(name):
    with pytest.raises(ValidationError, match=rf"{name}\n.*valid tuple.*'basics'"):
        Agent(**{name: "basics"})


def test_an_agent_from_a_file_has_the_files_settings_and_the_loaded_tools():
    settings = AgentSettings(instructions="Be brief.", tools=("basics",))
    agent = Agent.from_settings(settings, [clock])
    assert agent.settings is settings
    assert agent.tools == (clock,)
