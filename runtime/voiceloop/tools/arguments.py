"""A tool's arguments: JSON schema from a typed signature, and JSON text back into values."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voiceloop.errors import MisuseError, ToolError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

__all__ = ["Arguments", "Docs", "named_parameters", "read_docs"]

PARAMETER_LINE = re.compile(r"(?P<name>[A-Za-z_]\w*): +(?P<text>\S.*)")
MAX_COMPLAINTS = 3
"""Complaints about one call that the model is told; more would not help it."""


@dataclass(frozen=True, slots=True)
class Docs:
    """What a docstring says: its first paragraph and the lines about parameters."""

    summary: str
    parameters: Mapping[str, str]


def read_docs(docstring: str | None, parameters: typing.Collection[str]) -> Docs:
    """Take the first paragraph and each `name: text` line whose name is a parameter; deeper lines continue it."""
    summary: list[str] = []
    texts: dict[str, str] = {}
    current: str | None = None
    paragraph_open = True
    for line in inspect.cleandoc(docstring or "").splitlines():
        found = PARAMETER_LINE.fullmatch(line.strip())
        if found and found["name"] in parameters:
            current = found["name"]
            texts[current] = found["text"].strip()
            paragraph_open = False
        elif current is not None and line[:1].isspace():
            texts[current] += f" {line.strip()}"
        else:
            current = None
            paragraph_open = paragraph_open and bool(line.strip())
            summary += [line.strip()] if paragraph_open else []
    return Docs(" ".join(summary), texts)


def named_parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    """Return the parameters of a tool function; MisuseError when one cannot be offered to a model."""
    parameters = list(inspect.signature(function).parameters.values())
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise MisuseError(f"tool {name}: {parameter} cannot be offered to a model; name each parameter")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise MisuseError(f"tool {name}: parameter {parameter.name} is positional-only; remove the slash")
        if parameter.annotation is parameter.empty:
            raise MisuseError(f"tool {name}: parameter {parameter.name} has no annotation; give it a type")
    return parameters


class Arguments:
    """The arguments of one tool. pydantic is imported when the schema or a value is first needed."""

    __slots__ = ("_function", "_model", "_name", "_parameters", "_texts")

    def __init__(
        self, name: str, function: Callable[..., Any], parameters: list[inspect.Parameter], texts: Mapping[str, str]
    ) -> None:
        self._name = name
        self._function = function
        self._parameters = parameters
        self._texts = texts
        self._model: type[BaseModel] | None = None

    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments object, without titles. Raises MisuseError for a type that has none."""
        from pydantic.errors import PydanticUserError  # noqa: PLC0415 - loaded when first needed

        try:
            schema = self._load().model_json_schema(by_alias=True)
        except PydanticUserError as error:
            raise MisuseError(f"tool {self._name}: a parameter has no JSON form: {_first_line(error)}") from error
        for part in (schema, *schema.get("$defs", {}).values()):
            _drop_titles(part)
        schema.setdefault("properties", {})
        return schema

    def parse(self, text: str) -> dict[str, Any]:
        """Read the model's JSON text into keyword arguments. Raises ToolError with a message for the model."""
        from pydantic import ValidationError  # noqa: PLC0415 - loaded when first needed

        try:
            values = self._load().model_validate_json(text.strip() or "{}")
        except ValidationError as error:
            raise ToolError(_complaints(error)) from error
        return {
            parameter.name: getattr(values, f"argument_{index}") for index, parameter in enumerate(self._parameters)
        }

    def _load(self) -> type[BaseModel]:
        if self._model is None:
            self._model = self._build()
        return self._model

    def _build(self) -> type[BaseModel]:
        from pydantic import ConfigDict, Field, create_model  # noqa: PLC0415 - loaded when first needed
        from pydantic.errors import PydanticUserError  # noqa: PLC0415

        hints = self._hints()
        fields: dict[str, Any] = {}
        for index, parameter in enumerate(self._parameters):
            default = ... if parameter.default is parameter.empty else parameter.default
            # Fields are numbered because a parameter may bear a name that pydantic keeps for itself.
            field = Field(default, alias=parameter.name)
            if parameter.name in self._texts:
                field = Field(default, alias=parameter.name, description=self._texts[parameter.name])
            fields[f"argument_{index}"] = (hints[parameter.name], field)
        try:
            return create_model(self._name, __config__=ConfigDict(extra="forbid"), **fields)
        except PydanticUserError as error:
            raise MisuseError(f"tool {self._name}: {_first_line(error)}") from error

    def _hints(self) -> dict[str, Any]:
        try:
            return typing.get_type_hints(self._function, include_extras=True)
        except NameError as error:
            raise MisuseError(
                f"tool {self._name}: an annotation is unknown ({error}); import it at the top of the tool's module"
            ) from error


def _complaints(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    texts = []
    for complaint in found[:MAX_COMPLAINTS]:
        where = ".".join(str(part) for part in complaint["loc"])
        texts.append(f"{where}: {complaint['msg']}" if where else complaint["msg"])
    if len(found) > MAX_COMPLAINTS:
        texts.append(f"and {len(found) - MAX_COMPLAINTS} more")
    return "wrong arguments: " + "; ".join(texts)


def _drop_titles(schema: dict[str, Any]) -> None:
    """Titles only repeat names, and every session pays for them in tokens."""
    schema.pop("title", None)
    for part in schema.get("properties", {}).values():
        part.pop("title", None)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
