"""The sound card as a line: opens the card, puts everything in place, notices when the card goes away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from time import monotonic

from voiceloop.audio.cleaning import make_cleaner
from voiceloop.audio.echo import HalfDuplexGate
from voiceloop.audio.ledger import Ledger
from voiceloop.audio.pcm import level_db
from voiceloop.devices.base import Ears, LineReports, Played
from voiceloop.devices.context import LineContext
from voiceloop.devices.exchange import Card, CardMaker, Exchange
from voiceloop.devices.recorder import Recorder
from voiceloop.devices.threads import in_thread
from voiceloop.devices.wavefile import FileMicrophone, check_paths
from voiceloop.errors import DeviceError, MisuseError, VoiceloopError
from voiceloop.machine import MICROPHONE_HINT

__all__ = ["CardLine", "Trouble"]

OPEN_WITHIN_S = 10.0
DEAD_AFTER_S = 2.0
_LOOK_EVERY_S = 0.5
_SILENT = f"the microphone gives nothing but zeros: it is muted, or this program may not use it; {MICROPHONE_HINT}"
_BROKEN = "the microphone gives samples that are no numbers; they become silence: its driver is at fault"
_ECHO_STATUS = {"webrtc": "on", "half_duplex": "half duplex, you cannot interrupt", "none": "off"}


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


class CardLine:
    """Microphone and speaker of this machine; either may be a WAV file instead.

    With both, the agent's voice is taken out of the microphone. With `output` there is no speaker: the agent goes only
    into the recording. With `input` a file speaks through the speaker's clock.
    """

    def __init__(self, context: LineContext, make_card: CardMaker) -> None:
        self._context = context
        self._make_card = make_card
        self._has_speaker = context.speaker and (context.output is None or context.tee)
        self._ledger: Ledger | None = None
        self._reports: LineReports | None = None
        self._card: Card | None = None
        self._exchange: Exchange | None = None
        self._file: FileMicrophone | None = None
        self._recorder: Recorder | None = None
        self._running = False
        self._started = asyncio.Event()
        self._stopped_early = False
        self._watch: asyncio.TimerHandle | None = None
        self._lost = False
        self.echo_status = "off"
        """For the screen: `on`, `off`, or why the user cannot interrupt."""

    @property
    def level_db(self) -> float:
        """Level of the newest frame of the microphone, in dBFS."""
        return level_db(b"" if self._exchange is None else self._exchange.microphone.last)

    @property
    def latency_s(self) -> tuple[float, float]:
        """What the card says it adds to capture and playback."""
        card = self._card
        return (0.0, 0.0) if card is None else (card.input_latency_s, card.output_latency_s)

    @property
    def trouble(self) -> Trouble:
        """What went wrong so far."""
        card, exchange = self._card, self._exchange
        if card is None or exchange is None:
            return Trouble(0, 0, 0, 0)
        lost, broken = exchange.times.missing_blocks, exchange.intake.broken_samples
        return Trouble(card.underflows, card.overflows, card.speaker.dry, lost, broken)

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Open the card and wait for its first block. Raises DeviceError or UsageError; cancelling closes the line."""
        if self._ledger is not None:
            raise MisuseError("this line was opened before; make a new one")
        self._ledger, self._reports = ledger, reports
        try:
            self._open_files(rate_hz)
            card = await self._start_card()
            self._exchange = self._connect(Exchange(card, ledger, ears, rate_hz, speaker=self._has_speaker), rate_hz)
            ledger.echoes = self.echo_status == _ECHO_STATUS["webrtc"]
        except BaseException:
            await self.close(0.5)
            raise
        # What passed before sample 0.
        card.captured.forget()
        card.rendered.forget()
        self._running = True
        self._look()

    def flush(self, generation: int) -> None:
        """Forget what has not reached the card; it still plays what it took, `latency_s` of it."""
        if self._exchange is not None:
            self._exchange.flush(generation)

    def played(self) -> Played:
        """Estimated from what the card took and the latency it reports; exact where there is only a recording."""
        if self._ledger is None or self._exchange is None:
            return Played(0, 0, exact=False)
        playback = self._exchange.playback
        if playback is None:
            return Played(self._ledger.generation, self._ledger.position, exact=True)
        return Played(self._ledger.generation, playback.heard(monotonic()), exact=False)

    async def close(self, within_s: float) -> None:
        """Stop the card and finish the files. Idempotent; cancelling leaves only the card's thread behind."""
        self._running = False
        if self._watch is not None:
            self._watch.cancel()
        try:
            await self._close_card(max(within_s, 0.05))
        finally:
            if self._file is not None:
                self._file.close()
            if self._recorder is not None:
                self._recorder.close()

    # Opening and closing -------------------------------------------------------------------------------------------

    def _open_files(self, rate_hz: int) -> None:
        context = self._context
        check_paths(context.input, context.output)
        if context.input is not None:
            self._file = FileMicrophone(context.input, rate_hz)
        if context.output is not None:
            self._recorder = Recorder(context.output, rate_hz, context.warn)

    async def _start_card(self) -> Card:
        try:
            return await self._try_card()
        except DeviceError:
            # A busy sound server may refuse once; a card that is not there refuses twice.
            await self._close_card(OPEN_WITHIN_S)
            return await self._try_card()

    async def _try_card(self) -> Card:
        self._started.clear()
        self._stopped_early = False
        card = self._card = self._make_card(
            microphone=self._context.input is None, speaker=self._has_speaker, woken=self._woken, stopped=self._stopped
        )
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                await in_thread(card.open, OPEN_WITHIN_S)
                await self._started.wait()
        except TimeoutError as failure:
            silent = f"The sound card gave no audio for {OPEN_WITHIN_S:g} s; check that it works."
            raise DeviceError(silent) from failure
        if self._stopped_early:
            raise DeviceError("The sound card stopped as soon as it was started; check that it works.")
        return card

    async def _close_card(self, within_s: float) -> None:
        if self._card is not None:
            try:
                await in_thread(self._card.close, within_s)
            except TimeoutError:
                self._card.abandon()
                self._context.warn("card_hangs", "the sound card did not close in time; it is left behind")

    def _connect(self, exchange: Exchange, rate_hz: int) -> Exchange:
        """Put in place what stands between card and session."""
        context, path = self._context, exchange.echo_path
        exchange.deaf = partial(context.warn, "microphone_silent", _SILENT)
        exchange.broken = partial(context.warn, "microphone_broken", _BROKEN)
        if context.input is not None:
            exchange.file, exchange.file_ended = self._file, self._file_ended
        echo_s = 0.0 if path is None or context.input is not None else path.echo_after_s
        if context.input is None:
            self._clean(exchange, rate_hz, round(1000 * echo_s))
        if self._recorder is not None:
            exchange.microphone.record(self._recorder, round(echo_s * rate_hz))
        return exchange

    def _clean(self, exchange: Exchange, rate_hz: int, delay_ms: int) -> None:
        """Take echo and noise out of the microphone, as far as there are any and the settings want it."""
        audio = self._context.audio
        method = audio.echo_cancellation if exchange.echo_path is not None else "none"
        self.echo_status = _ECHO_STATUS[method]
        microphone = exchange.microphone
        try:
            microphone.canceller = make_cleaner(
                method, rate_hz, noise_suppression=audio.noise_suppression, delay_ms=delay_ms
            )
        except VoiceloopError as failure:
            if method == "none":
                self._context.warn("noise", str(failure))
                return
            microphone.canceller = HalfDuplexGate(rate_hz)
            self.echo_status = f"{_ECHO_STATUS['half_duplex']}: {failure}"
            self._context.warn("half_duplex", self.echo_status)

    # Running -------------------------------------------------------------------------------------------------------

    def _woken(self) -> None:
        if self._running and self._exchange is not None:
            self._exchange.turn(monotonic())
        elif self._card is not None:
            # Each direction must give a sign of life.
            captures = self._card.captured.written or self._context.input is not None
            if captures and (self._card.rendered.written or not self._has_speaker):
                self._started.set()

    def _file_ended(self) -> None:
        if self._reports is not None:
            self._reports.input_ended()

    def _look(self) -> None:
        if self._card is None or not self._running:
            return
        if monotonic() - self._card.last_s > DEAD_AFTER_S:
            self._lose("gives no audio any more")
        else:
            self._watch = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)

    def _stopped(self) -> None:
        if self._running:
            self._lose("stopped")
        else:
            self._stopped_early = True
            self._started.set()

    def _lose(self, what: str) -> None:
        self._running = False
        if self._reports is not None and not self._lost:
            self._lost = True
            which = "microphone" if self._context.input is None else "speaker"
            self._reports.lost(f"The {which} {what}: check that it is connected, then start again.")
