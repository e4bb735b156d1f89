from __future__ import annotations

import sys
from pathlib import Path

import pytest

from voiceloop import app
from voiceloop.agent import Agent
from voiceloop.app import Wanted, plan
from voiceloop.errors import DeviceError, SettingsError, UsageError
from voiceloop.sources import Origins

SPEECH = Path(__file__).parent / "fixtures" / "speech"


def no_sound():
    return "no microphone and no speaker found"


def sound():
    return ""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make_plan(*, card=no_sound, environ=None, flags=None, config=None, **wanted):
    origins = Origins(config=config, flags=flags or {}, environ=environ or {})
    return plan(Wanted(origins=origins, **{"agent": Agent(), **wanted}), sound=card)


# Planning


def test_text_needs_no_sound_card():
    planned = make_plan(text=True)
    assert not planned.sample
    assert planned.wanted.output is None


def test_without_a_sound_card_the_sample_speaks_and_its_files_stand_here():
    planned = make_plan()
    assert planned.sample
    assert planned.wanted.input == app.SAMPLE
    assert planned.wanted.output == Path("voiceloop-sample.wav")
    assert planned.wanted.transcript == Path("voiceloop-sample.jsonl")


def test_without_sample_and_sound_card_there_is_a_way_to_go_on(monkeypatch):
    monkeypatch.setattr(app, "SAMPLE", Path("not/shipped.wav"))
    with pytest.raises(UsageError, match=r"no microphone and no speaker found; use --input FILE\.wav or --text"):
        make_plan()


def test_named_files_win_over_those_of_the_sample():
    planned = make_plan(output=Path("mine.wav"), transcript=Path("mine.jsonl"))
    assert (planned.wanted.output, planned.wanted.transcript) == (Path("mine.wav"), Path("mine.jsonl"))


def test_a_price_file_is_looked_at_before_anything_is_opened(tmp_path):
    (tmp_path / "prices.toml").write_text('currency = "USD"\ndate = 2026-11-22\n[models.m]\ntext_inputt = 4\n')
    with pytest.raises(SettingsError, match=r"prices\.toml, line 4: there is no price text_inputt"):
        make_plan(text=True, environ={"VOICELOOP_AGENT__LIMITS__PRICES": "prices.toml"})


def test_a_wake_word_that_nobody_knows_is_told_with_where_it_stands(tmp_path):
    (tmp_path / "mine.toml").write_text('[audio]\nwake_word = "hey jarvis"\n')
    with pytest.raises(SettingsError, match=r"mine\.toml, line 2: .*did you mean hey_jarvis\?"):
        make_plan(config=Path("mine.toml"))
    assert make_plan(config=Path("mine.toml"), text=True), "nobody speaks"


def test_planning_loads_no_wake_word_that_the_line_will_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "voiceloop.wakeword", None)
    assert make_plan(environ={"VOICELOOP_AUDIO__WAKE_WORD": "alexa"}).settings.wake_word == "alexa"


def test_a_limit_of_money_without_prices_is_refused():
    with pytest.raises(SettingsError, match="needs prices: set"):
        make_plan(text=True, agent=Agent(limits={"money": 0.5}))


def test_with_a_sound_card_nothing_is_added():
    planned = make_plan(card=sound)
    assert not planned.sample
    assert planned.wanted.input is None
    assert planned.wanted.transcript is None


def test_a_sound_card_that_was_named_must_be_there():
    with pytest.raises(DeviceError, match="no microphone"):
        plan(Wanted(agent=Agent(), card=True), sound=no_sound)


def test_a_file_as_input_needs_no_sound_card():
    assert not make_plan(input=SPEECH / "hello.wav").sample


@pytest.mark.parametrize("files", [{"input": Path("a.wav")}, {"output": Path("a.wav")}])
def test_text_and_files_for_sound_exclude_each_other(files):
    with pytest.raises(UsageError, match="--text has no sound"):
        make_plan(text=True, **files)


