from __future__ import annotations

import contextlib
import errno
import io
import os
import runpy
import socket
import sys
from pathlib import Path

import pytest

from voiceloop import cli
from voiceloop.agent import Agent
from voiceloop.errors import DeviceError, VoiceloopError

ROOT = Path(__file__).parents[1]
SPEECH = ROOT / "tests" / "fixtures" / "speech"
COMMAND = [sys.executable, "-m", "voiceloop"]


@pytest.fixture(autouse=True)
def in_a_clean_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("VOICELOOP_", "DGRID_")):
            monkeypatch.delenv(name)


def outcome(capsys, *arguments, agent=None):
    """Run a command in this process; returns its exit status and what it printed."""
    status = cli.outcome([str(argument) for argument in arguments], agent)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


# What is asked for wrongly


BAD = {
    "an unknown option": (["talk", "--engin", "auto"], 2, "No such option"),
    "an unknown command": (["tlak"], 2, "No such command 'tlak'"),
    "an unknown engine": (["talk", "--engine", "cloud"], 2, "'--engine': 'cloud' is not one of"),
    "an unknown dialect": (["talk", "--dialect", "delta"], 2, "'--dialect': 'delta' is not one of"),
    "an option without its value": (["talk", "--say"], 2, "--say"),
    "two agents": (["talk", "a.py", "b.py"], 2, "unexpected extra argument"),
    "a missing agent": (["talk", "none.py"], 2, "none.py: there is no such file"),
    "a settings file as agent": (["talk", "a.toml"], 2, "is no Python file"),
    "a broken agent": (["talk", "broken.py"], 2, "broken.py, line 1: SyntaxError"),
    "a missing settings file": (["talk", "--config", "none.toml"], 2, "cannot read the settings file none.toml"),
    "an empty settings file": (["talk", "--config", "empty"], 2, "the settings file empty is empty"),
    "a folder as settings file": (["talk", "--config", "."], 2, "cannot read the settings file ."),
    "settings that are not TOML": (["talk", "--config", "broken.py"], 3, "not valid TOML"),
    "an unknown setting": (
        ["talk", "--config", "typo.toml"],
        3,
        "typo.toml, line 2: there is no setting realtime.modle",
    ),
    "a wrong value": (
        ["talk", "--config", "value.toml"],
        3,
        "value.toml, line 2: realtime.turn.threshold = 3 is wrong",
    ),
    "a key in a settings file": (
        ["talk", "--config", "key.toml"],
        3,
        "key.toml, line 2: backend.api_key holds a secret",
    ),
    "an unknown plugin": (["talk", "--text", "--config", "plugin.toml"], 3, "there is no plugin basicz"),
    "a missing key file": (["talk", "--text", "--key-file", "none"], 2, "cannot read the key file none"),
    "an empty key file": (["talk", "--text", "--key-file", "empty"], 2, "the key file empty is empty"),
    "a missing input": (["talk", "--input", "none.wav"], 2, "none.wav"),
    "an empty input": (["talk", "--input", "empty.wav"], 2, "empty.wav"),
    "an input that is no WAV": (["talk", "--input", "words.wav"], 2, "words.wav"),
    "an input of another kind": (["talk", "--input", "song.mp3"], 2, "name a file that ends in .wav, or mic"),
    "an output of another kind": (["talk", "--output", "song.mp3"], 2, "name a file that ends in .wav, or speaker"),
    "an output in no folder": (
        ["talk", "--input", SPEECH / "hello.wav", "--output", "no/o.wav"],
        2,
        "cannot write the recording",
    ),
    "a transcript in no folder": (["talk", "--text", "--transcript", "no/t"], 2, "cannot write the transcript no/t"),
    "a tape in no folder": (["talk", "--text", "--tape", "no/t"], 2, "cannot write the tape no/t"),
    "text and sound": (["talk", "--text", "--input", "a.wav"], 2, "--text has no sound"),
    "text and a speaker": (["talk", "--text", "--output", "speaker"], 2, "--text has no sound"),
    "a port that is none": (["gateway", "--port", "70000"], 2, "65535"),
    "an unknown brain": (["gateway", "--brain", "cat"], 2, "cat"),
    "a keyless gateway for everyone": (["gateway", "--host", "0.0.0.0", "--port", "0"], 2, "key"),
    "a tape that is missing": (["replay", "none.tape"], 2, "cannot read the tape none.tape"),
    "a tape that is none": (["replay", "words.wav"], 2, "words.wav, line 1: not a JSON object"),
    "an empty tape": (["replay", "empty"], 2, "there is nothing to replay"),
    "doctor with broken settings": (["config", "show", "--config", "typo.toml"], 3, "realtime.modle"),
}


