"""The only door to sounddevice and PortAudio: which devices there are, and one stream opened in a shape it takes."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from voiceloop.devices.cardfaults import Fault, fault_of, sentence, shapes
from voiceloop.devices.duplex import BLOCKS_PER_S
from voiceloop.errors import DeviceError
from voiceloop.machine import PORTAUDIO_HINT

__all__ = [
    "CARD_HZ",
    "Device",
    "Kind",
    "Opened",
    "close_stream",
    "has_soundcard",
    "list_devices",
    "load",
    "open_stream",
    "refresh",
    "skip_farewell",
    "start",
]

CARD_HZ = 48_000
Kind = Literal["input", "output"]
_WHICH: Final[dict[str, Literal["microphone", "speaker"]]] = {"input": "microphone", "output": "speaker"}
_NO_PORTAUDIO = f"The PortAudio library is missing; install it: {PORTAUDIO_HINT}"


_initialized = threading.Lock()
"""Held while PortAudio starts anew and while a stream is opened."""
_open: set[Any] = set()


class Opened(NamedTuple):
    """A stream that was opened, and the shape it took."""

    stream: Any
    rate_hz: int
    channels: int
    name: str


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
    card = load()
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


def load() -> Any:  # noqa: ANN401  (sounddevice has no types)
    """Import sounddevice. Raises DeviceError where it or its library is missing."""
    try:
        import sounddevice  # noqa: PLC0415  needs a library of the system, which servers lack
    except ImportError as failure:
        raise DeviceError("The package sounddevice is missing; install it: pip install sounddevice") from failure
    except OSError as failure:
        raise DeviceError(_NO_PORTAUDIO) from failure
    return sounddevice


def _first_line(failure: BaseException) -> str:
    return str(failure).splitlines()[0] if str(failure) else type(failure).__name__


def open_stream(kind: Kind, name: str | None, callback: Callable[..., None], finished: Callable[[], None]) -> Opened:
    """Open a stream in the first shape that the device takes; end it with `close_stream`. Raises DeviceError.

    An input gives floats, for in 16 bits what was no number has become a click of full scale; an output takes 16 bits.
    """
    card = load()
    make, dtype = (card.RawInputStream, "float32") if kind == "input" else (card.RawOutputStream, "int16")
    with _initialized:
        try:
            device, first = _device(name), None
            found = card.query_devices(device, kind)
            for rate_hz, channels in shapes(CARD_HZ, int(found["default_samplerate"]), found[f"max_{kind}_channels"]):
                try:
                    stream = make(
                        device=device, samplerate=rate_hz, blocksize=rate_hz // BLOCKS_PER_S, channels=channels,
                        dtype=dtype, latency="low", callback=callback, finished_callback=finished,
                    )  # fmt: skip
                except card.PortAudioError as failure:
                    first = first or failure
                    if not _fault(failure).of_shape:
                        raise
                else:
                    _open.add(stream)
                    return Opened(stream, rate_hz, channels, found["name"])
            raise first or ValueError("it has no channels")
        except (card.PortAudioError, ValueError) as failure:
            raise _named(failure, _WHICH[kind], name) from failure


def close_stream(stream: Any) -> None:  # noqa: ANN401
    """Stop at once and close; may hang where the driver does."""
    stream.abort()
    stream.close()
    _open.discard(stream)


def refresh() -> None:
    """Look for devices anew. Raises DeviceError.

    PortAudio looks only when it starts, and its end kills every stream: nothing happens while one is open.
    """
    card = load()
    with _initialized:
        if _open:
            return
        with contextlib.suppress(card.PortAudioError):
            card._terminate()  # noqa: SLF001  (there is no public way)
        try:
            card._initialize()  # noqa: SLF001
        except card.PortAudioError as failure:
            raise DeviceError(f"The sound devices cannot be listed: {_first_line(failure)}") from failure


def start(stream: Any, kind: Kind, name: str | None) -> None:  # noqa: ANN401
    """Start a stream of `open_stream`. Raises DeviceError."""
    try:
        stream.start()
    except load().PortAudioError as failure:
        raise _named(failure, _WHICH[kind], name) from failure


def skip_farewell() -> None:
    """Leave out what PortAudio does at the end of the process: it would wait for a stream that hangs."""
    atexit.unregister(load()._exit_handler)  # noqa: SLF001  (there is no public way)


def _fault(failure: BaseException) -> Fault:
    code, host = (*failure.args[1:3], None, None)[:2]
    _, host_code, host_words = host or (None, None, "")
    return fault_of(str(failure.args[0]) if failure.args else "", code, host_code, host_words)


def _named(failure: BaseException, which: Literal["microphone", "speaker"], name: str | None) -> DeviceError:
    return DeviceError(sentence(_fault(failure), which, name, _first_line(failure)))


def _device(name: str | None) -> int | str | None:
    """A number, or a part of a name, as sounddevice takes them."""
    return int(name) if name is not None and name.isdigit() else name