def test_text_and_a_named_sound_card_exclude_each_other():
    with pytest.raises(UsageError, match="--text has no sound"):
        plan(Wanted(agent=Agent(), text=True, card=True), sound=sound)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file|not found|cannot"),
        (b"", "empty"),
        (b"RIFFxxxxWAVE", ""),
        (b"no sound at all, only words", ""),
    ],
)
def test_an_input_that_is_no_recording_is_a_usage_error_that_names_it(tmp_path, content, problem):
    path = tmp_path / "in.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"in\.wav") as error:
        make_plan(input=path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("what", ["output", "transcript", "tape"])
def test_a_file_that_cannot_be_written_is_found_before_anything_opens(what):
    with pytest.raises(UsageError, match="cannot write the"):
        make_plan(input=SPEECH / "hello.wav", **{what: Path("missing/file.wav")})


@pytest.mark.parametrize("what", ["output", "transcript", "tape"])
def test_no_file_may_overwrite_the_input(tmp_path, what):
    path = tmp_path / "in.wav"
    path.write_bytes((SPEECH / "hello.wav").read_bytes())
    with pytest.raises(UsageError, match="would overwrite the input"):
        make_plan(input=path, **{what: path})
    assert path.stat().st_size > 1000


@pytest.mark.parametrize(
    "environ",
    [{"DGRID_API_KEY": "sk-1"}, {"DGRID_BASE_URL": "http://127.0.0.1:1"}],  # pragma: allowlist secret
)
def test_a_brain_is_for_the_embedded_gateway_alone(environ):
    with pytest.raises(UsageError, match=r"--brain scripted is for the embedded gateway, .* leave out --brain"):
        make_plan(text=True, environ=environ, brain="scripted")
    assert make_plan(text=True, brain="scripted").wanted.brain == "scripted"


# Agents


def test_settings_describe_an_agent_and_name_its_tool_plugins(tmp_path):
    config = tmp_path / "a.toml"
    config.write_text("[agent]\ninstructions = 'Be kind.'\ntools = ['basics']\n[plugins.basics]\nclock = '24h'\n")
    agent = make_plan(text=True, agent=None, config=config).agent
    assert agent.settings.instructions == "Be kind."
    assert "get_time" in {tool.name for tool in agent.tools}


def test_a_wrong_plugin_or_setting_of_a_plugin_is_a_settings_error():
    with pytest.raises(SettingsError, match=r"there is no plugin basicz .*basics"):
        make_plan(text=True, agent=None, environ={"VOICELOOP_AGENT__TOOLS": "basicz"})
    with pytest.raises(SettingsError, match=r"plugin basics .*clock"):
        make_plan(text=True, agent=None, environ={"VOICELOOP_PLUGINS__BASICS__CLOCK": "25h"})


def greet(name: str) -> str:
    """Greet somebody."""
    return name


def test_an_agents_own_values_stay_unless_they_were_set_elsewhere():
    agent = Agent(instructions="Mine.", greeting="Hi", tools=[greet])
    assert make_plan(text=True, agent=agent).agent.settings == agent.settings
    environ = {"VOICELOOP_AGENT__GREETING": "", "VOICELOOP_AGENT__LIMITS__MINUTES": "5"}
    other = make_plan(text=True, agent=agent, environ=environ).agent
    assert other.settings.instructions == "Mine."
    assert other.settings.greeting is None
    assert other.settings.limits.minutes == 5
    assert other.tools == (greet,)


def test_tool_plugins_named_in_settings_join_an_agents_own_tools():
    agent = make_plan(text=True, agent=Agent(tools=[greet]), environ={"VOICELOOP_AGENT__TOOLS": "basics"}).agent
    assert agent.tools[0] is greet
    assert len(agent.tools) > 1


def test_an_agent_from_a_file(tmp_path):
    file = tmp_path / "kind_agent.py"
    file.write_text("import voiceloop\nagent = voiceloop.Agent('Kind.')\n")
    assert make_plan(text=True, agent=None, agent_file=file).agent.settings.instructions == "Kind."
