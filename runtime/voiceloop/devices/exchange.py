"""One conversation's audio on an open card: from its rings to the ears and from the ledger to its rings.

Runs on the loop's thread, woken once a block. The card is a protocol, so this is tested on one that the test plays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.base import Ears
from voiceloop.devices.duplex import BLOCK_S, BLOCKS_PER_S, BlockTimes, Microphone, Playback, SpeakerFeed
from voiceloop.devices.echopath import EchoPath
from voiceloop.devices.intake import Intake, MuteWatch
from voiceloop.devices.rings import Captured, CaptureRing, RenderLog, SpeakerRing
from voiceloop.devices.wavefile import FileMicrophone

__all__ = ["Card", "CardMaker", "Exchange", "Trouble"]

_FLOAT_BYTES = 4
LATE_BLOCKS = 10
"""So long the microphone waits for a late callback of the speaker."""


class Card(Protocol):
    """An open card as the line sees it. `open` and `close` block and run in threads."""

    names: list[str]
    """Of its devices, for the user."""
    input_hz: int
    output_hz: int
    input_channels: int
    input_latency_s: float
    output_latency_s: float
    underflows: int
    overflows: int
    captured: CaptureRing
    """Interleaved 32-bit floats."""
    rendered: RenderLog
    speaker: SpeakerRing

    @property
    def last_s(self) -> float:
        """When the direction that is longer silent gave its last sign of life, on the monotonic clock."""

    def open(self) -> None:
        """Open and start. Raises DeviceError."""

    def close(self) -> None:
        """Stop at once and close. Idempotent."""

    def abandon(self) -> None:
        """`close` hangs: see to it that the end of the process does not."""


class CardMaker(Protocol):
    """Makes a card that is not open yet."""

    def __call__(
        self,
        *,
        microphone: bool,
        speaker: bool,
        substitute: bool,
        woken: Callable[[], None],
        stopped: Callable[[], None],
    ) -> Card:
        """`substitute`: the default will do where the device that the settings name cannot be opened.

        `woken` is called on the loop's thread soon after each block, `stopped` when the card ends by itself.
        """


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong on the way between card and loop; all zero on a good day."""

    card_underflows: int
    """Times the card asked for audio too late to play it in time."""
    card_overflows: int
    """Times the card lost captured audio."""
    dry_blocks: int
    """Blocks of silence played because the loop was late."""
    lost_blocks: int
    """Blocks of the microphone replaced by silence."""
    broken_samples: int = 0
    """Samples of the microphone that were no numbers and became silence."""

    @property
    def underruns(self) -> int:
        """Times the speaker had nothing to play, whoever was late."""
        return self.card_underflows + self.dry_blocks

    @property
    def overruns(self) -> int:
        """Times sound of the microphone was lost."""
        return self.card_overflows + self.lost_blocks


