"""Conversations with the brain that has no model."""

import json

import pytest

from voiceloop.errors import SettingsError
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec, UserTurn
from voiceloop_local.models.brain import PhraseBrain
from voiceloop_local.seams import Call, Say

pytest.importorskip("hassil", reason="phrases are matched with hassil: pip install 'voiceloop[local]'")


def tool(name, purpose, phrases, **properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ToolSpec(name, f"{purpose}\nExamples: {' | '.join(phrases)}", schema)


TOOLS = [
    tool("get_time", "Tell the time.", ["what time is it", "(what is|give me) the [current] time"]),
    tool("set_timer", "Set a timer.", ["set [a] timer for {minutes} minutes"], minutes={"type": "integer"}),
    tool("order_status", "Where an order is.", ["where is order {order_id}"], order_id={"type": "integer"}),
    tool("add", "Add to the list.", ["add {things} to my list", "add {things}"], things={"type": "string"}),
    tool("weather", "Tell the weather.", ["what is the weather in {city}"], city={"type": "string"}),
]
TIME = ("get_time", {})


class Talk:
    """A conversation: what the user says is answered by what the brain wants called and says."""

    def __init__(self, tools=TOOLS, instructions=""):
        self.brain, self.tools, self.instructions, self.items = PhraseBrain(), tools, instructions, []

    async def hear(self, *texts):
        self.items += [UserTurn(f"t{len(self.items)}", text) for text in texts]
        return await self.think()

    async def tell(self, *outputs):
        for output in outputs:
            call_id = f"c{len(self.items)}"
            self.items += [ToolCall(call_id, "get_time", "{}"), ToolOutput(call_id, output)]
        return await self.think()

    async def think(self, say=None):
        thoughts = [t async for t in self.brain.think(self.instructions, self.items, self.tools, say)]
        said = " ".join(thought.text for thought in thoughts if isinstance(thought, Say))
        if said:
            self.items.append(AssistantTurn("r", said, None))
        calls = [(thought.name, json.loads(thought.arguments)) for thought in thoughts if isinstance(thought, Call)]
        return calls + ([said] if said else [])


@pytest.mark.parametrize(
    "said",
    [
        "What time is it?",
        "what time is it",
        "Um, what time is it, please?",
        "GIVE ME THE CURRENT TIME.",
        "Do you know what time it is?",
        "What's the time?",
    ],
)
async def test_a_phrase_calls_its_tool_however_it_was_written_down(said):
    assert await Talk().hear(said) == [TIME]


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("Set a timer for 5 minutes.", 5),
        ("set timer for five minutes", 5),
        ("Set a timer for twenty five minutes", 25),
        ("Set a timer for Twenty-Five minutes!", 25),
        ("set a timer. For one hundred and twenty minutes.", 120),
    ],
)
async def test_numbers_in_words_or_digits_fill_a_slot(said, minutes):
    assert await Talk().hear(said) == [("set_timer", {"minutes": minutes})]


async def test_several_wishes_in_one_breath_are_all_called():
    assert await Talk().hear("What time is it and set a timer for five minutes?") == [
        TIME,
        ("set_timer", {"minutes": 5}),
    ]
    assert await Talk().hear("What's the weather in Berlin and where is order 42?") == [
        ("weather", {"city": "Berlin"}),
        ("order_status", {"order_id": 42}),
    ]


async def test_and_inside_one_wish_does_not_cut_it():
    assert await Talk().hear("Add salt and pepper to my list.") == [("add", {"things": "salt and pepper"})]


async def test_a_pause_in_the_middle_of_a_wish_is_mended():
    assert await Talk().hear("Set a timer", "for five minutes.") == [("set_timer", {"minutes": 5})]


async def test_a_call_is_followed_by_its_output_then_the_talk_goes_on():
    talk = Talk()
    assert await talk.hear("What time is it?") == [TIME]
    assert await talk.tell("it is noon") == ["It is noon."]
    assert await talk.hear("Thank you!") == ["You're welcome."]
    assert await talk.hear("Say that again?") == ["You're welcome."]


async def test_outputs_of_two_calls_are_both_spoken():
    talk = Talk()
    await talk.hear("what time is it and what is the weather in Rome")
    assert await talk.tell("It is noon.", '{"sky": "clear", "temperature": 21}') == [
        "It is noon. Sky is clear, temperature is 21."
    ]


async def test_a_call_that_has_no_output_yet_brings_no_words():
    talk = Talk()
    talk.items = [UserTurn("t", "what time is it"), ToolCall("c", "get_time", "{}")]
    assert await talk.think() == []


async def test_a_given_text_is_said_word_for_word():
    assert await Talk().think(say="Are you still there?") == ["Are you still there?"]


async def test_greetings_beside_a_wish_need_no_answer():
    assert await Talk().hear("Hello! What time is it?") == [TIME]
    assert await Talk().hear("Hello!") == ["Hello! How can I help?"]


async def test_before_anybody_spoke_it_greets_and_after_itself_it_is_silent():
    talk = Talk()
    assert await talk.think() == ["Hello! How can I help?"]
    assert await talk.think() == []


