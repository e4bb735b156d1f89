"""The sound card: microphone and speaker of this machine.

One callback per 10 ms block and direction copies to or from rings set aside before and wakes the loop; all work is on
the loop's side, in `exchange`. The card runs at 48 kHz whatever the session's rate: others cost 60 ms of round trip.
A device that does not take that is asked for others, each direction by itself.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic
from typing import Any

from voiceloop.devices.base import Line
from voiceloop.devices.cardline import CardLine
from voiceloop.devices.context import LineContext
from voiceloop.devices.duplex import BLOCKS_PER_S
from voiceloop.devices.portaudio import (
    CARD_HZ,
    Kind,
    Opened,
    close_stream,
    open_stream,
    refresh,
    skip_farewell,
    start,
)
from voiceloop.devices.rings import CaptureRing, RenderLog, SpeakerRing
from voiceloop.devices.wavefile import check_paths
from voiceloop.errors import DeviceError, SettingsError
from voiceloop.settings import AudioSettings

__all__ = ["Card", "factory", "sound_card"]

CAPTURE_BLOCKS = 200
"""The loop may be late by 2 s before captured audio is lost; then silence takes its place."""


class Card:
    """Open streams and their rings. The callbacks copy and leave; `open` and `close` block, so they run in threads.

    substitute: take the default device where the one that the settings name cannot be opened.
    woken: called on the loop's thread soon after each block. stopped: the same when the card ends by itself.
    """

    def __init__(
        self,
        audio: AudioSettings,
        *,
        microphone: bool,
        speaker: bool,
        substitute: bool = False,
        woken: Callable[[], None],
        stopped: Callable[[], None],
    ) -> None:
        self._audio = audio
        self._microphone = microphone
        self._speaker = speaker
        self._substitute = substitute
        self._woken = woken
        self._stopped = stopped
        self._loop = asyncio.get_running_loop()
        self._pending = False
        self._closed = False
        self._guard = threading.Lock()  # between open and close, which may be in two threads; never in the callback
        self._streams: list[Any] = []
        self._input_s = 0.0
        self._output_s = 0.0
        self.input_hz = self.output_hz = CARD_HZ
        self.input_channels = 1
        self.names: list[str] = []
        self.input_latency_s = 0.0
        self.output_latency_s = 0.0
        self.underflows = 0
        self.overflows = 0
        self.captured = CaptureRing(0, CAPTURE_BLOCKS)
        self.rendered = RenderLog(CAPTURE_BLOCKS)
        self.speaker = SpeakerRing(2 * CARD_HZ // BLOCKS_PER_S)

    @property
    def last_s(self) -> float:
        """When the direction that is longer silent gave its last sign of life."""
        return min(self._input_s if self._microphone else math.inf, self._output_s if self._speaker else math.inf)

    def open(self) -> None:
        """Open and start. Raises DeviceError."""
        streams: list[Any] = []
        try:
            self._open_streams(streams)
        except BaseException:
            for stream in streams:
                close_stream(stream)
            raise
        with self._guard:
            if not self._closed:
                self._streams = streams
                return
        for stream in streams:
            close_stream(stream)

    def close(self) -> None:
        """Stop at once and close. Idempotent."""
        with self._guard:
            self._closed = True
            streams, self._streams = self._streams, []
        for stream in streams:
            close_stream(stream)

    def abandon(self) -> None:
        """`close` hangs, and so would PortAudio's own farewell at the end of the process: skip it."""
        self._closed = True
        skip_farewell()

    def _open_streams(self, streams: list[Any]) -> None:
        """One stream for each direction: in a common one, an underrun of the speaker would delay the microphone."""
        opened: list[tuple[Kind, str | None, Opened]] = []
        if self._speaker:
            opened.append(self._open_stream("output", self._audio.output_device, self._render))
            output = opened[-1][2]
            streams.append(output.stream)
            self.output_hz, self.output_latency_s = output.rate_hz, output.stream.latency
            self.speaker = SpeakerRing(2 * output.rate_hz // BLOCKS_PER_S, output.channels)
        if self._microphone:
            opened.append(self._open_stream("input", self._audio.input_device, self._capture))
            source = opened[-1][2]
            streams.append(source.stream)
            self.input_hz, self.input_latency_s = source.rate_hz, source.stream.latency
            self.input_channels = source.channels
            self.captured = CaptureRing(4 * source.channels * source.rate_hz // BLOCKS_PER_S, CAPTURE_BLOCKS)
        self.names = list(dict.fromkeys(each.name for _, _, each in opened))
        self._input_s = self._output_s = monotonic()
        for kind, name, each in opened:
            start(each.stream, kind, name)

    def _open_stream(
        self, kind: Kind, name: str | None, callback: Callable[..., None]
    ) -> tuple[Kind, str | None, Opened]:
        try:
            return kind, name, open_stream(kind, name, callback, self._finished)
        except DeviceError:
            if name is None or not self._substitute:
                raise
            return kind, None, open_stream(kind, None, callback, self._finished)

    # On the card's threads: copy and leave -------------------------------------------------------------------------

    def _capture(self, taken: memoryview, frames: int, time: object, status: Any) -> None:  # noqa: ANN401
        self._input_s = at_s = monotonic()
        self.captured.put(taken, at_s)
        if status:
            self.overflows += 1
        self._wake()

    def _render(self, out: memoryview, frames: int, time: Any, status: Any) -> None:  # noqa: ANN401
        self._output_s = at_s = monotonic()
        self.rendered.put(self.speaker.render(out), at_s, time.outputBufferDacTime - time.currentTime)
        if status:
            self.underflows += 1
        self._wake()

    def _wake(self) -> None:
        if not self._pending and not self._closed:
            self._pending = True
            self._call(self._awake)

    def _finished(self) -> None:
        if not self._closed:
            self._call(self._ended)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            # The loop was closed under us; nobody is left to be told, and the streams end with the process.
            self._closed = True

    def _ended(self) -> None:
        if not self._closed:
            self._stopped()

    def _awake(self) -> None:
        self._pending = False
        if not self._closed:
            self._woken()


def factory(settings: Mapping[str, object], context: LineContext) -> Line:
    """The entry point; devices are named in `[audio]`, files on the command line. Raises UsageError for bad files."""
    for name in settings:
        raise SettingsError(f"[line.soundcard] knows no setting {name!r}; devices are named in [audio]")
    check_paths(context.input, context.output)
    return sound_card(context)


def sound_card(context: LineContext) -> CardLine:
    """Return the line on this machine's devices, not open yet."""
    return CardLine(context, partial(Card, context.audio), refresh)
