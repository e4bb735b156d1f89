"""The loop's side of a sound card: what lies between its rings and the ears, the ledger, the recording.

Everything here runs on the loop's thread and knows no device, so it is tested without one. Inside it audio has the
session's rate; the card's rate ends at the rings.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from voiceloop.audio.echo import EchoCanceller
from voiceloop.audio.ledger import Ledger
from voiceloop.audio.resample import Resampler
from voiceloop.devices.base import Ears
from voiceloop.devices.cushion import Cushion, Fades, fade_samples, ramped
from voiceloop.devices.recorder import Recorder
from voiceloop.devices.rings import SILENT, Rendered, SpeakerRing

__all__ = [
    "BLOCKS_PER_S",
    "BLOCK_S",
    "BlockTimes",
    "Microphone",
    "Playback",
    "Sent",
    "SpeakerFeed",
]

BLOCK_S = 0.01
BLOCKS_PER_S = 100
_LONGEST_DELAY_S = 1.0
"""What a stream's clock tells beyond that is no delay: some hosts give times of different clocks."""
_DELAY_STEP = 0.02
"""Of the way to what each block tells: half a second."""
FRAME_BLOCKS = 2
"""Blocks handed to the ears at once: 20 ms, the frame that detectors and wires are made for."""


class Sent(NamedTuple):
    """A block for the speaker, as it was before it was brought to the card's rate."""

    number: int
    pcm: bytes
    """Empty for silence that the ledger did not give."""
    end: int
    """Position on the line after this block, in the ledger's samples."""
    played: bytes
    """The same with its fades, which an echo has too; empty for silence."""


