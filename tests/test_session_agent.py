"""How an agent's settings reach its session: facts in texts, tools by name, captions only."""

from __future__ import annotations

import re
import sys
from datetime import datetime

import pytest

from voiceloop.agent import Agent
from voiceloop.engines.base import Seed
from voiceloop.errors import DeviceError, MisuseError, SettingsError
from voiceloop.events import EngineReady
from voiceloop.session import Session
from voiceloop.settings import RealtimeSettings, Settings
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.line import NumberedLine
from voiceloop.vocabulary import Tier, Traits


class Engine:
    """Ready at once; keeps what it is told."""

    tier = Tier.REALTIME

    def __init__(self):
        self.obeyed = []
        self.seed: Seed | None = None

    async def open(self, seed, port):
        self.seed = seed
        port.happened(EngineReady(Tier.REALTIME, "model", Traits(), "ga"))

    def fresh(self, connection):
        return self

    def recall(self, items, open_turn):
        """Nothing was said before."""

    def hear(self, pcm, first_sample):
        return True

    def obey(self, command):
        self.obeyed.append(command)

    async def close(self, within_s):
        """Nothing is open."""


@virtual_time
async def test_facts_of_the_session_and_of_its_line_stand_in_the_agents_texts():
    agent = Agent("{{ caller }} called on {{ date }}, session {{ session_id }}.", greeting="Hello {{ caller }}.")
    engine = Engine()
    async with Session(agent, engine=engine, data={"caller": "Ada"}) as session:
        assert engine.obeyed[0].say == "Hello Ada."
        await session.update(instructions="{{ caller }} is back.")
        assert engine.obeyed[-1].instructions == "Ada is back."
        told = re.fullmatch(r"Ada called on (\d{4}-\d\d-\d\d), session ([0-9a-f]{32})\.", engine.seed.instructions)
        assert abs((datetime.now() - datetime.fromisoformat(told[1])).days) <= 1  # noqa: DTZ005 - the local date
        assert told[2] == session.tool_context.session_id
    assert agent.settings.greeting == "Hello {{ caller }}."


@virtual_time
async def test_a_name_that_is_not_there_is_refused_and_changes_nothing():
    with pytest.raises(SettingsError, match=r"nothing is called \{\{ kaller \}\}"):
        Session(Agent("Hello {{ kaller }}"), engine=Engine())
    engine = Engine()
    async with Session(Agent(), engine=engine) as session:
        with pytest.raises(SettingsError, match="known are caller, date"):
            await session.update(instructions="{{ weather }}")
        assert engine.obeyed == []


@virtual_time
async def test_tools_that_come_with_voiceloop_are_called_by_their_names():
    def clock() -> str:
        """The time."""
        return "noon"

    engine = Engine()
    async with Session(Agent(tools=[clock, "end_conversation"]), engine=engine) as session:
        assert [spec.name for spec in engine.seed.tools] == ["clock", "end_conversation"]
        await session.update(tools=["end_conversation"])
        assert [spec.name for spec in engine.obeyed[-1].tools] == ["end_conversation"]
        with pytest.raises(MisuseError, match=r"tools is a list: tools=\['end_conversation'\]"):
            await session.update(tools="end_conversation")


def test_a_limit_of_money_without_prices_is_refused():
    with pytest.raises(SettingsError, match="needs prices"):
        Session(Agent(limits={"money": 0.5}), engine=Engine())


def test_a_wake_word_that_nobody_knows_is_refused_where_somebody_would_speak():
    wrong = Settings(audio={"wake_word": "nabu"})
    with pytest.raises(SettingsError, match=r"did you mean okay_nabu\?"):
        Session(Agent(), line=NumberedLine(), settings=wrong, engine=Engine())
    Session(Agent(), settings=wrong, engine=Engine())
    with_key = wrong.model_copy(update={"realtime": RealtimeSettings(turn={"detection": "push_to_talk"})})
    Session(Agent(), line=NumberedLine(), settings=with_key, engine=Engine())


def test_a_wake_word_without_its_package_is_refused_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    with pytest.raises(DeviceError, match=r"voiceloop\[wake\]"):
        Session(Agent(), line=NumberedLine(), settings=Settings(audio={"wake_word": "alexa"}), engine=Engine())


def test_a_session_loads_no_plugins():
    with pytest.raises(MisuseError, match="'basics' is loaded by voiceloop"):
        Session(Agent(tools=["basics"]), engine=Engine())


@virtual_time
async def test_with_captions_only_there_is_a_line_and_replies_are_text():
    engine = Engine()
    line = NumberedLine()
    async with Session(Agent(pronounce={"a": "b"}), engine=engine, line=line, captions_only=True) as session:
        assert line.is_open
        assert (engine.seed.modality, engine.seed.pronounce) == ("text", {})
        assert session._driver.core._captions_only


@virtual_time
async def test_what_settings_say_of_an_agent_wins_value_by_value():
    agent = Agent("Mine.", greeting="Hi.", voice="marin", pronounce={"a": "b"}, tools=["end_conversation"])
    said = {"greeting": None, "voice": {"device": "us"}, "pronounce": {"c": "d"}, "limits": {"minutes": 5}}
    session = Session(agent, engine=(engine := Engine()), settings=Settings(agent=said))
    who = session.agent.settings
    assert (who.instructions, who.greeting, who.limits.minutes) == ("Mine.", None, 5)
    assert (who.voice.realtime, who.voice.device, who.pronounce) == ("marin", "us", {"a": "b", "c": "d"})
    assert session.settings.of(session.agent.settings) == session.settings
    async with session:
        assert engine.obeyed == []
        assert [spec.name for spec in engine.seed.tools] == ["end_conversation"]


def test_the_environment_reaches_a_session_by_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGRID_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("VOICELOOP_AGENT__LANGUAGE", "de")
    monkeypatch.setenv("VOICELOOP_AGENT__TOOLS", "end_conversation")
    session = Session(Agent("Auf {{ language }}.", language="en"))
    assert session.agent.settings.instructions == "Auf de."
    assert [made.name for made in session.agent.tools] == ["end_conversation"]
    monkeypatch.setenv("VOICELOOP_AGENT__TOOLS", "basics")
    with pytest.raises(MisuseError, match="'basics' is loaded by"):
        Session(Agent())


def test_an_agents_wishes_are_part_of_its_sessions_settings():
    agent = Agent(models={"realtime": "m"}, patience="low")
    session = Session(agent, engine=Engine(), settings=Settings(realtime=RealtimeSettings(dialect="beta")))
    realtime = session.settings.realtime
    assert (realtime.model, realtime.turn.silence_ms, realtime.dialect) == ("m", 300, "beta")
    assert session._profile.silence_s == 0.3
