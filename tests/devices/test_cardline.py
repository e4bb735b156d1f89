"""A sound card line on a card that the test plays."""

from __future__ import annotations

import asyncio
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from devices.fakecard import BLOCK, Room, floats, noise
from voiceloop.devices import cardkeeper
from voiceloop.devices.cardline import Trouble
from voiceloop.devices.rings import SILENT
from voiceloop.errors import DeviceError, MisuseError, UsageError
from voiceloop.events import PlaybackFinished, PlaybackStarted
from voiceloop.settings import AudioSettings

SPEECH = Path(__file__).parent.parent / "fixtures" / "speech"


@pytest.fixture
def make_room(monkeypatch):
    return lambda **context: Room(monkeypatch, **context)


async def test_audio_flows_both_ways_and_playing_is_reported_after_the_latency(make_room):
    room = make_room()
    card = await room.open()
    assert (card.has.microphone, card.has.speaker) == (True, True)
    room.ledger.put("r", "i", 0, noise(480))
    room.ledger.seal("r")
    loud = []
    for number in range(10):
        if card.callback(bytes([0, 8]) * 480).strip(b"\0"):
            loud.append(number)
        if any(isinstance(event, PlaybackStarted) for event in room.events):
            room.events.clear()
            started = number
    assert loud[0] == 1, "only the first block after opening finds nothing"
    assert started == loud[0] + 3, "20 ms latency and the block itself"
    assert len(room.pcm) == 10 * 480
    assert np.frombuffer(room.pcm, np.int16)[-100] == pytest.approx(2048, rel=0.1)
    assert not room.line.played().exact
    await room.line.close(1.0)
    assert card.closed == 1


async def test_a_reply_that_was_played_is_finished_with_all_of_it_heard(make_room):
    room = make_room()
    card = await room.open()
    room.ledger.put("r", "i", 0, noise(2400))
    room.ledger.seal("r")
    for _ in range(20):
        card.callback()
    assert isinstance(room.events[-1], PlaybackFinished)
    assert room.events[-1].spans[0].heard_ms == 100
    await room.line.close(1.0)


async def test_an_interruption_silences_the_next_block(make_room):
    room = make_room()
    card = await room.open()
    room.ledger.put("r", "i", 0, noise(24_000))
    for _ in range(20):
        card.callback()
    room.ledger.ack(room.line.played().sample)
    spans = room.ledger.flush()
    room.line.flush(room.ledger.generation)
    assert 150 <= spans[0].heard_ms <= 170
    after = b"".join(card.callback() for _ in range(10))
    assert not after[2 * 192 :].strip(b"\0"), "4 ms fade out"
    room.ledger.put("new", "i", 0, noise(240, seed=2))
    assert any(card.callback().strip(b"\0") for _ in range(5))
    await room.line.close(1.0)


async def test_sample_zero_is_when_open_returns(make_room):
    room = make_room()

    def come_early(card):
        for _ in range(7):
            card.captured.put(memoryview(floats(BLOCK)), 0.0)
            card.rendered.put(SILENT, 0.0)

    room.prepare = come_early
    card = await room.open()
    card.callback()
    card.callback()
    assert len(room.pcm) == 960
    await room.line.close(1.0)


async def test_a_late_loop_gets_every_block_and_a_very_late_one_silence(make_room):
    room = make_room()
    card = await room.open()
    for _ in range(60):
        card.callback(bytes([0, 8]) * 480, wake=False)
    card.woken()
    assert len(room.pcm) == 30 * 960
    for _ in range(200):
        card.callback(bytes([0, 8]) * 480, wake=False)
    card.woken()
    assert len(room.pcm) == 130 * 960
    samples = np.frombuffer(room.pcm, np.int16)
    assert not samples[70 * 240 : 150 * 240].any()
    assert room.line.trouble.dry_blocks > 0
    await room.line.close(1.0)


async def test_blocks_the_card_lost_without_a_word_become_silence(make_room):
    room = make_room()
    card = await room.open()
    for _ in range(100):
        card.callback()
    card.start_s += 0.3
    for _ in range(110):
        card.callback()
    assert len(room.pcm) // 480 in (239, 240)
    assert room.line.trouble == Trouble(0, 0, 0, 30, 0)
    assert room.line.mishaps == {"underruns": 0, "overruns": 30}
    await room.line.close(1.0)


async def test_echo_cancellation_is_on_by_default(make_room):
    room = make_room(audio=AudioSettings())
    card = await room.open()
    assert room.line.echo_status == "on"
    assert room.ledger.echoes, "speech over the agent pauses it, since its echo would be heard"
    for _ in range(10):
        card.callback(noise(480))
    assert len(room.pcm) == 4800
    await room.line.close(1.0)


async def test_without_its_package_the_line_is_half_duplex_and_says_so(make_room, monkeypatch):
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    room = make_room(audio=AudioSettings())
    card = await room.open()
    assert room.line.echo_status.startswith("half duplex, you cannot interrupt: ")
    card.callback(bytes([0, 8]) * 480)
    card.callback(bytes([0, 8]) * 480)
    assert room.pcm.strip(b"\0"), "nobody speaks, so the microphone is open"
    assert room.line.level_db > -30
    room.ledger.put("r", "i", 0, noise(24_000))
    for _ in range(20):
        card.callback(bytes([0, 8]) * 480)
    assert not room.pcm[-4800:].strip(b"\0"), "the agent speaks, so it is closed"
    await room.line.close(1.0)