class Exchange:
    """Moves blocks. With a speaker there is a `playback`; without one the agent speaks to paper, frame by frame.

    A `file` may stand in for the microphone; it goes by the speaker's clock, and `file_ended` is called once.
    """

    def __init__(self, card: Card, ledger: Ledger, ears: Ears, rate_hz: int, *, speaker: bool) -> None:
        self.microphone = Microphone(ears, rate_hz, card.input_hz)
        self.file: FileMicrophone | None = None
        self.file_ended: Callable[[], None] | None = None
        """Set where a file stands in for the microphone, also after its end."""
        self.deaf: Callable[[], None] | None = None
        """Called when the microphone has given nothing but exact zeros for a while; see `MuteWatch`."""
        self.broken: Callable[[], None] | None = None
        """Called once when the microphone gives samples that are no numbers."""
        self._mute = MuteWatch(self._tell_deaf, BLOCKS_PER_S)
        self._ledger = ledger
        self._rate_hz = rate_hz
        self._silence = bytes(2 * (rate_hz // BLOCKS_PER_S))
        self._speaker = speaker
        self._before = Trouble(0, 0, 0, 0)
        self.playback: Playback | None = None
        self.echo_path: EchoPath | None = None
        self._feed: SpeakerFeed | None = None
        self._captured: deque[tuple[int, bytes | None]] = deque()
        """Blocks of the microphone, by number, that wait for what was played then; None for one that was lost."""
        self._use(card)
        if not speaker:
            self.microphone.paper = self._write_down

    def _use(self, card: Card) -> None:
        """Take a card that gave nothing yet."""
        self._card = card
        self.times = BlockTimes()
        self.intake = Intake(card.input_channels)
        self._zeros = bytes(_FLOAT_BYTES * card.input_channels * (card.input_hz // BLOCKS_PER_S))
        self._underflows = card.underflows
        self._overflows = card.overflows
        if self._speaker:
            heard, unheard = (0, b"") if self.playback is None else (self.playback.reached, self.playback.unheard())
            feed = self._feed = SpeakerFeed(self._ledger, card.speaker, self._rate_hz, card.output_hz, unheard)
            self.playback = Playback(feed, self._rate_hz, card.output_latency_s, heard)
            self.echo_path = EchoPath(self.playback, self.times, card.input_latency_s + card.output_latency_s)

    @property
    def trouble(self) -> Trouble:
        """What went wrong so far."""
        card, before = self._card, self._before
        return Trouble(
            before.card_underflows + card.underflows,
            before.card_overflows + card.overflows,
            before.dry_blocks + card.speaker.dry,
            before.lost_blocks + self.times.missing_blocks,
            before.broken_samples + self.intake.broken_samples,
        )

    def wait(self, now_s: float) -> None:
        """There is no card: the microphone is silence for as long as it takes, and the agent waits."""
        self._pair(0)
        clock = self.times if self.file_ended is None or self.playback is None else self.playback.times
        while clock.start_s + (clock.blocks + 1) * BLOCK_S <= now_s:
            clock.skip()
            if self.file_ended is None:
                self.microphone.block(None, self._far(clock.blocks - 1))
            else:
                self._hear_file(self._silence, 1)
        if self.playback is not None:
            self._ledger.ack(self.playback.heard(now_s))

    def replace(self, card: Card, now_s: float) -> None:
        """Go on with another card: what the listener has not heard is played again, in its old place."""
        self.wait(now_s)
        self._before = self.trouble
        self.microphone.rate(card.input_hz)
        self._use(card)

    def turn(self, now_s: float) -> None:
        """Take what the card gave since the last turn, and give it what to play next."""
        playback = self.playback
        if self._feed is not None:
            # The speaker first: what the ears hear may take a while to think about.
            self._feed.top_up()
        self._admit_trouble()
        if playback is not None:
            for rendered in self._card.rendered.read():
                before = playback.times.blocks
                self._hear_file(playback.rendered(rendered), playback.times.blocks - before)
        for captured in self._card.captured.read():
            self._capture(captured)
            self._pair(LATE_BLOCKS)
        if playback is not None:
            self._ledger.ack(playback.heard(now_s))

    def flush(self, generation: int) -> None:
        """Forget what has not reached the card."""
        if self._feed is not None:
            self._feed.flush(generation)
            self._feed.top_up()

    def _admit_trouble(self) -> None:
        if self._card.underflows != self._underflows and self.playback is not None:
            self._underflows = self._card.underflows
            self.playback.times.alarm()
        if self._card.overflows != self._overflows:
            self._overflows = self._card.overflows
            self.times.alarm()

    def _capture(self, captured: Captured | None) -> None:
        missing, clean = 0, None
        if captured is None:
            self.times.lost()
        else:
            missing = self.times.block(captured.at_s)
            clean = self._clean(captured.pcm)
        number = self.times.blocks - 1 - missing
        for _ in range(missing):
            self._captured.append((number, None))
            number += 1
        self._captured.append((number, clean))

    def _pair(self, at_most: int) -> None:
        """Give the microphone its blocks with what was played then; `at_most` so many wait until that has passed.

        A hole in what was played is echo that nobody takes away, and the canceller learns from it what is wrong.
        """
        path = self.echo_path
        while self._captured:
            number, clean = self._captured[0]
            if path is not None and not path.passed(number) and len(self._captured) <= at_most:
                return
            self._captured.popleft()
            self.microphone.block(clean, self._far(number))

    def _clean(self, captured: bytes) -> bytes:
        self._mute.block(zeros=captured == self._zeros)
        clean = self.intake.take(captured)
        if self.intake.broken_samples and self.broken is not None:
            broken, self.broken = self.broken, None
            broken()
        return clean

    def _tell_deaf(self) -> None:
        if self.deaf is not None:
            self.deaf()

    def _far(self, number: int) -> bytes | None:
        return None if self.echo_path is None else self.echo_path.far(number)

    def _hear_file(self, far: bytes, blocks: int) -> None:
        if self.file_ended is None:
            return
        for number in range(blocks):
            pcm = self._silence if self.file is None else self.file.take(len(self._silence) // 2)
            self.microphone.near(pcm, far if number == blocks - 1 else None)
        if self.file is not None and self.file.ended:
            self.file = None
            self.file_ended()

    def _write_down(self, samples: int) -> bytes:
        said = self._ledger.pull(samples)
        self._ledger.ack(self._ledger.position)
        return said
