"""The sound card: microphone and speaker of this machine. The only door to sounddevice and PortAudio.

One callback per 10 ms block and direction copies to or from rings set aside before and wakes the loop; all work is on
the loop's side, in `exchange`. The card runs at 48 kHz whatever the session's rate: others cost 60 ms of round trip.
"""

from __future__ import annotations

import asyncio
import atexit
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from voiceloop.devices.base import Line
from voiceloop.devices.cardline import CardLine
from voiceloop.devices.context import LineContext
from voiceloop.devices.duplex import BLOCKS_PER_S
from voiceloop.devices.rings import CaptureRing, RenderLog, SpeakerRing
from voiceloop.devices.wavefile import check_paths
from voiceloop.errors import DeviceError, SettingsError
from voiceloop.machine import PORTAUDIO_HINT
from voiceloop.settings import AudioSettings

__all__ = ["Card", "Device", "factory", "has_soundcard", "list_devices"]

CARD_HZ = 48_000
CAPTURE_BLOCKS = 200
"""The loop may be late by 2 s before captured audio is lost; then silence takes its place."""

_NO_PORTAUDIO = f"The PortAudio library is missing; install it: {PORTAUDIO_HINT}"
_FILES_INSTEAD = "connect one, or use files: --input FILE.wav --output FILE.wav"


@dataclass(frozen=True, slots=True)
class Device:
    """One device of this machine, as `voiceloop devices` lists it."""

    number: int
    name: str
    host: str
    inputs: int
    outputs: int
    default_input: bool
    default_output: bool


def has_soundcard() -> bool:
    """There is a microphone and a speaker. False also where PortAudio is missing."""
    try:
        devices = list_devices()
    except DeviceError:
        return False
    return any(d.inputs for d in devices) and any(d.outputs for d in devices)


def list_devices() -> list[Device]:
    """All devices PortAudio knows. Blocks for some 100 ms the first time. Raises DeviceError without PortAudio."""
    card = _load()
    try:
        inputs, outputs = card.default.device
        hosts = [host["name"] for host in card.query_hostapis()]
        return [
            Device(
                number,
                found["name"],
                hosts[found["hostapi"]],
                found["max_input_channels"],
                found["max_output_channels"],
                number == inputs,
                number == outputs,
            )
            for number, found in enumerate(card.query_devices())
        ]
    except card.PortAudioError as failure:
        raise DeviceError(f"The sound devices cannot be listed: {_first_line(failure)}") from failure


