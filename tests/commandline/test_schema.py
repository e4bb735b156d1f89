"""The schema that editors check a settings file with says what voiceloop itself would say of the file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from voiceloop.commandline.init import STARTER
from voiceloop.commandline.schema import schema_text
from voiceloop.overlay import leaves
from voiceloop.settings import Settings

CONFIGS = Path(__file__).parents[2] / "configs"
SCHEMA = json.loads(schema_text())


def form_of(path):
    """What the schema says of a setting."""
    form = SCHEMA
    for name in path:
        if "$ref" in form:
            form = SCHEMA["$defs"][form["$ref"].rpartition("/")[2]]
        form = next(part for part in (form, *form.get("anyOf", [])) if "properties" in part)["properties"][name]
    return form


def allows(form, value):
    """Whether a form of the schema takes a value: the part of JSON schema that settings use."""
    if "anyOf" in form:
        return any(allows(part, value) for part in form["anyOf"])
    if "$ref" in form:
        return allows(SCHEMA["$defs"][form["$ref"].rpartition("/")[2]], value)
    if "const" in form or "enum" in form:
        return value in form.get("enum", [form.get("const")])
    if form["type"] == "object":
        known = form.get("properties", {})
        free = form.get("additionalProperties", False)
        return isinstance(value, dict) and all(
            allows(known[name], part) if name in known else bool(free) for name, part in value.items()
        )
    kinds = {"array": list, "boolean": bool, "integer": int, "number": (int, float), "string": str}
    return isinstance(value, kinds[form["type"]])


def test_it_says_which_kind_of_schema_it_is():
    assert SCHEMA["$schema"].startswith("https://json-schema.org/")
    assert set(SCHEMA["properties"]) == set(Settings.model_fields)


@pytest.mark.parametrize("file", [CONFIGS / "desktop.toml", CONFIGS / "offline.toml", STARTER / "voiceloop.toml"])
def test_what_is_shipped_is_right_by_it(file):
    assert allows(SCHEMA, tomllib.loads(file.read_text("utf-8")))


@pytest.mark.parametrize(
    "text",
    [
        "[agent]\ngreting = 'x'",
        "[realtme]",
        "[agent.limits]\ntokens = 'many'",
        "[tiers]\nengine = 'cloud'",
        "[backend]\napi_key = 'x'",
    ],
)
def test_what_voiceloop_refuses_is_wrong_by_it(text):
    assert not allows(SCHEMA, tomllib.loads(text))


def test_toml_has_no_null_so_an_empty_text_stands_for_it():
    assert '"null"' not in schema_text()
    assert ": null" not in schema_text()
    for path in (("agent", "limits", "money"), ("agent", "greeting"), ("realtime", "model")):
        assert allows(form_of(path), "")
    assert not allows(form_of(("agent", "limits", "minutes")), "")


def test_what_is_told_of_a_setting_where_it_is_defined_is_told_by_the_editor():
    assert form_of(("realtime", "turn", "interrupt_after_ms"))["description"].startswith("Speech longer than this")
    told = [path for path in leaves(Settings) if path[0] != "plugins" and path != ("backend", "api_key")]
    assert sum("description" in form_of(path) for path in told) > len(told) / 2
