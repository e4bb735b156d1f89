"""The JSON schema of a settings file, as editors want it: what stands in TOML, and what each setting means."""

from __future__ import annotations

import ast
import inspect
import json
from typing import Any

from voiceloop import settings
from voiceloop.settings import Settings

__all__ = ["schema_text"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NEVER_IN_A_FILE = ("BackendSettings", "api_key")


def schema_text() -> str:
    """Return the schema. An empty text stands for None, as TOML has no word for it; keys stand in no file."""
    schema = {"$schema": DRAFT, **in_toml(Settings.model_json_schema())}
    model, key = NEVER_IN_A_FILE
    del schema["$defs"][model]["properties"][key]
    told = told_of_settings()
    for section, form in [("Settings", schema), *schema["$defs"].items()]:
        for part in (form, *form.get("anyOf", [])):
            for name, field in part.get("properties", {}).items():
                if text := told.get((section, name)):
                    field["description"] = text
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def in_toml(form: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Return a part of the schema with an empty text where null may stand, and without defaults of whole sections."""
    if isinstance(form, list):
        return [in_toml(part) for part in form]
    if not isinstance(form, dict):
        return form
    if form == {"type": "null"}:
        return {"const": ""}
    kept = {name: in_toml(part) for name, part in form.items() if name != "default" or not isinstance(part, dict)}
    return {**kept, "default": ""} if "default" in kept and kept["default"] is None else kept


def told_of_settings() -> dict[tuple[str, str], str]:
    """Return what stands below each setting where it is defined, by section and name."""
    told: dict[tuple[str, str], str] = {}
    for section in ast.parse(inspect.getsource(settings)).body:
        if isinstance(section, ast.ClassDef):
            for field, text in zip(section.body, section.body[1:], strict=False):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as words)):
                        told[section.name, name] = inspect.cleandoc(words)
                    case _:  # not explained
                        pass
    return told
