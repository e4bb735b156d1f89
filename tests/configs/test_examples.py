"""The programs under configs/examples, run as they stand against a server whose brain knows the tools' phrases."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from voiceloop.testing import ScriptedGateway, ScriptedServer
from voiceloop.testing.brain import PhraseBrain

EXAMPLES = Path(__file__).parents[2] / "configs" / "examples"
pytestmark = pytest.mark.real


@pytest.fixture
async def backend(tmp_path, monkeypatch):
    """A realtime server that the environment names; yields what it saw."""
    gateway = ScriptedGateway(brain=PhraseBrain(), listens=True, transcripts=["where is order 7"])
    listening = ScriptedServer(gateway)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DGRID_API_KEY", raising=False)
    async with listening:
        monkeypatch.setenv("DGRID_BASE_URL", listening.base_url)
        yield gateway


@pytest.fixture
def example(monkeypatch):
    """Imports an example as somebody does who stands in its folder."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(EXAMPLES)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(EXAMPLES) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


# In a web application -------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def served(app):
    """Run uvicorn on the test's loop; yields its port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on", ws="websockets-sansio"))
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
            assert not serving.done()
        try:
            yield server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True


class Call:
    """One call over a real websocket."""

    def __init__(self, socket):
        self.socket = socket
        self.sound = bytearray()
        self.told = []

    async def hears(self, event, times=1):
        """Read on until the `times`-th line of an event, or message of a type."""
        async with asyncio.timeout(30):
            while sum(event in (told.get("event"), told.get("type")) for told in self.told) < times:
                message = await self.socket.recv()
                if isinstance(message, bytes):
                    self.sound += message
                else:
                    self.told.append(json.loads(message))
        return [told for told in self.told if event in (told.get("event"), told.get("type"))][-1]

    async def speaks(self, seconds, rate_hz):
        """Speak noise for some seconds, in real time, then keep still."""
        block = bytes(range(1, 129)) * (rate_hz // 50 * 2 // 128) + bytes(rate_hz // 50 * 2 % 128)
        for _ in range(int(seconds * 50)):
            await self.socket.send(block)
            await asyncio.sleep(0.02)


async def by_voice(url):
    """Ask aloud, answer when the server hangs up; returns the words of the agent."""
    async with connect(f"{url}?rate=16000") as socket:
        call = Call(socket)
        assert (await call.hears("ready"))["rate"] == 16_000
        await call.hears("agent_said")
        async with asyncio.TaskGroup() as group:
            group.create_task(call.speaks(1.0, 16_000))
            answer = await call.hears("agent_said", times=2)
        assert any(call.sound[-32_000:]), "the answer can be heard"
        await socket.send(json.dumps({"type": "end"}))
        await call.hears("session_ended")
        await socket.wait_closed()
        assert socket.close_code == 1000
    return answer["heard_text"]


async def by_keyboard(url):
    """Ask in writing and leave without a word."""
    async with connect(url) as socket:
        call = Call(socket)
        await call.hears("agent_said")
        await socket.send(json.dumps({"type": "text", "text": "where is order 8"}))
        answer = await call.hears("agent_said", times=2)
    return answer["heard_text"]


async def test_two_calls_at_once_in_a_fastapi_application(backend, example):
    web = example("web")
    async with served(web.app) as port:
        url = f"ws://127.0.0.1:{port}/voice/"
        async with asyncio.TaskGroup() as group:
            spoken, typed = group.create_task(by_voice(url)), group.create_task(by_keyboard(url))
            await backend.until(lambda: len(backend.connections) == 2, within_s=10)
            assert await web.busy() == {"calls": 2}
        assert spoken.result() == "Order 7 leaves today."
        assert typed.result() == "Order 8 leaves today."
        await backend.until(lambda: all(each.closed for each in backend.connections), within_s=10)
        assert await web.busy() == {"calls": 0}


async def test_a_server_that_stops_ends_its_calls(backend, example):
    async with served(example("web").app) as port, contextlib.AsyncExitStack() as stack:
        call = Call(await stack.enter_async_context(connect(f"ws://127.0.0.1:{port}/voice/")))
        await call.hears("ready")
    await backend.until(lambda: backend.connection.closed, within_s=5)


async def test_a_page_of_another_site_is_turned_away(backend, example):
    async with served(example("web").app) as port:
        with pytest.raises(InvalidHandshake):  # older versions of uvicorn garble the 403
            await connect(f"ws://127.0.0.1:{port}/voice/", origin="https://evil.test").__aenter__()
        async with connect(f"ws://127.0.0.1:{port}/voice/", origin=f"http://127.0.0.1:{port}") as socket:
            await Call(socket).hears("ready")
    assert len(backend.upgrades) == 1


# On loops of its own, in a notebook, under pytest ---------------------------------------------------------------------


async def test_one_agent_on_two_loops_in_one_process(backend, example):
    two_loops = example("two_loops")
    said = await asyncio.to_thread(two_loops.main, "where is order 7", "where is order 8")
    assert said == ["Order 7 leaves today.", "Order 8 leaves today."]
    assert len(backend.connections) == 2


@pytest.mark.usefixtures("example")
async def test_a_notebook_runs_cell_by_cell_on_a_loop_that_runs_already(backend, capsys):
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text())
    names: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            code = compile("".join(cell["source"]), cell["id"], "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            async with asyncio.timeout(10):
                if (running := eval(code, names)) is not None:
                    await running
    assert capsys.readouterr().out.splitlines() == [
        "Hello, how can I help?",
        "Order 7 leaves today.",
        "Order 8 leaves today.",
    ]
    assert backend.got("session.update")[1]["session"]["instructions"].endswith("about to close.")


def test_the_bakerys_own_tests_pass():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "test_bakery.py"]
    ran = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout
