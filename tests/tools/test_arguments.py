from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from voiceloop.errors import MisuseError, ToolError
from voiceloop.tools.arguments import read_docs
from voiceloop.tools.tool import tool


class Topping(BaseModel):
    title: str
    grams: int = 10


@dataclass
class Opaque:
    thing: object


@tool
def pizza(
    size: Literal["small", "large"],
    copy: int = 1,
    model_config: str | None = None,
    toppings: list[Topping] | None = None,
    note: Annotated[str, Field(max_length=5, description="for the cook")] = "",
) -> None:
    """Order a pizza,
    freshly baked.

    Not before eleven.

    size: how big
        across
    copy: how many
    note: ignored
    nobody: not a parameter
    """


def test_the_docstring_gives_purpose_and_parameter_texts():
    spec = pizza.spec()
    properties = spec.parameters["properties"]
    assert spec.description == "Order a pizza, freshly baked."
    assert properties["size"]["description"] == "how big across"
    assert properties["copy"] == {"type": "integer", "default": 1, "description": "how many"}
    assert spec.parameters["required"] == ["size"]
    assert list(properties) == ["size", "copy", "model_config", "toppings", "note"]


def test_titles_are_left_out_but_a_parameter_may_be_called_title():
    spec = pizza.spec()
    assert "title" not in spec.parameters
    assert all("title" not in part for part in spec.parameters["properties"].values())
    assert spec.parameters["$defs"]["Topping"]["properties"]["title"] == {"type": "string"}


def test_parameter_lines_may_follow_the_purpose_at_once():
    docs = read_docs("Buy.\nitem: what\nMore text.", ["item"])
    assert (docs.summary, dict(docs.parameters)) == ("Buy.", {"item": "what"})


def test_no_docstring_says_nothing():
    assert read_docs(None, ["x"]).summary == ""


def test_arguments_arrive_as_their_types():
    values = pizza.parse('{"size": "large", "copy": "2", "toppings": [{"title": "ham"}]}')
    assert values["size"] == "large"
    assert values["copy"] == 2
    assert values["toppings"] == [Topping(title="ham")]
    assert values["model_config"] is None


def test_no_text_is_no_arguments():
    @tool
    def now() -> None: ...

    assert now.parse("") == now.parse(" {} ") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Invalid JSON"),
        ("[]", "object"),
        ("{}", "size: Field required"),
        ('{"size": "huge"}', "size: Input should be 'small' or 'large'"),
        ('{"size": "small", "copy": "many"}', "copy: Input should be a valid integer"),
        ('{"size": "small", "sauce": 1}', "sauce: Extra inputs are not permitted"),
        ('{"copy": "x", "note": "too long", "toppings": 1, "sauce": 1}', "and 2 more"),
    ],
)
def test_wrong_arguments_are_told_shortly_and_by_name(text, words):
    with pytest.raises(ToolError) as caught:
        pizza.parse(text)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300
    assert "pydantic" not in str(caught.value)


def test_an_unknown_annotation_is_misuse():
    @tool
    def odd(x: Unheard) -> None: ...  # noqa: F821

    with pytest.raises(MisuseError, match="tool odd: an annotation is unknown"):
        odd.spec()


def test_a_type_without_json_is_misuse():
    class Socket: ...

    def one(x: int) -> None: ...
    def two(x: int) -> None: ...

    one.__annotations__ = {"x": Socket}
    two.__annotations__ = {"x": type(lambda: None)}
    for function in (one, two):
        with pytest.raises(MisuseError, match=f"tool {function.__name__}"):
            tool(function).spec()


def test_making_a_tool_does_not_load_pydantic():
    code = (
        "import sys\n"
        "from voiceloop.tools.tool import tool\n"
        "@tool\n"
        "def f(x: int) -> int: return x\n"
        "assert 'pydantic' not in sys.modules\n"
        "f.spec()\n"
        "assert 'pydantic' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
