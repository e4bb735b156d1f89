"""The only door to sounddevice and PortAudio: which devices there are, and one stream opened in a shape it takes."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from voiceloop.devices.cardfaults import Fault, fault_of, sentence, shapes
from voiceloop.devices.duplex import BLOCKS_PER_S
from voiceloop.errors import DeviceError
from voiceloop.machine import PORTAUDIO_HINT

__all__ = ["CARD_HZ", "Device", "has_soundcard", "list_devices", "load", "open_stream", "skip_farewell", "start"]

CARD_HZ = 48_000
_WHICH: Final[dict[str, Literal["microphone", "speaker"]]] = {"input": "microphone", "output": "speaker"}
_NO_PORTAUDIO = f"The PortAudio library is missing; install it: {PORTAUDIO_HINT}"


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


def open_stream(
    kind: Literal["input", "output"], name: str | None, callback: Callable[..., None], finished: Callable[[], None]
) -> tuple[Any, int, int]:
    """Return a stream in the first shape that the device takes, its rate and its channels. Raises DeviceError.

    An input gives floats, for in 16 bits what was no number has become a click of full scale; an output takes 16 bits.
    """
    card = load()
    make, dtype = (card.RawInputStream, "float32") if kind == "input" else (card.RawOutputStream, "int16")
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
                return stream, rate_hz, channels
        raise first or ValueError("it has no channels")
    except (card.PortAudioError, ValueError) as failure:
        raise _named(failure, _WHICH[kind], name) from failure


def start(stream: Any, kind: Literal["input", "output"], name: str | None) -> None:  # noqa: ANN401
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
