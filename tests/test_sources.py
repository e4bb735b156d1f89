from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.agent import Agent
from voiceloop.errors import SettingsError, UsageError
from voiceloop.session import Session
from voiceloop.sources import (
    Origins,
    agent_from_file,
    base_url,
    environment_settings,
    read_settings,
    realtime_url,
)

BAKERY = """\
import voiceloop

agent = voiceloop.Agent(instructions="You work at a bakery.")
"""

SECRET = "s3cret"

# Settings


def read(tmp_path, environ=None, **origins):
    return read_settings(Origins(environ=environ or {}, folder=tmp_path, **origins))


def write(path, text):
    path.write_text(text)
    return path


def test_the_file_gives_way_to_dotenv_to_the_environment_to_flags(tmp_path):
    file = write(
        tmp_path / "a.toml",
        "[realtime]\nmodel='file'\ndialect='beta'\n[audio]\nformat='g711_ulaw'\n[agent]\nvoice='v'\n",
    )
    dotenv = "export VOICELOOP_REALTIME__DIALECT=ga\nVOICELOOP_REALTIME__MODEL=dotenv\nVOICELOOP_AUDIO__FORMAT=pcm16\n"
    write(tmp_path / ".env", dotenv)
    environ = {"VOICELOOP_REALTIME__MODEL": "env", "VOICELOOP_AUDIO__FORMAT": "g711_alaw"}
    effective = read(tmp_path, environ, config=file, flags={("audio", "format"): ("--format", "pcm16")})
    settings = effective.settings
    assert (settings.realtime.model, settings.realtime.dialect, settings.audio.format) == ("env", "ga", "pcm16")
    assert settings.agent.voice.realtime == "v"
    assert effective.where(("realtime", "dialect")) == ".env, line 1 (VOICELOOP_REALTIME__DIALECT)"
    assert effective.where(("agent", "voice")) == f"{file}, line 7"


def test_dotenv_gives_the_key_and_the_environment_wins(tmp_path):
    write(
        tmp_path / ".env",
        "# mine\nOTHER=1\nnot a line\n"
        "DGRID_API_KEY='sk-dotenv' # quoted\n"  # pragma: allowlist secret
        "DGRID_BASE_URL=https://a.example # note\n",
    )
    backend = read(tmp_path).settings.backend
    assert backend.api_key.get_secret_value() == "sk-dotenv"
    assert backend.base_url == "https://a.example"
    backend = read(tmp_path, {"DGRID_API_KEY": "sk-env", "DGRID_BASE_URL": ""}).settings.backend
    assert backend.api_key.get_secret_value() == "sk-env"
    assert backend.base_url == "https://a.example"


def test_a_wrong_name_in_dotenv_is_placed(tmp_path):
    write(tmp_path / ".env", "\nVOICELOOP_REALTIME__MODLE=x\n")
    with pytest.raises(SettingsError, match=r"\.env, line 2 \(VOICELOOP_REALTIME__MODLE\): .*__MODEL\?"):
        read(tmp_path)


def test_a_dotenv_that_is_not_text_is_named(tmp_path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"cannot read .*\.env: it is not UTF-8 text"):
        read(tmp_path)


def test_a_key_file_wins_over_everything(tmp_path):
    key_file = write(tmp_path / "key", "sk-from-file\n")
    backend = read(tmp_path, {"DGRID_API_KEY": "sk-env"}, key_file=key_file).settings.backend
    assert backend.api_key.get_secret_value() == "sk-from-file"
    assert backend.base_url == "https://api.dgrid.ai"


@pytest.mark.parametrize("flag", ["config", "key_file"])
def test_a_named_file_that_is_missing_empty_or_no_text_is_a_usage_error(tmp_path, flag):
    (tmp_path / "bytes").write_bytes(b"\xff\x00")
    write(tmp_path / "empty", " \n")
    for name, reason in (
        ("none", "No such file"),
        ("empty", "is empty"),
        ("bytes", "not UTF-8"),
        ("", "Is a directory"),
    ):
        with pytest.raises(UsageError, match=reason):
            read(tmp_path, **{flag: tmp_path / name})


