from __future__ import annotations

import asyncio
import functools
import threading
from datetime import datetime

import pytest

import voiceloop.tools.tool as module
from voiceloop.errors import MisuseError
from voiceloop.tools.tool import Tool, ToolContext, as_tool, tool


def context(**changes) -> ToolContext:
    return ToolContext(**{"announce": print, "spawn": lambda name, work: work.close(), **changes})


@tool(phrases=["where is order {order_id}", "track  order {order_id}"])
async def order_status(order_id: int, verbose: bool = False) -> str:  # noqa: FBT001, FBT002 - a model fills it by name
    """Where an order is.

    order_id: the number on the receipt
    """
    return f"Order {order_id} leaves today{'!' if verbose else '.'}"


async def test_a_tool_is_still_the_function_it_was_made_of():
    assert await order_status(4711) == "Order 4711 leaves today."
    assert order_status.__name__ == "order_status"
    assert order_status.__doc__.startswith("Where an order is.")


def test_the_model_sees_name_purpose_phrases_and_schema():
    spec = order_status.spec()
    assert spec.name == "order_status"
    assert spec.description == ("Where an order is.\nExamples: where is order {order_id} | track order {order_id}")
    assert spec.parameters == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "order_id": {"type": "integer", "description": "the number on the receipt"},
            "verbose": {"type": "boolean", "default": False},
        },
        "required": ["order_id"],
    }
    assert order_status.spec() is spec


def test_the_decorator_works_bare_and_with_options():
    @tool
    def bare(x: int) -> int:
        return x + 1

    @tool(
        name="better", description="Adds one.", policy="ask", deadline_s=5, survives_interruption=True, idempotent=True
    )
    def named(x: int) -> int:
        return x + 1

    assert bare(1) == named(1) == 2
    assert (bare.name, bare.policy, bare.deadline_s) == ("bare", "allow", 20)
    assert (bare.survives_interruption, bare.idempotent) == (False, False)
    assert (named.name, named.policy, named.deadline_s) == ("better", "ask", 5)
    assert (named.survives_interruption, named.idempotent) == (True, True)
    assert named.spec().description == "Adds one."
    assert bare.spec().description == "bare"


def test_a_plain_function_becomes_a_tool_and_a_tool_stays_itself():
    def plain(x: int) -> int:
        """Adds."""
        return x

    assert isinstance(as_tool(plain), Tool)
    assert as_tool(plain).spec().description == "Adds."
    assert as_tool(order_status) is order_status


class Shop:
    def __init__(self) -> None:
        self.sold = 0

    def sell(self, count: int) -> str:
        """Sell bread."""
        self.sold += count
        return "sold"


async def test_a_method_can_be_a_tool():
    shop = Shop()
    made = as_tool(shop.sell)
    assert list(made.spec().parameters["properties"]) == ["count"]
    await made.invoke(made.parse('{"count": 3}'), context())
    assert shop.sold == 3


def test_a_tool_may_take_a_context_first_and_the_model_does_not_see_it():
    @tool
    async def written(ctx: ToolContext, x: int) -> int:
        return x

    @tool
    async def dotted(ctx: module.ToolContext) -> str:
        return ctx.language

    assert written.takes_context
    assert dotted.takes_context
    assert not order_status.takes_context
    assert list(written.spec().parameters["properties"]) == ["x"]
    assert dotted.spec().parameters["properties"] == {}


def evaluated_context(ctx, x):
    return ctx, x


evaluated_context.__annotations__ = {"ctx": ToolContext, "x": int}


def test_a_context_is_known_when_annotations_are_no_text():
    assert as_tool(evaluated_context).takes_context


@pytest.mark.parametrize("name", ["f", "g"])
def test_a_context_anywhere_else_is_misuse(name):
    def f(x: int, ctx: ToolContext) -> None: ...
    def g(ctx: ToolContext, other: ToolContext) -> None: ...

    with pytest.raises(MisuseError, match="first parameter"):
        tool({"f": f, "g": g}[name])


def test_signatures_a_model_cannot_fill_are_refused_with_function_and_parameter():
    def untyped(order_id): ...
    def star(*orders: int): ...
    def stars(**orders: int): ...
    def positional(order_id: int, /): ...

    for function, words in (
        (untyped, "tool untyped: parameter order_id has no annotation"),
        (star, r"tool star: \*orders"),
        (stars, r"tool stars: \*\*orders"),
        (positional, "tool positional: parameter order_id is positional-only"),
    ):
        with pytest.raises(MisuseError, match=words):
            tool(function)


