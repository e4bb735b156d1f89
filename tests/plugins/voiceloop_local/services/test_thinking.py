"""Questions as a cascade asks them, answered by the brain that has no model."""

import pytest

from voiceloop.dgrid.chat_answer import CallGrew, Ended, Said, Stop
from voiceloop.engines.services.seams import Question
from voiceloop.errors import DeviceError, UnreachableError
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec, UserImage, UserTurn
from voiceloop_local.models.brain import PhraseBrain
from voiceloop_local.seams import Call, Say
from voiceloop_local.services.thinking import LocalChat
from voiceloop_local.services.tongue import Tongue

pytest.importorskip("hassil", reason="phrases are matched with hassil: pip install 'voiceloop[local]'")

CLOCK = ToolSpec("get_time", "Tell the time.\nExamples: what time is it | wie spät ist es", {})
ASKED = UserTurn("1", "What time is it?")


async def answered(*items, tongue=None, brain=None, tools=(CLOCK,)):
    chat = LocalChat(brain or PhraseBrain(), tongue or Tongue("en"))
    async with chat(Question("You are Ada.", items, tools)) as deltas:
        return [delta async for delta in deltas]


async def test_a_phrase_calls_its_tool():
    grew, ended = await answered(ASKED)
    assert grew == CallGrew(0, "call_0", "get_time", "{}")
    assert isinstance(ended, Ended)
    assert ended.completion.tool_calls == (ToolCall("call_0", "get_time", "{}"),)
    assert ended.completion.stop is Stop.TOOLS


async def test_the_output_of_a_tool_is_said():
    said, ended = await answered(ASKED, ToolCall("c", "get_time", "{}"), ToolOutput("c", "It is ten past four."))
    assert said == Said("It is ten past four.")
    assert ended.completion.text == "It is ten past four."
    assert ended.completion.stop is Stop.END


async def test_several_sentences_are_one_answer():
    outputs = [ToolOutput("a", "It is ten."), ToolOutput("b", "It is Monday.")]
    *_, ended = await answered(ASKED, ToolCall("a", "get_time", "{}"), ToolCall("b", "get_time", "{}"), *outputs)
    assert ended.completion.text == "It is ten. It is Monday."


async def test_small_talk_is_answered_and_a_name_comes_from_the_instructions():
    *_, ended = await answered(UserTurn("1", "Who are you?"))
    assert "Ada" in ended.completion.text


async def test_what_it_cannot_do_is_said_with_what_it_can():
    *_, ended = await answered(UserTurn("1", "Write me a poem about the sea."))
    assert ended.completion.text == "I can't do that offline, but I can tell the time."


async def test_a_conversation_that_nobody_began_is_begun():
    *_, ended = await answered()
    assert ended.completion.text


async def test_an_answer_that_broke_off_is_given_anew():
    *_, called = await answered(ASKED, AssistantTurn("r", "It is", 300))
    assert called.completion.tool_calls[0].name == "get_time"
    result = ToolCall("c", "get_time", "{}"), ToolOutput("c", "It is ten past four.")
    *_, said = await answered(ASKED, *result, AssistantTurn("r", "It is", 300))
    assert said.completion.text == "It is ten past four."


async def test_a_picture_is_not_seen_and_words_beside_it_are_answered():
    picture = UserImage("2", "image/png", b"\x89PNG\r\n\x1a\n")
    *_, said = await answered(ASKED, AssistantTurn("r", "It is ten.", 900), picture, tools=())
    assert said.completion.text == "Sorry, I can't do that offline."
    *_, called = await answered(picture, ASKED)
    assert called.completion.tool_calls


async def test_the_language_of_the_conversation_is_spoken():
    tongue = Tongue("auto")
    *_, ended = await answered(UserTurn("1", "Schreib mir bitte ein Gedicht über die See."), tongue=tongue)
    assert ended.completion.text.startswith("Das kann ich ohne Netz leider nicht.")
    assert tongue.language == "de"


class Brain:
    """Thinks what it is told to; an exception is raised."""

    def __init__(self, *thoughts):
        self.thoughts = thoughts
        self.closed = False

    async def think(self, *_):
        try:
            for thought in self.thoughts:
                if isinstance(thought, Exception):
                    raise thought
                yield thought
        finally:
            self.closed = True


async def test_words_before_a_call_and_two_calls_are_kept_apart():
    deltas = await answered(ASKED, brain=Brain(Say("One moment."), Call("a", "{}"), Call("b", '{"n": 1}')))
    assert deltas[:-1] == [
        Said("One moment."),
        CallGrew(0, "call_0", "a", "{}"),
        CallGrew(1, "call_1", "b", '{"n": 1}'),
    ]


async def test_a_brain_that_cannot_think_is_no_server_that_answers():
    with pytest.raises(UnreachableError, match="hassil"):
        await answered(ASKED, brain=Brain(Say("Well."), DeviceError("phrases need hassil")))


async def test_leaving_early_ends_the_thinking():
    brain = Brain(Say("One."), Say("Two."))
    async with LocalChat(brain, Tongue("en"))(Question("", (ASKED,))) as deltas:
        assert await anext(deltas) == Said("One.")
    assert brain.closed
