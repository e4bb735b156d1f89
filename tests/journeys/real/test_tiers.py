"""Conversations that change tiers in the middle: spoken, answered, and the answers understood again."""

from __future__ import annotations

import asyncio
import re
import wave
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from journeys.real.listening import word_distance, word_error_rate
from journeys.real.talking import SPEECH, GatewayProcess, Journey, Talk, command
from voiceloop.testing import Cut, FaultProxy, Refuse, Reset
from voiceloop.transcript import problems

pytestmark = [pytest.mark.real, pytest.mark.models, pytest.mark.xdist_group("conversations")]

TIME = r"It is \d{1,2}:\d\d [AP]M\."
FIRST_ENDS_S, LONGER_S = 3.0, 9.0
"""Where silence is put in between the two questions: a first answer may have to wait for models to be loaded."""
QUESTIONS = ("What time is it?", "What is twelve times seven?")
PART_BYTES = 40_000
"""Of an answer on the wire, about half a second of its sound."""


async def realtime_fails(journey, folder, base_url):
    """The realtime socket breaks while the user speaks, and no new one is let through until REST has taken over."""
    async with FaultProxy(urlsplit(base_url).port, only="/v1/realtime") as proxy:
        with Talk(journey, folder, proxy.through(base_url)) as talk:
            await asyncio.to_thread(talk.until, "user_speech_started")
            proxy.inject(Reset(), Refuse())
            await asyncio.to_thread(talk.until, "tier_changed")
            proxy.heal()
            return await asyncio.to_thread(talk.hold)


async def answer_breaks_off(journey, folder, base_url):
    """The realtime socket breaks in the middle of an answer, and no new one is let through."""
    async with FaultProxy(urlsplit(base_url).port, only="/v1/realtime") as proxy:
        with Talk(journey, folder, proxy.through(base_url)) as talk:
            await asyncio.to_thread(talk.until, "user_speech_started")
            proxy.inject(Cut("down", size=PART_BYTES), Refuse())
            return await asyncio.to_thread(talk.hold)


def gateway_dies(journey, folder):
    """Everything breaks while the user speaks; the gateway is started again once the machine itself has taken over."""
    with GatewayProcess("local", folder) as gateway, Talk(journey, folder, gateway.base_url) as talk:
        talk.until("user_speech_started")
        gateway.process.kill()
        talk.until("tier_changed")
        with GatewayProcess("local", folder, port=urlsplit(gateway.base_url).port):
            return talk.hold()


