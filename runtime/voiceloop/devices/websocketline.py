"""A web client as a line: 16-bit mono PCM in both directions over one websocket, at the client's rate.

Nothing here knows the socket: messages to the client wait in `Outgoing`, what it sends is handed to `WebSocketLine`.
Sound towards the client is one stream without gaps, silence included, so that a sample is known by its number. Where
the client does not tell what it has played, the stream is taken to sound as it is sent, each block after the last.

A client may stop sending (a muted microphone) and its network may stall: what has not arrived `MAX_LATE_S` after its
time becomes silence. Sound that comes after all is heard then; the capture clock runs ahead by what was filled in.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable

from voiceloop.audio.ledger import Ledger
from voiceloop.audio.resample import Resampler
from voiceloop.devices.base import Ears, LineReports, Played
from voiceloop.devices.clock import BLOCK_S, Subscription, shared_clock
from voiceloop.errors import MisuseError

__all__ = ["RATES_HZ", "Outgoing", "WebSocketLine"]

RATES_HZ = (8_000, 16_000, 24_000, 48_000)
MAX_WAITING = 250
"""Messages that may wait for a slow client: 5 s of sound. It could not be understood any more."""
MAX_LATE_S = 0.2
ACK_PATIENCE_S = 2.0
"""A client that acknowledged and then does not any more is estimated again, so that replies come to an end."""
SAMPLE_BYTES = 2


class Outgoing:
    """Messages to one client, in order. When too many wait, `overflowed` is called once and nothing more is taken."""

    def __init__(self, overflowed: Callable[[], None]) -> None:
        self._overflowed = overflowed
        self._waiting: deque[bytes | str] = deque()
        self._news = asyncio.Event()
        self._closed = False

    def put(self, message: bytes | str) -> None:
        """Queue a message: bytes are sound, text is JSON. Ignored once closed."""
        if self._closed:
            return
        if len(self._waiting) >= MAX_WAITING:
            self.close()
            self._overflowed()
            return
        self._waiting.append(message)
        self._news.set()

    def take_back_sound(self) -> int:
        """Drop the sound that waits; return how many bytes it was."""
        dropped = self.waiting_bytes
        self._waiting = deque(message for message in self._waiting if isinstance(message, str))
        return dropped

    @property
    def waiting_bytes(self) -> int:
        """Sound that waits."""
        return sum(len(message) for message in self._waiting if isinstance(message, bytes))

    def close(self) -> None:
        """Take no more messages; those that wait are still given out."""
        self._closed = True
        self._news.set()

    async def take(self) -> bytes | str | None:
        """Wait for the next message; None when it is closed and empty. Safe to cancel."""
        while not self._waiting:
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class WebSocketLine:
    """A web client as microphone and speaker; `hear` and `acknowledge` are for whoever reads its messages."""

    def __init__(self, rate_hz: int, outgoing: Outgoing, warn: Callable[[str, str], None]) -> None:
        """`rate_hz` is the client's, both ways. `warn` is told of trouble the line survives, as code and detail."""
        if rate_hz not in RATES_HZ:
            raise MisuseError(f"{rate_hz} is no rate of a web client; take one of {', '.join(map(str, RATES_HZ))}")
        self.rate_hz = rate_hz
        self._outgoing = outgoing
        self._warn = warn
        self._ledger: Ledger | None = None
        self._ears: Ears | None = None
        self._subscription: Subscription | None = None
        self._block = 0
        self._ticks = 0
        self._captured = 0
        self._split = b""
        self._position = 0
        self._sounds_until_s = 0.0
        self._sent = 0  # samples of the client's stream
        self._base = (0, 0)  # sample of the client's stream and of the session's position that are the same moment
        self._acked = 0
        self._acked_at_s: float | None = None

    # devices.base.Line -----------------------------------------------------------------------------------------------

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Start both directions and tell the client. Cancelling closes the line."""
        del reports  # the end of the connection is the session's end; see asgi
        if self._ledger is not None:
            raise MisuseError("this line was opened before; make a new one")
        self._ledger, self._block = ledger, int(rate_hz * BLOCK_S)
        self._from_client = Resampler(self.rate_hz, rate_hz)
        self._to_client = Resampler(rate_hz, self.rate_hz)
        subscription = self._subscription = shared_clock().subscribe(self._tick)
        try:
            # Sample 0 is the moment this returns; the clock says when that is.
            await asyncio.sleep(max(0.0, subscription.origin_s - asyncio.get_running_loop().time()))
        except BaseException:
            subscription.cancel()
            raise
        self._ears = ears
        self._tell("ready", rate=self.rate_hz)

    def flush(self, generation: int) -> None:
        """Take back what was not sent and tell the client to drop what it has not played."""
        self._sent -= self._outgoing.take_back_sound() // SAMPLE_BYTES
        if self._ledger is not None:
            self._to_client = Resampler(self._ledger.rate_hz, self.rate_hz)
        self._base = (self._sent, self._position)
        self._acked = self._position
        self._sounds_until_s = 0.0
        self._tell("flush", generation=generation, sample=self._sent)

    def played(self) -> Played:
        """Exact while the client acknowledges; else what should have sounded by now."""
        generation = self._ledger.generation if self._ledger is not None else 0
        if self._acknowledges():
            return Played(generation, self._acked, exact=True)
        return Played(generation, self._estimate(), exact=False)

    async def close(self, within_s: float) -> None:
        """Stop both directions; takes no time. Idempotent."""
        del within_s
        self._ears = None
        if self._subscription is not None:
            self._subscription.cancel()

    # What the client sends -------------------------------------------------------------------------------------------

    def hear(self, pcm: bytes) -> None:
        """Take captured sound, any number of bytes; what comes before the line is open is dropped."""
        if self._ears is None:
            return
        whole = self._split + pcm
        end = len(whole) - len(whole) % SAMPLE_BYTES
        self._split = whole[end:]
        self._capture(self._from_client.feed(whole[:end]))

    def acknowledge(self, sample: int) -> None:
        """The client has played everything before this sample of its stream; one that was not sent counts as the last.

        A sample from before the newest flush tells nothing.
        """
        first, position = self._base
        if self._ledger is None or sample < first:
            return
        self._acked_at_s = asyncio.get_running_loop().time()
        heard = position + (min(sample, self._sent) - first) * self._ledger.rate_hz // self.rate_hz
        self._acked = min(max(self._acked, heard), self._position)
        self._ledger.ack(self._acked)

    @property
    def ahead_s(self) -> float:
        """How far the sound captured so far reaches into the future: the client sends faster than it can be spoken."""
        return 0.0 if self._ledger is None else (self._captured - self._ticks * self._block) / self._ledger.rate_hz

    # Inside ----------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """A block of time is over."""
        ledger = self._ledger
        if ledger is None or self._ears is None:
            return
        self._ticks += 1
        missing = self._ticks * self._block - int(MAX_LATE_S * ledger.rate_hz) - self._captured
        if missing > 0:
            self._capture(bytes(SAMPLE_BYTES * missing))
        ledger.ack(self.played().sample)
        pcm = self._to_client.feed(ledger.pull(self._block))
        self._position += self._block
        self._sounds_until_s = max(self._sounds_until_s, asyncio.get_running_loop().time()) + BLOCK_S
        if pcm:
            self._sent += len(pcm) // SAMPLE_BYTES
            self._outgoing.put(pcm)

    def _capture(self, pcm: bytes) -> None:
        """Hand sound on in blocks, as every line does."""
        size = self._block * SAMPLE_BYTES
        for at in range(0, len(pcm), size):
            block = pcm[at : at + size]
            first, self._captured = self._captured, self._captured + len(block) // SAMPLE_BYTES
            if self._ears is not None:
                self._ears(block, first)

    def _acknowledges(self) -> bool:
        if self._acked_at_s is None:
            return False
        if asyncio.get_running_loop().time() - self._acked_at_s <= ACK_PATIENCE_S:
            return True
        self._acked_at_s = None
        self._warn("playback_estimated", f"the client acknowledged nothing for {ACK_PATIENCE_S:g} s")
        return False

    def _estimate(self) -> int:
        if self._ledger is None:
            return 0
        sounding = int(max(0.0, self._sounds_until_s - asyncio.get_running_loop().time()) * self._ledger.rate_hz)
        unsent = self._outgoing.waiting_bytes // SAMPLE_BYTES * self._ledger.rate_hz // self.rate_hz
        return max(self._base[1], self._position - max(sounding, unsent))

    def _tell(self, kind: str, **fields: int) -> None:
        self._outgoing.put(json.dumps({"type": kind, **fields}))
