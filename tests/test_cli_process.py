from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEECH = ROOT / "tests" / "fixtures" / "speech"
COMMAND = [sys.executable, "-m", "voiceloop"]


def clean_environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOICELOOP_", "DGRID_"))}
    return {**kept, **more}


def process(*arguments, **more):
    options = {"capture_output": True, "text": True, "timeout": 60, "env": clean_environment(), **more}
    return subprocess.run([*COMMAND, *map(str, arguments)], check=False, **options)


@pytest.mark.real
def test_the_version_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys, runpy\nsys.argv = ['voiceloop', '--version']\n"
        "try:\n runpy.run_module('voiceloop', run_name='__main__')\n"
        "except SystemExit: print([m for m in ('numpy', 'pydantic', 'uvloop', 'asyncio', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["voiceloop 0.1.0", "[]"]


@pytest.mark.real
def test_a_pipe_that_closes_early_is_no_error():
    reader = subprocess.Popen([*COMMAND, "config", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    reader.stdout.close()
    assert reader.wait(60) == 0
    assert reader.stderr.read() == b""
    reader.stderr.close()


@pytest.mark.real
def test_an_error_as_a_process_is_one_line_without_traceback(tmp_path):
    done = process("talk", "--config", "none.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.models
@pytest.mark.real
def test_the_bakery_answers_with_models_on_this_machine(tmp_path):
    done = process(
        "talk",
        ROOT / "configs" / "examples" / "bakery.py",
        "--text",
        "--transcript",
        "t.jsonl",
        "--tape",
        "t.tape",
        cwd=tmp_path,
        input="where is order 17\n",
    )
    assert done.returncode == 0, done.stderr
    assert "agent: Hello, how can I help?" in done.stdout
    assert "agent: Order 17 leaves today." in done.stdout
    again = process("replay", "t.tape", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "all as recorded" in again.stdout


@pytest.mark.models
@pytest.mark.real
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_session_politely_and_then_the_process(tmp_path, number, status):
    transcript = tmp_path / "t.jsonl"
    talk = subprocess.Popen(
        [*COMMAND, "talk", "--input", str(SPEECH / "two_questions.wav"), "--transcript", str(transcript)],
        env=clean_environment(),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with talk.stderr as told:
        for line in told:
            if line.startswith("realtime, model"):
                break
        talk.send_signal(number)
        assert "Traceback" not in told.read()
    assert talk.wait(5) == status
    last = transcript.read_text().splitlines()[-1]
    assert '"event":"session_ended"' in last
    assert ("interrupted" if number == signal.SIGINT else "terminated") in last


@pytest.mark.models
@pytest.mark.real
def test_a_terminal_is_as_it_was_after_a_conversation_that_was_interrupted(tmp_path):
    keyboard, terminal = os.openpty()
    before = termios.tcgetattr(terminal)
    talk = subprocess.Popen(
        [*COMMAND, "talk", "--text"],
        env=clean_environment(TERM="xterm-256color"),
        cwd=tmp_path,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)),  # noqa: PLW1509 - no threads here
    )
    seen = until(keyboard, b"> ")
    os.write(keyboard, b"what is two plus two\n")
    seen += until(keyboard, b"agent")
    os.write(keyboard, b"\x03")
    assert talk.wait(5) == 130
    seen += until(keyboard, b"ended: interrupted")
    assert termios.tcgetattr(terminal) == before
    assert b"\x1b[?25l" not in seen
    assert b"Traceback" not in seen
    for descriptor in (keyboard, terminal):
        os.close(descriptor)


def until(descriptor, text):
    """Read from a terminal until a text was seen."""
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([descriptor], [], [], 30)
        assert ready, seen
        seen += os.read(descriptor, 4096)
    return seen


@pytest.mark.models
@pytest.mark.real
def test_ctrl_c_while_the_models_load_ends_at_once(tmp_path):
    talk = subprocess.Popen(
        [*COMMAND, "talk", "--text"],
        env=clean_environment(),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with talk.stderr as told:
        for line in told:
            if "starting the embedded gateway" in line:
                break
        talk.send_signal(signal.SIGINT)
        assert "Traceback" not in told.read()
    assert talk.wait(3) == 130
    talk.stdin.close()