@pytest.fixture
def bad_files(tmp_path):
    for name, text in {
        "a.toml": "",
        "empty": "",
        "empty.wav": "",
        "words.wav": "these are words\n",
        "broken.py": "def agent(:\n",
        "typo.toml": "[realtime]\nmodle = 'x'\n",
        "value.toml": "[realtime.turn]\nthreshold = 3\n",
        "key.toml": "[backend]\napi_key = 'sk-canary12345'\n",  # pragma: allowlist secret
        "plugin.toml": "[agent]\ntools = ['basicz']\n",
    }.items():
        (tmp_path / name).write_text(text)


@pytest.mark.parametrize(("arguments", "status", "problem"), BAD.values(), ids=BAD.keys())
def test_what_is_asked_for_wrongly_ends_in_one_line_and_a_status(capsys, bad_files, arguments, status, problem):
    found, _, err = outcome(capsys, *arguments)
    assert found == status
    assert problem in err
    assert err.startswith("voiceloop: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert "canary" not in err


VARIABLES = {
    "an unknown variable": ("VOICELOOP_REALTIME__MODLE", "x", "did you mean VOICELOOP_REALTIME__MODEL?"),
    "a wrong value": ("VOICELOOP_AUDIO__FORMAT", "mp3", "VOICELOOP_AUDIO__FORMAT: audio.format = 'mp3' is wrong"),
    "a base URL that is none": ("DGRID_BASE_URL", "dgrid", "DGRID_BASE_URL: 'dgrid' is no base URL"),
    "plaintext to elsewhere": ("DGRID_BASE_URL", "http://example.com", "use https"),
    "a key with blanks": ("DGRID_API_KEY", "sk 1", "DGRID_API_KEY: the key is empty or holds blanks"),
}


@pytest.mark.parametrize(("name", "value", "problem"), VARIABLES.values(), ids=VARIABLES.keys())
def test_a_wrong_variable_ends_in_one_line_and_status_3(capsys, monkeypatch, name, value, problem):
    monkeypatch.setenv(name, value)
    status, _, err = outcome(capsys, "talk", "--text")
    assert status == 3
    assert problem in err
    assert err.count("\n") == 1


@pytest.mark.real
def test_a_busy_port_is_a_usage_error(capsys):

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as busy:
        port = busy.getsockname()[1]
        status, _, err = outcome(capsys, "gateway", "--port", port)
    assert status == 2
    assert f"Port {port}" in err


@pytest.mark.real
def test_a_backend_that_is_not_there_ends_with_status_5_and_one_last_line(capsys, monkeypatch, unused_tcp_port):
    monkeypatch.setenv("DGRID_BASE_URL", f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("VOICELOOP_TIERS__ORDER", "realtime,rest")  # else the models of this machine answer
    status, _, err = outcome(capsys, "talk", "--text", "--say", "hello")
    assert status == 5
    assert err.splitlines()[-1].startswith("voiceloop: ")
    assert str(unused_tcp_port) in err.splitlines()[-1]


def test_a_named_sound_card_that_is_missing_ends_with_status_6(capsys, monkeypatch):
    monkeypatch.setattr("voiceloop.commandline.talk.why_no_sound", lambda: "no microphone found")
    status, _, err = outcome(capsys, "talk", "--input", "mic")
    assert (status, err) == (6, "voiceloop: no microphone found\n")


# What goes wrong inside


def failing(error):
    def fail(module, name):
        raise error

    return fail


def test_an_internal_error_is_one_line_and_status_1(capsys, monkeypatch):
    monkeypatch.setattr(cli, "command", failing(RuntimeError("two\nlines")))
    status, _, err = outcome(capsys, "plugins")
    assert status == 1
    assert err == "voiceloop: internal error: RuntimeError: two lines (set VOICELOOP_DEBUG=1 for the traceback)\n"


def test_the_traceback_is_there_for_those_who_ask(capsys, monkeypatch):
    monkeypatch.setenv("VOICELOOP_DEBUG", "1")
    monkeypatch.setattr(cli, "command", failing(DeviceError("gone")))
    status, _, err = outcome(capsys, "plugins")
    assert status == 6
    assert "Traceback" in err
    assert err.endswith("voiceloop: gone\n")


def test_the_first_error_of_a_task_group_is_told(capsys, monkeypatch):
    group = ExceptionGroup("many", [ExceptionGroup("inner", [DeviceError("gone")]), VoiceloopError("other")])
    monkeypatch.setattr(cli, "command", failing(group))
    assert outcome(capsys, "plugins") == (6, "", "voiceloop: gone\n")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(errno.EPIPE, "closed"), 0),
        (SystemExit(7), 7),
        (SystemExit("why"), 1),
    ],
)
def test_ctrl_c_a_closed_pipe_and_a_library_that_leaves_end_without_a_word(capsys, monkeypatch, error, status):
    monkeypatch.setattr(cli, "command", failing(error))
    assert outcome(capsys, "plugins") == (status, "", "")


