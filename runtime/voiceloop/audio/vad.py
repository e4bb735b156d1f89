"""Is this frame speech: the one door to webrtcvad, the cheap gate in front of everything that costs more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from voiceloop.audio.filters import lowpass
from voiceloop.errors import DeviceError, MisuseError

__all__ = ["Detector", "webrtc_detector"]

Detector = Callable[[bytes], bool]
"""Takes the frames of one stream in order, 10, 20 or 30 ms of 16-bit mono PCM each: is it speech?"""

_OWN_RATES_HZ = frozenset({8_000, 16_000, 32_000})
_DECIMATION = {24_000: 3, 48_000: 6}
"""webrtcvad refuses 24 kHz and is slow at 48; it looks at nothing above 4 kHz anyway."""
_LOW_HZ = 8_000
_TAPS_PER_STEP = 5
"""Short: no more is needed than that sibilants do not fold into the band where vowels are looked for."""


def webrtc_detector(rate_hz: int, mode: int = 2) -> Detector:
    """A detector with a memory of its own. `mode` 0 calls most frames speech, 3 the fewest.

    The detector raises MisuseError for a frame of another length. Raises MisuseError for another rate, DeviceError
    when the package is missing.
    """
    if rate_hz not in _DECIMATION and rate_hz not in _OWN_RATES_HZ:
        raise MisuseError(f"Voice activity detection takes 8, 16, 24, 32 or 48 kHz, not {rate_hz} Hz: resample first.")
    try:
        import webrtcvad  # noqa: PLC0415  loaded when somebody listens
    except ImportError as error:
        raise DeviceError("Voice activity detection needs a package: pip install webrtcvad-wheels.") from error
    is_speech = webrtcvad.Vad(mode).is_speech
    decimate = _Decimator(_DECIMATION[rate_hz]) if rate_hz in _DECIMATION else None
    vad_hz = _LOW_HZ if decimate else rate_hz
    lengths = {2 * rate_hz * frame_ms // 1000 for frame_ms in (10, 20, 30)}

    def detect(frame: bytes) -> bool:
        if len(frame) not in lengths:
            raise MisuseError(f"A frame for voice activity detection has 10, 20 or 30 ms, not {len(frame)} bytes.")
        return bool(is_speech(decimate(frame) if decimate else frame, vad_hz))

    return detect


class _Decimator:
    """Down to 8 kHz for frames of whole multiples of `step` samples; delays by 0.3 ms."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._taps = lowpass(_TAPS_PER_STEP * step, 0.45 / step).astype(np.float32)
        self._held: NDArray[np.float32] = np.zeros(len(self._taps) - step, np.float32)

    def __call__(self, frame: bytes) -> bytes:
        held: NDArray[np.float32] = np.concatenate((self._held, np.frombuffer(frame, np.int16)), dtype=np.float32)
        count = len(frame) // (2 * self._step)
        strides = (held.itemsize * self._step, held.itemsize)
        windows = np.ndarray((count, len(self._taps)), np.float32, held, 0, strides)
        self._held = held[count * self._step :]
        return (windows.copy() @ self._taps).clip(-32768, 32767).astype(np.int16).tobytes()
