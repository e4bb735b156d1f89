"""What the chat dialects share: which conversations hold together, which tools are left, what things cost."""

import pytest

from voiceloop.vocabulary import ToolCall, ToolOutput, ToolSpec, UserTurn
from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.inner import Ask, Called, Words, check_calls, narrowed, spent_on_reading, spent_on_writing
from voiceloop_local.rest.problems import ApiProblem

LAMP, CLOCK = (ToolSpec(name, "", {}) for name in ("lamp", "clock"))


def test_each_call_has_its_output_even_of_several_at_once():
    calls = [ToolCall("a", "lamp", "{}"), ToolCall("b", "clock", "{}")]
    check_calls([*calls, ToolOutput("b", "x"), ToolOutput("a", "y")], "messages")


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ([ToolOutput("a", "x")], "no tool call 'a'"),
        ([ToolOutput("a", "x"), ToolCall("a", "lamp", "{}")], "no tool call 'a'"),
        ([ToolCall("a", "lamp", "{}"), ToolCall("b", "lamp", "{}"), ToolOutput("a", "x")], "'b' has no output"),
    ],
)
def test_a_call_without_output_or_the_other_way_round_is_refused(entries, named):
    with pytest.raises(ApiProblem, match=named) as problem:
        check_calls(entries, "messages")
    assert (problem.value.status, problem.value.param) == (400, "messages")


@pytest.mark.parametrize(
    ("choice", "left"),
    [("auto", [LAMP, CLOCK]), ("required", [LAMP, CLOCK]), ("none", []), (["clock"], [CLOCK])],
)
def test_a_choice_leaves_some_tools(choice, left):
    assert list(narrowed([LAMP, CLOCK], choice, "tool_choice")) == left


@pytest.mark.parametrize(("tools", "choice"), [([], "required"), ([LAMP], ["clock"])])
def test_a_choice_of_what_is_not_there_is_refused(tools, choice):
    with pytest.raises(ApiProblem):
        narrowed(tools, choice, "tool_choice")


def test_tokens_have_the_right_size():
    ask = Ask("m", "12345678", (), [ToolSpec("lamp", "", {})])
    items = [UserTurn("u", "1234"), ToolCall("c", "lamp", "{}  "), ToolOutput("c", "12345")]
    assert spent_on_reading(ask, items, 250) == Spent(text=4 + 1 + 2 + 2, audio=3)  # "lamp{}" joins the instructions
    assert spent_on_writing([Words("1234"), Words(" 678"), Called("c", "lamp", "{}  ")]) == Spent(text=4)
