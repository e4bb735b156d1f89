"""A conversation with the models on this machine: a recording in, words, an answer, and sound that says it."""

from __future__ import annotations

import asyncio
import re

import pytest

from engines.cascade.talk import recording
from voiceloop.agent import Agent
from voiceloop.engines.base import Seed
from voiceloop.engines.device import device_engine
from voiceloop.plugins import load
from voiceloop.session import Session
from voiceloop.settings import Settings
from voiceloop.testing.line import NumberedLine
from voiceloop.tools.tool import tool
from voiceloop.vocabulary import AudioFormat
from voiceloop_local.models.client import host_command
from voiceloop_local.services import keeper as module
from voiceloop_local.services.keeper import Keeper

pytestmark = [pytest.mark.real, pytest.mark.models]


@pytest.fixture
def keeper(monkeypatch):
    """One whose process ends with the conversation."""
    made = Keeper(host_command(2, 1), kept_s=0)
    monkeypatch.setattr(module, "keeper", lambda: made)
    return made


@tool(phrases=["what time is it"])
def get_time() -> str:
    """Tell the time."""
    return "The shop opens tomorrow morning."


def words(text):
    return re.findall(r"\w+", text.lower())


async def test_a_spoken_question_is_answered_in_speech(keeper):
    line, said = NumberedLine(), []
    engine = device_engine(Settings())
    async with asyncio.timeout(60), keeper.models() as models:
        async with Session(Agent(tools=[get_time]), line=line, engine=engine) as session:
            line.say_pcm(recording("time_question.wav", session.rate_hz))
            async for told in session:
                said.append(told.as_dict())
                if told.event == "agent_said":
                    break
        started = next(each for each in said if each["event"] == "session_started")
        assert (started["tier"], started["model"]) == ("device", "voiceloop-chat")
        assert next(words(each["text"]) for each in said if each["event"] == "user_said") == words("What time is it")
        assert said[-1]["heard_text"] == "The shop opens tomorrow morning."
        assert said[-1]["heard_ms"] > 800
        spoken = b"".join([chunk async for chunk in models.speak(said[-1]["heard_text"])])
        assert words(await models.transcribe(spoken, 24_000)) == words("The shop opens tomorrow morning.")


async def test_at_the_rate_of_a_phone_it_is_understood_and_understandable(keeper):
    make = load("voiceloop.services", "local", {}, Settings())
    async with asyncio.timeout(60), make(Seed("", (), AudioFormat())) as services:
        heard = await services.transcribe(recording("timer.wav", 8_000), 8_000)
        assert words(heard.text) in (words("Set a timer for five minutes"), words("Set a timer for 5 minutes"))
        async with services.speak("The water is still.", 8_000) as chunks:
            spoken = b"".join([chunk async for chunk in chunks])
        assert words((await services.transcribe(spoken, 8_000)).text) == words("The water is still")
