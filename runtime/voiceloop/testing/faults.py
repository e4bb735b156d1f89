"""What can go wrong between a client and a server: one vocabulary for `FaultProxy` and for `MemoryNetwork`.

    network.inject(Reset(), Refuse(for_s=3.0))    # the line breaks, and for three seconds nobody answers

"Up" is from the client to the server. What has a span lasts `for_s` seconds from when it was injected, without one
until `heal()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voiceloop.testing.script import Close, NoAnswer, Refusal, refusal

__all__ = ["Answer", "Close", "Cut", "Direction", "Fault", "Freeze", "Lag", "Refuse", "Reset", "refusal"]

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Reset:
    """Every open connection breaks without a close frame (RST at the client); what was on its way is lost."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing passes and nobody is told; what is sent waits, as it would in a kernel's buffers."""

    direction: Direction | Literal["both"] = "both"
    for_s: float | None = None
    scope: Literal["all", "open"] = "all"
    """"open": only the connections there are now, as when a router forgets them; new ones are fine."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection that carries the Nth message, or the Nth byte, from now on breaks behind it. Happens once."""

    direction: Direction = "down"
    messages: int | None = None
    """Websocket messages, control frames not counted."""
    size: int | None = None
    """Bytes. In memory a frame's header counts, an upgrade does not."""
    inside: bool = False
    """Only a part of that message passes: the connection breaks in the middle of a frame."""

    def __post_init__(self) -> None:
        if (self.messages is None) == (self.size is None):
            raise ValueError("a cut needs messages or size: behind how much does the connection break?")

    @property
    def counted(self) -> int:
        """Messages or bytes that are to pass."""
        return self.messages or self.size or 1


@dataclass(frozen=True, slots=True)
class Refuse:
    """New connections are refused by TCP; open ones go on."""

    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Upgrades are answered with an HTTP status in the server's place, or never; open connections go on.

    `Answer(refusal(503), for_s=3.0)`, `Answer(refusal(429), times=2)`, `Answer(NoAnswer())`.
    """

    answer: Refusal | NoAnswer
    times: int | None = None
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Lag:
    """Delay each way, a random more of it, and a limit of bytes a second each way. Replaces the lag before it."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float | None = None


Fault = Reset | Close | Freeze | Cut | Refuse | Answer | Lag
"""`Close` is a close frame in the server's name, then the end of the connection."""
