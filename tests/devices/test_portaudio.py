"""The door to PortAudio, on one that the test plays."""

from __future__ import annotations

import sys

import pytest

from devices.fakeportaudio import FakePortAudio
from voiceloop.devices import portaudio
from voiceloop.errors import DeviceError


class FailingImport:
    """Stands in for sounddevice on a machine without the PortAudio library."""

    def __init__(self, failure):
        self.failure = failure

    def find_spec(self, name, path=None, target=None):
        if name == "sounddevice":
            raise self.failure


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (OSError("PortAudio library not found"), "sudo apt-get install libportaudio2"),
        (ImportError("No module named sounddevice"), "pip install sounddevice"),
    ],
)
def test_a_missing_library_is_named_with_what_to_do(monkeypatch, failure, advice):
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [FailingImport(failure), *sys.meta_path])
    assert not portaudio.has_soundcard()
    with pytest.raises(DeviceError, match=advice):
        portaudio.list_devices()


def ignore(*_):
    pass


@pytest.mark.parametrize(
    ("rates", "channels", "opened"),
    [
        ({48_000}, {1}, ("in", None, 48_000, 480, 1)),
        ({48_000}, {2}, ("in", None, 48_000, 480, 2)),
        ({48_000}, {8}, ("in", None, 48_000, 480, 8)),
        ({44_100}, {8}, ("in", None, 44_100, 441, 8)),
        ({16_000, 11_025}, {1}, ("in", None, 16_000, 160, 1)),
    ],
)
def test_a_device_is_opened_in_the_first_shape_it_takes(monkeypatch, rates, channels, opened):
    fake = FakePortAudio(inputs=(rates, channels), own_channels=8)
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    microphone = portaudio.open_stream("input", None, ignore, ignore)
    portaudio.start(microphone.stream, "input", None)
    assert fake.opened == [opened]
    assert microphone[1:] == (opened[2], opened[4], "USB Headset")
    portaudio.close_stream(microphone.stream)


def test_a_device_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(portaudio, "load", lambda: FakePortAudio(there=False))
    with pytest.raises(DeviceError, match="The speaker 'USB' does not exist; see which there are: voiceloop devices"):
        portaudio.open_stream("output", "USB", ignore, ignore)


def test_a_device_without_channels_is_refused(monkeypatch):
    monkeypatch.setattr(portaudio, "load", lambda: FakePortAudio(inputs=({48_000}, {4}), own_channels=0))
    with pytest.raises(DeviceError, match="neither 1 nor 2 channels"):
        portaudio.open_stream("input", None, ignore, ignore)


def test_devices_are_looked_for_anew_while_no_stream_is_open(monkeypatch):
    fake = FakePortAudio()
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    speaker = portaudio.open_stream("output", None, ignore, ignore)
    portaudio.refresh()
    assert "terminate" not in fake.calls, "it would kill the stream"
    portaudio.close_stream(speaker.stream)
    portaudio.refresh()
    assert fake.calls[-2:] == ["terminate", "initialize"]


def test_a_portaudio_that_does_not_start_again_is_a_device_error_and_may_next_time(monkeypatch):
    monkeypatch.setattr(portaudio, "load", lambda: FakePortAudio(starts=False, there=False))
    with pytest.raises(DeviceError, match="cannot be listed: Error initializing PortAudio"):
        portaudio.refresh()
    fake = FakePortAudio(there=False)
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    portaudio.refresh()
    assert fake.calls == ["terminate", "initialize"]
