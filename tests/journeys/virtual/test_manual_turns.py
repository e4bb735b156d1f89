"""Turns that the local gate ends, with a real voice at the microphone: the server is only sent speech."""

from pathlib import Path

import pytest

from journeys.journey import Journey, dialects, spoken_words, wires
from voiceloop.clips import decode
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Reply, Spoken

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech"
MANUAL = {"turn": {"detection": "manual", "ending": "fixed"}}
NOON = Reply((Spoken("It is noon.", 800),))
STORY = Reply((Spoken("Once upon a time there was a fox.", 6000),), pace=1.5)


def plays(talk, name, *texts):
    """The recording is spoken into the microphone; the server will understand the texts, one a turn."""
    pcm = decode((SPEECH / name).read_bytes(), talk.session.rate_hz)
    run = talk.line_device.say_pcm(pcm)
    for number, text in enumerate(texts):
        talk.gateway.heard_speech(number, number + 1, text)
    return run.at / talk.session.rate_hz, len(pcm) / 2 / talk.session.rate_hz


def sent_s(talk):
    hearing = talk.gateway.connection.hearing
    return hearing.clock_ms / 1000


@wires
@virtual_time
async def test_the_gate_hands_a_turn_over_and_the_reply_is_asked_for(dialect, form):
    async with Journey(NOON, dialect=dialect, form=form, realtime=MANUAL) as talk:
        await talk.passes(20)
        begin_s, length_s = plays(talk, "time_question.wav", "what time is it")
        said = await talk.line("agent_said")
        await talk.passes(20)
    talk.gateway.expect("input_audio_buffer.commit", times=1)
    talk.gateway.expect("response.create", times=1)
    assert said["heard_ms"] == 800
    assert spoken_words(talk.lines) == ["what time is it", "It is noon."]
    started, stopped = talk.said("user_speech_started")[0]["t"], talk.said("user_speech_stopped")[0]["t"]
    assert begin_s + 0.25 < started < begin_s + 0.45
    assert begin_s + length_s - 1.1 < stopped < begin_s + length_s - 0.6
    assert talk.said("turn_metrics")[0]["end_of_turn_by"] == "local"
    # 0.3 s of pre-roll, the speech, and the silence after it; not the 40 s around it
    assert sent_s(talk) == pytest.approx(0.3 + (stopped - started) + 0.5, abs=0.05)


@dialects
@virtual_time
async def test_two_turns_share_no_sound(dialect):
    async with Journey(NOON, NOON, dialect=dialect, realtime=MANUAL) as talk:
        await talk.passes(1.0)
        plays(talk, "two_questions.wav", "what time is it", "what is twelve times seven")
        await talk.line("agent_said", times=2)
        await talk.passes(2)
    talk.gateway.expect("input_audio_buffer.commit", times=2)
    spoken = zip(talk.said("user_speech_started"), talk.said("user_speech_stopped"), strict=True)
    expected = sum(stopped["t"] - started["t"] + 0.8 for started, stopped in spoken)
    assert sent_s(talk) == pytest.approx(expected, abs=0.1)


@dialects
@virtual_time
async def test_the_gate_interrupts_the_agent_and_the_heard_part_is_known(dialect):
    patient = {"turn": {"detection": "manual", "ending": "fixed", "silence_ms": 900}}  # "Stop." is followed by a pause
    async with Journey(STORY, NOON, dialect=dialect, realtime=patient) as talk:
        await talk.passes(1.0)
        plays(talk, "interruption.wav", "tell me a story", "stop what time is it")
        await talk.line("agent_said", times=2)
    cut = talk.gateway.expect("conversation.item.truncate", times=1)[0]
    assert cut["audio_end_ms"] == pytest.approx(talk.heard_ms[cut["item_id"]], abs=1.0)
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_a_cough_is_not_handed_over(dialect):
    async with Journey(STORY, dialect=dialect, realtime=MANUAL) as talk:
        await talk.passes(1.0)
        plays(talk, "cough.wav", "tell me a story")
        said = await talk.line("agent_said")
        await talk.passes(2)
    talk.gateway.expect("input_audio_buffer.commit", times=1)
    assert said["heard_ms"] == 6000
    assert said["interrupted"] is False


@dialects
@virtual_time
async def test_noise_of_a_quiet_room_is_no_turn(dialect):
    async with Journey(dialect=dialect, realtime=MANUAL) as talk:
        await talk.passes(1.0)
        plays(talk, "silence.wav")
        await talk.passes(6)
    assert talk.said("user_speech_started") == []
    talk.gateway.expect("input_audio_buffer.append", times=0)


@dialects
@virtual_time
async def test_where_the_client_asks_for_replies_the_server_still_ends_turns(dialect):
    async with Journey(NOON, dialect=dialect, realtime={"turn": {"replies": "client"}}) as talk:
        await talk.passes(0.5)
        talk.user_says("what time is it", 800)
        await talk.line("agent_said")
    talk.gateway.expect("response.create", times=1)
    talk.gateway.expect("input_audio_buffer.commit", times=0)
