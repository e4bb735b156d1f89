"""A microphone and a speaker on one card: its rings on one side, ears, ledger and recording on the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from voiceloop.audio.echo import HalfDuplexGate, make_echo_canceller
from voiceloop.audio.ledger import Ledger
from voiceloop.audio.pcm import level_db
from voiceloop.devices.base import Ears, LineReports, Played
from voiceloop.devices.context import LineContext
from voiceloop.devices.duplex import BLOCKS_PER_S, GapFinder, Microphone, PlayedClock, SpeakerFeed
from voiceloop.devices.recorder import Recorder
from voiceloop.devices.rings import SILENT, Captured, CaptureRing, SpeakerRing
from voiceloop.devices.wavefile import FileMicrophone, check_paths
from voiceloop.errors import DeviceError, MisuseError, VoiceloopError

__all__ = ["Card", "CardLine", "CardMaker", "Trouble"]

OPEN_WITHIN_S = 10.0
DEAD_AFTER_S = 2.0
_LOOK_EVERY_S = 0.5


class Card(Protocol):
    """An open card as the line sees it. `open` and `close` block and run in threads."""

    rate_hz: int
    input_latency_s: float
    output_latency_s: float
    underflows: int
    overflows: int
    captured: CaptureRing
    speaker: SpeakerRing

    def open(self) -> None:
        """Open and start. Raises DeviceError."""

    def close(self) -> None:
        """Stop at once and close. Idempotent."""


class CardMaker(Protocol):
    """Makes a card that is not open yet."""

    def __call__(
        self, *, microphone: bool, speaker: bool, woken: Callable[[], None], stopped: Callable[[], None]
    ) -> Card:
        """`woken` is called on the loop's thread soon after each block, `stopped` when the card ends by itself."""


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


