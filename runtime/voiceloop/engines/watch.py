"""Keeps the one timer of a connection: the protocol's deadline until it is ready, then the looks at the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

from voiceloop.engines.socket import Socket
from voiceloop.events import Event
from voiceloop.vocabulary import Cause
from voiceloop.wire.liveness import Awaited, Liveness, Pace, Verdict
from voiceloop.wire.protocol import RealtimeProtocol, State

__all__ = ["Watch"]

ASK_EVERY_S = 10.0
STALLED_WORDS = {
    Awaited.REPLY: "reply",
    Awaited.OUTPUT: "output of the reply",
    Awaited.MORE: "more of the reply",
    Awaited.SIGN: "other sign of life",
}


class Watch:
    """Watches one connection at a time.

    `happened` takes what the protocol makes of a deadline or a dead wire. `doubtful` tells whether a server that owes
    nothing may be deaf; then it is asked for a sign.
    """

    def __init__(self, pace: Pace, happened: Callable[[list[Event]], None], doubtful: Callable[[], bool]) -> None:
        self.messages = 0
        """How many came so far; for the engine to count."""
        self._pace = pace
        self._happened = happened
        self._doubtful = doubtful
        self._asked_s = -inf
        self._protocol: RealtimeProtocol | None = None
        self._socket: Socket | None = None
        self._liveness = Liveness(pace, 0.0)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at_s = 0.0

    def begin(self, protocol: RealtimeProtocol, socket: Socket) -> None:
        """The connection is open."""
        self._protocol, self._socket = protocol, socket
        self._liveness = Liveness(self._pace, asyncio.get_running_loop().time())

    def look(self) -> None:
        """Note what the server owes now, and wake up in time; a timer that comes earlier sees to the rest."""
        protocol = self._protocol
        if protocol is None or protocol.state is State.LOST:
            self.stop()
            return
        if protocol.awaited is not self._liveness.awaited:
            self._liveness.turn_to(protocol.awaited, asyncio.get_running_loop().time())
        at_s = self._liveness.next_s if protocol.state is State.READY else protocol.deadline()
        if at_s is not None and (self._timer is None or at_s < self._timer_at_s):
            self._cancel()
            self._timer_at_s = at_s
            self._timer = asyncio.get_running_loop().call_at(at_s, self._expired)

    def silent_s(self) -> float:
        """Seconds since the last byte came; 0 when there never was a connection."""
        socket = self._socket
        return 0.0 if socket is None else max(0.0, asyncio.get_running_loop().time() - socket.last_byte_at)

    def stop(self) -> None:
        """Wake up no more, until the next connection begins."""
        self._protocol = None
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        self._timer = None
        protocol, socket = self._protocol, self._socket
        if protocol is None or socket is None:
            return
        now = asyncio.get_running_loop().time()
        if protocol.state is State.READY:
            self._check(max(now, self._timer_at_s), protocol, socket)
        else:
            self._happened(protocol.expire(now))
        self.look()

    def _check(self, now: float, protocol: RealtimeProtocol, socket: Socket) -> None:
        match self._liveness.check(now, socket.last_byte_at, self.messages):
            case Verdict.WELL:
                pass
            case Verdict.PING:
                socket.ping()
                self._doubt(now, protocol)
            case Verdict.DEAD:
                self._happened(protocol.give_up(Cause.DEAD_WIRE, "the server gives no sign of life"))
            case Verdict.STALLED:
                words = f"the server answers pings, but no {STALLED_WORDS[self._liveness.awaited]} came in time"
                self._happened(protocol.give_up(Cause.SLOW_MODEL, words))

    def _doubt(self, now: float, protocol: RealtimeProtocol) -> None:
        """A relay answers pings for a server that is gone: what is heard here can tell."""
        if protocol.awaited is Awaited.NOTHING and now - self._asked_s >= ASK_EVERY_S and self._doubtful():
            self._asked_s = now
            protocol.ask_for_a_sign()
            self._happened([])
