"""The conversation that outages befall: both sides speak numbered samples, and what is said is known by its samples."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from journeys.journey import Journey
from voiceloop.agent import Agent
from voiceloop.testing.brain import Question
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.numbers import runs
from voiceloop.testing.script import Call, Reply, Spoken
from voiceloop.testing.spans import Span, spans_of
from voiceloop.tools.tool import tool

__all__ = ["RATE_PER_MS", "Recovery", "Talk", "answer_to"]

RATE_PER_MS = 24
WORD_MS = 200
TOOL_TAKES_S = 2.0
LONGEST_OUTAGE_S = 5.0
BREAD = "Your bread is in the oven."
STORY = "Once upon a time there was a fox who lived in a wood."
ANSWERS = {
    "think": Reply((Spoken("That needed some thought.", 900),), audio_after_s=1.5),
    "fetch": Reply((), (Call("find_bread", '{"order": "7"}'),)),
    "tell": Reply((Spoken(STORY, 4000),), pace=1.2),
    "recite": Reply((Spoken(STORY, 4000),)),
    "both": Reply((Spoken("Let me look.", 1500), Spoken("One moment.", 900)), (Call("find_bread", '{"order": "8"}'),)),
}
NOON = Reply((Spoken("It is noon.", 600),))


@dataclass(frozen=True, slots=True)
class Recovery:
    """Milliseconds from the fault to the server's next connection, and to the first sound on it."""

    socket_ms: float
    microphone_ms: float


class Talk(Journey):
    """A journey whose microphone, network and tool keep count."""

    def __init__(self, dialect: str, **more: Any) -> None:
        self.ran: list[str] = []
        """Orders that the tool was run for."""
        self.arrived: list[Span] = []
        """Samples of the agent's that came through the network."""
        self.asked: list[str] = []
        """What the user wanted, by the names under which it was said."""
        self.words_after_s = 0.0
        """From the end of a turn to its transcript."""
        self.struck_s = 0.0
        """Loop time of the fault."""
        self.connected_at: list[float] = []
        """Loop times at which the server took a connection."""
        self.appended_at: list[list[float]] = []
        """For each connection, when the server got audio of the microphone."""

        @tool
        async def find_bread(order: str) -> str:
            """Where a bread is.

            order: its number
            """
            self.ran.append(order)
            await asyncio.sleep(TOOL_TAKES_S)
            return "in the oven"

        agent = Agent(tools=[find_bread])
        super().__init__(dialect=dialect, agent=agent, complete=False, listens=True, brain=_answer, **more)
        self.dial: Callable[..., Awaitable[Any]] = self.network.connect
        """Opens a connection to the server."""
        self.engine._dial = self._dialled
        self.gateway.connect = partial(self._connect, self.gateway.connect)  # type: ignore[method-assign]

    def says(self, name: str, duration_ms: int) -> None:
        """The user says `name1 name2 ...`, five words a second; a name is said once in a conversation."""
        self.asked.append(name)
        words = " ".join(f"{name}{number}" for number in range(1, duration_ms // WORD_MS + 1))
        self.gateway.will_hear(self.line_device.say(duration_ms), words)

    @property
    def due(self) -> list[str]:
        """What the user must have heard in answer to it all."""
        return [answer_to(name) for name in self.asked]

    async def has_settled(self) -> None:
        """Whatever was said is heard and answered, and no outage is left that could still go unnoticed."""
        await self.passes(LONGEST_OUTAGE_S)
        while True:
            await self.until(self._is_quiet, 40.0)
            await self.passes(1.2)
            if self._is_quiet():
                return

    @property
    def recovery(self) -> Recovery | None:
        """How soon the microphone was heard again; None if it never was."""
        for connected_s, appended in zip(self.connected_at, self.appended_at, strict=True):
            if connected_s > self.struck_s and appended:
                return Recovery((connected_s - self.struck_s) * 1000, (appended[0] - self.struck_s) * 1000)
        return None

    async def _dialled(self, url: str, *, on_message: Callable[[bytes], None], **more: Any) -> Any:
        """Note what arrives."""

        def note(frame: bytes) -> None:
            if b'audio.delta"' in frame:
                self.arrived += spans_of(runs(base64.b64decode(json.loads(frame)["delta"])))
            on_message(frame)

        return await self.dial(url, on_message=note, **more)

    def _connect(self, connect: Callable[..., Any], *given: Any) -> Any:
        """Note when a connection begins and when it hears; the words of what it hears come late."""
        connection = connect(*given)
        if isinstance(connection, Connection):
            times: list[float] = []
            self.connected_at.append(asyncio.get_running_loop().time())
            self.appended_at.append(times)
            receive, commit = connection.receive, connection.turns._commit_turn

            def noting(payload: str | bytes, now_s: float) -> None:
                if "input_audio_buffer.append" in str(payload[:100]):
                    times.append(now_s)
                receive(payload, now_s)

            connection.receive = noting  # type: ignore[method-assign]
            connection.turns._commit_turn = lambda heard: commit(  # type: ignore[method-assign]
                replace(heard, transcribed_after_s=self.words_after_s)
            )
        return connection

    def _is_quiet(self) -> bool:
        core = self.session._driver.core
        return core.machine.tier is not None and self.session.settled and not core.narrator.captions.waiting


def answer_to(name: str) -> str:
    """The last words of the answer to what was said under this name."""
    reply = ANSWERS.get(_kind(name), NOON)
    return BREAD if reply.calls else " ".join(spoken.text for spoken in reply.says)


def _kind(text: str) -> str:
    return text.rsplit(" ", maxsplit=1)[-1].partition("-")[0].rstrip("0123456789")


def _answer(asked: Question) -> Reply:
    """What the server says: it depends on nothing but the question, so that asking again brings the same."""
    if asked.outputs:
        return Reply((Spoken(f"Your bread is {asked.outputs[0]}.", 900),))
    return ANSWERS.get(_kind(asked.text), NOON)