class SpeakerFeed:
    """Keeps the speaker's ring filled from the ledger, and remembers what it put there.

    again: what was pulled for another card and not heard; it is played first.
    """

    def __init__(self, ledger: Ledger, ring: SpeakerRing, rate_hz: int, card_hz: int, again: bytes = b"") -> None:
        self._ledger = ledger
        self._ring = ring
        self._block = rate_hz // BLOCKS_PER_S
        self._card_bytes = 2 * (card_hz // BLOCKS_PER_S)
        self._resampler = Resampler(rate_hz, card_hz)
        # Pulled ahead once, so that afterwards one block in is one block out in spite of the filter's delay.
        self._lead = math.ceil(self._resampler.delay_ms * rate_hz / 1000)
        self._held = math.ceil(self._resampler.delay_ms * card_hz / 1000)
        """The same in samples of the card."""
        self._sent: deque[Sent] = deque()
        self._said = bytearray()
        self._shaped = bytearray()
        """The same with fades where sound breaks off within a chunk, and where it goes on."""
        self._out = bytearray()
        self._again = bytearray(again)
        self._end = 0
        self._fresh = True
        self.flushed_at = 0
        """Position of the newest flush: nothing before it is to be played any more."""
        self._rate_hz, self._card_hz = rate_hz, card_hz
        self._fades = Fades(rate_hz)
        self._breaks_off = False
        """The next block begins with the end of a sound that broke off: it must have faded after `_lead`."""
        self.cushion = Cushion()

    def top_up(self) -> None:
        """Fill the ring. Silence counts: the ledger gives it where there is nothing to say."""
        self.cushion.look(self._ring.dry, self._ring.written)
        while self._ring.waiting < self.cushion.depth:
            self._put()

    def flush(self, generation: int) -> None:
        """Forget what was pulled before `generation` and has not reached the card, but for a fade of 4 ms."""
        ring = self._ring
        follows = ring.last + 1
        if ring.last != SILENT and ring.taken <= follows < ring.written:
            ring.rewrite(follows, ramped(ring.read(follows), self._card_hz, fade_samples(self._card_hz)))
            ring.keep(follows, generation)
            # A fade counts as silence: nothing of it was heard.
            self._sent = deque(
                each._replace(pcm=b"", played=b"") if each.number == follows else each for each in self._sent
            )
        ring.generation = generation
        self._fades.reset()
        self._breaks_off = False
        self._resampler.drain()
        self._said.clear()
        self._shaped.clear()
        self._out.clear()
        self._again.clear()
        self._fresh = True
        self.flushed_at = self._ledger.position

    def take(self, number: int) -> Sent | None:
        """What block `number` was, once; older ones are forgotten, they were never played."""
        sent = self._sent
        while sent and sent[0].number < number:
            sent.popleft()
        return sent.popleft() if sent and sent[0].number == number else None

    def untaken(self) -> Iterator[Sent]:
        """What the card has not taken, oldest first; the last may be less than a block."""
        yield from self._sent
        if self._said or self._again:
            yield Sent(SILENT, bytes(self._said + self._again), self._ledger.position, b"")

    def _put(self) -> None:
        while len(self._out) < self._card_bytes:
            samples = self._block
            if self._fresh:
                self._fresh = False
                self._end = self._ledger.position - len(self._again) // 2
                samples += self._lead
            pcm = _cut(self._again, 2 * samples)
            if len(pcm) < 2 * samples:
                pcm += self._ledger.pull(samples - len(pcm) // 2)
            self._said += pcm
            shaped, breaks_off = self._fades.shape(pcm)
            if breaks_off:
                self._fade_out()
            self._shaped += shaped
            self._out += self._resampler.feed(shaped)
        self._end += self._block
        said, shaped, out = (
            _cut(self._said, 2 * self._block),
            _cut(self._shaped, 2 * self._block),
            _cut(self._out, self._card_bytes),
        )
        if self._breaks_off:
            shaped, out = ramped(shaped, self._rate_hz, self._lead), ramped(out, self._card_hz, self._held)
            self._breaks_off = False
        self._sent.append(Sent(self._ring.written, said, self._end, shaped))
        self._ring.put(out)

    def _fade_out(self) -> None:
        """What is pulled next is silence in the middle of a wave: fade the block before, if it can still be changed."""
        ring, newest = self._ring, self._ring.written - 1
        if ring.taken <= newest:
            ring.rewrite(newest, ramped(ring.read(newest), self._card_hz, self._card_bytes // 2 + self._held))
            sent = self._sent.pop()
            self._sent.append(sent._replace(played=ramped(sent.played, self._rate_hz, self._block + self._lead)))
        self._breaks_off = True


class BlockTimes:
    """When the blocks of one direction really pass, although their callbacks come in bursts.

    In each half second one block comes on time; the others of that half second are counted from it. When even that one
    is later than those before by more than a block, audio was lost without a word. Slow drift between the card's clock
    and ours passes.

    prefill_blocks: how many blocks a speaker asks for at once after it ran dry. None is a microphone, which may come
    late as well but then has kept what it heard.
    """

    WINDOW = 50
    ALARMED_WINDOW = 10

    def __init__(self, prefill_blocks: int | None = None) -> None:
        self.blocks = 0
        """Blocks that passed, missing ones included; the number of the next one."""
        self.missing_blocks = 0
        """All blocks found missing so far."""
        self._prefill_blocks = prefill_blocks
        self._window = self.WINDOW
        self._since_s = 0.0
        self._lags: list[float] = []
        self._usual: float | None = None
        self._least = math.inf

    @property
    def start_s(self) -> float:
        """When block 0 passed; block n passes n * 10 ms later."""
        return self._least if self._usual is None else self._usual

    def alarm(self) -> None:
        """The card admits trouble: look at the next tenth of a second alone, and at once at a speaker's first block."""
        self._lags.clear()
        self._window = self.ALARMED_WINDOW

    def lost(self) -> None:
        """A block passed whose time nobody knows."""
        self.blocks += 1

    def skip(self) -> None:
        """A block did not come, for there is no card."""
        self.blocks += 1
        self.missing_blocks += 1

    def block(self, at_s: float) -> int:
        """A block came at that time; how many are to be made up for by silence before it."""
        lag = at_s - self.blocks * BLOCK_S
        missing = 0
        if self._prefill_blocks is not None and self._window == self.ALARMED_WINDOW:
            missing = self._missing(lag - self._prefill_blocks * BLOCK_S)
            lag -= missing * BLOCK_S
        if not self._lags:
            self._since_s = at_s
        self._lags.append(lag)
        self._least = min(self._least, lag)
        # A backlog that comes all at once says nothing: half of the window's time must really have passed.
        if len(self._lags) >= self._window and at_s - self._since_s >= self._window * BLOCK_S / 2:
            least = min(self._lags)
            rest = self._missing(least)
            missing += rest
            self._usual = least - rest * BLOCK_S
            self._lags.clear()
            self._window = self.WINDOW
        self.blocks += 1 + missing
        self.missing_blocks += missing
        return missing

    def _missing(self, lag: float) -> int:
        late = 0.0 if self._usual is None else (lag - self._usual) / BLOCK_S
        return round(late) if late > 1.5 else 0  # noqa: PLR2004  (blocks: less may be jitter)


class Playback:
    """What the card took, block by block: where the listener is, and what the microphone may hear of it."""

    HISTORY = 300

    def __init__(self, feed: SpeakerFeed, rate_hz: int, latency_s: float, heard: int = 0) -> None:
        """`heard`: position that was reached with another card."""
        self.times = BlockTimes(math.ceil(latency_s / BLOCK_S))
        self._feed = feed
        self._samples = rate_hz // BLOCKS_PER_S
        self._silence = bytes(2 * self._samples)
        self.latency_s = latency_s
        """From a callback on time to the sound: what the card reports, then what the stream's clock tells."""
        self._blocks: deque[Sent] = deque(maxlen=self.HISTORY)
        self._end = heard
        self.reached = heard
        """Where the listener was when `heard` was asked last."""

    def rendered(self, block: Rendered) -> bytes:
        """The card took this block; what it was, at the session's rate."""
        for _ in range(self.times.block(block.at_s)):
            self._note(None)
        if 0 < block.delay_s < _LONGEST_DELAY_S:
            # A late callback finds less waiting in the card: its delay is counted from when it should have come.
            late_s = block.at_s - self.times.start_s - (self.times.blocks - 1) * BLOCK_S
            self.latency_s += _DELAY_STEP * (late_s + block.delay_s - self.latency_s)
        sent = None if block.number == SILENT else self._feed.take(block.number)
        self._note(sent)
        return self._silence if sent is None or not sent.played else sent.played

    def heard(self, now_s: float) -> int:
        """Position sounding now, in the ledger's samples; never steps back."""
        place = (now_s - self.times.start_s - self.latency_s) / BLOCK_S
        found = self._find(math.floor(place)) if self._blocks else None
        if found is not None:
            played = found.end - len(found.pcm) // 2
            self.reached = max(self.reached, played + int((place - math.floor(place)) * (found.end - played)))
        elif self._blocks and place > self._blocks[-1].number:
            self.reached = max(self.reached, self._end)
        return self.reached

    def unheard(self) -> bytes:
        """What was pulled, is still to be played and was not heard so far, at the session's rate."""
        since, parts = max(self.reached, self._feed.flushed_at), []
        for sent in (*self._blocks, *self._feed.untaken()):
            rest = min(sent.end - since, len(sent.pcm) // 2)
            if rest > 0:
                parts.append(sent.pcm[-2 * rest :])
        return b"".join(parts)

    def around(self, number: int) -> bytes:
        """Block `number` of all that the card took, at the session's rate; silence where there was none."""
        found = self._find(number)
        return self._silence if found is None or not found.played else found.played

    def passed(self, number: int) -> bool:
        """The card has taken block `number`, so that `around` knows it."""
        return bool(self._blocks) and self._blocks[-1].number >= number

    def _note(self, sent: Sent | None) -> None:
        number = self._blocks[-1].number + 1 if self._blocks else 0
        if sent is not None:
            self._end = sent.end
        pcm, played = (b"", b"") if sent is None else (sent.pcm, sent.played)
        self._blocks.append(Sent(number, pcm, self._end, played))

    def _find(self, number: int) -> Sent | None:
        back = self._blocks[-1].number - number if self._blocks else -1
        return self._blocks[-1 - back] if 0 <= back < len(self._blocks) else None


class Microphone:
    """Captured blocks become frames for the ears, without the agent's own voice, and go into the recording."""

    def __init__(self, ears: Ears, rate_hz: int, card_hz: int) -> None:
        self._ears = ears
        self._rate_hz = rate_hz
        self._frame_bytes = 2 * FRAME_BLOCKS * (rate_hz // BLOCKS_PER_S)
        self._card_bytes = 2 * (card_hz // BLOCKS_PER_S)
        self._resampler = Resampler(card_hz, rate_hz)
        # The filter's delay, given as silence at the start: afterwards a frame is whole when its last block comes.
        self._near = bytearray(2 * math.ceil(self._resampler.delay_ms * rate_hz / 1000))
        self._far = bytearray()
        self._blocks = 0
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

    def rate(self, card_hz: int) -> None:
        """Another card follows. What the old one's filter held back is given up; the place of all samples stays."""
        self._card_bytes = 2 * (card_hz // BLOCKS_PER_S)
        self._resampler = Resampler(card_hz, self._rate_hz)
        held = 2 * math.ceil(self._resampler.delay_ms * self._rate_hz / 1000)
        waiting = self._blocks % FRAME_BLOCKS * (self._frame_bytes // FRAME_BLOCKS) + held
        self._near = bytearray(self._near[:waiting].ljust(waiting, b"\0"))

    def block(self, card_pcm: bytes | None, far: bytes | None) -> None:
        """Take one block of the card's microphone (None: lost) and what the speaker played then (None: silence)."""
        self.near(self._resampler.feed(bytes(self._card_bytes) if card_pcm is None else card_pcm), far)

    def near(self, pcm: bytes, far: bytes | None) -> None:
        """The same for a block that has the session's rate already."""
        self._blocks += 1
        self._near += pcm
        if self.paper is None:
            self._far += bytes(self._frame_bytes // FRAME_BLOCKS) if far is None else far
        while len(self._near) >= self._frame_bytes:
            self._frame()

    def _frame(self) -> None:
        size = self._frame_bytes
        captured = _cut(self._near, size)
        said = _cut(self._far, size) if self.paper is None else b""
        heard = captured if self.canceller is None else self.canceller.process(captured, said or bytes(size))
        self.last = heard
        kept = self._ears(heard, self._sample)
        self._sample += size // 2
        if self.paper is not None:
            said = self.paper(size // 2)
        if self._recorder is not None:
            self._agent += said
            self._recorder.write(captured, _cut(self._agent, size), kept)


def _cut(buffer: bytearray, size: int) -> bytes:
    """Take the first `size` bytes out of the buffer."""
    out = bytes(buffer[:size])
    del buffer[:size]
    return out
