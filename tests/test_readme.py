"""The Python on the pages, run as it stands, in order, on one loop."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import voiceloop
from voiceloop.testing import ScriptedGateway, ScriptedServer
from voiceloop.testing.brain import PhraseBrain

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/websocket-line.md")
"""Every page with Python on it; a later one builds on the names of those before it."""

BLOCKS = [
    block
    for page in PAGES
    for block in re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
]


@pytest.fixture
async def backend(tmp_path, monkeypatch):
    gateway = ScriptedGateway(brain=PhraseBrain())
    listening = ScriptedServer(gateway)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DGRID_API_KEY", raising=False)
    async with listening:
        monkeypatch.setenv("DGRID_BASE_URL", listening.base_url)
        yield gateway


@pytest.mark.real
async def test_what_the_pages_show_works(backend, capsys):
    names: dict[str, object] = {"__name__": "readme"}
    for number, block in enumerate(BLOCKS):
        code = compile(block, f"the pages' block {number + 1}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        async with asyncio.timeout(600):  # a minute of silence is one for this clock too
            if (running := eval(code, names)) is not None:
                await running
    assert isinstance(names["agent"], voiceloop.Agent)
    assert names["data"]({"state": {"login": SimpleNamespace(name="Ada")}, "path": "/voice/north"}) == {
        "caller": "Ada",
        "shop": "north",
    }
    assert "/voice" in [getattr(route, "path", "") for route in names["app"].routes]
    printed = capsys.readouterr().out
    assert "'Order 7 leaves today.'" in printed
    assert "session_ended {'reason': 'input_ended'" in printed
    assert backend.got("session.update")[-1]["session"]["instructions"].endswith("about to close.")


def test_the_agent_of_the_readme_is_the_one_in_the_examples():
    example = (ROOT / "configs" / "examples" / "bakery.py").read_text()

    def defined(text):
        body = ast.parse(text).body
        return [ast.dump(node) for node in body if isinstance(node, ast.AsyncFunctionDef)]

    assert defined(BLOCKS[0]) == defined(example)