def test_without_key_and_url_there_is_no_backend(tmp_path):
    backend = read(tmp_path).settings.backend
    assert backend.base_url is None
    assert backend.api_key is None


def test_a_url_alone_gets_no_key(tmp_path):
    backend = read(tmp_path, {"DGRID_BASE_URL": "http://127.0.0.1:8080/v1/"}).settings.backend
    assert backend.base_url == "http://127.0.0.1:8080"
    assert backend.api_key is None


@pytest.mark.parametrize("key", ["two words", "sk-ünicode", "sk-1\nX-Header: 2"])
def test_a_key_that_cannot_be_sent_is_refused_without_repeating_it(tmp_path, key):
    with pytest.raises(SettingsError, match="DGRID_API_KEY: the key") as error:
        read(tmp_path, {"DGRID_API_KEY": key})
    assert key not in str(error.value)


def test_a_wrong_url_is_placed(tmp_path):
    with pytest.raises(SettingsError, match=r"DGRID_BASE_URL: 'api\.dgrid\.ai' is no base URL"):
        read(tmp_path, {"DGRID_BASE_URL": "api.dgrid.ai"})
    file = write(tmp_path / "a.toml", "[backend]\nbase_url = 'http://example.com'\n")
    with pytest.raises(SettingsError, match=r"a\.toml, line 2: http://example\.com would send the key"):
        read(tmp_path, config=file)
    allowed = {"VOICELOOP_BACKEND__ALLOW_PLAINTEXT": "true"}
    assert read(tmp_path, allowed, config=file).settings.backend.base_url == "http://example.com"


