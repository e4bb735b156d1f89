"""The sound card as a line: puts everything in place between a card that may change and the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic

from voiceloop.audio.cleaning import make_cleaner
from voiceloop.audio.echo import HalfDuplexGate
from voiceloop.audio.ledger import Ledger
from voiceloop.audio.pcm import level_db
from voiceloop.devices.base import Ears, LineReports, Played
from voiceloop.devices.cardkeeper import CardKeeper
from voiceloop.devices.context import LineContext
from voiceloop.devices.exchange import Card, CardMaker, Exchange, Trouble
from voiceloop.devices.recorder import Recorder
from voiceloop.devices.wavefile import FileMicrophone, check_paths
from voiceloop.errors import MisuseError, VoiceloopError
from voiceloop.machine import MICROPHONE_HINT

__all__ = ["CardLine", "Trouble"]

_SILENT = f"the microphone gives nothing but zeros: it is muted, or this program may not use it; {MICROPHONE_HINT}"
_BROKEN = "the microphone gives samples that are no numbers; they become silence: its driver is at fault"
_ECHO_STATUS = {"webrtc": "on", "half_duplex": "half duplex, you cannot interrupt", "none": "off"}


class CardLine:
    """Microphone and speaker of this machine; either may be a WAV file instead.

    With both, the agent's voice is taken out of the microphone. With `output` there is no speaker: the agent goes only
    into the recording. With `input` a file speaks through the speaker's clock.
    """

    def __init__(self, context: LineContext, make_card: CardMaker, refresh: Callable[[], None] | None = None) -> None:
        """`refresh` looks for devices anew; it blocks and runs in a thread."""
        self._context = context
        self._has_speaker = context.speaker and (context.output is None or context.tee)
        self._ledger: Ledger | None = None
        self._reports: LineReports | None = None
        self._keeper = CardKeeper(
            make_card, self, context.warn, microphone=context.input is None, speaker=self._has_speaker
        )
        if refresh is not None:
            self._keeper.refresh = refresh
        self._exchange: Exchange | None = None
        self._file: FileMicrophone | None = None
        self._recorder: Recorder | None = None
        self.echo_status = "off"
        """For the screen: `on`, `off`, or why the user cannot interrupt."""

    @property
    def level_db(self) -> float:
        """Level of the newest frame of the microphone, in dBFS."""
        return level_db(b"" if self._exchange is None else self._exchange.microphone.last)

    @property
    def latency_s(self) -> tuple[float, float]:
        """What the card adds to capture, as it reports, and to playback, by its stream's own clock where it has one."""
        card, playback = self._keeper.card, None if self._exchange is None else self._exchange.playback
        if card is None:
            return (0.0, 0.0)
        return card.input_latency_s, card.output_latency_s if playback is None else playback.latency_s

    @property
    def trouble(self) -> Trouble:
        """What went wrong so far."""
        return Trouble(0, 0, 0, 0) if self._exchange is None else self._exchange.trouble

    @property
    def mishaps(self) -> Mapping[str, int]:
        """What went wrong so far."""
        return {"underruns": self.trouble.underruns, "overruns": self.trouble.overruns}

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Open the card and wait for its first block. Raises DeviceError or UsageError; cancelling closes the line."""
        if self._ledger is not None:
            raise MisuseError("this line was opened before; make a new one")
        self._ledger, self._reports = ledger, reports
        try:
            self._open_files(rate_hz)
            card = await self._keeper.open()
            self._exchange = self._connect(Exchange(card, ledger, ears, rate_hz, speaker=self._has_speaker), rate_hz)
            ledger.echoes = self.echo_status == _ECHO_STATUS["webrtc"]
        except BaseException:
            await self.close(0.5)
            raise
        _forget(card)
        self._keeper.start()

    def flush(self, generation: int) -> None:
        """Forget what has not reached the card; it still plays what it took, `latency_s` of it."""
        if self._exchange is not None:
            self._exchange.flush(generation)

    def played(self) -> Played:
        """Estimated from what the card took and when that sounds; exact where there is only a recording."""
        if self._ledger is None or self._exchange is None:
            return Played(0, 0, exact=False)
        playback = self._exchange.playback
        if playback is None:
            return Played(self._ledger.generation, self._ledger.position, exact=True)
        return Played(self._ledger.generation, playback.heard(monotonic()), exact=False)

    async def close(self, within_s: float) -> None:
        """Stop the card and finish the files. Idempotent; cancelling leaves only the card's thread behind."""
        try:
            await self._keeper.close(max(within_s, 0.05))
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
            return
        if self._ledger is not None:
            self._ledger.echoes = method == "webrtc"

    # cardkeeper.CardUser ---------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Move what the card gave and takes."""
        if self._exchange is not None:
            self._exchange.turn(monotonic())

    def gap(self) -> None:
        """There is no card just now."""
        if self._exchange is not None:
            self._exchange.wait(monotonic())

    def connect(self, card: Card) -> None:
        """Go on with another card."""
        if self._exchange is not None:
            self._exchange.replace(card, monotonic())
            _forget(card)

    def gone(self, detail: str) -> None:
        """There will be no card any more."""
        if self._reports is not None:
            self._reports.lost(detail)

    def _file_ended(self) -> None:
        if self._reports is not None:
            self._reports.input_ended()


def _forget(card: Card) -> None:
    """What passed before the first sample that counts."""
    card.captured.forget()
    card.rendered.forget()
