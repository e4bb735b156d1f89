import pytest

from voiceloop.languages.shelf import language_for
from voiceloop.vocabulary import ToolSpec
from voiceloop_local.models.smalltalk import (
    abilities,
    asks_for_help,
    asks_to_repeat,
    cannot,
    expected,
    help_text,
    pleasantry,
)


def tool(name, purpose, phrases, **properties):
    line = f"\nExamples: {' | '.join(phrases)}" if phrases else ""
    return ToolSpec(name, purpose + line, {"type": "object", "properties": properties})


TIME = tool("get_time", "Tell the time, or the time elsewhere.", ["what time is it"])
ORDER = tool(
    "order", "Where an order is.", ["where is my order {order_id}", "order {order_id}"], order_id={"type": "integer"}
)
LIGHT = tool("light", "Turns the lights on or off.\n\nMore.", ["lights {state}"], state={"enum": ["on", "off"]})
HIDDEN = tool("hidden", "Do what no phrase asks for.", [])


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Hello!", "Hello! How can I help?"),
        ("Good morning.", "Hello! How can I help?"),
        ("How are you today?", "I'm well, thank you. How can I help?"),
        ("OK, thank you very much.", "You're welcome."),
        ("No, thanks.", "You're welcome."),
        ("Bye bye!", "Goodbye!"),
        ("Never mind.", "All right."),
        ("That's all", "All right."),
        ("Great.", "Good."),
        ("I'm sorry.", "No problem."),
        ("Who are you?", "I'm a voice assistant that works offline."),
    ],
)
def test_pleasantries_are_answered(said, answer):
    assert pleasantry(said) == answer


@pytest.mark.parametrize(
    ("tag", "said", "answer"),
    [
        ("es", "Hola, ¿qué tal?", "Muy bien, gracias. ¿En qué puedo ayudarte?"),
        ("es", "¡Buenos días!", "¡Hola! ¿En qué puedo ayudarte?"),
        ("es", "Muchas gracias.", "De nada."),
        ("es", "Hasta luego.", "¡Adiós!"),
        ("es", "Eso es todo.", "De acuerdo."),
        ("es", "¿Cómo te llamas?", "Me llamo Ana y soy un asistente de voz."),
        ("fr", "Bonjour, comment ça va ?", "Je vais bien, merci. Que puis-je faire pour vous ?"),
        ("fr", "Merci beaucoup.", "Je vous en prie."),
        ("fr", "Au revoir !", "Au revoir !"),
        ("fr", "C\u2019est tout.", "Entendu."),
        ("fr", "Comment vous appelez-vous ?", "Je m'appelle Léa, votre assistant vocal."),
    ],
)
def test_pleasantries_are_answered_in_their_language(tag, said, answer):
    assert pleasantry(said, "Te llamas Ana." if tag == "es" else "Vous vous appelez Léa.", language_for(tag)) == answer


@pytest.mark.parametrize(
    ("tag", "help_", "again"),
    [
        ("de", "Was kannst du?", "Wie bitte?"),
        ("es", "¿En qué me puedes ayudar?", "¿Puedes repetir eso, por favor?"),
        ("fr", "Qu\u2019est-ce que vous pouvez faire ?", "Pouvez-vous répéter, s\u2019il vous plaît ?"),
    ],
)
def test_help_and_repetition_are_asked_for_in_their_language(tag, help_, again):
    language = language_for(tag)
    assert asks_for_help(help_, language)
    assert asks_to_repeat(again, language)
    assert not asks_for_help(again, language)
    assert not asks_to_repeat(help_, language)


@pytest.mark.parametrize("said", ["hello is a song by Adele", "thanks giving", "what time is it", "", "no milk"])
def test_other_sentences_are_no_pleasantries(said):
    assert pleasantry(said) is None


def test_a_name_in_the_instructions_is_used():
    assert pleasantry("What's your name?", "You are Ada, who works at a bakery.") == "I'm Ada, your voice assistant."
    assert "Bo" in str(pleasantry("who are you", "Your name is Bo."))
    assert "helpful" not in str(pleasantry("who are you", "You are a helpful assistant."))


def test_questions_about_abilities_and_repetitions_are_known():
    assert asks_for_help("What can you do?")
    assert asks_for_help("Can you help me, please?")
    assert not asks_for_help("help me find my keys")
    assert asks_to_repeat("Say that again, please.")
    assert asks_to_repeat("Pardon?")
    assert not asks_to_repeat("repeat the song")


def test_tools_are_named_by_what_they_do_or_by_how_to_ask():
    assert abilities([TIME, ORDER, LIGHT, HIDDEN, TIME]) == [
        "tell the time",
        'answer "order five"',
        "turn the lights on or off",
    ]


def test_answers_name_what_can_be_done():
    assert help_text([TIME]) == "I can tell the time."
    assert cannot([TIME, LIGHT]) == "I can't do that offline, but I can tell the time or turn the lights on or off."
    assert "no tools" in help_text([])
    assert cannot([HIDDEN]) == "Sorry, I can't do that offline."


def test_slots_of_any_kind_are_filled_in_examples():
    play = tool("play", "Music.", ["play {song}"], song={"type": "string"})
    switch = tool("switch", "A switch.", ["switch {colour}"], colour={"enum": ["red", "green"]})
    assert abilities([play, switch]) == ['answer "play something"', 'answer "switch red"']


def test_what_people_may_say_here_is_expected_in_their_language():
    german, both = language_for("de"), "Tells the time.\nExamples: what time is it | wie spät ist es"
    first = german.talk.requests[0]
    tools = [
        ToolSpec("clock", both, {}),
        ToolSpec("english", "Rolls dice.\nExamples: roll the dice for me", {}),
        ToolSpec("silent", "Has no phrases.", {}),
        tool("timer", "Set it.", ["stelle einen Timer auf {minutes} Minuten"], minutes={"type": "integer"}),
    ]
    assert expected(tools, german)[:3] == ["Wie spät ist es?", "Stelle einen Timer auf fünf Minuten.", first]
    spanish = language_for("es")
    assert expected([ToolSpec("clock", "Tells the time.\nExamples: qué hora es", {})], spanish) == [
        "¿Qué hora es?",
        *spanish.talk.requests,
    ]
    assert abilities(tools, german) == ["wie spät ist es", "stelle einen Timer auf fünf Minuten"]
