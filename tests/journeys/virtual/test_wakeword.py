"""A session that sleeps until its wake word."""

import pytest

import voiceloop.session
import voiceloop.wakeword
from journeys.journey import Journey, dialects
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Reply, Spoken

NOON = Reply((Spoken("It is noon.", 800),))


class SecondsOfSpeech:
    """Stands for a model: the phrase is over after half a second of any sound."""

    ended_s = (0.1, 0.4)

    def __init__(self):
        self.loud = 0

    def heard(self, pcm):
        self.loud += any(pcm)
        return self.loud == 25

    def reset(self):
        self.loud = 0


@pytest.fixture(autouse=True)
def models(monkeypatch):
    monkeypatch.setattr(voiceloop.session, "check_wake_word", lambda wake_word: None)
    monkeypatch.setattr(voiceloop.wakeword, "_model", lambda wake_word: wake_word)
    monkeypatch.setattr(voiceloop.wakeword, "MicroWake", lambda *_: SecondsOfSpeech())
    monkeypatch.setattr(voiceloop.wakeword, "_speech_detector", lambda rate_hz: any)


def heard(talk):
    """Milliseconds of sound that is no silence which the server was sent."""
    pcm = talk.gateway.connection.hearing.pcm
    return sum(pcm[at : at + 2] != b"\0\0" for at in range(0, len(pcm), 2)) * 1000 / talk.session.rate_hz


@dialects
@virtual_time
async def test_nothing_leaves_the_machine_before_the_wake_word_and_after_the_follow_up(dialect):
    async with Journey(NOON, dialect=dialect, audio={"wake_word": "okay_nabu", "follow_up_s": 3.0}) as talk:
        talk.line_device.say(400)
        await talk.passes(3.0)
        assert heard(talk) == 0
        talk.user_says("okay nabu, what time is it", 1500)
        await talk.line("agent_said")
        await talk.passes(5.0)
        before = heard(talk)
        assert 1000 < before < 1600
        talk.line_device.say(300)
        await talk.passes(3.0)
        assert heard(talk) == before
    assert [line["state"] for line in talk.said("microphone")] == ["asleep", "listening", "asleep"]


@dialects
@virtual_time
async def test_a_sound_answers_the_wake_word_and_counts_as_no_words_of_the_agent(dialect):
    async with Journey(NOON, dialect=dialect, audio={"wake_word": "okay_nabu", "follow_up_s": 3.0}) as talk:
        await talk.passes(1.0)
        assert not any(talk.line_device.speaker.recording)
        talk.user_says("okay nabu, what time is it", 1500)
        await talk.passes(1.0)
        assert any(talk.line_device.speaker.recording)
        said = await talk.line("agent_said")
        assert said["heard_ms"] == 800
        await talk.passes(5.0)
    assert [line["text"] for line in talk.said("agent_said")] == ["It is noon."]
