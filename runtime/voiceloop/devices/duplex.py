"""The loop's side of a sound card: what lies between its rings and the ears, the ledger, the recording.

Everything here runs on the loop's thread and knows no device, so it is tested without one. Inside it audio has the
session's rate; the card's rate ends at the rings.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from voiceloop.audio.echo import EchoCanceller
from voiceloop.audio.ledger import Ledger
from voiceloop.audio.resample import Resampler
from voiceloop.devices.base import Ears
from voiceloop.devices.recorder import Recorder
from voiceloop.devices.rings import SpeakerRing

__all__ = ["BLOCK_S", "FRAME_BLOCKS", "GapFinder", "Microphone", "PlayedClock", "Sent", "SpeakerFeed"]

BLOCK_S = 0.01
BLOCKS_PER_S = 100
FRAME_BLOCKS = 2
"""Blocks handed to the ears at once: 20 ms, the frame that detectors and wires are made for."""


class Sent(NamedTuple):
    """A block on its way to the speaker, as it was before it was brought to the card's rate."""

    number: int
    pcm: bytes
    end: int
    """Position on the line after this block, in the ledger's samples."""


class SpeakerFeed:
    """Keeps the speaker's ring filled from the ledger, and remembers what it put there."""

    def __init__(self, ledger: Ledger, ring: SpeakerRing, rate_hz: int, card_hz: int) -> None:
        self._ledger = ledger
        self._ring = ring
        self._block = rate_hz // BLOCKS_PER_S
        self._card_bytes = 2 * (card_hz // BLOCKS_PER_S)
        self._resampler = Resampler(rate_hz, card_hz)
        # Pulled ahead once, so that afterwards one block in is one block out in spite of the filter's delay.
        self._lead = math.ceil(self._resampler.delay_ms * rate_hz / 1000)
        self._sent: deque[Sent] = deque()
        self._said = bytearray()
        self._out = bytearray()
        self._end = 0
        self._fresh = True
        self.depth = 2
        """Blocks kept in the ring. Two are enough unless the loop is often late; then the third is used as well."""

    def top_up(self) -> None:
        """Fill the ring. Silence counts: the ledger gives it where there is nothing to say."""
        if self._ring.dry:
            self.depth = SpeakerRing.SLOTS
        while self._ring.waiting < self.depth:
            self._put()

    def flush(self, generation: int) -> None:
        """Forget what was pulled before `generation` and has not reached the card."""
        self._ring.generation = generation
        self._resampler.drain()
        self._said.clear()
        self._out.clear()
        self._fresh = True

    def take(self, number: int) -> Sent | None:
        """What block `number` was, once; older ones are forgotten, they were never played."""
        sent = self._sent
        while sent and sent[0].number < number:
            sent.popleft()
        return sent.popleft() if sent and sent[0].number == number else None

    def _put(self) -> None:
        while len(self._out) < self._card_bytes:
            samples = self._block
            if self._fresh:
                self._fresh = False
                self._end = self._ledger.position
                samples += self._lead
            pcm = self._ledger.pull(samples)
            self._said += pcm
            self._out += self._resampler.feed(pcm)
        self._end += self._block
        self._sent.append(Sent(self._ring.written, _cut(self._said, 2 * self._block), self._end))
        self._ring.put(_cut(self._out, self._card_bytes))


class PlayedClock:
    """Where the listener is: what was handed to the card, less what the card has not sounded yet."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._blocks: deque[tuple[int, int]] = deque(maxlen=math.ceil(latency_s / BLOCK_S) + 50)
        self._last_s = 0.0
        self._end = 0
        self._heard = 0

    def rendered(self, sent: Sent | None, samples: int, at_s: float) -> None:
        """The card took this block, or silence, at that time."""
        if sent is None:
            self._blocks.append((self._end, 0))
        else:
            self._blocks.append((sent.end - samples, samples))
            self._end = sent.end
        self._last_s = at_s

    def heard(self, now_s: float) -> int:
        """Position sounding now, in the ledger's samples; never steps back."""
        if self._blocks:
            place = len(self._blocks) - 1 + (now_s - self._last_s - self._latency_s) / BLOCK_S
            if place >= len(self._blocks):
                start, samples = self._blocks[-1]
                self._heard = max(self._heard, start + samples)
            elif place >= 0:
                start, samples = self._blocks[int(place)]
                self._heard = max(self._heard, start + int(samples * (place - int(place))))
        return self._heard


class GapFinder:
    """Notices blocks that a card lost, so that sample numbers stay a clock.

    Blocks come in bursts, but each half second has one that comes on time. When even that one is later than those
    before by more than a block, audio is missing. Slow drift between the two clocks passes.
    """

    WINDOW = 50
    ALARMED_WINDOW = 10

    def __init__(self) -> None:
        self._blocks = 0
        self._lags: list[float] = []
        self._window = self.WINDOW
        self._usual: float | None = None
        self.missing_blocks = 0
        """All blocks found missing so far."""

    def alarm(self) -> None:
        """The card admits trouble: look at the next tenth of a second alone, so that silence stands near the hole."""
        self._lags.clear()
        self._window = self.ALARMED_WINDOW

    def lost(self) -> None:
        """A block came whose time nobody knows."""
        self._blocks += 1

    def block(self, at_s: float) -> int:
        """A block came at that time; how many are to be made up for by silence before it."""
        self._lags.append(at_s - self._blocks * BLOCK_S)
        self._blocks += 1
        if len(self._lags) < self._window:
            return 0
        least = min(self._lags)
        self._lags.clear()
        self._window = self.WINDOW
        missing = 0
        if self._usual is not None and least - self._usual > 1.5 * BLOCK_S:
            missing = round((least - self._usual) / BLOCK_S)
            least -= missing * BLOCK_S
            self._blocks += missing
            self.missing_blocks += missing
        self._usual = least
        return missing


class Microphone:
    """Captured blocks become frames for the ears, without the agent's own voice, and go into the recording."""

    def __init__(self, ears: Ears, rate_hz: int, card_hz: int) -> None:
        self._ears = ears
        self._frame_bytes = 2 * FRAME_BLOCKS * (rate_hz // BLOCKS_PER_S)
        self._card_bytes = 2 * (card_hz // BLOCKS_PER_S)
        self._resampler = Resampler(card_hz, rate_hz)
        # The filter's delay, given as silence at the start: afterwards a frame is whole when its last block comes.
        self._near = bytearray(2 * math.ceil(self._resampler.delay_ms * rate_hz / 1000))
        self._far = bytearray()
        self._sample = 0
        self._recorder: Recorder | None = None
        self._agent = bytearray()
        self.canceller: EchoCanceller | None = None
        self.paper: Callable[[int], bytes] | None = None
        """Instead of a speaker: gives the agent's samples of each frame, and takes them as played."""
        self.last = b""
        """The newest frame the ears got, for a level meter."""

    def record(self, recorder: Recorder, round_trip_samples: int) -> None:
        """Write both sides to `recorder`, the agent's delayed so that it stands beside its own echo."""
        self._recorder = recorder
        self._agent = bytearray(2 * round_trip_samples)

    def block(self, card_pcm: bytes | None, far: bytes | None) -> None:
        """Take one block of the card's microphone (None: lost) and what the speaker got meanwhile (None: silence)."""
        self.near(self._resampler.feed(bytes(self._card_bytes) if card_pcm is None else card_pcm), far)

    def near(self, pcm: bytes, far: bytes | None) -> None:
        """The same for a microphone that has the session's rate already."""
        self._near += pcm
        if self.paper is None:
            self._far += bytes(self._frame_bytes // FRAME_BLOCKS) if far is None else far
        while len(self._near) >= self._frame_bytes:
            self._frame()

    def _frame(self) -> None:
        size = self._frame_bytes
        captured = _cut(self._near, size)
        said = _cut(self._far, size) if self.paper is None else b""
        heard = captured if self.canceller is None else self.canceller.process(captured, said)
        self.last = heard
        self._ears(heard, self._sample)
        self._sample += size // 2
        if self.paper is not None:
            said = self.paper(size // 2)
        if self._recorder is not None:
            self._agent += said
            self._recorder.write(captured, _cut(self._agent, size))


def _cut(buffer: bytearray, size: int) -> bytes:
    """Take the first `size` bytes out of the buffer."""
    out = bytes(buffer[:size])
    del buffer[:size]
    return out