def test_a_phrase_with_a_strange_slot_is_refused():
    with pytest.raises(MisuseError, match=r"tool order: phrase 'where is {number}' fills number"):

        @tool(phrases=["where is {number}"])
        def order(order_id: int) -> None: ...


BAKERY = {"en": ["where is order {number}"], "de-DE": ["wo ist [die] Bestellung {number}", "order {number}"]}


def test_phrases_may_be_told_by_language():
    @tool(phrases=BAKERY)
    async def order_status(number: int) -> None:
        """Where an order is."""

    german = ("wo ist [die] Bestellung {number}", "order {number}")
    assert [order_status.phrases_in(tag) for tag in ("de", "de-AT", "DE_ch")] == [german] * 3
    assert order_status.phrases_in("en-GB") == order_status.phrases == ("where is order {number}",)
    assert order_status.phrases_in("fr") == order_status.phrases
    assert order_status.phrases_in("auto") == (*order_status.phrases, *german)
    assert order_status.spec("de").description.endswith("\nExamples: wo ist [die] Bestellung {number} | order {number}")
    assert order_status.spec("de") is order_status.spec("de-AT")
    assert order_status.spec().description.endswith("Examples: where is order {number}")


def test_a_plain_list_of_phrases_is_for_every_language():
    @tool(phrases=["stop"])
    async def stop() -> None:
        """Stop."""

    assert {stop.phrases_in(tag) for tag in ("", "en", "de", "auto")} == {("stop",)}


@pytest.mark.parametrize(
    ("phrases", "problem"),
    [
        ({"german": ["x"]}, "the language 'german' of its phrases is no language"),
        ({"de": ["x"], "de-AT": ["y"]}, "the language 'de-AT' of its phrases is there twice"),
        ({"de": "wo ist es"}, r"phrases 'wo ist es' is one text; write it as a list"),
        ("where is it", r"write it as a list: \['where is it'\]"),
        ({"de": ["wo ist {es}"]}, "fills es, which is not a parameter"),
    ],
)
def test_phrases_that_cannot_work_are_refused(phrases, problem):
    with pytest.raises(MisuseError, match=problem):

        @tool(phrases=phrases)
        async def f() -> None:
            """Do something."""


def test_a_context_is_no_slot():
    with pytest.raises(MisuseError, match="fills ctx"):

        @tool(phrases=["where is {ctx}"])
        def order(ctx: ToolContext) -> None: ...


@pytest.mark.parametrize("options", [{"policy": "sometimes"}, {"deadline_s": 0}, {"name": "has space"}, {"name": "9"}])
def test_wrong_options_are_refused(options):
    with pytest.raises(MisuseError):
        tool(**options)(lambda: None)


def test_what_is_no_nameable_function_is_refused():
    def numbers():
        yield 1

    async def later():
        yield 1

    for thing in (lambda: None, functools.partial(print), "text", numbers, later):
        with pytest.raises(MisuseError):
            tool(thing)
    assert tool(name="pick")(lambda: 1).name == "pick"


async def test_a_coroutine_runs_on_the_loop_and_a_plain_function_in_a_thread():
    @tool
    async def on_loop() -> int:
        return threading.get_ident()

    @tool
    def aside() -> int:
        return threading.get_ident()

    assert await on_loop.invoke({}, context()) == threading.get_ident()
    assert await aside.invoke({}, context()) != threading.get_ident()


async def test_a_plain_function_that_returns_an_awaitable_is_awaited():
    async def answer() -> int:
        return 42

    @tool
    def indirect() -> object:
        return answer()

    assert await indirect.invoke({}, context()) == 42


async def test_a_thread_may_announce_spawn_and_end_through_its_context():
    heard: list[tuple[str, int]] = []
    done = asyncio.Event()

    def announce(text: str) -> None:
        heard.append((text, threading.get_ident()))

    async def work() -> None: ...

    def spawn(name: str, work) -> None:
        work.close()
        heard.append((name, threading.get_ident()))
        done.set()

    @tool
    def slow(ctx: ToolContext) -> str:
        ctx.announce("half way")
        ctx.end("enough")
        ctx.spawn("rest", work())
        return ctx.session_id

    given = context(announce=announce, spawn=spawn, end=announce, session_id="s1")
    assert await slow.invoke({}, given) == "s1"
    await asyncio.wait_for(done.wait(), 5)
    assert heard == [(word, threading.get_ident()) for word in ("half way", "enough", "rest")]


def test_the_time_of_day_knows_its_zone():
    moment = context().now()
    assert isinstance(moment, datetime)
    assert moment.utcoffset() is not None
