from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from voiceloop.dgrid.dialects.gemini_schema import gemini_schema

TEXT = {"type": "string"}
KNOWN = {
    "type",
    "title",
    "description",
    "nullable",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "properties",
    "items",
    "anyOf",
}


def test_what_gemini_knows_stays_as_it_is():
    schema = {
        "type": "object",
        "description": "An order.",
        "properties": {
            "when": {"type": "string", "format": "date-time"},
            "count": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 9},
            "size": {"type": "string", "enum": ["small", "large"]},
            "tags": {"type": "array", "items": TEXT, "minItems": 1},
            "id": {"anyOf": [TEXT, {"type": "integer"}]},
        },
        "required": ["when"],
    }
    assert gemini_schema(schema) == schema


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ({"type": "object", "additionalProperties": False, "$schema": "x", "$defs": {}}, {"type": "object"}),
        ({"type": "string", "format": "uuid", "default": "x", "examples": ["y"]}, TEXT),
        ({"type": "number", "format": "float"}, {"type": "number", "format": "float"}),
        ({"const": "on"}, {"type": "string", "enum": ["on"]}),
        ({"const": 1}, {"type": "integer", "description": "One of: 1"}),
        ({"enum": [1.5, 2]}, {"type": "number", "description": "One of: 1.5, 2"}),
        ({"enum": [True]}, {"type": "boolean", "description": "One of: true"}),
        (
            {"type": "integer", "enum": [1, 2], "description": "Gear."},
            {"type": "integer", "description": "Gear. One of: 1, 2"},
        ),
        ({"enum": ["", "a"]}, {"type": "string", "description": 'One of: "", "a"'}),
        ({"enum": ["a", None]}, {"type": "string", "enum": ["a"], "nullable": True}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string"]}, TEXT),
        ({"type": ["string", "integer"]}, {"anyOf": [TEXT, {"type": "integer"}]}),
        ({"type": "null"}, {"type": "string", "nullable": True}),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"type": "integer", "nullable": True}),
        ({"oneOf": [TEXT, {"type": "boolean"}]}, {"anyOf": [TEXT, {"type": "boolean"}]}),
        ({"anyOf": [TEXT], "description": "Outer."}, {"type": "string", "description": "Outer."}),
        ({"type": "string", "anyOf": [{"minLength": 3}, {"const": ""}]}, TEXT),
        ({"allOf": [TEXT, {"minLength": 2}]}, {"type": "string", "minLength": 2}),
        (
            {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9},
            {"type": "integer", "minimum": 0, "maximum": 9},
        ),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": 0}, {"type": "integer", "minimum": 3}),
        ({"type": "integer", "exclusiveMinimum": True}, {"type": "integer"}),
        ({"type": "array"}, {"type": "array", "items": TEXT}),
        ({"items": {"type": "integer"}}, {"type": "array", "items": {"type": "integer"}}),
        (
            {"type": "array", "prefixItems": [TEXT, {"type": "integer"}]},
            {"type": "array", "items": {"anyOf": [TEXT, {"type": "integer"}]}},
        ),
        ({"properties": {"a": True}}, {"type": "object", "properties": {"a": TEXT}}),
        (
            {"type": "object", "properties": {"a": TEXT}, "required": ["a", "b"]},
            {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
        ),
        ({"type": "object", "required": ["b"]}, {"type": "object"}),
        ({"type": "file"}, TEXT),
        ({}, TEXT),
    ],
)
def test_what_it_does_not_know_is_said_otherwise_or_left_out(told, taken):
    assert gemini_schema(told) == taken


def test_parts_of_all_of_are_one_schema():
    one = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
    other = {"properties": {"b": TEXT}, "required": ["b", "a"]}
    both = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a", "b"]}
    assert gemini_schema({"allOf": [one, other]}) == both


class Point(BaseModel):
    x: int
    label: str | None = None


class Path(BaseModel):
    start: Point = Field(description="Where it begins.")
    kind: Literal["walk"] = "walk"
    more: list[Point] = []


def test_a_schema_of_pydantic():
    point = {
        "type": "object",
        "title": "Point",
        "properties": {
            "x": {"type": "integer", "title": "X"},
            "label": {"type": "string", "nullable": True, "title": "Label"},
        },
        "required": ["x"],
    }
    assert gemini_schema(Path.model_json_schema()) == {
        "type": "object",
        "title": "Path",
        "properties": {
            "start": {**point, "description": "Where it begins."},
            "kind": {"type": "string", "title": "Kind", "enum": ["walk"]},
            "more": {"type": "array", "title": "More", "items": point},
        },
        "required": ["start"],
    }


@pytest.mark.parametrize("reference", ["#/$defs/Missing", "https://example.com/x", "#", 7])
def test_what_refers_to_nothing_or_to_itself_is_any_object(reference):
    inner = gemini_schema({"type": "object", "properties": {"a": {"$ref": reference}}})["properties"]["a"]
    assert inner["type"] == ("string" if reference == 7 else "object")


def test_names_in_references_may_be_escaped():
    schema = {"$defs": {"a/b~c": {"type": "integer"}}, "$ref": "#/$defs/a~1b~0c"}
    assert gemini_schema(schema) == {"type": "integer"}


def test_a_few_lines_that_mean_millions_are_cut_short():
    doubled = {f"a{n}": {"properties": {s: {"$ref": f"#/$defs/a{n + 1}"} for s in "xy"}} for n in range(25)}
    assert len(str(gemini_schema({"$defs": doubled, "$ref": "#/$defs/a0"}))) < 200_000
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"properties": {"a": deep}, "allOf": [deep]}
    assert gemini_schema(deep)["type"] == "object"


WORDS = [*KNOWN, "oneOf", "allOf", "const", "$ref", "prefixItems", "exclusiveMinimum", "default"]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "object", "array", "null", "#", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
)


def check(schema):
    """Every part holds only what Gemini knows, and says what it is."""
    assert set(schema) <= KNOWN
    assert ("type" in schema) is not ("anyOf" in schema)
    for inner in [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]:
        check(inner)
    if schema.get("type") == "array":
        check(schema["items"])


@given(st.dictionaries(st.sampled_from(WORDS), ODD, max_size=6))
@example({"type": False, "anyOf": [{"type": "string"}, {"type": "integer"}]})
def test_whatever_a_schema_holds_gemini_takes_the_result(schema):
    check(gemini_schema(schema))
