"""A line without sound: turns are typed elsewhere and replies are read."""

from __future__ import annotations

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.base import Ears, LineReports, Played
from voiceloop.devices.clock import Subscription, shared_clock
from voiceloop.errors import MisuseError

__all__ = ["TextLine"]

_BLOCKS_PER_S = 50


class TextLine:
    """Hears nothing, never calls the ears, and plays whatever the ledger holds at once: reading takes no time.

    Its clock still ticks every 20 ms, so a reply with audio ends by being played like any other.
    """

    def __init__(self) -> None:
        self._ledger: Ledger | None = None
        self._subscription: Subscription | None = None
        self._sample = 0
        self._block = 0

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Start the clock."""
        if self._ledger is not None:
            raise MisuseError("this line was opened before; make a new one")
        self._ledger = ledger
        self._block = rate_hz // _BLOCKS_PER_S
        self._subscription = shared_clock().subscribe(self._tick)

    def flush(self, generation: int) -> None:
        """Nothing to forget: what was pulled has been played."""

    def played(self) -> Played:
        """Exact: all that was pulled."""
        return Played(self._ledger.generation if self._ledger is not None else 0, self._sample, exact=True)

    async def close(self, within_s: float) -> None:
        """Stop the clock. Idempotent; takes no time."""
        if self._subscription is not None:
            self._subscription.cancel()

    def _tick(self) -> None:
        ledger = self._ledger
        if ledger is not None:
            samples = max(self._block, ledger.queued_ms * ledger.rate_hz // 1000)
            ledger.pull(samples)
            self._sample += samples
            ledger.ack(self._sample)
