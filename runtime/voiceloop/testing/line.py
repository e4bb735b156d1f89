"""A line without devices: a microphone that says what the test says, a speaker that remembers what was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.base import Ears, LineReports, Played
from voiceloop.errors import MisuseError
from voiceloop.testing.microphone import Microphone
from voiceloop.testing.numbers import Run
from voiceloop.testing.speaker import Speaker

__all__ = ["NumberedLine"]


class NumberedLine:
    """Implements `devices.base.Line` on the running loop's clock, real or virtual, in blocks of `block_ms`.

    Every sample the user says is numbered (`testing.numbers`), so a test can tell from a recording or from what a
    server received which samples went where. `latency_ms` lies between pulling a sample and hearing it. With
    `off_ms` the positions it reports are estimates, wrong by that much. `schedule` is speech that is known beforehand:
    when each stretch begins and how long it lasts, in milliseconds since the line opened.
    Of what was heard the last `keeps_s` seconds are remembered, without that all.
    """

    def __init__(
        self,
        *,
        latency_ms: int = 0,
        off_ms: int = 0,
        block_ms: int = 20,
        schedule: Iterable[tuple[int, int]] = (),
        keeps_s: float | None = None,
    ) -> None:
        self.microphone = Microphone()
        self.opened_at = 0.0
        """Loop time of sample 0."""
        self.rate_hz = 0
        self._latency_ms = latency_ms
        self._off_ms = off_ms
        self._block_ms = block_ms
        self._schedule = schedule
        self._keeps_s = keeps_s
        self._ears: Ears | None = None
        self._reports: LineReports | None = None
        self._ledger: Ledger | None = None
        self._speaker: Speaker | None = None
        self._blocks = 0
        self._timer: asyncio.TimerHandle | None = None

    # What a test does ------------------------------------------------------------------------------------------------

    @property
    def speaker(self) -> Speaker:
        """What the listener hears; there once the line was opened."""
        if self._speaker is None:
            raise MisuseError("the line was not opened yet: start the session first")
        return self._speaker

    def say(self, duration_ms: int, *, at_ms: int | None = None) -> Run:
        """The user speaks numbered samples for `duration_ms`; tells which.

        It begins now or, if that is later, after the last word or `at_ms` after the line opened.
        """
        self._catch_up(0 if at_ms is None else at_ms * self.rate_hz // 1000)
        return self.microphone.say_numbered(duration_ms * self.rate_hz // 1000)

    def say_pcm(self, pcm: bytes) -> Run:
        """The user speaks this audio, 16-bit mono at the line's rate."""
        self._catch_up()
        return self.microphone.say(pcm)

    @property
    def said(self) -> list[Run]:
        """All numbered speech, heard by now or still to come; `at` counts samples from the opening of the line."""
        return self.microphone.said

    def end_input(self) -> None:
        """The input has no more to give; silence goes on."""
        if self._reports is not None:
            self._reports.input_ended()

    def hang_up(self, detail: str = "the caller hung up") -> None:
        """The line dies under the session."""
        self._stop()
        if self._reports is not None:
            self._reports.lost(detail)

    @property
    def is_open(self) -> bool:
        """Blocks are flowing."""
        return self._timer is not None

    # devices.base.Line -----------------------------------------------------------------------------------------------

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Start both directions at once; sample 0 is now."""
        if self._ears is not None:
            raise MisuseError("a line opens once: make a new one")
        self._ears, self._ledger, self._reports = ears, ledger, reports
        self.rate_hz = rate_hz
        keeps = None if self._keeps_s is None else int(self._keeps_s * rate_hz)
        self._speaker = Speaker(ledger, self._latency_ms * rate_hz // 1000, self._off_ms * rate_hz // 1000, keeps)
        loop = asyncio.get_running_loop()
        self.opened_at = loop.time()
        self._timer = loop.call_at(self.opened_at, self._tick)
        for at_ms, duration_ms in self._schedule:
            self.say(duration_ms, at_ms=at_ms)

    def flush(self, generation: int) -> None:
        """Silence from this very sample on."""
        self._pass_time()
        self.speaker.flush(generation)

    def played(self) -> Played:
        """Where playback is, in the middle of a block too."""
        self._pass_time()
        return Played(self.speaker.generation, self.speaker.reported, exact=not self._off_ms)

    async def close(self, within_s: float) -> None:
        """Stop both directions. Idempotent."""
        self._stop()

    # Inside ----------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """One block has been captured and played; the next one starts."""
        if self._ears is None or self._ledger is None:
            return
        loop = asyncio.get_running_loop()
        block = self._block_ms * self.rate_hz // 1000
        due = self.opened_at + (self._blocks + 1) * block / self.rate_hz
        self._timer = loop.call_at(due, self._tick)
        self._blocks += 1
        if self._blocks > 1:
            self.speaker.pass_time((self._blocks - 1) * block)
            self._ledger.ack(self.speaker.reported)
            first = self.microphone.taken
            self._ears(self.microphone.take(block), first)
        self.speaker.pull(block)

    @property
    def _elapsed(self) -> int:
        """Samples since the line opened."""
        return int((asyncio.get_running_loop().time() - self.opened_at) * self.rate_hz + 1e-6)

    def _pass_time(self) -> None:
        if self._timer is not None:
            self.speaker.pass_time(self._elapsed)

    def _catch_up(self, at: int = 0) -> None:
        """What is said now must not begin in the past, at the start of the block in progress."""
        if self._timer is None:
            raise MisuseError("the line is not open: nobody hears this")
        begins = max(at, self._elapsed)
        self.microphone.pause(max(0, begins - self.microphone.taken - self.microphone.waiting))

    def _stop(self) -> None:
        if self._timer is not None:
            self._pass_time()
            self._timer.cancel()
            self._timer = None
