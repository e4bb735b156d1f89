"""Whether this machine can hear and speak, and `voiceloop devices`."""

from __future__ import annotations

from voiceloop.commandline.listings import print_rows
from voiceloop.devices.portaudio import Device, list_devices
from voiceloop.errors import DeviceError

__all__ = ["devices", "why_no_sound"]


def why_no_sound() -> str:
    """Return why a conversation cannot use a sound card; empty when it can."""
    try:
        found = list_devices()
    except DeviceError as error:
        return str(error)
    missing = [
        what
        for what, there in (
            ("microphone", any(device.inputs for device in found)),
            ("speaker", any(device.outputs for device in found)),
        )
        if not there
    ]
    return f"no {' and no '.join(missing)} found" if missing else ""


def devices() -> int:
    """Print the sound devices of this machine."""
    found = list_devices()
    if not found:
        raise DeviceError("no sound devices found; connect one, or use --input FILE.wav or --text")
    rows = [(str(d.number), d.name, d.host, str(d.inputs), str(d.outputs), default_for(d)) for d in found]
    print_rows([("number", "name", "system", "in", "out", "default"), *rows])
    return 0


def default_for(device: Device) -> str:
    """Return what a device is the default for."""
    uses = (("input", device.default_input), ("output", device.default_output))
    return " and ".join(use for use, is_it in uses if is_it)
