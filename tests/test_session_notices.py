"""What the listener hears of a session when no engine speaks: the very samples, on the line."""

import asyncio
from itertools import pairwise

from plainly import Engine, session
from voiceloop.agent import Agent
from voiceloop.events import EngineLost, ReplyAudioStarted, ReplyStarted
from voiceloop.notices.sounds import sound, words
from voiceloop.settings import Settings, TierSettings
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.line import NumberedLine
from voiceloop.vocabulary import Cause, Notice

TICK = sound(Notice.TICK, "en", 24_000)
REPLY = b"\x01\x02" * 2400


def heard(line, pcm):
    """When a sound was heard, in seconds, each time."""
    recording, found, at = line.speaker.recording, [], -1
    while (at := recording.find(pcm, at + 1)) >= 0:
        found.append(at / 2 / line.rate_hz)
    return found


@virtual_time
async def test_who_waits_hears_a_tick_every_one_and_a_half_seconds_until_the_reply():
    line, engine = NumberedLine(), Engine()
    async with session(engine, line=line, agent=Agent(waiting={"after_s": 1.5}), settings=Settings()) as talk:
        await talk.send_text("hello")
        await asyncio.sleep(5.0)
        engine.port.happened(ReplyStarted("r1", "ask-1"))
        engine.port.audio("r1", "item", 0, REPLY)
        engine.port.happened(ReplyAudioStarted("r1", "item"))
        await asyncio.sleep(5.0)
        ticks, (reply,) = heard(line, TICK.strip(b"\0")), heard(line, REPLY)
    assert len(ticks) == 3
    assert all(1.4 < later - sooner < 1.6 for sooner, later in pairwise(ticks))
    assert ticks[-1] < reply


@virtual_time
async def test_a_reply_that_comes_in_the_middle_of_a_tick_does_not_wait_for_its_end():
    line, engine = NumberedLine(), Engine()
    async with session(engine, line=line, agent=Agent(waiting={"after_s": 1.5}), settings=Settings()) as talk:
        await talk.send_text("hello")
        await asyncio.sleep(1.53)
        begun_s = len(line.speaker.recording) / 2 / line.rate_hz
        engine.port.happened(ReplyStarted("r1", "ask-1"))
        engine.port.audio("r1", "item", 0, REPLY)
        engine.port.happened(ReplyAudioStarted("r1", "item"))
        await asyncio.sleep(1.0)
        assert heard(line, TICK.strip(b"\0")) == []
        assert heard(line, REPLY)[0] - begun_s < 0.03


@virtual_time
async def test_a_session_whose_engines_are_all_gone_says_goodbye_and_ends():
    line, engine = NumberedLine(), Engine()
    async with session(engine, line=line, agent=Agent(language="de"), settings=Settings()) as talk:
        engine.port.happened(EngineLost(Cause.QUOTA, "used up"))
        said = [line.fields["text"] async for line in talk if line.event == "agent_said"]
        ended = await talk.end()
    assert said == [words(Notice.UNAVAILABLE, "de")]
    assert (ended.reason, ended.exit_status) == ("engine_lost_quota", 4)
    goodbye = sound(Notice.UNAVAILABLE, "de", 24_000)
    assert heard(line, goodbye[2000:4000])


@virtual_time
async def test_a_session_that_may_not_apologise_ends_without_a_sound():
    line, engine = NumberedLine(), Engine()
    settings = Settings(tiers=TierSettings(apology_after_s=None))
    async with session(engine, line=line, settings=settings) as talk:
        await asyncio.sleep(0.1)
        engine.port.happened(EngineLost(Cause.QUOTA, "used up"))
        assert "agent_said" not in [line.event async for line in talk]
    assert not line.speaker.recording.strip(b"\0")