# What is printed


def test_version_and_help(capsys):
    assert outcome(capsys, "--version") == (0, "voiceloop 0.1.0\n", "")
    status, out, _ = outcome(capsys)
    assert status == 0
    assert "talk" in out
    assert "--transcript" in outcome(capsys, "talk", "--help")[1]


def test_plugins_are_listed_whole(capsys):
    status, out, _ = outcome(capsys, "plugins")
    assert status == 0
    assert "voiceloop.tools  " in out
    assert "voiceloop_basics:factory" in out


def test_devices_and_doctor_run_anywhere(capsys):
    assert outcome(capsys, "devices")[0] in {0, 6}
    status, out, _ = outcome(capsys, "doctor")
    assert status in {0, 6}
    assert "Python: 3." in out


def test_config_show_gives_a_file_of_the_same_effect(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("DGRID_API_KEY", "sk-canary12345")
    monkeypatch.setenv("VOICELOOP_REALTIME__MODEL", "mine")
    config = ROOT / "configs" / "desktop.toml"
    status, out, _ = outcome(capsys, "config", "show", "--config", config)
    assert status == 0
    assert 'model = "mine"  # VOICELOOP_REALTIME__MODEL' in out
    assert f'clock = "12h"  # {config}, line ' in out
    assert '# api_key = "***"  # DGRID_API_KEY' in out
    assert "canary" not in out
    monkeypatch.delenv("VOICELOOP_REALTIME__MODEL")
    (tmp_path / "again.toml").write_text(out)
    again = outcome(capsys, "config", "show", "--config", "again.toml")[1]
    assert strip_comments(again) == strip_comments(out)


def strip_comments(text):
    return [line.rpartition("  # ")[0] for line in text.splitlines()]


def test_config_schema_is_a_json_schema(capsys):
    status, out, _ = outcome(capsys, "config", "schema")
    assert status == 0
    assert '"RealtimeSettings"' in out


SETTINGS_FILES = sorted({*(ROOT / "configs").glob("*.toml")} - {*(ROOT / "configs").glob("prices*.toml")})


@pytest.mark.parametrize("path", SETTINGS_FILES, ids=lambda path: path.stem)
def test_every_shipped_settings_file_loads(capsys, path):
    assert outcome(capsys, "config", "show", "--config", path)[0] == 0


def test_the_example_agent_has_its_tool_and_its_phrase():
    module = runpy.run_path(str(ROOT / "configs" / "examples" / "bakery.py"))
    agent = module["agent"]
    assert agent.settings.greeting == "Hello, how can I help?"
    assert agent.tools[0].phrases == ("where is order {order_id}",)


def test_a_program_with_its_own_agent_takes_the_options_of_talk(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["my_agent.py", "other.py", "--text"])
    with pytest.raises(SystemExit) as left:
        cli.run(Agent())
    assert left.value.code == 2
    assert "other.py: this program brings its own agent" in capsys.readouterr().err


def test_streams_that_know_few_letters_get_question_marks(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert narrow.errors == "replace"


def test_tab_completes_the_names_of_wake_words():
    assert cli.wake_words("hey") == ["hey_jarvis", "hey_mycroft"]
    assert cli.wake_words("./my_") == []
