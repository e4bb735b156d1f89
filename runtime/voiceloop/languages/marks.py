"""What chat models write and nobody says: Markdown, HTML, code, tables' lines, citations and emoji; pure."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from voiceloop.languages.language import Language

__all__ = ["Marks", "without_marks"]

_SILENT: Final = {"```": "```", "~~~": "~~~", "<think>": "</think>", "<!--": "-->", "\ue200": "\ue201"}
"""What is not said at all, by how it begins: code, thinking, comments, and the citations of some vendors."""
_BEGINS: Final = re.compile("|".join(map(re.escape, _SILENT)))
_SYMBOLS_SAID: Final = frozenset("°©®™^")
_SAID_KINDS: Final = frozenset({"Sc", "Sm"})
_JOINERS: Final = frozenset("\u200c\u200d")
_KEYCAPS: Final = frozenset("\ufe0e\ufe0f\u20e3")
_INSIDE: Final = "\0"
"""Stands before a piece that does not begin a line."""

_DEFINITION: Final = re.compile(r"^[ \t]*\[[^\]\n]+\]:[ \t]+\S+.*$", re.MULTILINE)
_BLOCK: Final = re.compile(
    r"^(?:[ \t]*>)*[ \t]*(?:#{1,6}[ \t]+|[-*+•‣◦][ \t]+(?:\[[ xX]\][ \t]+)?|\d{1,2}[.)][ \t]+(?=(?P<next>\w+)|\S))?",
    re.MULTILINE,
)
_HEADING_END: Final = re.compile(r"[ \t]+#+[ \t]*$", re.MULTILINE)
_ROW: Final = re.compile(r"^.*\|.*$", re.MULTILINE)
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\](?:\((?:[^()\s]|\([^()\s]*\))*(?:[ \t]+\"[^\"]*\")?\)|\[[^\[\]]*\])")
_LINK_END: Final = re.compile(r"\]\([^()\s]*\)")
_CITATION: Final = re.compile(r"[ \t]?(?:\[\^?\d[\d ,;\u2013-]*\]|\[\^[^\]\s]+\]|【[^】]*†[^】]*】)")
_AUTOLINK: Final = re.compile(r"<((?:https?://|mailto:)?[^<>\s]+[.@:][^<>\s]+)>")
_BREAK: Final = re.compile(r"</?(?:br|hr|p|div|li|ul|ol|tr|td|th|table|h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_ESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_FORMULA: Final = re.compile(r"(?<!\w)(\${1,2})(?=\S)([^$\n]*[\\^_={][^$\n]*)(?<=\S)\1(?!\d)")
_ARROW: Final = re.compile(r"\s*[\u2192\u21d2\u279c]\s*")
_PAIRED: Final = "*~`[]"
_STARS: Final = re.compile(r"(?<=\S)\*+|\*+(?=\S)")
_LINES: Final = re.compile(r"(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)")


def without_marks(text: str, language: Language) -> str:
    """Return a whole `text` without its marks; lines stay lines."""
    return Marks(language).without(text)


class Marks:
    """Takes the marks from a text that comes in pieces; remembers what is open, such as a block of code.

    Pieces may end at white space and after the marks that end sentences and clauses, not within a word.
    """

    def __init__(self, language: Language) -> None:
        self._counted = language.sentences.after_ordinals
        self._until = ""
        self._begins_line = True

    def without(self, piece: str) -> str:
        """Return the next piece without its marks. White space may be left of it, or nothing."""
        text = self._said(piece)
        if not self._begins_line:
            text = _INSIDE + text
        if piece.strip(" \t"):
            self._begins_line = piece.rstrip(" \t").endswith("\n")
        left = _without_pictures(_inline(self._blocks(text).removeprefix(_INSIDE)))
        return left.replace("~~", "")  # two that something stood between

    def _said(self, piece: str) -> str:
        """Return the piece without what is not said at all."""
        said = []
        while piece:
            if self._until:
                _, end, piece = piece.partition(self._until)
                self._until = "" if end else self._until
                continue
            begin = _BEGINS.search(piece)
            if begin is None:
                said.append(piece)
                break
            said.append(piece[: begin.start()])
            self._until = _SILENT[begin.group()]
            piece = piece[begin.end() :]
        return " ".join(said)

    def _blocks(self, text: str) -> str:
        """Headings, lists, quotes and tables are only their words."""
        text = _HEADING_END.sub("", _BLOCK.sub(self._block, _DEFINITION.sub("", text)))
        return _ROW.sub(lambda row: re.sub(r"\s*\|+\s*", ", ", row.group()).strip(", "), text)

    def _block(self, found: re.Match[str]) -> str:
        """A number that counts the word after it is no mark of a list."""
        return found.group() if (found["next"] or "").lower() in self._counted else ""


def _inline(text: str) -> str:
    text = _FORMULA.sub(r"\2", text)
    text = _AUTOLINK.sub(r"\1", _ESCAPE.sub(lambda mark: "" if mark[1] in _PAIRED else mark[1], text))
    text = html.unescape(_TAG.sub("", _BREAK.sub(" ", text)))
    text = _LINK.sub(lambda link: "" if link[1].strip().isdigit() else link[1], text)
    text = _CITATION.sub("", _LINK_END.sub("", text))
    text = re.sub(r"~~|`+", "", text)
    text = _ARROW.sub(", ", _LINES.sub("", _STARS.sub(_star, text)))
    return re.sub(r"[\[\]]", "", text)


def _star(found: re.Match[str]) -> str:
    """A star between two figures or letters multiplies; others only stress what is between them."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    return found.group() if before.isalnum() and after.isalnum() and len(found.group()) == 1 else ""


def _without_pictures(text: str) -> str:
    """Emoji and control characters go; a currency, mathematical or degree sign stays."""
    return "".join(map(_shown, text, " " + text, text[1:] + " "))


def _shown(character: str, before: str, after: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if character in _JOINERS:  # they shape letters, and glue emoji
        return character if unicodedata.category(before)[0] in "LM" and after.isalpha() else ""
    kind = unicodedata.category(character)
    if character in _KEYCAPS or kind == "Cf":
        return ""
    if character.isspace() or character in _SYMBOLS_SAID or kind in _SAID_KINDS or kind[0] not in "SC":
        return character
    return " "
