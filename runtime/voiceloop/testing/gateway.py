"""A realtime server that follows a script: no socket, no clock of its own, nothing random.

By itself it is a well-behaved server in the dialect the client asks for; replies, speech, faults and quirks are added
by the test. Its wire code shares nothing with voiceloop's own, so that client and server do not prove each other. Put
it on the network with `testing.gateway_server.ScriptedServer`, or in memory with `testing.memory.MemoryNetwork`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from voiceloop.errors import MisuseError
from voiceloop.testing.answers import Answers
from voiceloop.testing.brain import Brain, question
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.gateway_door import Door
from voiceloop.testing.gateway_items import Counters, Event, Item
from voiceloop.testing.gateway_words import Words
from voiceloop.testing.numbers import Run
from voiceloop.testing.script import NoAnswer, Quirks, Refusal, Reply, Step, Utterance, refusal

__all__ = ["ScriptedGateway"]


class ScriptedGateway:
    """The script, and everything the server saw.

    `replies` answer in order, then `brain` or else `default` for ever. With `listens`, audio that is not zero is speech
    and `transcripts` are its words in turn, unless `will_hear` told them; else speech comes from `heard_speech`. With
    `key`, another bearer token is refused with 401. `keeps_s` is for long sessions: of audio the last so many seconds
    are kept per connection, and none in the events. `unix_s` is the clock that `session.expires_at` is told by.
    """

    def __init__(  # noqa: PLR0913 - each is said once, by name, where the script begins
        self,
        *replies: Reply,
        default: Reply | None = None,
        brain: Brain | None = None,
        quirks: Quirks | None = None,
        listens: bool = False,
        transcripts: Sequence[str] = (),
        key: str | None = None,
        keeps_s: float | None = None,
        unix_s: Callable[[], float] = lambda: datetime.now(UTC).timestamp(),
    ) -> None:
        self.quirks = quirks or Quirks()
        self.keeps_s = keeps_s
        self.unix_s = unix_s
        self.listens = listens
        self.transcripts = list(transcripts)
        self.received: list[Event] = []
        """Every event from every client, in order."""
        self.garbage: list[str | bytes] = []
        """Frames that were no events."""
        self.connections: list[Connection] = []
        self.upgrades: list[Mapping[str, str]] = []
        """Headers of every upgrade asked for, refused ones too."""
        self.answers = Answers(replies, default, brain)
        self._door = Door(key)
        self.words = Words()
        self._hooks: dict[str, deque[Sequence[Step]]] = {}
        self._utterances: list[Utterance] = []
        self.counters = Counters()
        self._watchers: list[Callable[[], None]] = []

    # The script ------------------------------------------------------------------------------------------------------

    def will_reply(self, *replies: Reply) -> None:
        """Add replies after those already waiting."""
        self.answers.add(*replies)

    def heard_speech(self, at_ms: int, end_ms: int, text: str = "hello", **more: Any) -> None:  # noqa: ANN401
        """The user speaks, on the buffer clock of the open connection, else of the next one; see `Utterance`."""
        utterance = Utterance(at_ms, end_ms, text, **more)
        if self.connections and self.connections[-1].closed is None:
            self.connections[-1].hearing.expect(utterance)
        else:
            self._utterances.append(utterance)

    def will_hear(self, run: Run, text: str) -> None:
        """These numbered samples say this, on whichever connections they come: `will_hear(line.say(900), "hello you")`.

        For a gateway that `listens`. What an item has of them is what it says, to the word.
        """
        self.words.know(run, text)

    def when(self, event_type: str, *steps: Step, times: int = 1) -> None:
        """Do this instead of handling the next `times` client events of that type.

        `when("response.create", Wait(2.0), Handle(), Close(1011))` handles it as well, late, and closes then.
        """
        self._hooks.setdefault(event_type, deque()).extend([steps] * times)

    def refuse(
        self,
        status: int,
        body: bytes | None = None,
        *,
        times: int = 1,
        for_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `times` upgrades with an HTTP status, or all of them `for_s` seconds from the first one on.

        Without `body` it is the one that servers send with that status (`script.refusal`).
        """
        usual = refusal(status) if body is None else Refusal(status, body)
        self._door.shut(replace(usual, headers={**usual.headers, **(headers or {})}), times, for_s)

    def ignore_upgrades(self, times: int = 1, *, for_s: float | None = None) -> None:
        """Take the next connections and never answer the upgrade; counted as in `refuse`."""
        self._door.shut(NoAnswer(), times, for_s)

    def perform(self, *steps: Step) -> None:
        """Do this from now on, one after the other, on the newest connection."""
        self.connection.follow(steps)

    # What the server saw ---------------------------------------------------------------------------------------------

    @property
    def connection(self) -> Connection:
        """The newest connection."""
        if not self.connections:
            raise MisuseError("nobody has connected yet")
        return self.connections[-1]

    def item(self, item_id: str) -> Item:
        """An item of any connection: how much of its audio was sent, what was left of it."""
        for connection in self.connections:
            if item_id in connection.conversation.items:
                return connection.conversation.items[item_id]
        raise MisuseError(f"no item {item_id!r}")

    def got(self, event_type: str, **fields: Any) -> list[Event]:  # noqa: ANN401 - JSON values
        """The events of a type whose top-level fields are these."""
        return [
            event
            for event in self.received
            if event["type"] == event_type and all(event.get(name) == value for name, value in fields.items())
        ]

    def expect(self, event_type: str, *, times: int | None = None, **fields: Any) -> list[Event]:  # noqa: ANN401
        """The same, and AssertionError unless there are `times` of them (None: at least one)."""
        found = self.got(event_type, **fields)
        if not found if times is None else len(found) != times:
            wanted = f"{'some' if times is None else times} {event_type} {fields or ''}"
            raise AssertionError(f"expected {wanted}, got {len(found)}; all events: {self.summary()}")
        return found

    def summary(self) -> str:
        """The types received, appends counted."""
        parts: list[list[Any]] = []
        for event in self.received:
            if parts and parts[-1][0] == event["type"]:
                parts[-1][1] += 1
            else:
                parts.append([event["type"], 1])
        return ", ".join(name if count == 1 else f"{name} x{count}" for name, count in parts)

    @property
    def errors(self) -> list[Event]:
        """Every `error` event sent."""
        return [event for each in self.connections for event in each.sent if event.get("type") == "error"]

    def assert_complete(self, *, errors: int = 0) -> None:
        """AssertionError unless the whole script happened, each call got one output and `errors` errors were sent."""
        left = [f"{self.answers.left} replies"] if self.answers.left else []
        left += [f"{len(hooks)} hooks for {kind}" for kind, hooks in self._hooks.items() if hooks]
        left += [f"{self._door.left} refusals"] if self._door.left else []
        unheard = len(self._utterances) + sum(each.hearing.unheard for each in self.connections)
        left += [f"{unheard} utterances"] if unheard else []
        for connection in self.connections:
            outputs = connection.conversation.outputs
            left += [f"an output for {call}" for call in connection.conversation.calls if not outputs.get(call)]
        if left:
            raise AssertionError(f"still to come: {', '.join(left)}; all events: {self.summary()}")
        if len(self.errors) != errors or self.garbage:
            raise AssertionError(f"expected {errors} errors, sent {self.errors}; garbage {self.garbage}")

    async def until(self, condition: Callable[[], object], within_s: float = 5.0) -> None:
        """Wait for something that a client's event or its connecting and leaving makes true; TimeoutError else."""
        waiting = asyncio.Event()
        self._watchers.append(waiting.set)
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    waiting.clear()
                    await waiting.wait()
        finally:
            self._watchers.remove(waiting.set)

    # What transports and connections call ----------------------------------------------------------------------------

    def connect(self, path: str, headers: Mapping[str, str], now_s: float) -> Connection | Refusal | NoAnswer:
        """A client asks for an upgrade; `headers` by any case."""
        self.upgrades.append(dict(headers))
        answer = self._door.answer(headers, now_s)
        if answer is not None:
            self.changed()
            return answer
        connection = Connection(self, path, headers, now_s)
        for utterance in self._utterances:
            connection.hearing.expect(utterance)
        self._utterances.clear()
        self.connections.append(connection)
        self.changed()
        return connection

    def take_hook(self, event_type: str) -> Sequence[Step]:
        """What to do instead of handling this event."""
        hooks = self._hooks.get(event_type)
        return hooks.popleft() if hooks else ()

    def next_reply(self, connection: Connection, asked: Mapping[str, Any]) -> Reply:
        """The reply whose turn it is; `asked` is the `response` of the client's request."""
        return self.answers.next(lambda: question(connection, asked))

    def changed(self) -> None:
        """Tell the watchers."""
        for watcher in self._watchers:
            watcher()