async def test_a_file_may_be_the_microphone_and_its_end_is_told_once(make_room):
    room = make_room(input=SPEECH / "hello.wav")
    card = await room.open()
    assert (card.has.microphone, card.has.speaker) == (False, True)
    for _ in range(260):
        card.callback()
    assert room.ended == 1
    assert np.abs(np.frombuffer(room.pcm, np.int16)).max() > 10_000
    assert room.line.echo_status == "off"
    assert not room.ledger.echoes
    await room.line.close(1.0)


async def test_a_recording_may_be_the_speaker_and_is_exact(make_room, tmp_path):
    room = make_room(output=tmp_path / "out.wav")
    card = await room.open()
    assert (card.has.microphone, card.has.speaker) == (True, False)
    room.ledger.put("r", "i", 0, noise(960))
    room.ledger.seal("r")
    for _ in range(4):
        card.callback(bytes([0, 8]) * 480)
    assert room.line.played().exact
    assert room.line.played().sample == 960
    assert room.events[-1].spans[0].heard_ms == 40
    await room.line.close(1.0)
    with wave.open(str(tmp_path / "out.wav")) as file:
        frames = np.frombuffer(file.readframes(10**6), np.int16).reshape(-1, 2)
    assert frames[:, 1].tobytes() == noise(960)
    assert frames[100, 0] == pytest.approx(2048, rel=0.1)


async def test_speaker_and_recording_together(make_room, tmp_path):
    room = make_room(output=tmp_path / "out.wav", tee=True)
    card = await room.open()
    assert card.has.speaker
    room.ledger.put("r", "i", 0, noise(480))
    for _ in range(20):
        card.callback()
    await room.line.close(1.0)
    with wave.open(str(tmp_path / "out.wav")) as file:
        frames = np.frombuffer(file.readframes(10**6), np.int16).reshape(-1, 2)
    said, fade = np.frombuffer(noise(480), np.int16), 96
    start = frames[:, 1].tobytes().index(said[:-fade].tobytes()) // 2
    heard = frames[start : start + 480, 1]
    assert np.abs(heard[-fade:] - said[-fade:] * np.linspace(1, 0, fade)).max() < 0.05 * np.abs(said).max()
    assert len(frames) == 20 * 240


async def test_a_card_that_cannot_be_opened_is_a_device_error(make_room, tmp_path):
    room = make_room(output=tmp_path / "out.wav")

    def break_it(card):
        card.fails = DeviceError("no such device")

    room.prepare = break_it
    with pytest.raises(DeviceError, match="no such device"):
        await room.open()
    assert [card.closed for card in room.cards] == [1, 1], "tried twice"


async def test_a_sound_server_that_refuses_once_is_asked_again(make_room):
    room = make_room()

    def refuse_first(card):
        if len(room.cards) == 1:
            card.fails = DeviceError("busy")

    room.prepare = refuse_first
    card = await room.open()
    card.callback()
    card.callback()
    assert len(room.pcm) == 960


async def test_a_card_that_gives_nothing_is_a_device_error(make_room, monkeypatch):
    monkeypatch.setattr(cardkeeper, "OPEN_WITHIN_S", 0.05)
    room = make_room()

    def silence_it(card):
        card.silent = True

    room.prepare = silence_it
    with pytest.raises(DeviceError, match="gave no audio"):
        await room.open()
    assert room.card.closed == 1


async def test_a_card_that_stops_while_it_starts_is_a_device_error(make_room):
    room = make_room()

    def stop_it(card):
        card.silent = True
        card.loop.call_later(0.01, card.stopped)

    room.prepare = stop_it
    with pytest.raises(DeviceError, match="as soon as"):
        await room.open()


async def test_cancelling_open_closes_the_card(make_room):
    room = make_room()
    made = asyncio.Event()

    def silence_it(card):
        card.silent = True
        made.set()

    room.prepare = silence_it
    opening = asyncio.get_running_loop().create_task(room.open())
    await made.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert room.card.closed == 1


async def test_a_card_that_hangs_on_closing_is_left_behind(make_room):
    room = make_room()
    card = await room.open()
    release = threading.Event()
    card.close = lambda: release.wait(10)
    await room.line.close(0.0)
    assert room.warnings[0][0] == "card_hangs"
    assert card.abandoned, "the end of the process must not hang as well"
    release.set()


async def test_bad_files_and_a_second_opening_are_refused(make_room, tmp_path):
    with pytest.raises(UsageError):
        await make_room(input=tmp_path / "none.wav").open()
    room = make_room()
    assert (room.line.trouble, room.line.latency_s) == (Trouble(0, 0, 0, 0, 0), (0.0, 0.0))
    assert room.line.played().sample == 0
    await room.open()
    with pytest.raises(MisuseError):
        await room.open()
    await room.line.close(1.0)
