"""The tools that come with voiceloop itself."""

import pytest

from voiceloop.errors import MisuseError, SettingsError
from voiceloop.languages.shelf import known_languages, language_for
from voiceloop.plugins import PluginContext
from voiceloop.tools.builtin import AGENT_ENDED, built_in, end_conversation_factory
from voiceloop.tools.phrases import Phrasebook
from voiceloop.tools.tool import ToolContext


def end_conversation(language="en"):
    (made,) = built_in(["end_conversation"], language)
    return made


async def test_it_asks_for_the_end_and_says_the_last_word():
    reasons = []
    context = ToolContext(announce=print, spawn=lambda name, work: work.close(), end=reasons.append)
    assert await end_conversation().invoke({}, context) == "Goodbye!"
    assert await end_conversation("de-AT").invoke({}, context) == "Auf Wiedersehen!"
    assert reasons == [AGENT_ENDED, AGENT_ENDED]


async def test_it_can_be_called_where_there_is_no_session():
    context = ToolContext(announce=print, spawn=lambda name, work: work.close())
    assert await end_conversation().invoke({}, context) == "Goodbye!"


def test_a_model_learns_when_to_hang_up():
    spec = end_conversation().spec()
    assert spec.name == "end_conversation"
    assert "says goodbye" in spec.description
    assert spec.parameters["properties"] == {}


@pytest.mark.parametrize("tag", known_languages())
def test_every_language_has_farewells_that_are_understood(tag):
    language = language_for(tag)
    book = Phrasebook.from_specs([end_conversation(tag).spec()], language)
    assert language.said.farewell
    for farewell in language.talk.farewells:
        said = farewell.replace("(call|conversation)", "call")
        assert book.match(said).name == "end_conversation"


@pytest.mark.parametrize("text", ["Goodbye!", "That's all, thank you.", "Please hang up.", "okay, bye"])
def test_people_say_goodbye_in_many_ways(text):
    assert Phrasebook.from_specs([end_conversation().spec()]).match(text).name == "end_conversation"


@pytest.mark.parametrize("text", ["bye", "all", "hang the picture up", "is that all there is", "goodbye to all that"])
def test_what_only_sounds_like_a_farewell_ends_nothing(text):
    assert Phrasebook.from_specs([end_conversation().spec()]).match(text) is None


@pytest.mark.parametrize("tag", ["fi", "auto", ""])
def test_a_language_without_a_file_is_offered_english(tag):
    assert "hang up" in end_conversation(tag).spec().description


def test_a_plugin_is_not_built_in():
    with pytest.raises(MisuseError, match="'basics' is loaded by voiceloop"):
        built_in(["end_conversation", "basics"], "en")
    assert built_in([], "en") == []


def test_the_entry_point_makes_the_same_tool_and_knows_no_settings():
    (made,) = end_conversation_factory({}, PluginContext(language="de"))
    assert made.spec() == end_conversation("de").spec()
    with pytest.raises(SettingsError, match=r"\[plugins.end_conversation\] knows no setting 'word'"):
        end_conversation_factory({"word": "x"}, PluginContext())