async def test_an_answer_that_broke_off_is_given_once_more():
    talk = Talk()
    assert await talk.hear("Thank you!") == ["You're welcome."]
    assert await talk.think() == ["You're welcome."]
    assert await talk.hear("What time is it?") == [TIME]
    assert await talk.tell("it is noon") == ["It is noon."]
    talk.items[-1] = AssistantTurn("r", "It is", 300)
    assert await talk.think() == ["It is noon."]


async def test_what_it_cannot_do_it_says_and_names_what_it_can():
    said = await Talk().hear("What is the meaning of life?")
    assert said[0].startswith("I can't do that offline, but I can tell the time, set a timer")
    assert await Talk(tools=[]).hear("What time is it?") == ["Sorry, I can't do that offline."]


async def test_what_is_half_understood_is_half_done_and_said():
    assert await Talk().hear("Sing a song and what time is it?") == [TIME, "I can't do all of that offline."]


async def test_asked_for_help_it_lists_its_tools():
    assert (await Talk().hear("What can you do?"))[0].startswith("I can tell the time, set a timer")


async def test_nothing_heard_is_said():
    assert await Talk().hear("") == ["Sorry, I didn't catch that."]


async def test_it_introduces_itself_by_the_name_in_its_instructions():
    assert await Talk(instructions="You are Ada.").hear("Who are you?") == ["I'm Ada, your voice assistant."]


async def test_asked_to_repeat_before_it_said_anything_it_admits_it():
    assert await Talk().hear("Repeat that.") == ["I haven't said anything yet."]


async def test_tools_that_change_are_noticed():
    talk = Talk(tools=TOOLS[1:])
    assert await talk.hear("What time is it?") != [TIME]
    talk.tools = TOOLS
    assert await talk.hear("What time is it?") == [TIME]


GERMAN = [
    tool("get_time", "Tell the time.", ["wie spät ist es", "(wie ist|sag mir) die uhrzeit"]),
    tool("set_timer", "Set a timer.", ["stelle einen Timer auf {minutes} Minuten"], minutes={"type": "integer"}),
    tool("order_status", "Where an order is.", ["wo ist Bestellung {order_id}"], order_id={"type": "integer"}),
]


class GermanTalk(Talk):
    def __init__(self, instructions=""):
        super().__init__(GERMAN, instructions)

    async def think(self, say=None):
        thoughts = [t async for t in self.brain.think(self.instructions, self.items, self.tools, say, "de-AT")]
        said = " ".join(thought.text for thought in thoughts if isinstance(thought, Say))
        calls = [(thought.name, json.loads(thought.arguments)) for thought in thoughts if isinstance(thought, Call)]
        return calls + ([said] if said else [])


@pytest.mark.parametrize(
    ("said", "call"),
    [
        ("Wie spät ist es?", TIME),
        ("Kannst du mir bitte sagen, wie spät es ist?", TIME),
        ("Weißt du, wie spät es ist?", TIME),
        ("Äh, stelle bitte einen Timer auf fünfundzwanzig Minuten.", ("set_timer", {"minutes": 25})),
        ("Wo ist Bestellung 17?", ("order_status", {"order_id": 17})),
        ("Hallo! Wo ist Bestellung siebzehn?", ("order_status", {"order_id": 17})),
    ],
)
async def test_german_sentences_call_their_tools(said, call):
    assert await GermanTalk().hear(said) == [call]


async def test_two_german_wishes_in_one_breath_are_both_called():
    assert await GermanTalk().hear("Wie spät ist es und stelle einen Timer auf drei Minuten") == [
        TIME,
        ("set_timer", {"minutes": 3}),
    ]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Hallo, wie geht es dir?", "Mir geht es gut, danke. Wie kann ich helfen?"),
        ("Vielen Dank!", "Gern geschehen."),
        ("Auf Wiedersehen.", "Auf Wiedersehen!"),
        ("Wie heißt du?", "Ich heiße Brezel und bin ein Sprachassistent."),
        ("Was hast du gesagt?", "Ich habe noch nichts gesagt."),
    ],
)
async def test_german_pleasantries_are_answered_in_german(said, answer):
    assert await GermanTalk("Du heißt Brezel.").hear(said) == [answer]


async def test_what_it_cannot_do_it_says_in_german_with_german_examples():
    [said] = await GermanTalk().hear("Erzähl mir einen Witz.")
    assert said.startswith("Das kann ich ohne Netz leider nicht. Sag zum Beispiel: wie spät ist es, ")
    assert "stelle einen Timer auf fünf Minuten oder wo ist Bestellung fünf." in said


async def test_outputs_are_told_in_german():
    assert await GermanTalk().tell("ok") == ["Erledigt."]
    assert await GermanTalk().tell('{"error": "No network"}') == ["Leider nicht: no network."]
    assert await GermanTalk().tell('{"temperatur": 3.5, "regen": true}') == ["Temperatur ist 3,5, regen ist ja."]


async def test_a_language_without_data_is_named():
    with pytest.raises(SettingsError, match="no language 'fi' here"):
        await anext(PhraseBrain().think("", [UserTurn("t", "bonjour")], [], None, "fi"))
