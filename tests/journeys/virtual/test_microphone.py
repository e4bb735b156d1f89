"""Mute and push-to-talk in an open session."""

from journeys.journey import Journey, dialects, spoken_words
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Reply, Spoken

KEY = {"turn": {"detection": "push_to_talk"}}
NOON = Reply((Spoken("It is noon.", 800),))
STORY = Reply((Spoken("Once upon a time there was a fox.", 6000),))


def heard(talk):
    """Milliseconds of sound that is no silence which the server was sent."""
    pcm = talk.gateway.connection.hearing.pcm
    return sum(pcm[at : at + 2] != b"\0\0" for at in range(0, len(pcm), 2)) * 1000 / talk.session.rate_hz


@dialects
@virtual_time
async def test_nothing_of_a_muted_microphone_leaves_the_machine(dialect):
    async with Journey(NOON, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.session.microphone.mute()
        talk.line_device.say(1000)
        await talk.passes(3.0)
        assert heard(talk) == 0
        talk.session.microphone.unmute()
        talk.user_says("what time is it", 800)
        await talk.line("agent_said")
    assert [line["state"] for line in talk.said("microphone")] == ["muted", "open"]
    assert spoken_words(talk.lines) == ["what time is it", "It is noon."]
    assert len(talk.said("user_speech_started")) == 1


@dialects
@virtual_time
async def test_a_turn_goes_from_the_press_to_the_release_whatever_is_silent_in_it(dialect):
    async with Journey(NOON, dialect=dialect, realtime=KEY) as talk:
        talk.line_device.say(300)
        await talk.passes(1.0)
        talk.session.microphone.press()
        talk.gateway.heard_speech(0, 1, "what time is it")
        talk.line_device.say(400)
        await talk.passes(2.5)
        talk.line_device.say(400)
        await talk.passes(0.5)
        assert talk.said("user_said") == []
        talk.session.microphone.release()
        said = await talk.line("agent_said")
        talk.line_device.say(300)
        await talk.passes(2.0)
    talk.gateway.expect("input_audio_buffer.commit", times=1)
    assert said["text"] == "It is noon."
    assert abs(heard(talk) - 800) < 1
    started, stopped = talk.said("user_speech_started")[0]["t"], talk.said("user_speech_stopped")[0]["t"]
    assert abs(stopped - started - 3.0) < 0.05


@dialects
@virtual_time
async def test_a_press_stops_the_agent(dialect):
    async with Journey(STORY, NOON, dialect=dialect, realtime=KEY) as talk:
        for words in ("tell me a story", "what time is it"):
            talk.session.microphone.press()
            talk.gateway.heard_speech(0, 1, words)
            talk.line_device.say(400)
            await talk.passes(0.5)
            talk.session.microphone.release()
            await talk.passes(2.0)
        await talk.line("agent_said", times=2)
    story, noon = talk.said("agent_said")
    assert (story["interrupted"], noon["interrupted"]) == (True, False)
    assert story["heard_ms"] < 2100


@dialects
@virtual_time
async def test_muting_in_the_middle_of_a_turn_hands_it_over_and_the_key_is_dead_until_unmute(dialect):
    async with Journey(NOON, dialect=dialect, realtime=KEY) as talk:
        talk.session.microphone.press()
        talk.gateway.heard_speech(0, 1, "what time is it")
        talk.line_device.say(400)
        await talk.passes(0.5)
        talk.session.microphone.mute()
        talk.session.microphone.press()
        talk.line_device.say(400)
        await talk.line("agent_said")
        assert abs(heard(talk) - 400) < 1
        talk.session.microphone.unmute()
        assert not talk.session.microphone.open
    talk.gateway.expect("input_audio_buffer.commit", times=1)
