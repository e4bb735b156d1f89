"""CPU microseconds per 1.3 kB message through our socket and through websockets' own client, TCP included."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from typing import Any

from bench_parts.stats import spread
from bench_parts.table import Table

MESSAGES = 10_000
BURST = 10
MESSAGE = b'{"type":"input_audio_buffer.append","audio":"' + b"A" * 1280 + b'"}'
PEER = f"""
import asyncio, sys, uvloop
from websockets.asyncio.server import serve
async def peer(socket):
    if socket.request.path == "/sink":
        for _ in range({MESSAGES}):
            await socket.recv()
        await socket.send("done")
    else:
        async for size in socket:
            for number in range({MESSAGES}):
                await socket.send("x" * int(size))
                if number % {BURST} == 0:
                    await asyncio.sleep(0)
async def main():
    async with serve(peer, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
uvloop.run(main())
"""


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Both clients, on both loops, interleaved."""
    import uvloop  # noqa: PLC0415

    told: dict[str, list[float]] = {}
    table = Table(
        f"CPU us per {len(MESSAGE)}-byte message, {options.rounds} interleaved passes of {MESSAGES}: median (range)",
        ["", "send", "receive"],
    )
    with subprocess.Popen([sys.executable, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as peer:
        port = int(peer.stdout.readline())
        for loop, runner in (("asyncio", asyncio.run), ("uvloop", uvloop.run)):
            for _ in range(options.rounds):
                for name, client in (("voiceloop", ours), ("websockets client", theirs)):
                    sent, received = runner(client(f"ws://127.0.0.1:{port}"))
                    told.setdefault(f"{name} on {loop}, send", []).append(sent)
                    told.setdefault(f"{name} on {loop}, receive", []).append(received)
            for name in ("voiceloop", "websockets client"):
                ways = (told[f"{name} on {loop}, {way}"] for way in ("send", "receive"))
                table.row(f"{name} on {loop}", *(spread(way, " us", 1) for way in ways))
        peer.terminate()
    table.print()
    return told


async def ours(url: str) -> tuple[float, float]:
    """Send as fast as the kernel takes it, ten at a time; then receive."""
    from voiceloop.engines.socket import connect  # noqa: PLC0415

    done = asyncio.Event()
    left = MESSAGES

    def count(payload: bytes) -> None:
        nonlocal left
        left -= 1
        if not left or payload == b"done":
            done.set()

    given = {"headers": {}, "on_message": count, "on_close": lambda *_: None, "max_buffered": 2**30}
    socket = await connect(f"{url}/sink", **given)
    start = time.process_time()
    for number in range(MESSAGES):
        socket.send(MESSAGE)
        if number % BURST == 0:
            await asyncio.sleep(0)
    await done.wait()
    sent = time.process_time() - start
    await socket.close(1.0)
    done.clear()
    left = MESSAGES
    socket = await connect(f"{url}/source", **given)
    start = time.process_time()
    socket.send(b"%d" % len(MESSAGE))
    await done.wait()
    received = time.process_time() - start
    await socket.close(1.0)
    return sent / MESSAGES * 1e6, received / MESSAGES * 1e6


async def theirs(url: str) -> tuple[float, float]:
    """The same with the library's asyncio client."""
    from websockets.asyncio.client import connect  # noqa: PLC0415

    text = MESSAGE.decode()
    async with connect(f"{url}/sink", compression=None) as socket:
        start = time.process_time()
        for number in range(MESSAGES):
            await socket.send(text)
            if number % BURST == 0:
                await asyncio.sleep(0)
        await socket.recv()
        sent = time.process_time() - start
    async with connect(f"{url}/source", compression=None) as socket:
        start = time.process_time()
        await socket.send(str(len(MESSAGE)))
        for _ in range(MESSAGES):
            await socket.recv()
        received = time.process_time() - start
    return sent / MESSAGES * 1e6, received / MESSAGES * 1e6
