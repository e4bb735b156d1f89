"""Every command that a page shows is run, or named here with the reason why it cannot be. Python: test_readme.py."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer
from websockets.asyncio.client import connect

from test_readme import PAGES
from voiceloop import cli
from voiceloop.devices.portaudio import has_soundcard

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LANGUAGES = {"", "sh", "python", "mermaid", "toml", "json", "js", "html"}
GATEWAY, CHAT = "http://127.0.0.1:8080", "http://127.0.0.1:11434"
"""Addresses on the pages; in tests a gateway and a chat server answer for them on free ports."""

SPOKEN = "tests/fixtures/speech/two_questions.wav"
CANNOT = {
    "DGRID_API_KEY=... scripts/talk": "takes a real key and the network",
    "voiceloop login": "asks for a real key; test_login.py and test_cli_first_minutes.py run it",
    "voiceloop login --base-url https://models.example": "as above",
    "voiceloop login --forget": "would remove the key of whoever runs the tests",
    "voiceloop talk agent.py --config voiceloop.toml --watch": "goes on until Ctrl-C; see test_cli_first_minutes.py",
    "voiceloop talk bakery/agent.py --watch": "as above",
    "voiceloop gateway --port 8080": "goes on until Ctrl-C; the test of web.py below runs it",
    "cd configs/examples && DGRID_BASE_URL=http://127.0.0.1:8080 uvicorn web:app": "as above",
    "sudo apt-get install espeak-ng && .venv/bin/pip install -e '.[local,languages]'": "scripts/test installs that",
    "(voiceloop gateway --port 8765 & sleep 12; kill -9 $!) > gateway.log & sleep 8": "test_tiers.py kills a gateway",
    f"DGRID_BASE_URL=http://127.0.0.1:8765 voiceloop talk --input {SPOKEN} --transcript out.jsonl": "as above",
    "grep tier_changed out.jsonl": "as above",
    "scripts/test": "is what runs this",
    "scripts/check": "CI runs it before the tests",
    "scripts/bench": "takes minutes alone on a quiet machine",
    "HYPOTHESIS_PROFILE=long scripts/test -k properties": "takes minutes; the everyday run tries 200 of each",
    "scripts/test --echo": "takes minutes, and wants a machine for itself",
    "scripts/test --long": "takes minutes; CI runs it after the tests of every day",
    "scripts/soak": "takes ten minutes; test_soak.py runs a short one",
    'voiceloop api say "Your order is ready." --play': "needs a speaker; test_api_player.py plays without one",
}
"""Commands that no test runs from a page, and why."""


def pages():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return sorted(listed.split())


@dataclass(frozen=True)
class Command:
    page: str
    line: int
    text: str


def commands(page):
    """The lines of a page's shell blocks, without comments."""
    text = (ROOT / page).read_text("utf-8")
    for block in BLOCK.finditer(text):
        if block[1] == "sh":
            first = text.count("\n", 0, block.start(2)) + 1
            for number, line in enumerate(block[2].splitlines(), first):
                if command := re.sub(r"(^|\s+)#.*", "", line).strip():
                    yield Command(page, number, command)


ALL = [command for page in pages() for command in commands(page)]
RUN = [page for page in pages() if any(c.text not in CANNOT for c in commands(page))]


def test_what_cannot_be_run_still_stands_on_a_page():
    assert set(CANNOT) == {command.text for command in ALL} & set(CANNOT)
    assert len(ALL) > len(CANNOT)


def test_every_block_says_what_it_is():
    found = {(page, block[1]) for page in pages() for block in BLOCK.finditer((ROOT / page).read_text("utf-8"))}
    assert {language for _, language in found} <= LANGUAGES
    shown = {page for page, language in found if language == "python"}
    assert shown == {*PAGES, "docs/testing.md"}  # test_readme.py and testing/test_page.py run that


