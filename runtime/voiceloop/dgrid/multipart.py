"""A form with files in it, as the bytes of a request. Pure: the same form is the same bytes, to be sent once more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Field", "Form", "Upload", "write_form"]

Field = str | Sequence[str] | Mapping[str, str]
"""Text; a list, sent as `name[]` for each entry; or an object, sent as `name[key]`."""
BOUNDARY: Final = b"voiceloop-form"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form."""

    file_name: str
    """Plain ASCII without quotes."""
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A request's body, and what it has to be called."""

    content_type: str
    body: bytes


def write_form(fields: Mapping[str, Field], files: Mapping[str, Upload | Sequence[Upload]]) -> Form:
    """Return a form of `multipart/form-data`. Files come last: a server that reads on the way knows its model by then.

    Several files under one name are sent as `name[]`. Names of fields and files are not escaped: they are
    ours, and never a user's.
    """
    parts = [
        (f'name="{name}"\r\n', text.encode()) for name, field in fields.items() for name, text in flat(name, field)
    ]
    parts += [
        (f'name="{name}"; filename="{file.file_name}"\r\nContent-Type: {file.content_type}\r\n', file.data)
        for one, given in files.items()
        for name, file in ([(one, given)] if isinstance(given, Upload) else [(f"{one}[]", each) for each in given])
    ]
    boundary = BOUNDARY
    while any(boundary in value for _, value in parts):
        boundary += b"-"
    pieces: list[bytes] = []
    for head, value in parts:
        pieces += [b"--", boundary, b"\r\nContent-Disposition: form-data; ", head.encode(), b"\r\n", value, b"\r\n"]
    pieces += [b"--", boundary, b"--\r\n"]
    return Form(f"multipart/form-data; boundary={boundary.decode()}", b"".join(pieces))


def flat(name: str, field: Field) -> Iterator[tuple[str, str]]:
    """Yield a field as the pairs of name and text that it is sent as."""
    match field:
        case str():
            yield name, field
        case Mapping():
            yield from ((f"{name}[{key}]", text) for key, text in field.items())
        case _:
            yield from ((f"{name}[]", text) for text in field)
