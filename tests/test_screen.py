from __future__ import annotations

import io
import math
from typing import Literal

import pytest
from rich.console import Console

import voiceloop.screen as screen_module
from voiceloop.agent import Agent
from voiceloop.commandline.terminal import Terminal
from voiceloop.plugins import PluginContext, load
from voiceloop.screen import Paper, Screen, sentences
from voiceloop.tools.phrases import Phrasebook
from voiceloop.tools.tool import as_tool, tool
from voiceloop.transcript import TranscriptLine


@tool(phrases=["track [my] order {order_id}", "where is my order"])
def order_status(order_id: int = 0) -> str:
    """Where an order is."""
    return str(order_id)


@tool(phrases=["(paint|colour) it {colour}", "set the lamp to {level} percent [in {room}]"])
def lamp(colour: Literal["red", "blue"] = "red", level: float = 1, room: str = "") -> str:
    """Change the lamp."""
    return colour


@tool(phrases=["tell {name} about it"])
def message(name: str) -> str:
    """Leave a message."""
    return name


def plain_tool(x: int) -> int:
    """No phrases here."""
    return x


@pytest.fixture
def out():
    return io.StringIO()


def make(out, *, terminal=False):
    surface = Terminal(Console(file=out, force_terminal=True, width=40)) if terminal else Paper(out)
    return Screen(surface, surface)


def said(event, **fields):
    return TranscriptLine(event, 0.0, fields)


def test_a_conversation_away_from_a_terminal_is_plain_lines(out):
    screen = make(out)
    for line in (
        said("session_started", tier="realtime", model="m-1"),
        said("user_speech_started", turn_id="t"),
        said("user_said", turn_id="t", text="What time is it in a place with quite a long name?"),
        said("tool_called", call_id="c", name="get_time", arguments={"place": "Rome"}),
        said("tool_finished", call_id="c", outcome="ok", output="It is noon."),
        said("agent_said", text="It is noon.", heard_text="It is noon.", heard_ms=800, interrupted=False, items=[]),
        said("agent_said", text="And further", heard_text="And", heard_ms=80, interrupted=True, items=[]),
        said("tool_finished", call_id="d", outcome="timeout", output="x" * 200),
        said("tier_changed", tier="rest", cause="drop"),
        said("warning", code="slow", detail="the model is slow"),
        said("warning", code="busy", detail="busy: come back later"),
        said("session_ended", reason="input_ended"),
    ):
        screen.line(line)
    assert out.getvalue().splitlines() == [
        "realtime, model m-1",
        "you: What time is it in a place with quite a long name?",
        "  get_time place=Rome",
        "  = It is noon.",
        "agent: It is noon.",
        "agent: And [interrupted]",
        "  = timeout: " + "x" * 97 + "...",
        "now on rest: drop",
        "slow: the model is slow",
        "busy: come back later",
        "ended: input_ended",
    ]


def test_typed_turns_are_not_repeated(out):
    make(out).line(said("user_said", turn_id="t", text="hello", typed=True))
    assert out.getvalue() == ""


def test_text_from_the_other_side_cannot_steer_the_terminal(out):
    make(out).line(said("user_said", turn_id="t", text="a\x1b[2Jb\r\nc[bold]d\u202ee\x9b1m"))
    assert out.getvalue() == "you: a[2Jb c[bold]de1m\n"


def test_the_meter_shows_on_a_terminal_only_and_gives_way_to_words(out):
    screen = make(out, terminal=True)
    screen.meter(-30.0)
    assert "mic ||||||||||||............" in out.getvalue()
    screen.meter(-math.inf)
    screen.meter(3.0)
    assert "mic " + "|" * 24 in out.getvalue()
    screen.line(said("user_said", turn_id="t", text="hi"))
    assert out.getvalue().split("\r\x1b[2K")[-1].endswith("\n")
    screen.close()
    assert "\x1b[?25l" not in out.getvalue()
    plain = io.StringIO()
    make(plain).meter(-30.0)
    assert plain.getvalue() == ""


def test_the_first_screen_tells_files_and_sentences(out):
    make(out).opening(Agent(tools=[order_status, plain_tool]), ["recording: a.wav"], spoken=True)
    assert out.getvalue().splitlines() == [
        "recording: a.wav",
        "Try to say:",
        "  where is my order",
        "  track order 5",
        "Ctrl-C ends the conversation.",
    ]


def test_an_agent_without_phrases_promises_nothing(out):
    make(out).opening(Agent(tools=[plain_tool]), [], spoken=False)
    assert out.getvalue() == "Ctrl-C ends the conversation.\n"


def test_sentences_come_from_each_tool_in_turn_and_hold_no_guessed_words():
    found = list(sentences(Agent(tools=[message, order_status, lamp])))
    assert found == ["where is my order", "paint it red", "track order 5", "set the lamp to 5 percent"]
    assert len(list(sentences(Agent(tools=[order_status, lamp, order_status, lamp])))) == 4


def test_the_meter_says_whether_somebody_listens(out):
    screen, labels = make(out, terminal=True), []
    screen.meter(-60.0)
    for state in ("asleep", "listening", "muted", "open"):
        screen.line(said("microphone", state=state))
        out.truncate(0)
        screen.meter(-60.0)
        labels.append(out.getvalue().split()[-2])
    assert labels == ["asleep", "listening", "muted", "mic"]


def test_a_parameter_without_a_plain_type_is_not_guessed():
    assert screen_module.filler({"anyOf": [{"type": "integer"}]}) == ""
    assert screen_module.filler({"type": "string"}) == ""


@pytest.mark.parametrize(
    ("phrase", "sentence"),
    [
        ("set [a|an] timer [for|of] [{hours} hour[s]] [and] [{minutes} minute[s]]", "set a timer for 5 hours"),
        ("set [a] timer [(called|named) [the|my] {name}]", "set timer"),
        ("what day is it [{day}]", "what day is it today"),
    ],
)
def test_optional_parts_are_decided_so_that_a_sentence_stays(phrase, sentence):
    @tool(phrases=[phrase])
    def act(hours: int = 0, minutes: float = 0, name: str = "", day: Literal["today", "tomorrow"] = "today") -> None:
        """Act."""

    assert list(sentences(Agent(tools=[act]))) == [sentence]


def test_the_sentences_of_the_basic_tools_reach_their_tools():
    tools = [as_tool(function) for function in load("voiceloop.tools", "basics", {}, PluginContext())]
    book = Phrasebook.from_specs([made.spec() for made in tools])
    found = list(sentences(Agent(tools=tools)))
    assert len(found) == 4
    assert len({book.match(sentence).name for sentence in found}) == 4
    for made in tools:
        for sentence in screen_module.sayable(made, "en"):
            assert book.match(sentence) is not None, sentence
