from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys

import pytest

from voiceloop.commandline import gateway as module
from voiceloop.commandline.gateway import gateway
from voiceloop.embedded import embedded_gateway
from voiceloop.errors import DeviceError

FAKE = """
import asyncio, sys
from voiceloop.commandline import gateway as module

async def serve(host, port, key, brain, ready, *, language):
    print(host, port, key, brain, flush=True)
    ready("http://127.0.0.1:4711")
    {then}

class Fake:
    serve_gateway = staticmethod(serve)

sys.modules["voiceloop_local.gateway"] = Fake
sys.exit(module.gateway("127.0.0.1", 0, None, "local", language="en", child={child}))
"""


PARENT = """
import subprocess, time
child = subprocess.Popen({command!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdin.write("k\\n")
child.stdin.flush()
assert "k local" in child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def command(*, child=True, then="await asyncio.get_running_loop().create_future()"):
    return [sys.executable, "-c", FAKE.format(child=child, then=then)]


def test_a_machine_without_the_extra_is_told_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(module.importlib, "import_module", missing)
    with pytest.raises(DeviceError, match=r"pip install 'voiceloop\[local\]'"):
        gateway("127.0.0.1", 0, None, "local", language="en", child=False)


@pytest.mark.real
def test_a_child_without_key_is_misused():
    done = subprocess.run(command(), check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "--child takes its key" in done.stderr


@pytest.mark.real
def test_a_child_takes_its_key_from_the_pipe_and_leaves_when_it_closes():
    with subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        child.stdin.write("the-key\n")
        child.stdin.flush()
        assert child.stdout.readline() == "127.0.0.1 0 the-key local\n"
        assert child.stdout.readline() == "voiceloop gateway ready http://127.0.0.1:4711\n"
        child.stdin.close()
        assert child.wait(10) == 0


@pytest.mark.real
def test_a_child_that_hangs_leaves_all_the_same():
    stuck = "import time; time.sleep(60)"
    with subprocess.Popen(command(then=stuck), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        child.stdin.write("the-key\n")
        child.stdin.flush()
        child.stdout.readline()
        child.stdin.close()
        assert child.wait(10) == 0


@pytest.mark.real
def test_a_child_dies_with_a_parent_that_was_killed():
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PARENT.format(command=command()),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    watched = os.pidfd_open(pid)
    parent.kill()
    parent.wait(10)
    parent.stdout.close()
    assert select.select([watched], [], [], 10)[0], "the child outlived its parent"
    os.close(watched)


@pytest.mark.real
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_gateway_by_hand_ends_on_a_signal(number, status):
    with subprocess.Popen(command(child=False), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout.readline() == "127.0.0.1 0 None local\n"
        assert served.stdout.readline().startswith("voiceloop gateway ready")
        served.send_signal(number)
        assert served.wait(10) == status


@pytest.mark.models
@pytest.mark.real
async def test_the_real_gateway_is_started_asked_and_stopped():
    async with embedded_gateway(lambda waited_s: None) as started:
        host, _, port = started.base_url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        lines = ["GET /v1/models HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {started.key}", "", ""]
        writer.write("\r\n".join(lines).encode())
        assert b" 200 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
    with pytest.raises(OSError, match=r"refused|failed"):
        await asyncio.open_connection(host, int(port))
