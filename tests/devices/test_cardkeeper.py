"""A card that goes away in the middle of a conversation, on cards that the test plays."""

from __future__ import annotations

import asyncio
import wave

import numpy as np
import pytest

from devices.fakecard import FakeCard, Room, noise
from voiceloop.devices import cardkeeper
from voiceloop.devices.rings import CaptureRing
from voiceloop.errors import DeviceError
from voiceloop.events import PlaybackFinished

LOUD = noise(480, seed=7)


@pytest.fixture
def make_room(monkeypatch):
    monkeypatch.setattr(cardkeeper, "_RETRY_S", 0.01)
    return lambda **context: Room(monkeypatch, **context)


async def told(room, code):
    """Wait until the user was told that."""
    async with asyncio.timeout(5):
        while code not in [each for each, _ in room.warnings]:  # noqa: ASYNC110  (there is nobody to wake us)
            await asyncio.sleep(0.001)
    return next(detail for each, detail in room.warnings if each == code)


def play(card, blocks, pcm=LOUD):
    return b"".join(card.callback(pcm) for _ in range(blocks))


async def test_another_card_takes_over_and_the_gap_is_silence(make_room):
    room = make_room()
    first = await room.open()
    play(first, 100)
    room.at_s = first.last_s + 0.5
    first.stopped()
    detail = await told(room, "device_replaced")
    assert detail == "the microphone stopped; the conversation goes on with USB Headset"
    assert (first.closed, first.substitute, room.card.substitute) == (1, False, True)
    play(room.card, 100)
    assert len(room.pcm) / 480 == pytest.approx(100 + 50 + 100, abs=2), "the clock of samples is right"
    loud = np.abs(np.frombuffer(room.pcm, np.int16)).reshape(-1, 480).max(axis=1) > 1000
    assert 23 <= np.count_nonzero(~loud) <= 27
    assert room.line.trouble.lost_blocks == pytest.approx(50, abs=2)
    assert room.losses == []
    await room.line.close(1.0)


async def test_the_agent_goes_on_where_the_listener_was(make_room):
    room = make_room(rate_hz=48_000)
    first = await room.open()
    said = noise(48_000)
    room.ledger.put("r", "i", 0, said)
    room.ledger.seal("r")
    before = play(first, 40)
    heard = room.line.played().sample
    first.stopped()
    await told(room, "device_replaced")
    assert room.line.played().sample >= heard
    heard_ms = room.ledger.heard("r")[0].heard_ms
    after = play(room.card, 90)
    begin = before.index(said[:200])
    assert 360 <= heard_ms <= 400
    again = after.index(said[96 * heard_ms + 192 : 96 * heard_ms + 392])
    rest = said[96 * heard_ms + 192 : -400]
    assert after[again : again + len(rest)] == rest, "nothing is missing but a fade at the end"
    assert begin + 96 * heard_ms <= len(before)
    assert isinstance(room.events[-1], PlaybackFinished)
    assert room.events[-1].spans[0].heard_ms == 1000
    await room.line.close(1.0)


async def test_what_was_flushed_while_there_was_no_card_is_not_played_again(make_room):
    room = make_room()
    first = await room.open()
    room.ledger.put("r", "i", 0, noise(48_000))
    play(first, 40)
    first.stopped()
    room.ledger.flush()
    room.line.flush(room.ledger.generation)
    await told(room, "device_replaced")
    assert not play(room.card, 50).strip(b"\0")
    await room.line.close(1.0)


async def test_a_card_of_another_rate_fits_in(make_room):
    room = make_room()
    first = await room.open()
    play(first, 51)

    class Other(FakeCard):
        def __init__(self, **parts):
            super().__init__(**parts)
            self.input_hz = 16_000
            self.captured = CaptureRing(640, 100)
            self.nothing = bytes(320)

    room.kind = Other
    first.stopped()
    await told(room, "device_replaced")
    play(room.card, 101, LOUD[:320])
    assert len(room.pcm) / 480 == pytest.approx(152, abs=3)
    await room.line.close(1.0)


async def test_without_any_card_the_session_waits_says_so_once_and_goes_on(make_room):
    room = make_room()
    first = await room.open()
    play(first, 10)

    def refuse(card):
        if len(room.cards) < 5:
            card.fails = DeviceError("This machine has no microphone: connect one.")

    room.prepare = refuse
    refreshed = []
    room.line._keeper.refresh = lambda: refreshed.append(len(room.cards))
    room.at_s = first.last_s + 3.0
    first.stopped()
    await told(room, "device_replaced")
    assert [code for code, _ in room.warnings] == ["device_lost", "device_replaced"]
    assert "waits for one. This machine has no microphone" in room.warnings[0][1]
    assert refreshed == [1, 2, 3, 4], "devices are looked for each time"
    assert len(room.pcm) / 48_000 == pytest.approx(3.1, abs=0.03), "silence in the meantime"
    play(room.card, 10)
    await room.line.close(1.0)


async def test_a_wait_without_end_is_given_up(make_room, monkeypatch):
    monkeypatch.setattr(cardkeeper, "WAIT_S", 60.0)
    room = make_room()
    first = await room.open()

    def refuse(card):
        card.fails = DeviceError("none")
        room.at_s += 25.0

    room.prepare = refuse
    first.stopped()
    await told(room, "device_lost")
    async with asyncio.timeout(5):
        while not room.losses:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert room.losses == ["The microphone stopped: check that it is connected, then start again."]
    await room.line.close(1.0)


async def test_a_card_that_falls_silent_is_replaced_but_not_after_one_look(make_room):
    room = make_room()
    first = await room.open()
    play(first, 10)
    room.at_s = first.last_s + 5.0
    room.line._keeper._look()
    room.at_s = 0.0
    room.line._keeper._look()
    assert len(room.cards) == 1, "this process stood still, the card did not"
    room.at_s = first.last_s + 1.1
    room.line._keeper._look()
    room.line._keeper._look()
    assert "gives no audio any more" in await told(room, "device_replaced")
    await room.line.close(1.0)


async def test_closing_ends_the_wait(make_room):
    room = make_room()
    first = await room.open()

    def refuse(card):
        card.fails = DeviceError("none")

    room.prepare = refuse
    first.stopped()
    await told(room, "device_lost")
    await room.line.close(1.0)
    cards = len(room.cards)
    await asyncio.sleep(0.05)
    assert len(room.cards) == cards
    assert room.losses == []


async def test_a_file_goes_on_speaking_while_there_is_no_speaker(make_room, tmp_path):
    with wave.open(str(tmp_path / "in.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(noise(24_000))
    room = make_room(input=tmp_path / "in.wav")
    first = await room.open()
    play(first, 31)
    room.at_s = first.last_s + 0.4
    first.stopped()
    assert (await told(room, "device_replaced")).startswith("the speaker stopped")
    play(room.card, 60)
    assert noise(24_000) in room.pcm
    assert room.ended == 1
    await room.line.close(1.0)
