"""Conversations with sound in which something is read or typed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import wave
from pathlib import Path

import pytest
from rich.console import Console

from voiceloop import app
from voiceloop.agent import Agent
from voiceloop.app import Conversation, Wanted, plan
from voiceloop.commandline.terminal import Terminal
from voiceloop.devices.wavefile import WavLine
from voiceloop.errors import SettingsError
from voiceloop.screen import Paper, Screen
from voiceloop.sources import Origins
from voiceloop.testing import ScriptedGateway, ScriptedServer
from voiceloop.testing.script import Call, Reply, Spoken
from voiceloop.tools.builtin import built_in
from voiceloop.transcript import problems

SPEECH = Path(__file__).parent / "fixtures" / "speech"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def planned(environ, **wanted):
    return plan(Wanted(origins=Origins(environ=environ), **{"agent": Agent(), **wanted}), sound=lambda: "")


@contextlib.asynccontextmanager
async def server(*replies, **options):
    gateway = ScriptedGateway(*replies, **options)
    listening = ScriptedServer(gateway)
    async with listening:
        yield gateway, {"DGRID_BASE_URL": listening.base_url}


async def hold(planned, *typed):
    """Hold a conversation with these lines typed; returns how it ended, what was printed and how many were read."""
    out = io.StringIO()
    console = Terminal(Console(file=out, width=200, force_terminal=True))
    read = []

    async def lines():
        for text in typed:
            read.append(text)
            yield text

    async with asyncio.timeout(30):
        ended = await Conversation(planned, Screen(console, console), lines).hold()
    return ended, out.getvalue(), read


@pytest.fixture
def cards(monkeypatch):
    """The contexts of sound cards that were wanted; each is a silent room."""
    wanted = []

    def silent_card(group, name, settings, context):
        wanted.append((name, context))
        return WavLine(None, None, context.warn)

    monkeypatch.setattr(app, "load", silent_card)
    return wanted


@pytest.mark.real
async def test_with_captions_only_a_recording_is_answered_in_writing(tmp_path):
    options = {"listens": True, "transcripts": ["what time is it"]}
    async with server(Reply(says=(Spoken("Noon.", 0),)), **options) as (gateway, environ):
        wav, log = SPEECH / "time_question.wav", tmp_path / "t.jsonl"
        ended, printed, _ = await hold(planned(environ, input=wav, transcript=log, captions_only=True))
    assert ended.reason == "input_ended"
    assert "Noon." in printed
    assert "text" in json.dumps(gateway.got("session.update")[0]["session"].get("output_modalities", "text"))
    transcript = [json.loads(line) for line in log.read_text().splitlines()]
    assert problems(transcript) == []
    (said,) = [line for line in transcript if line["event"] == "agent_said"]
    assert (said["text"], said["heard_ms"]) == ("Noon.", None)


BYE = Reply(says=(Spoken("Bye.", 100),), calls=(Call("end_conversation"),))


@pytest.mark.real
@pytest.mark.parametrize("captions_only", [False, True])
async def test_a_person_at_the_terminal_may_type_while_the_microphone_is_open(cards, captions_only):
    async with server(BYE) as (gateway, environ):
        agent = Agent(tools=built_in(["end_conversation"], "en"))
        asked = planned(environ, agent=agent, at_terminal=True, captions_only=captions_only)
        ended, _, read = await hold(asked, "goodbye")
    assert (ended.reason, read) == ("agent_ended", ["goodbye"])
    (line,) = [context for name, context in cards if name == "soundcard"]
    assert line.speaker is not captions_only
    assert gateway.got("conversation.item.create")


@pytest.mark.real
async def test_lines_are_turns_beside_a_recording_where_that_was_asked_for(tmp_path):
    with wave.open(str(tmp_path / "short.wav"), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(bytes(4_800))
    async with server(Reply(says=(Spoken("Hi.", 100),))) as (_, environ):
        ended, printed, read = await hold(planned(environ, input=tmp_path / "short.wav", typed=True), "hello")
    assert (ended.reason, read) == ("input_ended", ["hello"])
    assert "Hi." in printed


@pytest.mark.parametrize(
    ("wanted", "helpers"),
    [
        ({}, {"level meter"}),
        ({"at_terminal": True}, {"level meter", "typed turns"}),
        ({"typed": True}, {"typed turns"}),
        ({"say": ("hello",)}, {"level meter", "typed turns"}),
        ({"text": True, "at_terminal": True}, {"typed turns"}),
        ({"input": SPEECH / "silence.wav", "at_terminal": True}, set()),
        ({"input": SPEECH / "silence.wav", "typed": True}, {"typed turns"}),
    ],
)
def test_lines_are_read_where_they_are_meant_and_no_meter_is_drawn_over_what_is_typed(wanted, helpers):
    conversation = Conversation(planned({}, **wanted), Screen(Paper(io.StringIO()), Paper(io.StringIO())), lambda: None)
    found = conversation._helpers(None)
    for work in found.values():
        work.close()
    assert set(found) == helpers


def test_an_agent_whose_texts_name_what_is_not_there_is_refused_before_anything_is_opened():
    with pytest.raises(SettingsError, match=r"agent.greeting: nothing is called \{\{ weather \}\} here"):
        planned({}, agent=Agent(greeting="It is {{ weather }}."), text=True)


def test_tools_an_agent_names_are_loaded_beside_its_own():
    def clock() -> str:
        """The time."""
        return "noon"

    agent = planned({}, agent=Agent(tools=[clock, "end_conversation"], language="de"), text=True).agent
    assert agent.tools[0] is clock
    assert "tschüss" in agent.tools[1].phrases
    assert agent.named == ()


def test_an_agents_models_and_patience_reach_the_settings_of_its_session():
    settings = planned({}, agent=Agent(models={"realtime": "m"}, patience="high"), text=True).settings
    assert (settings.realtime.model, settings.realtime.turn.silence_ms) == ("m", 900)
