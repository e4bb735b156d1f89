"""How much a session holds on to: a count of what can be reached from it, without the server and the line around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

AROUND = ("voiceloop.testing", "journeys", "tests", "asyncio", "_asyncio", "voiceloop.tape")
"""Modules whose objects belong to the test, the loop or the recording."""
CONTAINERS = (list, tuple, set, frozenset, deque)


def objects_held(session: object) -> int:
    """How many objects a session holds, by way of attributes and containers."""
    seen: set[int] = set()
    todo = [session]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type) or type(thing).__module__.startswith(AROUND):
            continue
        seen.add(id(thing))
        todo += _parts(thing)
    return len(seen)


def _parts(thing: Any) -> Iterable[Any]:
    if isinstance(thing, dict):
        return [*thing, *thing.values()]
    if isinstance(thing, CONTAINERS):
        return thing
    return _attributes(thing)


def _attributes(thing: object) -> Iterator[object]:
    yield from getattr(thing, "__dict__", {}).values()
    for kind in type(thing).__mro__:
        for name in getattr(kind, "__slots__", ()):
            if hasattr(thing, name):
                yield getattr(thing, name)