class CardLine:
    """Microphone and speaker of this machine; either may be a WAV file instead.

    With both, the agent's voice is taken out of the microphone. With `output` there is no speaker: the agent goes only
    into the recording. With `input` a file speaks through the speaker's clock.
    """

    def __init__(self, context: LineContext, make_card: CardMaker) -> None:
        self._context = context
        self._make_card = make_card
        self._has_speaker = context.output is None or context.tee
        self._ledger: Ledger | None = None
        self._reports: LineReports | None = None
        self._card: Card | None = None
        self._feed: SpeakerFeed | None = None
        self._microphone: Microphone | None = None
        self._file: FileMicrophone | None = None
        self._recorder: Recorder | None = None
        self._clock = PlayedClock(0.0)
        self._gaps = GapFinder()
        self._troubles = 0
        self._block = 0
        self._running = False
        self._first_block: asyncio.Future[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._lost = False
        self.echo_status = "off"
        """For the screen: `on`, `off`, or why the user cannot interrupt."""

    @property
    def level_db(self) -> float:
        """Level of the newest frame of the microphone, in dBFS."""
        return level_db(self._microphone.last if self._microphone is not None else b"")

    @property
    def latency_s(self) -> tuple[float, float]:
        """What the card says it adds to capture and playback."""
        card = self._card
        return (0.0, 0.0) if card is None else (card.input_latency_s, card.output_latency_s)

    @property
    def trouble(self) -> Trouble:
        """What went wrong so far."""
        card = self._card
        if card is None:
            return Trouble(0, 0, 0, 0)
        return Trouble(card.underflows, card.overflows, card.speaker.dry, self._gaps.missing_blocks)

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Open the card and wait for its first block. Raises DeviceError or UsageError; cancelling closes the line."""
        if self._ledger is not None:
            raise MisuseError("this line was opened before; make a new one")
        self._ledger, self._reports = ledger, reports
        self._block = rate_hz // BLOCKS_PER_S
        try:
            self._open_files(rate_hz)
            card = await self._start_card()
            self._connect(card, ears, rate_hz)
        except BaseException:
            await self.close(0.5)
            raise
        card.captured.forget()  # captured before sample 0
        self._running = True
        self._look()

    def flush(self, generation: int) -> None:
        """Forget what has not reached the card; it still plays what it took, `latency_s` of it."""
        if self._feed is not None:
            self._feed.flush(generation)
            self._feed.top_up()

    def played(self) -> Played:
        """Estimated from what the card took and the latency it reports; exact where there is only a recording."""
        if self._ledger is None:
            return Played(0, 0, exact=False)
        if self._feed is None:
            return Played(self._ledger.generation, self._ledger.position, exact=True)
        return Played(self._ledger.generation, self._clock.heard(monotonic()), exact=False)

    async def close(self, within_s: float) -> None:
        """Stop the card and finish the files. Idempotent; cancelling leaves only the card's thread behind."""
        self._running = False
        if self._watch is not None:
            self._watch.cancel()
        try:
            if self._card is not None:
                await asyncio.wait_for(asyncio.to_thread(self._card.close), max(within_s, 0.05))
        except TimeoutError:
            self._context.warn("card_hangs", "the sound card did not close in time; it is left behind")
        finally:
            if self._file is not None:
                self._file.close()
            if self._recorder is not None:
                self._recorder.close()

    # Opening -------------------------------------------------------------------------------------------------------

    def _open_files(self, rate_hz: int) -> None:
        context = self._context
        check_paths(context.input, context.output)
        if context.input is not None:
            self._file = FileMicrophone(context.input, rate_hz)
        if context.output is not None:
            self._recorder = Recorder(context.output, rate_hz, context.warn)

    async def _start_card(self) -> Card:
        card = self._card = self._make_card(
            microphone=self._context.input is None,
            speaker=self._has_speaker,
            woken=self._woken,
            stopped=self._stopped,
        )
        first = self._first_block = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                await asyncio.to_thread(card.open)
                await first
        except TimeoutError as failure:
            raise DeviceError(
                f"The sound card gave no audio for {OPEN_WITHIN_S:g} s; check that it works."
            ) from failure
        return card

    def _connect(self, card: Card, ears: Ears, rate_hz: int) -> None:
        ledger, context = self._ledger, self._context
        if ledger is None:
            raise MisuseError("the line has no ledger")
        self._microphone = Microphone(ears, rate_hz, card.rate_hz)
        if self._has_speaker:
            self._clock = PlayedClock(card.output_latency_s)
            self._feed = SpeakerFeed(ledger, card.speaker, rate_hz, card.rate_hz)
            if context.input is None and context.audio.echo_cancellation:
                self._cancel_echo(self._microphone, rate_hz)
        else:
            self._microphone.paper = self._play_to_paper
        if self._recorder is not None:
            self._microphone.record(self._recorder, round(sum(self.latency_s) * rate_hz) if self._feed else 0)

    def _cancel_echo(self, microphone: Microphone, rate_hz: int) -> None:
        try:
            microphone.canceller = make_echo_canceller(rate_hz, delay_ms=round(1000 * sum(self.latency_s)))
            self.echo_status = "on"
        except VoiceloopError as failure:
            microphone.canceller = HalfDuplexGate(rate_hz)
            self.echo_status = f"half duplex, you cannot interrupt: {failure}"

    # Running -------------------------------------------------------------------------------------------------------

    def _woken(self) -> None:
        card, ledger = self._card, self._ledger
        if not self._running or card is None or ledger is None:
            if self._first_block is not None and not self._first_block.done():
                self._first_block.set_result(None)
            return
        # The speaker first: what the ears hear may take a while to think about.
        if self._feed is not None:
            self._feed.top_up()
        if card.underflows + card.overflows != self._troubles:
            self._troubles = card.underflows + card.overflows
            self._gaps.alarm()
        for captured in card.captured.read():
            self._step(captured)
        if self._feed is not None:
            ledger.ack(self._clock.heard(monotonic()))

    def _step(self, captured: Captured | None) -> None:
        if captured is None:
            self._gaps.lost()
            self._hear(None, None)
            return
        for _ in range(self._gaps.block(captured.at_s)):
            self._hear(None, None)
        sent = None if self._feed is None or captured.played == SILENT else self._feed.take(captured.played)
        self._clock.rendered(sent, self._block, captured.at_s)
        self._hear(captured.pcm, None if sent is None else sent.pcm)

    def _hear(self, card_pcm: bytes | None, far: bytes | None) -> None:
        microphone, file = self._microphone, self._file
        if microphone is None:
            return
        if self._context.input is None:
            microphone.block(card_pcm, far)
        elif file is None:
            microphone.near(bytes(2 * self._block), far)
        else:
            microphone.near(file.take(self._block), far)
            if file.ended and self._reports is not None:
                self._file = None
                self._reports.input_ended()

    def _play_to_paper(self, samples: int) -> bytes:
        if self._ledger is None:
            return bytes(2 * samples)
        said = self._ledger.pull(samples)
        self._ledger.ack(self._ledger.position)
        return said

    # Losing the card -----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        card = self._card
        if card is None or not self._running:
            return
        if monotonic() - card.captured.last_s > DEAD_AFTER_S:
            self._lose("gives no audio any more")
        else:
            self._watch = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)

    def _stopped(self) -> None:
        if self._running:
            self._lose("stopped")
        elif self._first_block is not None and not self._first_block.done():
            self._first_block.set_exception(DeviceError("The sound card stopped as soon as it was started."))

    def _lose(self, what: str) -> None:
        self._running = False
        if self._reports is not None and not self._lost:
            self._lost = True
            which = "microphone" if self._context.input is None else "speaker"
            self._reports.lost(f"The {which} {what}: check that it is connected, then start again.")
