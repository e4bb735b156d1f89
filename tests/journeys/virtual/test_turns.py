"""Turns that go well: the user speaks, the agent answers."""

import pytest

from journeys.journey import Journey, spoken_words, wires
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Reply, Spoken


@wires
@virtual_time
async def test_a_spoken_turn_is_answered_aloud(dialect, form):
    noon = Reply((Spoken("It is a quarter past three.", 1500),))
    async with Journey(noon, dialect=dialect, form=form) as talk:
        await talk.passes(0.5)
        began_ms, ended_ms = talk.user_says("what time is it", 900)
        said = await talk.line("agent_said")
    assert said["heard_ms"] == 1500
    assert said["interrupted"] is False
    assert spoken_words(talk.lines) == ["what time is it", "It is a quarter past three."]
    assert [line["event"] for line in talk.lines] == [
        "session_started",
        "user_speech_started",
        "user_speech_stopped",
        "user_said",
        "agent_speech_started",
        "agent_speech_stopped",
        "agent_said",
        "turn_metrics",
        "session_ended",
    ]
    assert talk.said("user_speech_started")[0]["t"] == pytest.approx(began_ms / 1000)
    assert talk.said("user_speech_stopped")[0]["t"] == pytest.approx(ended_ms / 1000)
    assert talk.lines[0]["dialect"] == dialect
