from __future__ import annotations

import asyncio
import os
import sys

import pytest

from voiceloop.embedded import embedded_gateway
from voiceloop.errors import DeviceError, UnreachableError, UsageError

pytestmark = pytest.mark.real

READY = "print('voiceloop gateway ready http://127.0.0.1:4711', flush=True)"


def child(*lines):
    return (sys.executable, "-c", "import sys, os, time, signal\n" + "\n".join(lines))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_the_key_goes_through_the_pipe_and_not_through_arguments_or_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DGRID_API_KEY", "sk-not-for-the-child")
    seen = tmp_path / "seen"
    command = child(
        "key = sys.stdin.readline().strip()",
        f"open({str(seen)!r}, 'w').write(key + '|' + str(list(os.environ.items())) + str(sys.argv))",
        "print('loading', flush=True)",
        "time.sleep(0.05)",
        READY,
        "sys.stdin.read()",
    )
    async with embedded_gateway(lambda waited_s: None, command=command) as gateway:
        assert gateway.base_url == "http://127.0.0.1:4711"
        key, rest = seen.read_text().split("|", 1)
        assert key == gateway.key
        assert len(key) >= 32
        assert key not in rest
        assert "sk-not-for-the-child" not in rest


async def test_two_gateways_have_two_keys():
    keys = set()
    for _ in range(2):
        async with embedded_gateway(lambda waited_s: None, command=child(READY, "sys.stdin.read()")) as gateway:
            keys.add(gateway.key)
    assert len(keys) == 2


@pytest.mark.parametrize("stubborn", ["pass", "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
async def test_the_child_is_gone_after_the_block_even_if_it_will_not_go(tmp_path, stubborn):
    pid = tmp_path / "pid"
    command = child(f"open({str(pid)!r}, 'w').write(str(os.getpid()))", READY, "sys.stdin.read()", stubborn)
    async with embedded_gateway(lambda waited_s: None, command=command):
        number = int(pid.read_text())
        assert alive(number)
    assert not alive(number)


async def test_waiting_is_told_and_a_gateway_that_is_never_ready_is_given_up():
    told = []
    with pytest.raises(UnreachableError, match=r"not ready within 1\.2 s"):
        async with embedded_gateway(told.append, command=child("time.sleep(60)"), within_s=1.2):
            pytest.fail("it cannot be ready")
    assert len(told) == 2
    assert told[0] >= 1.0


@pytest.mark.parametrize(
    ("status", "kind"), [(2, UsageError), (6, DeviceError), (1, UnreachableError), (0, UnreachableError)]
)
async def test_a_gateway_that_dies_passes_its_last_words_and_its_status_on(status, kind):
    command = child(
        "print('Traceback', file=sys.stderr)", "print('voiceloop: no models', file=sys.stderr)", f"sys.exit({status})"
    )
    with pytest.raises(kind, match="the embedded gateway did not start: no models"):
        async with embedded_gateway(lambda waited_s: None, command=command):
            pytest.fail("it cannot be ready")


async def test_a_gateway_that_dies_without_a_word_is_told_by_its_status():
    with pytest.raises(UnreachableError, match="it said nothing and left 9"):
        async with embedded_gateway(lambda waited_s: None, command=child("sys.exit(9)")):
            pytest.fail("it cannot be ready")


async def test_cancelling_stops_a_child_that_is_still_loading(tmp_path):
    pid = tmp_path / "pid"
    loading = asyncio.Event()
    command = child(f"open({str(pid)!r}, 'w').write(str(os.getpid()))", "time.sleep(60)")

    async def start():
        async with embedded_gateway(lambda waited_s: loading.set(), command=command):
            pytest.fail("it cannot be ready")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(start())
        await loading.wait()
        task.cancel()
    assert not alive(int(pid.read_text()))