@pytest.fixture(scope="module")
def chat():
    """A chat server that has one model and one answer."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self._send(json.dumps({"object": "list", "data": [{"id": "small"}]}).encode(), "application/json")

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            delta = json.dumps({"choices": [{"index": 0, "delta": {"content": "I am a model."}}]})
            self._send(f"data: {delta}\n\ndata: [DONE]\n\n".encode(), "text/event-stream")

        def _send(self, body, kind):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):  # noqa: A002
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def gateway():
    """The embedded gateway without a key, as somebody starts it by hand before all pages."""
    with subprocess.Popen(
        [sys.executable, "-m", "voiceloop", "gateway", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as served:
        yield served.stdout.readline().split()[-1]
        served.terminate()


def desk(folder):
    """Make the folder look like the checkout to whoever types the commands; scripts run where they are."""
    for name in ("tests", "configs"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "scripts").mkdir()
    for script in (path for path in (ROOT / "scripts").iterdir() if path.is_file() and os.access(path, os.X_OK)):
        shim = folder / "scripts" / script.name
        shim.write_text(f'#!/bin/sh\nexec "{script}" "$@"\n')
        shim.chmod(0o755)
    return folder


def typed(page, folder, gateway, chat):
    """Type the commands of a page one after the other, until one fails."""
    lines = ["set -e"]
    for command in commands(page):
        if command.text not in CANNOT:
            lines += [f"echo '### {page}, line {command.line}' >&2", command.text]
    lines.append("true")  # else the last command takes the shell's place, which completion looks for
    script = "\n".join(lines).replace(GATEWAY, gateway).replace(CHAT, chat)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOICELOOP_", "DGRID_"))}
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
        timeout=380,
    )


@pytest.fixture(scope="module")
def read_pages(gateway, chat, tmp_path_factory, request):
    """What became of each page, three at a time: most of a conversation is waiting. README is the longest."""
    wanted = {
        item.callspec.params["page"]
        for item in request.session.items
        if item.path == Path(__file__) and "read_pages" in item.fixturenames
    }
    with ThreadPoolExecutor(3) as readers:
        yield {
            page: readers.submit(typed, page, desk(tmp_path_factory.mktemp("desk")), gateway, chat)
            for page in sorted(wanted, key=lambda page: page != "README.md")
        }


@pytest.mark.real
@pytest.mark.models
@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_run_one_after_the_other(page, read_pages):
    if has_soundcard():
        pytest.skip("a microphone would be listened to until Ctrl-C; without a sound card the sample speaks")
    done = read_pages[page].result()
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


@pytest.mark.real
@pytest.mark.models
async def test_the_stand_in_for_a_chat_server_is_what_the_brain_expects(chat):
    """Else the page's command would end well with an apology, and nobody would know."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "voiceloop", "talk", "--brain", f"{chat}/v1", "--text", "--say", "who are you",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert "agent: I am a model." in out.decode(), err.decode()


@pytest.mark.real
@pytest.mark.models
async def test_the_web_application_answers_as_the_page_starts_it(gateway):
    (command,) = [text for text in CANNOT if text.endswith("uvicorn web:app")]
    command = command.replace(GATEWAY, gateway).replace("uvicorn", f"exec {sys.executable} -m uvicorn --port 0")
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command,
        cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        while not (found := re.search(rb"running on http://(\S+)", await process.stderr.readline())):
            assert not process.stderr.at_eof()
        async with connect(f"ws://{found[1].decode()}/voice/") as socket:
            await socket.send(json.dumps({"type": "text", "text": "where is order 7"}))
            while "Order 7 leaves today." not in str(await socket.recv()):
                pass
        process.terminate()
        await process.communicate()


# What pages say about commands in passing -----------------------------------------------------------------------------


def known():
    """Every command of the command line with its options."""

    def walk(command, names):
        yield names, {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
        for name, below in getattr(command, "commands", {}).items():
            yield from walk(below, (*names, name))

    return dict(walk(typer.main.get_command(cli.app), ()))


def mentioned(page):
    """The commands that a page mentions between backquotes, each with the options that follow."""
    for span in SPAN.findall(BLOCK.sub("", (ROOT / page).read_text("utf-8"))):
        words = span.split()
        if words[0] == "voiceloop":
            yield span, words[1:]


@pytest.mark.parametrize("page", [page for page in pages() if list(mentioned(page))])
def test_every_command_that_is_mentioned_exists_with_its_options(page):
    there = known()
    for span, words in mentioned(page):
        names = ()
        while words and (*names, words[0]) in there:
            names = (*names, words.pop(0))
        rest = [word for word in words if word.startswith("-")]
        assert names or rest or words in (["..."], []), f"{span}: there is no such command"
        assert set(rest) <= there[names] | {"--help", "--install-completion", "--show-completion"}, span


def test_the_table_of_commands_names_every_command_and_only_their_options():
    text = (ROOT / "README.md").read_text("utf-8")
    table = [row for row in text.splitlines() if row.startswith("| `voiceloop ")]
    there = known()
    told = set()
    for row in table:
        first = SPAN.findall(row.split(" | ")[0])
        names = [
            tuple(
                word
                for word in span.removeprefix("voiceloop ").split()
                if word[0] != "-" and word.replace("-", "").isalpha() and word.islower()
            )
            for span in first
        ]
        told.update(names)
        options = set().union(*(there[name] for name in names))
        assert set(re.findall(r"`(--[\w-]+)", row)) <= options, row
    assert told == {name for name in there if name and name not in {("config",), ("api",)}}