class Card:
    """Open streams and their rings. The callbacks copy and leave; `open` and `close` block, so they run in threads.

    woken: called on the loop's thread soon after each block. stopped: the same when the card ends by itself.
    """

    def __init__(
        self,
        audio: AudioSettings,
        *,
        microphone: bool,
        speaker: bool,
        woken: Callable[[], None],
        stopped: Callable[[], None],
    ) -> None:
        self._audio = audio
        self._microphone = microphone
        self._speaker = speaker
        self._woken = woken
        self._stopped = stopped
        self._loop = asyncio.get_running_loop()
        self._pending = False
        self._closed = False
        self._guard = threading.Lock()  # between open and close, which may be in two threads; never in the callback
        self._streams: list[Any] = []
        self._input_s = 0.0
        self._output_s = 0.0
        self.rate_hz = CARD_HZ
        self.input_latency_s = 0.0
        self.output_latency_s = 0.0
        self.underflows = 0
        self.overflows = 0
        self._size_rings()

    def _size_rings(self) -> None:
        block_bytes = 2 * self.rate_hz // BLOCKS_PER_S
        self.captured = CaptureRing(block_bytes, CAPTURE_BLOCKS)
        self.rendered = RenderLog(CAPTURE_BLOCKS)
        self.speaker = SpeakerRing(block_bytes)

    @property
    def last_s(self) -> float:
        """When the direction that is longer silent gave its last sign of life."""
        return min(self._input_s if self._microphone else math.inf, self._output_s if self._speaker else math.inf)

    def open(self) -> None:
        """Open and start. Raises DeviceError."""
        sounddevice = _load()
        streams: list[Any] = []
        try:
            self._open_streams(sounddevice, streams)
            self._input_s = self._output_s = monotonic()
            for stream in streams:
                stream.start()
        except (sounddevice.PortAudioError, ValueError) as failure:
            for stream in streams:
                stream.close()
            raise DeviceError(f"The sound card cannot be opened: {_explain(sounddevice, failure)}") from failure
        with self._guard:
            if not self._closed:
                self._streams = streams
                return
        for stream in streams:
            stream.close()

    def close(self) -> None:
        """Stop at once and close. Idempotent."""
        with self._guard:
            self._closed = True
            streams, self._streams = self._streams, []
        for stream in streams:
            stream.abort()
            stream.close()

    def abandon(self) -> None:
        """`close` hangs, and so would PortAudio's own farewell at the end of the process: skip it."""
        self._closed = True
        atexit.unregister(_load()._exit_handler)  # noqa: SLF001  (there is no public way)

    def _open_streams(self, sounddevice: Any, streams: list[Any]) -> None:  # noqa: ANN401  (sounddevice has no types)
        """One stream for each direction: in a common one, an underrun of the speaker would delay the microphone."""
        try:
            self._open_at(sounddevice, streams, CARD_HZ)
        except sounddevice.PortAudioError:
            kind = "input" if self._microphone else "output"
            own_hz = int(sounddevice.query_devices(self._devices()[not self._microphone], kind)["default_samplerate"])
            if own_hz == CARD_HZ or own_hz % BLOCKS_PER_S:
                raise
            for stream in streams:
                stream.close()
            streams.clear()
            self._open_at(sounddevice, streams, own_hz)

    def _open_at(self, sounddevice: Any, streams: list[Any], rate_hz: int) -> None:  # noqa: ANN401
        self.rate_hz = rate_hz
        self._size_rings()
        inputs, outputs = self._devices()
        common = {
            "samplerate": rate_hz,
            "blocksize": rate_hz // BLOCKS_PER_S,
            "channels": 1,
            "dtype": "int16",
            "latency": "low",
            "finished_callback": self._finished,
        }
        if self._speaker:
            streams.append(sounddevice.RawOutputStream(device=outputs, callback=self._render, **common))
            self.output_latency_s = streams[-1].latency
        if self._microphone:
            streams.append(sounddevice.RawInputStream(device=inputs, callback=self._capture, **common))
            self.input_latency_s = streams[-1].latency

    def _devices(self) -> tuple[int | str | None, int | str | None]:
        return _device(self._audio.input_device), _device(self._audio.output_device)

    # On the card's threads: copy and leave -------------------------------------------------------------------------

    def _capture(self, taken: memoryview, frames: int, time: object, status: Any) -> None:  # noqa: ANN401
        self._input_s = at_s = monotonic()
        self.captured.put(taken, at_s)
        if status:
            self.overflows += 1
        self._wake()

    def _render(self, out: memoryview, frames: int, time: object, status: Any) -> None:  # noqa: ANN401
        self._output_s = at_s = monotonic()
        self.rendered.put(self.speaker.render(out), at_s)
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
    return CardLine(context, partial(Card, context.audio))


def _load() -> Any:  # noqa: ANN401  (sounddevice has no types)
    try:
        import sounddevice  # noqa: PLC0415  needs a library of the system, which servers lack
    except ImportError as failure:
        raise DeviceError("The package sounddevice is missing; install it: pip install sounddevice") from failure
    except OSError as failure:
        raise DeviceError(_NO_PORTAUDIO) from failure
    return sounddevice


def _first_line(failure: BaseException) -> str:
    return str(failure).splitlines()[0] if str(failure) else type(failure).__name__


def _explain(sounddevice: Any, failure: BaseException) -> str:  # noqa: ANN401
    """One line that says what to do instead of PortAudio's own words."""
    if not list(sounddevice.query_devices()):
        return f"this machine has none; {_FILES_INSTEAD}."
    return f"{_first_line(failure)}; see which there are: voiceloop devices"


def _device(name: str | None) -> int | str | None:
    """A number, or a part of a name, as sounddevice takes them."""
    return int(name) if name is not None and name.isdigit() else name
