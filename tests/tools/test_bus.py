from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench import add, bus_of, call, outcome_of
from voiceloop.errors import MisuseError, ToolError
from voiceloop.events import ToolFinished
from voiceloop.tools.bus import MAX_OUTPUT_BYTES, ToolBus
from voiceloop.tools.tool import ToolContext, tool
from voiceloop.vocabulary import Outcome, ToolCall


async def test_a_call_runs_and_its_result_is_text():
    assert await outcome_of(add, asked=call("add", '{"a": 1, "b": 2}')) == ToolFinished("c1", Outcome.OK, "3")


async def test_the_bus_shows_its_tools_in_order():
    def hello() -> None: ...

    async with bus_of(add, hello) as (bus, _):
        assert [spec.name for spec in bus.specs] == ["add", "hello"]


async def test_two_tools_of_one_name_are_misuse():
    with pytest.raises(MisuseError, match="two tools are called add"):
        ToolBus([add, add], happened=print, spawn=print, context=lambda: None)


@dataclass
class Slot:
    day: date
    free: bool


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("as it is", "as it is"),
        ("", ""),
        (None, "done"),
        (2.5, "2.5"),
        ({"a": [1]}, '{"a":[1]}'),
        (Slot(date(2026, 11, 22), free=True), '{"day":"2026-11-22","free":true}'),
        ("bad \ud800 half", "bad ? half"),
    ],
)
async def test_results_become_text(result, text):
    @tool
    async def give() -> object:
        return result

    assert await outcome_of(give, asked=call("give")) == ToolFinished("c1", Outcome.OK, text)


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f642"])
async def test_long_output_is_cut_with_a_note(letter):
    @tool
    async def give() -> str:
        return letter * 10_000

    finished = await outcome_of(give, asked=call("give"))
    assert len(finished.output.encode()) <= MAX_OUTPUT_BYTES
    assert finished.output.endswith(f"[cut: {len(letter.encode()) * 10_000} bytes in all]")


async def test_an_unknown_tool_is_told_which_there_are():
    finished = await outcome_of(add, asked=call("substract"))
    assert finished.outcome is Outcome.ERROR
    assert finished.output == "there is no tool 'substract'; the tools are: add"


@pytest.mark.parametrize("arguments", ["{", "[1]", '{"a": 1}', '{"a": 1, "b": "two"}', '{"a": 1, "b": 2, "c": 3}'])
async def test_wrong_arguments_are_an_error_the_model_can_mend(arguments):
    finished = await outcome_of(add, asked=call("add", arguments))
    assert finished.outcome is Outcome.ERROR
    assert finished.output.startswith("wrong arguments: ")


async def test_a_tools_own_error_reaches_the_model():
    @tool
    async def order() -> None:
        raise ToolError("there is no order 4711")

    assert await outcome_of(order, asked=call("order")) == ToolFinished("c1", Outcome.ERROR, "there is no order 4711")


async def test_an_error_without_words_says_at_least_that():
    @tool
    async def order() -> None:
        raise ToolError

    assert (await outcome_of(order, asked=call("order"))).output == "order failed; tell the user that it did not work"


async def test_any_other_error_is_logged_with_its_place_and_without_secrets(caplog):
    @tool
    def order(note: str) -> None:
        raise KeyError("password=hunter22222 was wrong")

    with caplog.at_level(logging.DEBUG):
        finished = await outcome_of(order, asked=call("order", '{"note": "the private words"}'))
    assert finished == ToolFinished("c1", Outcome.ERROR, "order failed; tell the user that it did not work")
    assert "Traceback" in caplog.text
    assert "test_bus.py" in caplog.text
    assert "hunter22222" not in caplog.text
    assert "private words" not in caplog.text


async def test_a_result_that_is_no_json_is_an_error():
    @tool
    async def give() -> object:
        return object()

    assert (await outcome_of(give, asked=call("give"))).outcome is Outcome.ERROR


async def test_an_exit_inside_a_tool_still_answers_the_call():
    @tool
    async def leave() -> None:
        raise asyncio.CancelledError

    assert (await outcome_of(leave, asked=call("leave"))).outcome is Outcome.CANCELLED


async def test_a_call_delivered_twice_runs_once():
    ran = []

    @tool
    async def note() -> None:
        ran.append(1)

    async with bus_of(note) as (bus, happened):
        bus.run(call("note"))
        bus.run(call("note"))
    assert ran == [1]
    assert len(happened) == 1


