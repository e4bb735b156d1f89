"""The agent speaks into its own microphone, as loud as a user would: it must not mind, and still hear the user."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from journeys.echoroom import LONG, EchoPath, RoomLine, pcm16, speech
from plainly import Engine, session
from voiceloop.audio.residualgate import LATE_BLOCKS
from voiceloop.events import EngineReady, ReplyFinished, ReplyStarted, ReplyTextArrived
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import ReplyStatus, Tier, Traits

pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")

RATE_HZ = 24_000
ALONE_S = 60 if LONG else 12
PATHS = {
    "60 ms": EchoPath(),
    "150 ms": EchoPath(delay_ms=150),
    "350 ms": EchoPath(delay_ms=350),
    "drift of 100 ppm": EchoPath(drift_ppm=100),
    "jump of 120 ms": EchoPath(jump_ms=120),
    "clipped speaker": EchoPath(clipped_at=0.12),
}
VOICES = {
    "hibari": ("two_questions", "hello", "order", "timer"),
    "espeak": ("two_questions_b", "hello_b", "order_b", "timer_b"),
}


class Storyteller(Engine):
    """Leaves turns to the local gate and, when it is asked, says what it was given."""

    def __init__(self, story: bytes) -> None:
        super().__init__()
        self._story = story

    async def open(self, seed, port):
        self.port = port
        port.happened(EngineReady(Tier.REALTIME, "model", Traits(ends_turns=False, starts_replies=False)))

    def tells(self) -> None:
        self.port.happened(ReplyStarted("r1", "ask-1"))
        self.port.happened(ReplyTextArrived("r1", "item", 0, "a long story"))
        self.port.audio("r1", "item", 0, self._story)
        self.port.happened(ReplyFinished("r1", ReplyStatus.COMPLETED))


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("path", PATHS)
@virtual_time
async def test_the_agent_is_interrupted_by_the_user_alone(path, voice):
    story = pcm16(speech(RATE_HZ, *VOICES[voice], seconds=ALONE_S + 5.0))
    lines = []
    line, engine = RoomLine(PATHS[path]), Storyteller(story)
    async with session(engine, line=line, on_line=lines.append) as talk:
        await talk.send_text("tell me a story")
        engine.tells()
        began = line.now
        await asyncio.sleep(ALONE_S)
        assert [each.event for each in lines if "user_speech" in each.event] == []
        assert bytes(line.played_samples[2 * began :]) == story[: 2 * (line.now - began)], "it never even faltered"
        line.user_says(1.4 * speech(RATE_HZ, "time_question_c"))
        await asyncio.sleep(3.0)
    played = np.frombuffer(bytes(line.played_samples), np.int16)[line.onset :]
    told = np.frombuffer(story, np.int16)[line.onset - began :]
    faltered = np.flatnonzero(played != told[: len(played)])[0] / RATE_HZ
    silent = (np.flatnonzero(played)[-1] + 1) / RATE_HZ
    assert faltered <= 0.5
    assert silent <= 0.7
    [said] = [each.fields for each in lines if each.event == "agent_said"]
    assert said["interrupted"]
    assert understood(line) > 0.8


def understood(line: RoomLine) -> float:
    """How much of the user's speech is in what was heard, from the first syllable on: 0 to 1."""
    said = speech(RATE_HZ, "time_question_c")
    heard = np.frombuffer(bytes(line.heard), np.int16)[line.onset :] / 32768
    most = max(float(said @ heard[late : late + len(said)]) for late in range(0, RATE_HZ * LATE_BLOCKS // 80, 2))
    return most / float(np.linalg.norm(said) * np.linalg.norm(heard[: len(said) + RATE_HZ * LATE_BLOCKS // 100]))
