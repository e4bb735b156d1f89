from __future__ import annotations

import asyncio

import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.base import Line, Played
from voiceloop.errors import MisuseError
from voiceloop.events import PlaybackFinished, PlaybackStarted
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import Run, numbered, runs


class Reports:
    def __init__(self):
        self.told = []

    def input_ended(self):
        self.told.append("input ended")

    def lost(self, detail):
        self.told.append(detail)


class Rig:
    """A line that was opened, and everything around it."""

    def __init__(self, **options):
        self.line = NumberedLine(**options)
        self.as_line: Line = self.line
        self.events = []
        self.ledger = Ledger(24_000, self.events.append)
        self.reports = Reports()
        self.captured = bytearray()

    def ears(self, pcm, first_sample):
        assert first_sample * 2 == len(self.captured)
        self.captured += pcm

    async def open(self):
        await self.line.open(self.ears, self.ledger, 24_000, self.reports)
        return self


@virtual_time
async def test_the_microphone_delivers_every_sample_in_order_on_time():
    rig = await Rig().open()
    await asyncio.sleep(0.105)
    said = rig.line.say(100)
    then = rig.line.say_pcm(numbered(2400, 2400))
    await asyncio.sleep(0.5)
    await rig.line.close(1.0)
    assert said == Run(2520, 0, 2400)
    assert then == Run(4920, 0, 2400)
    assert runs(bytes(rig.captured)) == [Run(2520, 0, 4800)]
    assert len(rig.captured) == 30 * 960
    assert not rig.line.is_open


@virtual_time
async def test_the_speaker_plays_and_acknowledges_at_the_pace_of_the_clock():
    rig = await Rig().open()
    await asyncio.sleep(0.05)
    rig.ledger.put("r", "i", 0, numbered(0, 1200))
    rig.ledger.seal("r")
    await asyncio.sleep(0.5)
    assert rig.line.speaker.runs() == [Run(3 * 480, 0, 1200)]
    assert [type(event) for event in rig.events] == [PlaybackStarted, PlaybackFinished]
    assert rig.events[1].spans[0].heard_ms == 50
    await rig.line.close(1.0)


@virtual_time
async def test_an_interruption_in_the_middle_of_a_block_is_exact_to_the_sample():
    rig = await Rig().open()
    rig.ledger.put("r", "i", 0, numbered(0, 24_000))
    await asyncio.sleep(0.3055)
    played = rig.line.played()
    assert played == Played(0, 7332, exact=True)
    rig.ledger.ack(played.sample)
    (span,) = rig.ledger.flush()
    rig.line.flush(rig.ledger.generation)
    await asyncio.sleep(0.5)
    assert span.heard_ms == 305
    assert rig.line.speaker.runs() == [Run(0, 0, 7332)]
    assert rig.line.played().generation == 1
    await rig.line.close(1.0)


@virtual_time
async def test_latency_delays_hearing_and_the_acknowledgement():
    rig = await Rig(latency_ms=100).open()
    rig.ledger.put("r", "i", 0, numbered(0, 24_000))
    await asyncio.sleep(0.3)
    assert rig.line.played().sample == 4800
    assert rig.ledger.heard("r")[0].heard_ms in (180, 200)
    await rig.line.close(1.0)
    assert rig.line.speaker.runs() == [Run(2400, 0, 4800)]


@virtual_time
async def test_an_estimating_line_says_so():
    rig = await Rig(off_ms=-40).open()
    await asyncio.sleep(0.2)
    assert rig.line.played() == Played(0, 4800 - 960, exact=False)
    await rig.line.close(1.0)


@virtual_time
async def test_the_end_of_input_and_a_hang_up_are_reported():
    rig = await Rig().open()
    rig.line.end_input()
    await asyncio.sleep(0.1)
    before = len(rig.captured)
    assert before > 0
    rig.line.hang_up("gone: call again")
    await asyncio.sleep(0.1)
    assert rig.reports.told == ["input ended", "gone: call again"]
    assert len(rig.captured) == before


@virtual_time
async def test_using_it_in_the_wrong_order_is_misuse():
    rig = Rig()
    with pytest.raises(MisuseError):
        rig.line.say(20)
    with pytest.raises(MisuseError):
        _ = rig.line.speaker
    await rig.open()
    with pytest.raises(MisuseError):
        await rig.open()
    await rig.line.close(1.0)


@virtual_time
async def test_speech_can_be_planned_and_the_rest_is_silence():
    rig = await Rig(schedule=[(500, 1000), (2000, 100)]).open()
    later = rig.line.say(50, at_ms=3000)
    await asyncio.sleep(4.0)
    await rig.line.close(1.0)
    assert later == Run(72_000, 26_400, 1200)
    assert rig.line.said == [Run(12_000, 0, 24_000), Run(48_000, 24_000, 2400), later]
    assert runs(bytes(rig.captured)) == rig.line.said


@virtual_time
async def test_what_is_planned_for_the_past_is_said_now():
    rig = await Rig().open()
    await asyncio.sleep(1.0)
    assert rig.line.say(20, at_ms=100).at == 24_000
    await rig.line.close(1.0)
