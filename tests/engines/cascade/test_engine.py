"""Whole conversations with a cascade, on virtual time."""

import pytest

from engines.cascade.fakes import Answer
from engines.cascade.talk import Talk
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import AssistantTurn, UserTurn


@virtual_time
async def test_a_question_is_answered():
    async with Talk(words=["what time is it"], answers=[Answer("It is noon.")]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        said = await talk.line("agent_said")
        await talk.passes(1.0)
    assert talk.words() == ["what time is it", "It is noon."]
    assert said["heard_ms"] == len("It is noon.") * 60 == pytest.approx(talk.played_ms())
    assert talk.items() == [UserTurn(talk.said("user_said")[0]["turn_id"], "what time is it")]
    assert talk.warnings() == []
    assert len(talk.services.transcribed) == 1
    assert talk.session.history[-1] == AssistantTurn(said["reply_id"], "It is noon.", said["heard_ms"])
