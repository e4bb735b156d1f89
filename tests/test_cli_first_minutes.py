"""The first minutes with the command line, as processes: completion, watching, and keys in the keyring."""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = Path(sys.executable).with_name("voiceloop")

pytestmark = pytest.mark.real


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOICELOOP_", "DGRID_"))}
    return {**kept, "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}", **more}


def until(descriptor, text, within_s=30):
    """Read from a terminal until a text was seen."""
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([descriptor], [], [], within_s)
        assert ready, seen
        seen += os.read(descriptor, 4096)
    return seen


# Completion


def test_the_completion_of_the_shell_that_asks_is_shown():
    done = subprocess.run(
        ["bash", "-c", "voiceloop --show-completion; true"],
        check=True,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert "_VOICELOOP_COMPLETE=complete_bash" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "pwsh"])
def test_every_shell_has_a_completion(shell):
    asked = environment(_VOICELOOP_COMPLETE=f"source_{shell}")
    done = subprocess.run(["voiceloop"], check=False, env=asked, capture_output=True, text=True)
    assert f"complete_{'powershell' if shell == 'pwsh' else shell}" in done.stdout


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("voiceloop ta", ["talk"]),
        ("voiceloop lo", ["login"]),
        ("voiceloop talk --wa", ["--wake-word", "--watch"]),
        ("voiceloop talk --br", ["--brain"]),
        ("voiceloop models --role mod", ["moderation"]),
        ("voiceloop config s", ["schema", "show"]),
        ("voiceloop api t", ["token", "transcribe", "translate"]),
        ("voiceloop api token --j", ["--json"]),
    ],
)
def test_bash_completes_commands_options_and_values(line, offered):
    asked = {
        "_VOICELOOP_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    done = subprocess.run(["voiceloop"], check=False, env=environment(**asked), capture_output=True, text=True)
    assert sorted(done.stdout.split()) == offered


# Watching


AGENT = """\
import voiceloop

agent = voiceloop.Agent(greeting="{greeting}", tools=[])
"""


@pytest.mark.models
def test_a_saved_agent_talks_anew_on_the_same_terminal_with_the_same_models(tmp_path):
    agent = tmp_path / "agent.py"
    agent.write_text(AGENT.format(greeting="This is the first."))
    keyboard, terminal = os.openpty()
    before = termios.tcgetattr(terminal)
    talk = subprocess.Popen(
        ["voiceloop", "talk", "agent.py", "--text", "--watch", "--brain", "scripted"],
        env=environment(TERM="xterm-256color"),
        cwd=tmp_path,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)),  # noqa: PLW1509 - no threads here
    )
    seen = until(keyboard, b"This is the first.", 60)
    agent.write_text(AGENT.format(greeting="This is the second."))
    seen += until(keyboard, b"This is the second.")
    os.write(keyboard, b"hello\n")
    seen += until(keyboard, b"You said: hello.")
    agent.write_text("not python(")
    seen += until(keyboard, b"Waiting for a file to be saved")
    agent.write_text(AGENT.format(greeting="This is the third."))
    seen += until(keyboard, b"This is the third.")
    os.write(keyboard, b"\x03")
    seen += until(keyboard, b"ended: interrupted")
    assert talk.wait(5) == 130
    assert termios.tcgetattr(terminal) == before
    assert seen.count(b"starting the embedded gateway") == 1
    assert seen.count(b"ended: terminated") == 2
    assert b"agent.py, line 1: SyntaxError" in seen
    assert b"Traceback" not in seen
    for descriptor in (keyboard, terminal):
        os.close(descriptor)


# Keys

MEMORY = """\
import json
from pathlib import Path

from keyring.backend import KeyringBackend

FILE = Path(__file__).with_name("keys.json")


class Memory(KeyringBackend):
    priority, name = 1, "a file for tests"

    def kept(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    def get_password(self, service, username):
        return self.kept().get(username)

    def set_password(self, service, username, password):
        FILE.write_text(json.dumps({**self.kept(), username: password}))

    def delete_password(self, service, username):
        FILE.write_text(json.dumps({name: key for name, key in self.kept().items() if name != username}))
"""
KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret


def test_a_key_of_the_keyring_is_found_by_every_command_and_shown_by_none(tmp_path):
    (tmp_path / "memory.py").write_text(MEMORY)
    environ = environment(
        PYTHONPATH=str(tmp_path), PYTHON_KEYRING_BACKEND="memory.Memory", XDG_DATA_HOME=str(tmp_path / "data")
    )

    def run(*arguments, **more):
        done = subprocess.run(
            ["voiceloop", *arguments], check=True, cwd=tmp_path, env=environ, capture_output=True, text=True, **more
        )
        assert KEY not in done.stdout + done.stderr
        return done.stdout

    assert "is kept in a file for tests" in run("login", input=f"{KEY}\n")
    assert 'api_key = "***"  # the keyring' in run("config", "show")
    assert "Forgot the key" in run("login", "--forget")
    assert 'api_key = ""  # default' in run("config", "show")


def test_without_a_keyring_login_names_the_other_way(tmp_path):
    done = subprocess.run(
        ["voiceloop", "login"],
        check=False,
        cwd=tmp_path,
        env=environment(PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring"),
        input=f"{KEY}\n",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (6, "")
    assert "set DGRID_API_KEY in the environment or in .env instead" in done.stderr
    assert KEY not in done.stderr
