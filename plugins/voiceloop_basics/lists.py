"""Shopping and to-do lists, kept in one SQLite file that only its owner may read."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from voiceloop.errors import ToolError
from voiceloop.tools.tool import Tool, tool
from voiceloop_basics.wording import phrases

if TYPE_CHECKING:
    import sqlite3

__all__ = ["FileLists", "Lists", "MemoryLists", "list_tools"]

MAX_ITEMS = 500
"""Per list."""
MAX_CHARS = 200
"""Per item."""
CREATE = "CREATE TABLE IF NOT EXISTS items (list TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (list, item))"

SHOPPING = "shopping"
REMOVE = "(remove|delete|take|cross|scratch|strike)"
CLEAR = "(clear|empty|erase|delete|wipe|reset)"
SAME = {"": SHOPPING, "grocery": SHOPPING, "groceries": SHOPPING, "todo": "to do", "task": "to do", "tasks": "to do"}
"""Names people use for the same list."""


class Lists(Protocol):
    """Named lists of items, in the order they were added. May be used from any thread; all methods block."""

    def read(self, name: str) -> list[str]:
        """Return the items of a list."""

    def add(self, name: str, items: Sequence[str]) -> None:
        """Add items; those that are there stay where they are."""

    def remove(self, name: str, items: Sequence[str]) -> None:
        """Remove items; those that are not there are passed over."""


class MemoryLists:
    """Lists that end with this object."""

    __slots__ = ("_lists", "_lock")

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, None]] = {}
        self._lock = threading.Lock()

    def read(self, name: str) -> list[str]:
        """Return the items of a list."""
        with self._lock:
            return list(self._lists.get(name, ()))

    def add(self, name: str, items: Sequence[str]) -> None:
        """Add items; those that are there stay where they are."""
        with self._lock:
            self._lists.setdefault(name, {}).update(dict.fromkeys(items))

    def remove(self, name: str, items: Sequence[str]) -> None:
        """Remove items; those that are not there are passed over."""
        with self._lock:
            for item in items:
                self._lists.get(name, {}).pop(item, None)


class FileLists:
    """Lists in an SQLite file, readable by its owner alone. It is opened for each call, so threads share nothing."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> list[str]:
        """Return the items of a list."""
        with self._open() as base:
            return [row[0] for row in base.execute("SELECT item FROM items WHERE list = ? ORDER BY rowid", (name,))]

    def add(self, name: str, items: Sequence[str]) -> None:
        """Add items; those that are there stay where they are."""
        with self._open() as base:
            base.executemany("INSERT OR IGNORE INTO items VALUES (?, ?)", [(name, item) for item in items])

    def remove(self, name: str, items: Sequence[str]) -> None:
        """Remove items; those that are not there are passed over."""
        with self._open() as base:
            base.executemany("DELETE FROM items WHERE list = ? AND item = ?", [(name, item) for item in items])

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction. Raises ToolError with a sentence to speak."""
        import sqlite3  # noqa: PLC0415 - most conversations keep no list

        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Created before SQLite does it: SQLite would take the process's mask, and its journal copies the mode.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            self._path.chmod(0o600)
            with contextlib.closing(sqlite3.connect(self._path, timeout=5.0)) as base, base:
                base.execute(CREATE)
                yield base
        except (OSError, sqlite3.Error) as error:
            raise ToolError("I cannot open the file with your lists.") from error


def list_tools(lists: Lists, tag: str = "en") -> list[Tool[..., Any]]:
    """Make the tools that share `lists`; `tag` is the language they are asked in.

    They are plain functions, so they run in threads, where SQLite may block.
    """
    return [*_changing(lists, tag), *_whole(lists, tag)]


def _changing(lists: Lists, tag: str) -> list[Tool[..., Any]]:
    @tool(
        phrases=phrases(
            tag,
            "add_to_list",
            [
                "(add|put|write|place) {item} (to|on|onto|in|into) [my|the|our] [shopping|grocery|groceries] list",
                "(add|put|write|place) {item} (to|on|onto|in|into) [my|the|our] {list_name} list",
                "(add|put|write) {item} (down|on it)",
                "i need to buy {item}",
                "(we|i) (need|are out of|am out of|ran out of|have run out of) {item}",
            ],
        )
    )
    def add_to_list(item: str, list_name: str = SHOPPING) -> str:
        """Add something to a list.

        item: one thing, or several with commas or "and" between them
        list_name: shopping, to do, or any other
        """
        name, items = _list_name(list_name), _items(item)
        there = lists.read(name)
        new = [one for one in items if one.casefold() not in {old.casefold() for old in there}]
        if len(there) + len(new) > MAX_ITEMS:
            raise ToolError(f"Your {name} list is full.")
        if not new:
            return f"{_spoken(items)} {'are' if len(items) > 1 else 'is'} already on your {name} list."
        lists.add(name, new)
        return f"I added {_spoken(new)} to your {name} list."

    @tool(
        phrases=phrases(
            tag,
            "remove_from_list",
            [
                f"{REMOVE} {{item}} (from|off|off of) [my|the|our] [shopping|grocery|groceries] list",
                f"{REMOVE} {{item}} (from|off|off of) [my|the|our] {{list_name}} list",
            ],
        )
    )
    def remove_from_list(item: str, list_name: str = SHOPPING) -> str:
        """Remove something from a list.

        item: one thing, or several with commas or "and" between them
        list_name: shopping, to do, or any other
        """
        name = _list_name(list_name)
        there = lists.read(name)
        gone = [old for one in _items(item) for old in there if _same(old, one)]
        if not gone:
            return f"{item.strip()} is not on your {name} list."
        lists.remove(name, gone)
        return f"I removed {_spoken(gone)} from your {name} list."

    return [add_to_list, remove_from_list]


def _whole(lists: Lists, tag: str) -> list[Tool[..., Any]]:
    @tool(
        idempotent=True,
        phrases=phrases(
            tag,
            "read_list",
            [
                "(read|show|tell|give) [me|us] [my|the|our] [shopping|grocery|groceries] list",
                "(read|show|tell|give) [me|us] [my|the|our] {list_name} list",
                "(what is|what do i have|what do we have) on [my|the|our] [shopping|grocery|groceries] list",
                "(what is|what do i have|what do we have) on [my|the|our] {list_name} list",
                "what do (i|we) (need|have) to buy",
                "what do i have to do [today]",
            ],
        ),
    )
    def read_list(list_name: str = SHOPPING) -> str:
        """Read a list out.

        list_name: shopping, to do, or any other
        """
        name = _list_name(list_name)
        items = lists.read(name)
        return f"On your {name} list: {_spoken(items)}." if items else f"Your {name} list is empty."

    @tool(
        phrases=phrases(
            tag,
            "clear_list",
            [
                f"{CLEAR} [all of] [my|the|our] [whole|entire] [shopping|grocery|groceries] list",
                f"{CLEAR} [all of] [my|the|our] {{list_name}} list",
                "(remove|delete|take) everything (from|off|off of) [my|the|our] [shopping|grocery|groceries] list",
                "(remove|delete|take) everything (from|off|off of) [my|the|our] {list_name} list",
            ],
        )
    )
    def clear_list(list_name: str = SHOPPING) -> str:
        """Remove everything from a list.

        list_name: shopping, to do, or any other
        """
        name = _list_name(list_name)
        items = lists.read(name)
        lists.remove(name, items)
        return f"Your {name} list is empty now." if items else f"Your {name} list was empty already."

    return [read_list, clear_list]


def _list_name(text: str) -> str:
    plain = " ".join(text.lower().replace("-", " ").removesuffix(" list").split())[:MAX_CHARS]
    return SAME.get(plain, plain)


def _items(text: str) -> list[str]:
    """Split "milk, two eggs and bread" into three; articles go, repeated things count once."""
    parts = re.split(r"\s*(?:,|;|\band\b|&)\s*", text.strip(" .!?"))
    tidy = (re.sub(r"^(?:a|an|some|the|also|more)\s+", "", part.strip(), flags=re.IGNORECASE) for part in parts)
    items = [item[:MAX_CHARS] for item in dict.fromkeys(tidy) if item]
    if not items:
        raise ToolError("What should it be?")
    return items


def _same(old: str, wanted: str) -> bool:
    """Whether two names are one thing: case and a plural s do not count."""
    return old.casefold().removesuffix("s") == wanted.casefold().removesuffix("s")


def _spoken(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
