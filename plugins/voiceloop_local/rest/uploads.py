"""Multipart forms: the files and fields of a request, all of them in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from voiceloop_local.rest.problems import ApiProblem

__all__ = ["LARGEST_FILE", "Form", "read_form"]

LARGEST_FILE: Final = 25 * 1024 * 1024
"""Bytes of one file, as the OpenAI reference has it."""
_MOST_FILES: Final = 20
_MOST_FIELDS: Final = 100


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent. A name may come several times, and lists may be written `name` or `name[]`."""

    fields: Mapping[str, Sequence[str]]
    files: Mapping[str, Sequence[bytes]]

    def all(self, name: str) -> Sequence[str]:
        """Return every value of a field."""
        return [*self.fields.get(name, ()), *self.fields.get(f"{name}[]", ())]

    def text(self, name: str) -> str:
        """Return the last value of a field without the space around it, empty where there is none."""
        return ["", *self.all(name)][-1].strip()

    def required(self, name: str) -> str:
        """Return a field. Raises ApiProblem where it is missing or empty."""
        found = self.text(name)
        if not found:
            raise ApiProblem(400, f"Missing required parameter: '{name}'.", "missing_required_parameter", name)
        return found

    def uploaded(self, name: str) -> Sequence[bytes]:
        """Return every file of that name, at least one. Raises ApiProblem for none, an empty or too large one."""
        found = [*self.files.get(name, ()), *self.files.get(f"{name}[]", ())]
        if not found:
            message = f"Missing required parameter: '{name}'. Send it as a file of a multipart form."
            raise ApiProblem(400, message, "missing_required_parameter", name)
        if not all(found):
            raise ApiProblem(400, f"The file '{name}' is empty.", "invalid_value", name)
        if max(map(len, found)) > LARGEST_FILE:
            most = f"{LARGEST_FILE // 1024 // 1024} MB"
            raise ApiProblem(413, f"The file '{name}' is larger than {most}: send a shorter one.", "too_large", name)
        return found


async def read_form(request: Request) -> Form:
    """Return the form of a request; empty where its body is none. Raises ApiProblem for a broken one."""
    await request.body()  # whole first: a body that breaks off leaves no temporary file behind
    fields: dict[str, list[str]] = {}
    files: dict[str, list[bytes]] = {}
    try:
        async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files.setdefault(name, []).append(await value.read())
                else:
                    fields.setdefault(name, []).append(value)
    except MultiPartException as error:
        raise ApiProblem(400, f"The form cannot be read: {error.message}", "invalid_form") from None
    except HTTPException as error:
        raise ApiProblem(400, f"The form cannot be read: {error.detail}", "invalid_form") from None
    except ValueError as error:  # the parser's own, which older starlettes let pass
        raise ApiProblem(400, f"The form cannot be read: {error}", "invalid_form") from None
    return Form(fields, files)
