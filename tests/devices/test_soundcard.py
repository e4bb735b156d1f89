"""The sound card for real: PortAudio on PulseAudio's null sinks, each scene in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from devices.fakeportaudio import FakePortAudio
from voiceloop.devices import portaudio, soundcard
from voiceloop.devices.cardline import CardLine
from voiceloop.devices.context import LineContext
from voiceloop.errors import DeviceError, SettingsError, UsageError
from voiceloop.settings import AudioSettings

pytestmark = [pytest.mark.real, pytest.mark.alone]

CLOCK = SimpleNamespace(currentTime=2.0, outputBufferDacTime=2.5)
PROGRAM = Path(__file__).parent / "card_program.py"


def play(environment, scene, *arguments):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), scene, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    print(scene, figures)  # noqa: T201  (shown when a test fails, and with -s)
    return figures


def test_the_devices_are_listed(sound):
    figures = play(sound.start(), "listing")
    assert figures["has"]
    assert "default" in figures["names"]


def test_what_is_played_comes_back_whole_and_on_time(sound):
    environment = sound.start() | {"PULSE_SOURCE": "speaker.monitor"}
    figures = play(environment, "round_trip")
    assert figures["heard_ms"] == [50] * 10
    assert statistics.median(figures["match"]) > 0.95
    assert 20 < statistics.median(figures["round_trip_ms"]) < 150
    assert abs(figures["behind_s"]) < 0.1


def test_an_interruption_is_heard_soon_and_booked_within_the_latency(sound):
    environment = sound.start() | {"PULSE_SOURCE": "speaker.monitor"}
    figures = play(environment, "interruption")
    card_ms = 1000 * figures["latency_s"][1]
    # What the card had taken is still played: never less than was booked, never more than its latency and a block.
    assert -15 < statistics.median(figures["played_after_decision_ms"]) < card_ms + 20, "a block less its fade"
    assert statistics.median(figures["heard_until_ms"]) < 1000 * sum(figures["latency_s"]) + 60


def test_a_stalled_loop_and_a_stalled_interpreter_leave_the_sample_clock_right(sound):
    figures = play(sound.start(), "stall")
    assert abs(figures["after_stall_s"]) < 0.06
    assert abs(figures["after_lock_s"]) < 0.1


def test_a_sound_server_that_dies_is_waited_for_and_the_agent_goes_on(sound, tmp_path):
    figures = play(sound.start(), "comes_back", str(tmp_path / "pulse"))
    assert figures["told"] == ["device_lost", "device_replaced"]
    assert figures["noticed_s"] < 2.0
    assert figures["back_s"] < 4.0, "a look every second, and what a machine under load takes"
    assert abs(figures["behind_s"]) < 0.15, "silence filled the gap"
    assert figures["heard_ms"] == [3000]
    assert figures["gone"] == ""


def test_the_default_speaker_is_followed_and_one_that_vanishes_is_replaced(sound):
    figures = play(sound.start(), "moves")
    assert figures["sinks"] == ["speaker", "other", "speaker"]
    assert abs(figures["behind_s"]) < 0.15
    assert (figures["gone"], figures["told"]) == ("", [])


def test_the_agents_own_voice_is_taken_out_and_the_callers_is_not(sound):
    environment = sound.start(60)
    with_echo = play(environment, "echo", "off")["levels_db"]
    without = play(environment, "echo", "on")
    assert without["echo"] == "on"
    alone = slice(4, 10)
    assert statistics.mean(with_echo[alone]) - statistics.mean(without["levels_db"][alone]) > 15
    assert max(without["levels_db"][10:]) > -30, "the caller speaks over the agent"


def test_microphone_and_speaker_work_alone_too(sound, tmp_path):
    figures = play(sound.start(), "one_way", str(tmp_path))
    speaker = figures["speaker"]
    assert len(speaker["ended"]) == 1
    assert speaker["heard_ms"] == 50
    assert abs(speaker["behind_s"]) < 0.1
    assert figures["whole"]
    assert figures["same"]
    assert 0.9 < figures["recorded_s"] < 1.3


def test_an_unknown_device_is_a_device_error(sound):
    figures = play(sound.start(), "no_such_device")
    assert "voiceloop devices" in figures["error"]
    assert "\n" not in figures["error"]


def test_a_machine_without_sound_says_so():
    program = (
        "import asyncio\n"
        "from voiceloop.devices.portaudio import has_soundcard\n"
        "from voiceloop.devices.soundcard import factory\n"
        "from voiceloop.devices.context import LineContext\n"
        "from voiceloop.audio.ledger import Ledger\n"
        "from voiceloop.errors import DeviceError\n"
        "print(has_soundcard())\n"
        "async def main():\n"
        "    try:\n        await factory({}, LineContext()).open(print, Ledger(24000, print), 24000, None)\n"
        "    except DeviceError as failure:\n        print(failure)\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "PULSE_SERVER": "unix:/nowhere", "HOME": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    available, message = done.stdout.strip().splitlines()
    if available == "False":
        assert "--input FILE.wav --output FILE.wav" in message or "libportaudio2" in message


async def make_card(monkeypatch, fake, *, microphone=True, speaker=False, substitute=False):
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    audio = AudioSettings(input_device="3", output_device="USB")
    woken = asyncio.Event()
    card = soundcard.Card(
        audio, microphone=microphone, speaker=speaker, substitute=substitute, woken=woken.set, stopped=lambda: None
    )
    return card, woken


async def test_a_card_takes_blocks_and_wakes_the_loop(monkeypatch):
    fake = FakePortAudio()
    card, woken = await make_card(monkeypatch, fake)
    card.open()
    assert fake.calls == [("in", 3, 48_000, 480, 1), "start"]
    card._streams[0].callback(memoryview(b"abcd" * 480), 480, None, None)
    await asyncio.wait_for(woken.wait(), 1)
    assert [captured.pcm for captured in card.captured.read()] == [b"abcd" * 480]
    assert card.last_s > 0
    card.close()
    card.close()
    assert fake.calls[2:] == ["abort", "close"]


async def test_a_microphone_of_44_khz_stands_beside_a_stereo_speaker_of_48(monkeypatch):
    fake = FakePortAudio(inputs=({44_100}, {1}), outputs=({48_000}, {2}))
    card, _ = await make_card(monkeypatch, fake, speaker=True)
    card.open()
    assert fake.opened == [("out", "USB", 48_000, 480, 2), ("in", 3, 44_100, 441, 1)]
    assert (card.input_hz, card.output_hz) == (44_100, 48_000)
    card.speaker.put(bytes([1, 2]) * 480)
    out = bytearray(1920)
    card._streams[0].callback(memoryview(out), 480, CLOCK, None)
    assert out == bytes([1, 2]) * 960
    card.close()


async def test_a_device_of_eight_channels_only_is_opened_with_all(monkeypatch):
    fake = FakePortAudio(inputs=({48_000}, {8}), own_channels=8)
    card, _ = await make_card(monkeypatch, fake)
    card.open()
    assert card.input_channels == 8
    card._streams[0].callback(memoryview(bytes(4 * 8 * 480)), 480, None, None)
    (captured,) = card.captured.read()
    assert len(captured.pcm) == 4 * 8 * 480
    card.close()


async def test_a_busy_device_is_not_tried_in_every_shape(monkeypatch):
    fake = FakePortAudio(busy=True)
    card, _ = await make_card(monkeypatch, fake)
    with pytest.raises(DeviceError, match=r"microphone '3' is in use by another program") as caught:
        card.open()
    assert len(fake.calls) == 1
    assert "\n" not in str(caught.value)


async def test_a_speaker_that_does_not_start_closes_both(monkeypatch):
    fake = FakePortAudio(starts=False)
    card, _ = await make_card(monkeypatch, fake, speaker=True)
    with pytest.raises(DeviceError, match="speaker 'USB' went away"):
        card.open()
    assert fake.calls.count("close") == 2


async def test_a_device_that_takes_nothing_is_refused_in_one_line(monkeypatch):
    fake = FakePortAudio(inputs=({44_056}, {1}))
    card, _ = await make_card(monkeypatch, fake)
    with pytest.raises(DeviceError, match="takes no usual sample rate") as caught:
        card.open()
    assert "\n" not in str(caught.value)


async def test_a_named_device_that_is_gone_is_substituted_only_where_that_is_wanted(monkeypatch):
    fake = FakePortAudio(named=False)
    card, _ = await make_card(monkeypatch, fake, speaker=True)
    with pytest.raises(DeviceError, match="The speaker 'USB' does not exist"):
        card.open()
    card, _ = await make_card(monkeypatch, fake, speaker=True, substitute=True)
    card.open()
    assert fake.opened == [("out", None, 48_000, 480, 1), ("in", None, 48_000, 480, 1)]
    assert card.names == ["USB Headset"]
    card.close()


async def test_a_card_that_is_closed_while_it_opens_is_closed(monkeypatch):
    fake = FakePortAudio()
    card, _ = await make_card(monkeypatch, fake, microphone=False, speaker=True)
    card.close()
    card.open()
    assert fake.calls == [("out", "USB", 48_000, 480, 1), "start", "abort", "close"]


async def test_a_card_that_hangs_is_left_out_of_the_farewell(monkeypatch):
    fake = FakePortAudio()
    card, _ = await make_card(monkeypatch, fake)
    left_out = []
    fake._exit_handler = "farewell"
    monkeypatch.setattr(portaudio.atexit, "unregister", left_out.append)
    card.abandon()
    assert left_out == ["farewell"]


async def test_trouble_is_counted_and_a_closed_loop_is_left_alone(monkeypatch):
    card, _ = await make_card(monkeypatch, FakePortAudio(), microphone=False, speaker=True)
    card.open()
    out = bytearray(960)
    card._streams[0].callback(memoryview(out), 480, CLOCK, "output underflow")
    assert [rendered.delay_s for rendered in card.rendered.read()] == [0.5]
    assert (card.underflows, card.overflows) == (1, 0)
    monkeypatch.setattr(card, "_loop", asyncio.new_event_loop())
    card._loop.close()
    card._finished()
    card._finished()
    assert card._closed


def test_the_entry_point_takes_no_settings_and_good_files_only(tmp_path):
    assert isinstance(soundcard.factory({}, LineContext()), CardLine)
    with pytest.raises(SettingsError, match="volume"):
        soundcard.factory({"volume": 3}, LineContext())
    with pytest.raises(UsageError, match="does not exist"):
        soundcard.factory({}, LineContext(input=tmp_path / "none.wav"))
