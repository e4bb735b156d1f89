"""The microphone of a sound card as everybody should hear it: without the agent's voice and without steady noise."""

from __future__ import annotations

from voiceloop.audio.echo import EchoCanceller, HalfDuplexGate, make_echo_canceller, make_noise_suppressor
from voiceloop.audio.residualgate import ResidualGate
from voiceloop.settings import EchoMethod

__all__ = ["make_cleaner"]


def make_cleaner(
    method: EchoMethod, rate_hz: int, *, noise_suppression: bool, delay_ms: int = 0
) -> EchoCanceller | None:
    """What the settings ask for, None for nothing; `delay_ms` is a hint as for `make_echo_canceller`.

    Raises DeviceError where the package is missing, MisuseError for a rate without whole frames of 10 ms.
    """
    if method == "webrtc":
        return _WithoutEcho(rate_hz, delay_ms, noise_suppression=noise_suppression)
    quiet = make_noise_suppressor(rate_hz) if noise_suppression else None
    if method == "half_duplex":
        return _InTurn(HalfDuplexGate(rate_hz), quiet) if quiet else HalfDuplexGate(rate_hz)
    return quiet


class _WithoutEcho:
    """The canceller, then the gate for what it leaves. Noise goes before the gate, which would let it pass."""

    def __init__(self, rate_hz: int, delay_ms: int, *, noise_suppression: bool) -> None:
        self._canceller = make_echo_canceller(rate_hz, delay_ms=delay_ms, noise_suppression=noise_suppression)
        self._gate = ResidualGate(rate_hz)

    def process(self, near: bytes, far: bytes) -> bytes:
        return self._gate.process(near, far, self._canceller.process(near, far))


class _InTurn:
    """One after the other."""

    def __init__(self, *cleaners: EchoCanceller) -> None:
        self._cleaners = cleaners

    def process(self, near: bytes, far: bytes) -> bytes:
        for cleaner in self._cleaners:
            near = cleaner.process(near, far)
        return near
