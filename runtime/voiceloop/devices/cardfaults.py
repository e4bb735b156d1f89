"""Why a sound card cannot be opened, in one sentence with the fix. Pure: PortAudio's errors come in as plain values.

PortAudio has a few codes of its own and passes on what the system said; the system's words differ per host.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from voiceloop.machine import BUSY_HINT, MICROPHONE_HINT, SOUND_PERMISSION_HINT, SOUND_SERVER_HINT

__all__ = ["Fault", "fault_of", "sentence", "shapes"]

FILES_INSTEAD = "connect one, or use files: --input FILE.wav --output FILE.wav"
_LIST = "see which there are: voiceloop devices"
_RATES_HZ = (44_100, 32_000, 24_000, 16_000, 8_000)


class Fault(StrEnum):
    """What is wrong with a device."""

    NONE_THERE = "none there"
    NO_SUCH_DEVICE = "no such device"
    SEVERAL = "several devices of that name"
    BUSY = "busy"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    SERVER = "sound server down"
    RATE = "rate"
    CHANNELS = "channels"
    UNKNOWN = "unknown"

    @property
    def of_shape(self) -> bool:
        """Another rate or number of channels may be taken."""
        return self in (Fault.RATE, Fault.CHANNELS, Fault.UNKNOWN)


_CODES = {
    -9998: Fault.CHANNELS,
    -9997: Fault.RATE,
    -9996: Fault.NO_SUCH_DEVICE,
    -9985: Fault.BUSY,  # "device unavailable": ALSA's EBUSY, CoreAudio's and WASAPI's device in use
}
_HOST_CODES = {
    -2004287478: Fault.BUSY,  # AUDCLNT_E_DEVICE_IN_USE
    -2004287474: Fault.BUSY,  # AUDCLNT_E_EXCLUSIVE_MODE_NOT_ALLOWED
    -2004287484: Fault.GONE,  # AUDCLNT_E_DEVICE_INVALIDATED
    -2004287480: Fault.RATE,  # AUDCLNT_E_UNSUPPORTED_FORMAT
    -2147024891: Fault.FORBIDDEN,  # E_ACCESSDENIED
    560492391: Fault.BUSY,  # CoreAudio '!hog': another process has the device for itself
    560227702: Fault.GONE,  # CoreAudio '!dev'
    560226676: Fault.RATE,  # CoreAudio '!dat'
}
_WORDS = (
    (Fault.SEVERAL, ("multiple",)),
    (Fault.NO_SUCH_DEVICE, ("no input device matching", "no output device matching", "not an input", "not an output")),
    (Fault.NONE_THERE, ("error querying device -1",)),
    (Fault.NO_SUCH_DEVICE, ("error querying device",)),
    (Fault.BUSY, ("busy", "in use", "already allocated")),
    (Fault.FORBIDDEN, ("permission denied", "access is denied", "access denied", "not permitted")),
    (Fault.SERVER, ("host is down", "connection refused", "connection terminated", "connection reset")),
    (Fault.GONE, ("no such device", "no such file", "invalidated", "unplugged", "disconnected", "out of range")),
)


def fault_of(words: str, code: int | None = None, host_code: int | None = None, host_words: str = "") -> Fault:
    """Name the fault from PortAudio's words and code, and from what the host below it said."""
    if host_code in _HOST_CODES:
        return _HOST_CODES[host_code]
    said = f"{host_words}\n{words}".lower()
    found = next((fault for fault, marks in _WORDS if any(mark in said for mark in marks)), None)
    return found or _CODES.get(code or 0, Fault.UNKNOWN)


_PERMISSION_HINT = {"microphone": SOUND_PERMISSION_HINT or MICROPHONE_HINT, "speaker": SOUND_PERMISSION_HINT or _LIST}
_SENTENCES = {
    Fault.NONE_THERE: f"This machine has no {{which}}: {FILES_INSTEAD}.",
    Fault.NO_SUCH_DEVICE: f"{{device}} does not exist; {_LIST}",
    Fault.SEVERAL: "{device} is not the only one of that name; give more of it, or its number: voiceloop devices",
    Fault.BUSY: f"{{device}} is in use by another program: {BUSY_HINT}.",
    Fault.GONE: "{device} went away: connect it again, or choose another: voiceloop devices",
    Fault.FORBIDDEN: "{device} may not be used by this program: {permission}.",
    Fault.SERVER: f"The sound server does not answer: {SOUND_SERVER_HINT}.",
    Fault.RATE: "{device} takes no usual sample rate ({words}): set it to 48 kHz in the system's sound settings.",
    Fault.CHANNELS: f"{{device}} takes neither 1 nor 2 channels nor its own number of them ({{words}}); {_LIST}",
    Fault.UNKNOWN: f"{{device}} cannot be opened: {{words}}; {_LIST}",
}


def sentence(fault: Fault, which: Literal["microphone", "speaker"], name: str | None, words: str) -> str:
    """One line: what is wrong with the device of that name (None: the default), and what to do."""
    device = f"The {which}" if name is None else f"The {which} {name!r}"
    return _SENTENCES[fault].format(which=which, device=device, words=words, permission=_PERMISSION_HINT[which])


def shapes(usual_hz: int, own_hz: int, own_channels: int) -> Iterator[tuple[int, int]]:
    """Rates and channel counts to try, in this order; each rate has whole blocks of 10 ms."""
    rates = [hz for hz in dict.fromkeys((usual_hz, own_hz, *_RATES_HZ)) if hz > 0 and hz % 100 == 0]
    counts = [n for n in dict.fromkeys((1, 2, own_channels)) if 0 < n <= max(own_channels, 2)]
    yield from ((hz, channels) for hz in rates for channels in counts)
