"""Names for what PortAudio and the hosts below it say."""

from __future__ import annotations

import pytest

from voiceloop.devices.cardfaults import Fault, fault_of, sentence, shapes

HOST = "Unanticipated host error"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (("Error opening RawInputStream: Device unavailable", -9985), Fault.BUSY),
        (("Error opening RawInputStream: Invalid sample rate", -9997), Fault.RATE),
        (("Error opening RawInputStream: Invalid number of channels", -9998), Fault.CHANNELS),
        (("Error opening RawInputStream: Invalid device", -9996), Fault.NO_SUCH_DEVICE),
        (("No input device matching 'USB'",), Fault.NO_SUCH_DEVICE),
        (("Not an output device: 'USB'",), Fault.NO_SUCH_DEVICE),
        (("Multiple input devices found for 'USB':\n[1] USB A",), Fault.SEVERAL),
        (("Error querying device -1",), Fault.NONE_THERE),
        (("Error querying device 17",), Fault.NO_SUCH_DEVICE),
        ((HOST, -9999, -16, "Device or resource busy"), Fault.BUSY),
        ((HOST, -9999, -13, "Permission denied"), Fault.FORBIDDEN),
        ((HOST, -9999, -19, "No such device"), Fault.GONE),
        ((HOST, -9999, -112, "Host is down"), Fault.SERVER),
        ((HOST, -9999, -111, "Connection refused"), Fault.SERVER),
        ((HOST, -9999, -2004287484, ""), Fault.GONE),
        ((HOST, -9999, -2147024891, ""), Fault.FORBIDDEN),
        ((HOST, -9999, 4, "The specified device is already in use."), Fault.BUSY),
        ((HOST, -9999, 560492391, "Unknown Error"), Fault.BUSY),
        ((HOST, -9999, -5, "Input/output error"), Fault.UNKNOWN),
        (("",), Fault.UNKNOWN),
    ],
)
def test_a_fault_has_a_name_whichever_host_tells_it(said, fault):
    assert fault_of(*said) is fault


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("which", ["microphone", "speaker"])
@pytest.mark.parametrize("name", [None, "USB"])
def test_each_is_one_sentence_with_what_to_do(fault, which, name):
    told = sentence(fault, which, name, "Invalid something")
    assert "\n" not in told
    assert ":" in told or ";" in told, "what is wrong and what to do"
    assert fault in (Fault.NONE_THERE, Fault.SERVER) or name is None or "'USB'" in told


def test_what_to_do_differs_with_the_fault():
    assert "fuser -v /dev/snd/*" in sentence(Fault.BUSY, "speaker", None, "")
    assert "usermod -aG audio" in sentence(Fault.FORBIDDEN, "microphone", None, "")
    assert "systemctl --user restart" in sentence(Fault.SERVER, "microphone", None, "")
    assert "--input FILE.wav" in sentence(Fault.NONE_THERE, "microphone", None, "")


def test_only_a_wrong_shape_is_worth_another_try():
    assert [fault for fault in Fault if fault.of_shape] == [Fault.RATE, Fault.CHANNELS, Fault.UNKNOWN]


def test_shapes_begin_with_the_usual_one_and_end_with_the_devices_own_number_of_channels():
    tried = list(shapes(48_000, 44_100, 8))
    assert tried[:4] == [(48_000, 1), (48_000, 2), (48_000, 8), (44_100, 1)]
    assert len(tried) == len(set(tried)) == 18
    assert all(rate_hz % 100 == 0 for rate_hz, _ in shapes(48_000, 11_025, 1))
    assert [count for _, count in shapes(48_000, 48_000, 1)][:2] == [1, 2]
