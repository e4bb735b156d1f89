"""The speaker without a sound card; tests/devices has one."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from voiceloop.commandline import api_player
from voiceloop.commandline.api_player import Player
from voiceloop.devices.rings import SpeakerRing
from voiceloop.errors import DeviceError
from voiceloop.settings import AudioSettings

BLOCK = 960
"""Bytes of 10 ms at 48 kHz."""


class Card:
    """A card that plays when it is told to."""

    def __init__(self, audio, *, microphone, speaker, woken, stopped):
        assert (microphone, speaker) == (False, True)
        self.output_hz, self.output_latency_s = 48_000, 0.0
        self.speaker = SpeakerRing(BLOCK)
        self.opened = self.closed = self.abandoned = False
        self.played = b""
        self.woken, self.stopped = woken, stopped
        self.made.append(self)

    made: ClassVar = []

    def open(self):
        self.opened = True

    def close(self):
        self.closed = True

    def abandon(self):
        self.abandoned = True

    def block(self):
        """Play 10 ms, as the callback does."""
        out = memoryview(bytearray(BLOCK))
        self.speaker.render(out)
        self.played += bytes(out)
        self.woken()


@pytest.fixture
def card(monkeypatch):
    Card.made.clear()
    monkeypatch.setattr(api_player, "Card", Card)
    return Card.made


async def test_all_that_is_fed_is_played_in_order_and_awaited(card):
    sound = bytes(range(1, 241)) * 20  # five blocks
    async with Player(AudioSettings()) as player:
        assert (player.rate_hz, card[0].opened) == (48_000, True)
        player.feed(sound[:1000])
        player.feed(sound[1000:] + b"\x01\x02")
        async with asyncio.TaskGroup() as tasks:
            over = tasks.create_task(player.finish())
            for _ in range(5):
                card[0].block()
                await asyncio.sleep(0)
                assert not over.done()
            card[0].block()
    assert card[0].played == sound + b"\x01\x02" + bytes(BLOCK - 2)
    assert card[0].closed


async def test_a_speaker_that_goes_away_is_an_error_that_says_what_to_do(card):
    async with Player(AudioSettings()) as player:
        player.feed(bytes(BLOCK))
        card[0].stopped()
        with pytest.raises(DeviceError, match="voiceloop devices"):
            await player.finish()


async def test_a_card_that_hangs_does_not_hang_the_command(card, monkeypatch):
    monkeypatch.setattr(api_player, "LATE_S", 0.0)
    async with Player(AudioSettings()) as player:
        player.feed(bytes(BLOCK))
        with pytest.raises(DeviceError, match="went away or hangs"):
            await player.finish()


@pytest.mark.real
async def test_a_card_that_cannot_be_opened_in_time_is_let_go(card, monkeypatch):
    async def never(work, within_s):
        raise TimeoutError

    monkeypatch.setattr(api_player, "in_thread", never)
    with pytest.raises(DeviceError, match="hangs"):
        await Player(AudioSettings()).__aenter__()
    assert card[0].abandoned