@pytest.fixture(scope="module")
def outages(gateways, stage, tmp_path_factory):
    """Conversations in which something fails, held while those of the stage are."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("realtime_fails", "answer_breaks_off", "gateway_dies")}
    journey = Journey(str(with_more_silence(folders["gateway_dies"] / "two_questions.wav")))
    with ThreadPoolExecutor() as pool:

        def proxied(hold, said):
            return pool.submit(lambda: asyncio.run(hold(said, folders[hold.__name__], gateways["local"])))

        yield {
            "realtime_fails": proxied(realtime_fails, journey),
            "answer_breaks_off": proxied(answer_breaks_off, Journey("time_question.wav")),
            "gateway_dies": pool.submit(gateway_dies, journey, folders["gateway_dies"]),
        }


@pytest.fixture
def outage(outages, request):
    return outages[request.param].result()


def with_more_silence(path):
    with wave.open(str(SPEECH / "two_questions.wav")) as spoken, wave.open(str(path), "wb") as longer:
        longer.setparams(spoken.getparams())
        longer.writeframes(spoken.readframes(round(FIRST_ENDS_S * spoken.getframerate())))
        longer.writeframes(bytes(spoken.getsampwidth() * round(LONGER_S * spoken.getframerate())))
        longer.writeframes(spoken.readframes(spoken.getnframes()))
    return path


def on(*names):
    return pytest.mark.parametrize("outage", names, indirect=True)


BOTH = on("realtime_fails", "gateway_dies")


@on("realtime_fails")
def test_rest_answers_while_realtime_is_away_and_hands_back(outage):
    assert changes(outage) == [("rest", "drop"), ("realtime", "recovered")], outage.story()


@on("gateway_dies")
def test_the_machine_answers_while_the_gateway_is_away_and_hands_back(outage):
    fell, *_, returned = changes(outage)
    assert (fell, returned) == (("device", "drop"), ("realtime", "recovered")), outage.story()


@BOTH
def test_each_question_is_understood_and_answered_once(outage):
    assert outage.status == 0, outage.story()
    asked = outage.texts("user_said")
    assert [word_error_rate(*pair) for pair in zip(QUESTIONS, asked, strict=True)] == [0, 0], outage.story()
    assert [line["name"] for line in outage.of("tool_called")] == ["get_time", "calculate"], outage.story()
    time, product = outage.of("agent_said")
    assert re.fullmatch(TIME, time["text"])
    assert "84" in product["text"]
    assert not time["interrupted"], outage.story()
    order = [line["turn_id"] for line in outage.of("user_said", "agent_said")]
    assert order == [order[0], order[0], order[2], order[2]]


@BOTH
def test_what_is_heard_is_both_answers_and_nothing_else(outage, transcribe):
    recording = outage.recording
    sounded = []
    for said in outage.of("agent_said"):
        sounded.append(recording.sounding(*outage.stretch_of(said["reply_id"])))
        heard = transcribe(recording.agent(*sounded[-1]))
        assert word_distance(said["text"], heard) <= 2, f"{said['text']!r}, heard {heard!r}"
    (first_s, first_ends_s), (second_s, last_s) = sounded
    assert recording.sounding(0.0, recording.seconds) == (first_s, last_s)
    assert not recording.agent(first_ends_s, second_s).any()


@on("answer_breaks_off")
def test_an_answer_that_breaks_off_is_heard_whole_from_the_next_tier(outage, transcribe):
    assert outage.status == 0, outage.story()
    assert changes(outage) == [("rest", "drop")], outage.story()
    assert [line["name"] for line in outage.of("tool_called")] == ["get_time"]
    part, whole = outage.of("agent_said")
    assert 0 < part["heard_ms"] < whole["heard_ms"]
    assert whole["text"].startswith(part["heard_text"])
    assert re.fullmatch(TIME, whole["heard_text"])
    heard = transcribe(outage.recording.agent(*outage.recording.sounding(*outage.stretch_of(whole["reply_id"]))))
    assert word_distance(whole["text"], heard) <= 2, f"{whole['text']!r}, heard {heard!r}"
    assert problems(outage.lines) == []


@BOTH
def test_the_loss_is_told_once_and_the_records_are_sound(outage, tmp_path):
    assert problems(outage.lines) == []
    assert [line["code"] for line in outage.of("warning")] == ["engine_lost_drop"], outage.story()
    assert "Traceback" not in outage.stderr
    assert outage.end["reason"] == "input_ended"
    assert outage.recording.seconds == pytest.approx(outage.end["t"], abs=0.04)
    replayed = command(["replay", outage.tape], tmp_path)
    assert replayed.status == 0, replayed.stderr


@pytest.mark.parametrize("held", ["device"], indirect=True)
def test_without_any_gateway_the_machine_holds_the_conversation_alone(held, transcribe, tmp_path):
    assert held.status == 0, held.story()
    assert held.lines[0]["tier"] == "device"
    assert "gateway" not in held.stderr
    assert [line["name"] for line in held.of("tool_called")] == ["get_time", "calculate"]
    for said in held.of("agent_said"):
        assert said["heard_text"] == said["text"]
        heard = transcribe(held.recording.agent(*held.recording.sounding(*held.stretch_of(said["reply_id"]))))
        assert word_distance(said["text"], heard) <= 2, f"{said['text']!r}, heard {heard!r}"
    assert problems(held.lines) == []
    assert command(["replay", held.tape], tmp_path).status == 0


def changes(held):
    """Each change of tier, and why."""
    return [(line["tier"], line["cause"]) for line in held.of("tier_changed")]
