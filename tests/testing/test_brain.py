"""What the brain behind a scripted server is asked, read off real connections, and what the phrase brain answers."""

from __future__ import annotations

import json

import pytest

from journeys.journey import Journey, dialects
from voiceloop.agent import Agent
from voiceloop.testing.brain import PhraseBrain, Question, question, spoken
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.script import Call, Reply, Spoken
from voiceloop.tools.tool import tool


@tool(phrases=["open the {door} door"])
async def open_door(door: str) -> str:
    """Opens a door."""
    return f"The {door} door is open."


def curious(asked):
    """A brain that remembers its questions and then answers by phrases."""
    brain = PhraseBrain()

    def answer(question):
        asked.append(question)
        return brain(question)

    return answer


@dialects
@virtual_time
async def test_it_is_asked_for_sentences_as_they_stand_turns_and_outputs(dialect):
    asked: list[Question] = []
    agent = Agent(greeting="Welcome.", tools=[open_door])
    async with Journey(dialect=dialect, agent=agent, brain=curious(asked)) as talk:
        await talk.line("agent_said")
        talk.user_says("open the red door")
        await talk.line("agent_said", times=2)
        await talk.session.send_text("open the blue door")
        await talk.line("agent_said", times=3)
    assert [(each.say, each.outputs, each.text) for each in asked] == [
        ("Welcome.", (), ""),
        ("", (), "open the red door"),
        ("", ("The red door is open.",), ""),
        ("", (), "open the blue door"),
        ("", ("The blue door is open.",), ""),
    ]
    assert [[spec.name for spec in each.tools] for each in asked] == [[], *[["open_door"]] * 4]
    assert asked[1].tools[0].description == open_door.spec().description


@virtual_time
async def test_words_that_are_never_transcribed_are_understood_all_the_same():
    asked: list[Question] = []
    realtime = {"transcription_model": None}
    async with Journey(agent=Agent(tools=[open_door]), brain=curious(asked), realtime=realtime) as talk:
        talk.user_says("open the red door", transcribed_after_s=None)
        await talk.line("agent_said")
    assert asked[0].text == "open the red door"


def test_a_user_who_said_nothing_yet_asks_nothing():
    connection = ScriptedGateway().connect("/v1/realtime?model=m", {}, 0.0)
    assert question(connection, {}) == Question()


@virtual_time
async def test_what_is_scripted_comes_first():
    scripted = Reply((Spoken("By the script.", 0),))
    async with Journey(scripted, text=True, brain=PhraseBrain()) as talk:
        for text in ("one", "two"):
            await talk.session.send_text(text)
            await talk.line("agent_said", times=len(talk.said("agent_said")) + 1)
    assert [line["text"] for line in talk.said("agent_said")] == ["By the script.", "No tool has a phrase for: two"]


def said(reply):
    return [each.text for each in reply.says]


def test_it_calls_the_tool_whose_phrase_was_said():
    reply = PhraseBrain()(Question(text="Open the GREEN door, please", tools=(open_door.spec(),)))
    (call,) = reply.calls
    assert (call.name, json.loads(call.arguments), reply.says) == ("open_door", {"door": "GREEN"}, ())
    assert isinstance(call, Call)


def test_it_follows_a_change_of_tools():
    brain = PhraseBrain()
    asked = Question(text="open the red door", tools=(open_door.spec(),))
    assert brain(asked).calls
    assert not brain(Question(text="open the red door")).calls
    assert brain(asked).calls


def test_it_says_every_output_and_honestly_what_it_did_not_understand():
    brain = PhraseBrain()
    assert said(brain(Question(outputs=("One.", "Two.")))) == ["One.", "Two."]
    assert said(brain(Question(say="Exactly this."))) == ["Exactly this."]
    assert said(brain(Question(text="sing"))) == ["No tool has a phrase for: sing"]
    assert said(brain(Question())) == ["Hello."]


@pytest.mark.parametrize(("text", "ms"), [("", 300), ("one", 300), ("one two  three", 900)])
def test_words_take_their_time(text, ms):
    assert spoken(text).audio_ms == ms
