"""Taking the agent's own voice and steady noise out of the microphone: the one door to WebRTC's audio processing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from voiceloop.audio.pcm import level_db
from voiceloop.errors import DeviceError, MisuseError

__all__ = ["EchoCanceller", "HalfDuplexGate", "make_echo_canceller", "make_noise_suppressor"]

_LOWEST_HZ = 8_000


class EchoCanceller(Protocol):
    """One microphone and one loudspeaker, in step."""

    def process(self, near: bytes, far: bytes) -> bytes:
        """The microphone's block `near` without the echo of `far`, the block played at the same time.

        Both are 16-bit mono PCM of one length, a multiple of 10 ms; the answer has that length too. The echo may come
        later than its `far` by some hundred ms. Raises MisuseError for other lengths.
        """


def make_echo_canceller(rate_hz: int, *, delay_ms: int = 0, noise_suppression: bool = False) -> EchoCanceller:
    """The WebRTC canceller (AEC3, with its high-pass filter), at 8 kHz or more.

    `delay_ms` is a hint how much later than `far` its echo arrives; it is found without one, in the first second.
    Steady noise goes down by some 6 dB with `noise_suppression`; there is no gain control, which would raise what is
    left of an echo. At 16 or 24 kHz it takes less from a user who speaks over the agent than at 48 kHz. Raises
    DeviceError when the package is missing, MisuseError for a rate without whole frames of 10 ms.
    """
    wanted = {"echo_cancellation": True, "noise_suppression": noise_suppression, "stream_delay_ms": delay_ms}
    return _WebRtc(rate_hz, wanted, "Echo cancellation", 'audio.echo_cancellation = "half_duplex"')


def make_noise_suppressor(rate_hz: int) -> EchoCanceller:
    """WebRTC's, alone, which does not look at `far`. By some 6 dB: more cost words in clips that were loud enough.

    Raises as `make_echo_canceller` does.
    """
    return _WebRtc(rate_hz, {"noise_suppression": True}, "Noise suppression", "audio.noise_suppression = false")


class _WebRtc:
    """Bytes to arrays and back."""

    def __init__(self, rate_hz: int, wanted: Mapping[str, Any], purpose: str, instead: str) -> None:
        self._block = _block_bytes(rate_hz)
        try:
            import pywebrtc_audio  # noqa: PLC0415  an extra, loaded for sound cards only
        except ImportError as error:
            raise DeviceError(f"{purpose} needs a package: pip install 'voiceloop[desk]', or set {instead}.") from error
        # Its EchoCanceller and NoiseSuppressor are the same filters but refuse 8 and 24 kHz.
        self._processor = pywebrtc_audio.AudioProcessor(rate_hz, 1, **wanted)

    def process(self, near: bytes, far: bytes) -> bytes:
        _check(near, far, self._block)
        cleaned: NDArray[np.int16] = self._processor.process(
            np.frombuffer(near, np.int16), np.frombuffer(far, np.int16)
        )
        return cleaned.tobytes()


class HalfDuplexGate:
    """The way out without a canceller: the microphone is silent while the agent is heard, and `tail_ms` longer.

    The user cannot interrupt then; say so. `quiet_db` is the level below which the loudspeaker counts as silent.
    """

    def __init__(self, rate_hz: int, *, tail_ms: int = 300, quiet_db: float = -60.0) -> None:
        self._block = _block_bytes(rate_hz)
        self._tail = 2 * rate_hz * tail_ms // 1000
        self._quiet_db = quiet_db
        self._closed = 0  # bytes for which the microphone stays silent

    def process(self, near: bytes, far: bytes) -> bytes:
        """Silence or `near` as it is. Raises MisuseError like every canceller."""
        _check(near, far, self._block)
        if level_db(far) > self._quiet_db:
            self._closed = self._tail
            return bytes(len(near))
        muted = min(self._closed, len(near))
        self._closed -= muted
        return bytes(muted) + near[muted:]


def _block_bytes(rate_hz: int) -> int:
    if rate_hz < _LOWEST_HZ or rate_hz % 100:
        raise MisuseError(f"Echo cancellation works in blocks of 10 ms at 8 kHz or more, not at {rate_hz} Hz.")
    return rate_hz // 100 * 2


def _check(near: bytes, far: bytes, block_bytes: int) -> None:
    if len(near) != len(far) or len(near) % block_bytes:
        raise MisuseError(
            f"Echo cancellation takes two equal blocks of a multiple of {block_bytes} bytes, "
            f"not {len(near)} and {len(far)}."
        )
