from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest

from voiceloop.commandline import login as module
from voiceloop.commandline.login import login
from voiceloop.errors import SettingsError, UsageError
from voiceloop.sources import Origins, read_settings

HERE, THERE = "https://api.dgrid.ai", "https://other.example"
KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """What the keyring holds; the working folder is an empty one."""
    keys = {}
    monkeypatch.setattr(module, "store_key", lambda place, key: keys.update({place: key}) or "a keyring")
    monkeypatch.setattr(module, "forget_key", lambda place: keys.pop(place, None) is not None)
    monkeypatch.chdir(tmp_path)
    return keys


def typed(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_the_key_is_read_from_standard_input_and_not_shown(kept, monkeypatch, capsys):
    typed(monkeypatch, f"  {KEY}\nmore\n")
    assert login({}, None, forget=False) == 0
    assert kept == {HERE: KEY}
    out = capsys.readouterr().out
    assert out == f"The key for {HERE} is kept in a keyring; voiceloop login --forget removes it.\n"


def test_it_is_the_key_of_the_base_url_that_is_set_or_named(kept, monkeypatch):
    typed(monkeypatch, f"{KEY}\n{KEY}2\n")
    login({"DGRID_BASE_URL": f"{THERE}/v1/"}, None, forget=False)
    login({}, f"{HERE}/v1", forget=False)
    assert kept == {THERE: KEY, HERE: f"{KEY}2"}


def test_a_key_in_the_environment_wins_and_that_is_said(kept, monkeypatch, capsys):
    typed(monkeypatch, KEY)
    login({"DGRID_API_KEY": "sk-other"}, None, forget=False)  # pragma: allowlist secret
    assert "wins over it" in capsys.readouterr().out


def test_a_base_url_that_would_show_the_key_is_refused(kept, monkeypatch):
    typed(monkeypatch, KEY)
    with pytest.raises(SettingsError, match="use https"):
        login({}, "http://other.example", forget=False)
    assert kept == {}


@pytest.mark.parametrize("text", ["", "\n", "  \n"])
def test_no_key_is_a_usage_error(kept, monkeypatch, text):
    typed(monkeypatch, text)
    with pytest.raises(UsageError, match="no key was given"):
        login({}, None, forget=False)


def test_what_cannot_be_a_key_is_not_kept_and_not_repeated(kept, monkeypatch):
    typed(monkeypatch, "two words\n")
    with pytest.raises(SettingsError, match="nothing was changed") as error:
        login({}, None, forget=False)
    assert "two" not in str(error.value)
    assert kept == {}


def test_forgetting_tells_whether_there_was_a_key(kept, capsys):
    kept[HERE] = KEY
    assert login({}, None, forget=True) == 0
    assert login({}, None, forget=True) == 0
    assert capsys.readouterr().out == f"Forgot the key for {HERE}.\nThere was no key for {HERE}.\n"
    assert kept == {}


def test_settings_find_the_kept_key_after_the_environment_and_dotenv(tmp_path):
    def read(environ):
        return read_settings(Origins(environ=environ, folder=tmp_path, keyring={HERE: KEY}.get))

    found = read({})
    assert found.settings.backend.api_key.get_secret_value() == KEY
    assert found.settings.backend.base_url == HERE
    assert found.where(("backend", "api_key")) == "the keyring"
    environ = {"DGRID_API_KEY": "sk-env"}  # pragma: allowlist secret
    assert read(environ).settings.backend.api_key.get_secret_value() == "sk-env"
    assert read({"DGRID_BASE_URL": THERE}).settings.backend.api_key is None
    (tmp_path / ".env").write_text("DGRID_API_KEY=sk-dotenv\n")
    assert read({}).settings.backend.api_key.get_secret_value() == "sk-dotenv"


@pytest.mark.real
def test_a_key_typed_at_a_terminal_is_not_echoed(tmp_path):
    (tmp_path / "memory.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class Memory(KeyringBackend):\n"
        "    priority, name, kept = 1, 'memory', {}\n"
        "    def get_password(self, service, name): return self.kept.get((service, name))\n"
        "    def set_password(self, service, name, key): self.kept[service, name] = key\n"
        "    def delete_password(self, service, name): del self.kept[service, name]\n"
    )
    program, terminal = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("VOICELOOP_", "DGRID_"))}
    child = subprocess.Popen(
        [sys.executable, "-m", "voiceloop", "login"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=tmp_path,
        env={
            **environ,
            "PYTHONPATH": str(tmp_path),
            "PYTHON_KEYRING_BACKEND": "memory.Memory",
            "XDG_DATA_HOME": str(tmp_path),
        },
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # noqa: PLW1509 - becomes its terminal
    )
    os.close(terminal)
    seen = b""
    while b"(not shown): " not in seen:
        seen += os.read(program, 1024)
    os.write(program, f"{KEY}\n".encode())
    assert child.wait(20) == 0
    seen += os.read(program, 4096)
    os.close(program)
    assert b"is kept in memory" in seen
    assert KEY.encode() not in seen