async def test_old_call_ids_are_forgotten_but_never_those_that_run():
    release = asyncio.Event()

    @tool
    async def wait() -> None:
        await release.wait()

    async with bus_of(wait) as (bus, happened):
        bus.run(call("wait", call_id="first"))
        for number in range(1100):
            bus.run(call("nothing", call_id=f"n{number}"))
        assert len(bus._seen) == 1024
        assert "first" in bus._seen
        bus.run(call("wait", call_id="first"))
        release.set()
    assert Counter(event.call_id for event in happened)["first"] == 1


async def test_more_than_max_running_are_refused():
    release = asyncio.Event()

    @tool
    async def wait() -> None:
        await release.wait()

    async with bus_of(wait, max_running=2) as (bus, happened):
        for call_id in ("c1", "c2", "c3"):
            bus.run(call("wait", call_id=call_id))
        assert [(event.call_id, event.outcome) for event in happened] == [("c3", Outcome.ERROR)]
        release.set()
    assert Counter(event.outcome for event in happened) == {Outcome.OK: 2, Outcome.ERROR: 1}


@pytest.mark.parametrize(("policy", "words"), [("deny", "not allowed"), ("ask", "cannot ask")])
async def test_policies_deny_without_running(policy, words):
    ran = []

    @tool(policy=policy)
    async def pay() -> None:
        ran.append(1)

    finished = await outcome_of(pay, asked=call("pay"))
    assert finished.outcome is Outcome.DENIED
    assert words in finished.output
    assert ran == []


async def test_each_call_may_get_a_context_of_its_own():
    made = iter("ab")

    @tool
    async def where(ctx: ToolContext) -> str:
        return ctx.session_id

    def context():
        return ToolContext(print, print, session_id=next(made))

    async with bus_of(where, context=context) as (bus, happened):
        bus.run(call("where", call_id="c1"))
        bus.run(call("where", call_id="c2"))
    assert [event.output for event in happened] == ["a", "b"]


CALL_IDS = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("run"), CALL_IDS, st.sampled_from(["gated", "hasty", "stubborn", "durable", "absent", "asks"])
        ),
        st.tuples(st.sampled_from(["finish", "fail", "cancel"]), CALL_IDS, st.just("")),
        st.tuples(st.sampled_from(["turn", "close"]), st.just(0), st.just("")),
    ),
    max_size=40,
)


class Story:
    """A bus and the tools of one example; each tool waits at the gate of its number."""

    def __init__(self, bus: ToolBus) -> None:
        self.bus = bus
        self.asked: Counter[str] = Counter()

    async def play(self, step: str, number: int, name: str, gates: Gates) -> None:
        match step:
            case "run":
                self.asked[f"c{number}"] = 1
                self.bus.run(ToolCall(f"c{number}", name, f'{{"number": {number}}}'))
            case "cancel":
                self.bus.cancel(f"c{number}")
            case "close":
                self.bus.close()
            case "turn":
                await asyncio.sleep(0)
            case _:
                gates.open(number, fail=step == "fail")


class Gates:
    def __init__(self) -> None:
        self._gates = [asyncio.get_running_loop().create_future() for _ in range(6)]

    def open(self, number: int, *, fail: bool = False) -> None:
        gate = self._gates[number]
        if not gate.done() and fail:
            gate.set_exception(ToolError("no"))
            gate.exception()
        elif not gate.done():
            gate.set_result("ok")

    async def wait(self, number: int) -> str:
        return await asyncio.shield(self._gates[number])

    async def wait_stubbornly(self, number: int) -> str:
        with contextlib.suppress(asyncio.CancelledError):
            return await self.wait(number)
        return await self.wait(number)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_every_call_id_gets_exactly_one_outcome_in_any_order_of_events(steps):
    async def scenario() -> tuple[Counter[str], Counter[str]]:
        gates = Gates()
        tools = [
            tool(name="gated")(gates.wait),
            tool(name="hasty", deadline_s=1e-9)(gates.wait),
            tool(name="stubborn", deadline_s=1e-9)(gates.wait_stubbornly),
            tool(name="durable", survives_interruption=True)(gates.wait),
            tool(name="asks", policy="ask")(gates.wait),
        ]
        async with bus_of(*tools, max_running=3) as (bus, happened):
            story = Story(bus)
            for step in steps:
                await story.play(*step, gates)
            bus.close()
            for number in range(6):
                gates.open(number)
        return story.asked, Counter(event.call_id for event in happened)

    asked, outcomes = asyncio.run(scenario())
    assert outcomes == asked
