"""A server for commands, and a way to give them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import threading

import pytest

from voiceloop import cli
from voiceloop.testing.rest import ScriptedRest

KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret


@pytest.fixture
def serving():
    """A server on a thread of its own, since commands have a loop of their own."""

    @contextlib.contextmanager
    def serve(script, once_asked=None):
        rest = ScriptedRest({route: list(answers) for route, answers in script.items()})
        started, ends = threading.Event(), []

        async def answer():
            over = asyncio.Event()
            async with rest:
                loop = asyncio.get_running_loop()
                ends.append(lambda: loop.call_soon_threadsafe(over.set))
                started.set()
                if once_asked is not None:
                    await rest.hears()
                    once_asked()
                await over.wait()

        thread = threading.Thread(target=asyncio.run, args=(answer(),))
        thread.start()
        assert started.wait(5)
        try:
            yield rest
        finally:
            ends[0]()
            thread.join(5)

    return serve


@pytest.fixture
def api(capsys, monkeypatch, tmp_path):
    """Give a command of `voiceloop api` in an empty folder; its status, what it printed, and what it told beside it."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("VOICELOOP_", "DGRID_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)

    def give(rest, *arguments, stdin=b"", **environ):
        if rest is not None:
            environ = {"DGRID_BASE_URL": rest.base_url, "DGRID_API_KEY": KEY, **environ}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = cli.outcome(["api", *map(str, arguments)])
        printed = capsys.readouterr()
        assert KEY not in printed.out + printed.err
        return status, printed.out, printed.err

    return give
