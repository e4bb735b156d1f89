"""The elements of a JSON array from its bytes, each as soon as it is whole. Pure.

Google's servers stream that way where nobody asked for events, or where what stands in between lost the question.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ArrayCutter"]

OUTSIDE: Final = re.compile(rb'["{}\[\],]')
"""What counts between strings."""
INSIDE: Final = re.compile(rb'["\\]')
"""What counts in a string."""
OPENING, CLOSING, BLANKS = b"[{", b"]}", b" \t\r\n"


class ArrayCutter:
    """Takes the bytes of one array in order, its first `[` included. Elements need not be JSON: only cuts are found."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._at = 0
        """How much of what is held was looked at; one more than there is where the next byte is escaped."""
        self._depth = 0
        self._marks = OUTSIDE

    @property
    def held_bytes(self) -> int:
        """How much of an element is waiting for its end."""
        return len(self._held)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the elements that this chunk completes."""
        self._held += chunk
        elements: list[bytes] = []
        while mark := self._marks.search(self._held, self._at):
            self._at = mark.end()
            sign = mark[0]
            if self._marks is INSIDE:
                self._in_string(sign)
            elif sign == b'"':
                self._marks = INSIDE
            else:
                elements += self._between(sign)
        self._at = max(self._at, len(self._held))
        return elements

    def end(self) -> bytes:
        """Return what stood there without its end; nothing where the array was whole."""
        return bytes(self._held).strip(BLANKS) if self._depth else b""

    def _in_string(self, sign: bytes) -> None:
        if sign == b'"':
            self._marks = OUTSIDE
        else:
            self._at += 1

    def _between(self, sign: bytes) -> list[bytes]:
        """Return the element that a sign outside of strings ends, if it ends one."""
        if sign in OPENING:
            self._depth += 1
            return self._cut(0, 1) if self._depth == 1 else []
        if sign in CLOSING:
            self._depth -= 1
            if self._depth == 1:
                return self._cut(self._at, 0)
        return self._cut(self._at - 1, 1) if self._depth <= 1 else []

    def _cut(self, length: int, more: int) -> list[bytes]:
        """Take so many bytes as an element, and leave out as many after it; blanks are none."""
        element = bytes(self._held[:length]).strip(BLANKS)
        del self._held[: length + more]
        self._at = 0
        return [element] if element else []
