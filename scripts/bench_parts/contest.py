"""One contestant in a process of its own: N sessions for some seconds; prints what it cost as one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from bench_parts.contestants import CONTESTANTS
from bench_parts.desk import FRAME_S, Marks

GOLDEN = 0.618034
OPEN_AT_ONCE = 20


async def ask(base_url: str, path: str) -> dict[str, Any]:
    """GET something from the server."""
    host, port = base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
    body = (await reader.read()).partition(b"\r\n\r\n")[2]
    writer.close()
    return json.loads(body)


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


async def contest(options: argparse.Namespace) -> dict[str, Any]:
    """Open the sessions, let them settle, measure."""
    marks = Marks()
    run = CONTESTANTS[options.contestant]
    before_mb = resident_mb()
    tasks = []
    for first in range(0, options.sessions, OPEN_AT_ONCE):
        ready = [asyncio.Event() for _ in range(min(OPEN_AT_ONCE, options.sessions - first))]
        for number, event in enumerate(ready, first):
            phase_s = (number * GOLDEN % 1) * FRAME_S
            work = run(options.url, options.model, marks, phase_s, event)
            tasks.append(asyncio.get_running_loop().create_task(work))
        async with asyncio.timeout(30):
            for event in ready:
                await event.wait()
    gc.collect()
    gc.freeze()
    await asyncio.sleep(1.0)
    await ask(options.url, "/reset")
    marks.reset()
    cpu, wall = time.process_time(), time.monotonic()
    await asyncio.sleep(options.seconds)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    frames = {"in": marks.frames_in, "out": marks.frames_out}
    downlink = marks.downlink_ns.tolist()
    broken = sum(task.done() for task in tasks)
    server = await ask(options.url, "/stats")
    memory = resident_mb()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return {
        "cpu_s": cpu,
        "wall_s": wall,
        "frames": frames,
        "broken": broken,
        "downlink_ns": downlink,
        "uplink_ns": server["uplink_ns"],
        "server_sent": server["sent"],
        "resident_mb": memory,
        "before_mb": before_mb,
    }


def main() -> None:
    """Parse, choose the loop, run, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contestant", choices=CONTESTANTS)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--model", default="bench")
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    run = asyncio.run
    if options.loop == "uvloop":
        import uvloop  # noqa: PLC0415 - the other loop must not pay for it

        run = uvloop.run
    json.dump(run(contest(options)), sys.stdout)


if __name__ == "__main__":
    main()
