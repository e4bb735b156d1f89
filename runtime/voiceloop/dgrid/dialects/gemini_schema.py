"""JSON Schemas as Gemini takes them: a subset of OpenAPI's, anything else is refused with 400. Pure.

What it does not know is said otherwise or left out, so that a schema allows rather more than less than it did:

- `$ref` is written out; what refers to itself ends as any object.
- `const` and `enum` stay for texts; Gemini knows no others, so other values are told in the description.
- `null` as a type or an alternative becomes `nullable`; `oneOf` is `anyOf`; the parts of `allOf` are one schema.
- Exclusive limits are inclusive ones; tuples are lists of any of their types; formats other than Gemini's go.
- `additionalProperties`, `$schema`, `patternProperties`, `not`, `if` and whatever else there is are left out.
- What has no type is a text; a list says what it is of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

__all__ = ["gemini_schema"]

Schema = dict[str, Any]
KEPT: Final = (
    *("type", "title", "description", "nullable", "enum", "format", "pattern", "minLength", "maxLength", "minimum"),
    *("maximum", "minItems", "maxItems", "minProperties", "maxProperties", "required", "properties", "items", "anyOf"),
)
FORMATS: Final = {
    "string": ("date-time", "enum"),
    "number": ("float", "double"),
    "integer": ("int32", "int64"),
}
TYPES: Final = ("string", "number", "integer", "boolean", "array", "object")
DEEPEST: Final = 32
MOST: Final = 1000
"""Parts of a schema; one of a few lines can refer to itself in millions of ways."""


def gemini_schema(schema: Mapping[str, Any]) -> Schema:
    """Return what Gemini takes of a schema; deeper than 32 levels, or past 1000 parts, there is just an object."""
    return Cleaning(schema).clean(schema, (), 0)


class Cleaning:
    """Cleans one schema; `root` is where references point into."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._parts = 0

    def clean(self, told: object, within: tuple[str, ...], depth: int) -> Schema:
        """Return a part of the schema; `within` are the references that led here."""
        self._parts += 1
        if depth > DEEPEST or self._parts > MOST:
            return {"type": "object"}
        part, within = self._whole(told, within, depth)
        made = nullable(part)
        several = [self.clean(one, within, depth + 1) for one in choices(made)]
        made["anyOf"] = several if len(several) > 1 else None
        if len(several) == 1:
            made = several[0] | {name: value for name, value in made.items() if value is not None}
        inner = made.get("properties")
        fields = inner.items() if isinstance(inner, Mapping) else ()
        made["properties"] = {name: self.clean(value, within, depth + 1) for name, value in fields}
        if tuple_of := entries(made, "prefixItems"):
            made["items"] = {"anyOf": tuple_of}
        if "items" in made or made.get("type") == "array":
            made["items"] = self.clean(made.get("items"), within, depth + 1)
        return finished(made)

    def _whole(self, told: object, within: tuple[str, ...], depth: int) -> tuple[Schema, tuple[str, ...]]:
        """Return a part with what it refers to and is made of."""
        part = dict(told) if isinstance(told, Mapping) else {}
        while isinstance(reference := part.pop("$ref", None), str):
            found = None if reference in within else self._found(reference)
            within = (*within, reference)
            part = dict({"type": "object"} if found is None else found) | part
        parts = entries(part, "allOf") if depth <= DEEPEST else []
        for one in parts:
            inner, within = self._whole(one, within, depth + 1)
            part = merged(inner, part)
        return part, within

    def _found(self, reference: str) -> Mapping[str, Any] | None:
        """Return what `#/$defs/Name` points to."""
        found: Any = self._root
        for name in filter(None, reference.removeprefix("#").split("/")):
            found = found.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else None


def entries(part: Schema, name: str) -> list[Any]:
    """Return a list of a schema; an empty one where it holds none."""
    value = part.get(name)
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def merged(one: Schema, other: Schema) -> Schema:
    """Return what asks for both; where they differ, the second counts."""
    made = one | other
    if isinstance(one.get("properties"), Mapping) and isinstance(other.get("properties"), Mapping):
        made["properties"] = {**one["properties"], **other["properties"]}
    already = entries(other, "required")
    made["required"] = already + [name for name in entries(one, "required") if name not in already]
    return made


def nullable(part: Schema) -> Schema:
    """Return a part that says in `nullable` alone whether it may be null, and has one type at most."""
    made = dict(part)
    types, several = entries(part, "type"), entries(part, "oneOf") or entries(part, "anyOf")
    values = [part["const"]] if "const" in part else entries(part, "enum")
    kinds = [one.get("type") if isinstance(one, Mapping) else None for one in several]
    if "null" in (part.get("type"), *types, *kinds) or None in values:
        made["nullable"] = True
    kept = [one for one in types if one != "null"]
    if types or part.get("type") == "null":
        made["type"] = kept[0] if len(kept) == 1 else None
    made["enum"] = [one for one in values if one is not None] or None
    made["oneOf"] = None
    made["anyOf"] = [one for one, kind in zip(several, kinds, strict=True) if kind != "null"]
    if len(kept) > 1 and not several:
        made["anyOf"] = [{"type": one} for one in kept]
    return made


def choices(made: Schema) -> list[Any]:
    """Return the alternatives of a part. Where it has a type of its own they only narrow it, which Gemini cannot."""
    return [] if made.get("type") or made.get("properties") else entries(made, "anyOf")


def finished(made: Schema) -> Schema:
    """Return a part whose inner parts are clean, with a type and without what is unknown."""
    for name, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(made.get(exclusive), int | float) and not isinstance(made[exclusive], bool):
            made.setdefault(name, made[exclusive])
    values = entries(made, "enum")
    if made.get("anyOf"):
        made["type"] = None
    elif made.get("type") not in TYPES:
        made["type"] = "object" if made.get("properties") else "array" if "items" in made else kind_of(values)
    if values and (made.get("type") != "string" or not all(isinstance(one, str) and one for one in values)):
        told = ", ".join(msgspec.json.encode(one).decode() for one in values)
        made["description"] = f"{made.get('description') or ''} One of: {told}".strip()
        made["enum"] = None
    if made.get("format") not in FORMATS.get(str(made.get("type")), ()):
        made["format"] = None
    made["required"] = [name for name in entries(made, "required") if name in list(made["properties"])]
    return {name: made[name] for name in KEPT if made.get(name) is not None and made[name] not in ([], {})}


def kind_of(values: Sequence[object]) -> str:
    """Return the type of values that are told without one."""
    first = values[0] if values else ""
    if isinstance(first, bool):
        return "boolean"
    return "integer" if isinstance(first, int) else "number" if isinstance(first, float) else "string"
