"""Stands in for sounddevice."""

from __future__ import annotations


class FakeStream:
    latency = 0.02

    def __init__(self, sounddevice, callback):
        self.sounddevice = sounddevice
        self.callback = callback

    def start(self):
        if not self.sounddevice.starts:
            host = (0, -19, "No such device")
            raise self.sounddevice.PortAudioError("Unanticipated host error", -9999, host)
        self.sounddevice.calls.append("start")

    def abort(self):
        self.sounddevice.calls.append("abort")

    def close(self):
        self.sounddevice.calls.append("close")


class FakePortAudio:
    """Each direction takes some rates and some numbers of channels."""

    class PortAudioError(Exception):
        pass

    def __init__(
        self,
        inputs=({48_000}, {1}),
        outputs=({48_000}, {1}),
        *,
        own_channels=2,
        busy=False,
        starts=True,
        there=True,
        named=True,
    ):
        self.takes = {"in": inputs, "out": outputs}
        self.own_channels = own_channels
        self.busy = busy
        self.starts = starts
        self.there = there
        self.named = named
        self.calls = []
        self.opened = []

    def query_devices(self, device, kind):
        if not self.there or (device is not None and not self.named):
            raise ValueError(f"No {kind} device matching {device!r}")
        own_hz = min(self.takes[kind.removesuffix("put")][0])
        return {"name": "USB Headset", "default_samplerate": float(own_hz), f"max_{kind}_channels": self.own_channels}

    def _terminate(self):
        self.calls.append("terminate")
        if not self.there:
            raise self.PortAudioError("PortAudio not initialized")

    def _initialize(self):
        self.calls.append("initialize")
        if not self.starts:
            raise self.PortAudioError("Error initializing PortAudio: Unanticipated host error")

    def _open(self, direction, parts):
        rates, channels = self.takes[direction]
        call = (direction, parts["device"], parts["samplerate"], parts["blocksize"], parts["channels"])
        self.calls.append(call)
        if self.busy:
            raise self.PortAudioError("Error opening stream: Device unavailable\nmore", -9985)
        if parts["samplerate"] not in rates:
            raise self.PortAudioError("Error opening stream: Invalid sample rate\nmore", -9997)
        if parts["channels"] not in channels:
            raise self.PortAudioError("Error opening stream: Invalid number of channels", -9998)
        assert parts["dtype"] == {"in": "float32", "out": "int16"}[direction]
        self.opened.append(call)
        return FakeStream(self, parts["callback"])

    def RawInputStream(self, **parts):  # noqa: N802  (its name)
        return self._open("in", parts)

    def RawOutputStream(self, **parts):  # noqa: N802
        return self._open("out", parts)
