"""Sound over the speaker of this machine, while it comes."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Self

from voiceloop.devices.soundcard import Card
from voiceloop.devices.threads import in_thread
from voiceloop.errors import DeviceError
from voiceloop.settings import AudioSettings

__all__ = ["Player"]

OPEN_WITHIN_S: Final = 5.0
CLOSE_WITHIN_S: Final = 1.0
LATE_S: Final = 5.0
"""By how much a card may be behind before it counts as hung."""
GONE: Final = "the speaker went away or hangs: see what there is with voiceloop devices, or write a file with --output"


class Player:
    """`async with Player(settings) as player`, `feed` it, await `finish`. Raises DeviceError; safe to cancel."""

    def __init__(self, audio: AudioSettings) -> None:
        self._audio = audio
        self._waiting = bytearray()
        self._ended = False
        self._stopped = False
        self._over = asyncio.Event()
        self._card = Card(audio, microphone=False, speaker=True, woken=self._move, stopped=self._stop)

    @property
    def rate_hz(self) -> int:
        """Samples per second to feed; known once the speaker is open."""
        return self._card.output_hz

    async def __aenter__(self) -> Self:
        try:
            await in_thread(self._card.open, OPEN_WITHIN_S)
        except TimeoutError:
            self._card.abandon()
            raise DeviceError(GONE) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await in_thread(self._card.close, CLOSE_WITHIN_S)
        except TimeoutError:
            self._card.abandon()

    def feed(self, pcm: bytes) -> None:
        """Have samples played, 16-bit mono, after those before. They wait in memory: speech has a limit."""
        self._waiting += pcm
        self._move()

    async def finish(self) -> None:
        """Wait until all was played."""
        block = self._block_bytes
        self._waiting += bytes(-len(self._waiting) % block)
        self._ended = True
        left_s = len(self._waiting) / block / 100
        self._move()
        try:
            async with asyncio.timeout(left_s + LATE_S):
                await self._over.wait()
        except TimeoutError:
            self._stopped = True
        if self._stopped:
            raise DeviceError(GONE)
        await asyncio.sleep(self._card.output_latency_s)  # what the card took is still on its way to the ear

    @property
    def _block_bytes(self) -> int:
        return 2 * self._card.output_hz // 100

    def _move(self) -> None:
        """Give the card what it has room for. Called by the card after each block, too."""
        ring, block = self._card.speaker, self._block_bytes
        while len(self._waiting) >= block and ring.waiting < ring.SLOTS:
            ring.put(bytes(self._waiting[:block]))
            del self._waiting[:block]
        if self._ended and not self._waiting and not ring.waiting:
            self._over.set()

    def _stop(self) -> None:
        self._stopped = True
        self._over.set()