# Programs without a command line


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """An environment without a backend, in a folder without `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in ("DGRID_API_KEY", "DGRID_BASE_URL", "VOICELOOP_BACKEND__BASE_URL", "VOICELOOP_BACKEND__API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_program_without_flags_has_its_backend_from_the_environment(bare):
    bare.setenv("DGRID_BASE_URL", "http://127.0.0.1:8080/v1/")
    assert environment_settings().backend.base_url == "http://127.0.0.1:8080"
    assert Session(Agent()).settings.backend == environment_settings().backend


def test_a_program_without_flags_has_its_backend_from_dotenv(bare, tmp_path):
    write(tmp_path / ".env", "DGRID_API_KEY=sk-dotenv\n")  # pragma: allowlist secret
    assert environment_settings().backend.base_url == "https://api.dgrid.ai"


def test_a_program_without_flags_has_its_key_from_the_keyring(bare):
    bare.setattr("voiceloop.sources.stored_key", {"https://api.dgrid.ai": "kept"}.get)
    assert environment_settings().backend.api_key.get_secret_value() == "kept"


@pytest.mark.usefixtures("bare")
def test_a_program_that_names_no_backend_is_told_what_to_set():
    with pytest.raises(SettingsError, match="set DGRID_API_KEY, or start `voiceloop gateway` and set DGRID_BASE_URL"):
        Session(Agent())


# Base URLs


@pytest.mark.parametrize(
    ("given_url", "normal"),
    [
        ("https://api.dgrid.ai", "https://api.dgrid.ai"),
        (" https://api.dgrid.ai/v1/ ", "https://api.dgrid.ai"),
        ("https://gate.example:8443/dgrid/v1", "https://gate.example:8443/dgrid"),
        ("wss://api.dgrid.ai/v1", "https://api.dgrid.ai"),
        ("ws://localhost:9", "http://localhost:9"),
        ("http://127.8.9.1/", "http://127.8.9.1"),
        ("http://[::1]:80/v1//", "http://[::1]:80"),
    ],
)
def test_base_urls_come_out_normal(given_url, normal):
    assert base_url(given_url) == normal
    assert base_url(normal) == normal
    assert realtime_url(normal) == normal.replace("http", "ws", 1)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a",
        "https://",
        "https://a:0",
        "https://a:99999",
        "https://[::1",
        "https://u:p@a",
        "https://a?x=1",
        "https://a#b",
    ],
)
def test_what_is_no_base_url_is_refused(url):
    with pytest.raises(SettingsError):
        base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://ada:{SECRET}@a",
        f"https://ada:{SECRET}@",
        f"ada:{SECRET}@a",
        f"https://ada:{SECRET[:2]}/{SECRET[2:4]}@{SECRET[4:]}@a",
        f"https://ada:{SECRET}@a:0",
        f"https://ada:{SECRET}@[::1",
        f"https://ada:{SECRET}@a:port",
        f"https://ada:{SECRET}@a\u2100b",
        f"https://ada:{SECRET}@a",
    ],
)
def test_a_password_in_a_wrong_base_url_is_not_told(url):
    with pytest.raises(SettingsError) as error:
        base_url(url)
    told = "".join(traceback.format_exception(error.value))
    assert not any(part in told for part in ("s3", "et@", "ada:"))


@pytest.mark.parametrize(
    "host", ["example.com", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com", "0.0.0.0"]
)
def test_plaintext_stays_on_this_machine(host):
    with pytest.raises(SettingsError, match="use https"):
        base_url(f"http://{host}")
    with pytest.raises(SettingsError, match="use https"):
        base_url(f"ws://{host}")
    assert base_url(f"http://{host}", allow_plaintext=True) == f"http://{host}"


@given(st.text(max_size=40))
def test_any_text_is_a_normal_url_or_a_settings_error(text):
    try:
        url = base_url(text)
    except SettingsError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either way is right
    else:
        assert base_url(url) == url


# Agents


def test_the_object_named_agent_is_taken(tmp_path):
    file = write(tmp_path / "bakery_named.py", BAKERY + "other = voiceloop.Agent()\n")
    assert agent_from_file(file).settings.instructions == "You work at a bakery."


def test_the_only_agent_is_taken_whatever_its_name(tmp_path):
    file = write(tmp_path / "bakery_only.py", BAKERY.replace("agent =", "baker =") + "agent = 5\nsame = baker\n")
    assert isinstance(agent_from_file(file), Agent)


def test_an_agent_may_import_its_neighbours(tmp_path):
    write(tmp_path / "flour_of_this_test.py", "KIND = 'rye'\n")
    file = write(tmp_path / "bakery_neighbour.py", "import flour_of_this_test\n" + BAKERY)
    assert agent_from_file(file)
    assert "flour_of_this_test" in sys.modules


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\n", "has no agent; end it with: agent = voiceloop.Agent"),
        (BAKERY.replace("agent =", "one =") + "two = voiceloop.Agent()\n", r"has several agents \(one, two\)"),
        ("import voiceloop\n\nimport no_such_module_here\n", "line 3: ModuleNotFoundError: No module named"),
        ("x = 1\ndef broken(:\n", "line 2: SyntaxError: "),
        ("x = 1\n\ny = x / 0\n", "line 3: ZeroDivisionError: division by zero"),
        (
            "import voiceloop\nagent = voiceloop.Agent(idle={'after': 3})\n",
            "line 2: there is no setting agent.idle.after; did you mean agent.idle.after_s?",
        ),
        (
            "import voiceloop\nagent = voiceloop.Agent(patience='hight')\n",
            "line 2: agent.patience = 'hight' is wrong: it should be 'low', 'normal', 'relaxed', ",
        ),
        ("def f():\n    raise ValueError('a\\nb')\nf()\n", "line 2: ValueError: a b"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
        ("import voiceloop\nvoiceloop.Agent(colour='red')\n", "line 2: TypeError: "),
        (
            "import voiceloop\nvoiceloop.Agent(language=5)\n",
            "line 2: agent.language = 5 is wrong: it should be a text in quotes",
        ),
    ],
)
def test_an_agent_that_cannot_be_had_is_explained_with_its_line(tmp_path, monkeypatch, text, problem):
    file = write(tmp_path / "broken_agent.py", text)
    monkeypatch.chdir(tmp_path)
    for named in (file, Path(file.name)):
        with pytest.raises(UsageError, match=problem) as error:
            agent_from_file(named)
        assert str(error.value).startswith(str(named))
        assert "\n" not in str(error.value)


def test_a_file_that_is_no_python_or_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="is no Python file"):
        agent_from_file(tmp_path / "a.toml")
    with pytest.raises(UsageError, match="there is no such file"):
        agent_from_file(tmp_path / "a.py")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(UsageError, match="it is a folder"):
        agent_from_file(tmp_path / "folder.py")
