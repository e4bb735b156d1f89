from __future__ import annotations

import pytest

from voiceloop.commandline import sound
from voiceloop.devices.portaudio import Device
from voiceloop.errors import DeviceError

CARD = Device(0, "USB Audio", "ALSA", 1, 2, default_input=True, default_output=True)
SPEAKER = Device(1, "HDMI", "ALSA", 0, 8, default_input=False, default_output=False)


def machine(monkeypatch, *devices):
    monkeypatch.setattr(sound, "list_devices", lambda: list(devices))


@pytest.mark.parametrize(
    ("devices", "why"),
    [
        ([CARD], ""),
        ([SPEAKER], "no microphone found"),
        ([], "no microphone and no speaker found"),
    ],
)
def test_a_conversation_needs_a_microphone_and_a_speaker(monkeypatch, devices, why):
    machine(monkeypatch, *devices)
    assert sound.why_no_sound() == why


def test_a_missing_library_is_the_reason_itself(monkeypatch):
    def missing():
        raise DeviceError("install PortAudio")

    monkeypatch.setattr(sound, "list_devices", missing)
    assert sound.why_no_sound() == "install PortAudio"


def test_devices_are_listed_with_their_defaults(monkeypatch, capsys):
    machine(monkeypatch, CARD, SPEAKER)
    assert sound.devices() == 0
    assert capsys.readouterr().out.splitlines() == [
        "number  name       system  in  out  default",
        "0       USB Audio  ALSA    1   2    input and output",
        "1       HDMI       ALSA    0   8",
    ]


def test_a_machine_without_devices_is_told_what_to_do(monkeypatch):
    machine(monkeypatch)
    with pytest.raises(DeviceError, match="--text"):
        sound.devices()
