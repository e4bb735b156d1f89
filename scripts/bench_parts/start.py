"""Import time, and from spawning `voiceloop talk` to its first audio on the wire."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import wave
from pathlib import Path
from typing import Any

import msgspec

from bench_parts.desk import FRAME_S, captured
from bench_parts.rig import load_server
from bench_parts.stats import spread
from bench_parts.table import Table

CODE = {
    "python": "pass",
    "import voiceloop": "import voiceloop",
    "its public names": "import voiceloop; [getattr(voiceloop, name) for name in getattr(voiceloop, '__all__', ())]",
}
HEAVY = ("numpy", "httpx", "rich", "typer", "uvloop")
WAIT_S = 10.0


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Interleaved runs, with bytecode where it is written once, as installers and first runs leave it."""
    with tempfile.TemporaryDirectory() as bytecode:
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        try:
            return measured(options)
        finally:
            del os.environ["PYTHONPYCACHEPREFIX"]


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Every figure; the first runs only leave their bytecode behind."""
    for code in CODE.values():
        subprocess.run([sys.executable, "-c", code], check=True)
    spawned()
    told: dict[str, list[float]] = {name: [] for name in CODE}
    for _ in range(2 * options.rounds + 1):
        for name, code in CODE.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            told[name].append((time.perf_counter() - start) * 1e3)
    loaded = f"import sys, voiceloop; print(*[name for name in {HEAVY} if name in sys.modules])"
    heavy = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True).stdout.strip()
    told["spawn to first append"] = [spawned() for _ in range(options.rounds)]
    table = Table(
        f"Starting, {2 * options.rounds + 1} interleaved runs: median (range)", ["", "ms", "above bare python"]
    )
    for name, values in told.items():
        above = [value - bare for value, bare in zip(values, told["python"], strict=False)]
        table.row(name, spread(values, " ms", 0), spread(above, " ms", 0))
    table.row("heavy modules loaded by the import", heavy or "none", "")
    table.print()
    return {**told, "heavy": heavy}


def spawned() -> float:
    """Milliseconds from spawning the command to the server seeing the first audio; not a number if it never did."""
    program = Path(sys.executable).with_name("voiceloop")
    with tempfile.TemporaryDirectory() as folder, load_server() as url:
        speech = Path(folder) / "speech.wav"
        with wave.open(str(speech), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(24_000)
            file.writeframes(b"".join(captured(number * FRAME_S) for number in range(500)))
        command = [str(program), "talk", "--input", str(speech), "--output", str(Path(folder) / "out.wav")]
        environment = {**os.environ, "DGRID_BASE_URL": url, "VOICELOOP_REALTIME__MODEL": "bench"}
        start = time.monotonic_ns()
        with subprocess.Popen(
            [*command, "--engine", "realtime"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            first = first_append(url)
            process.kill()
    return (first - start) / 1e6 if first else float("nan")


def first_append(url: str) -> int:
    """When the server saw the first audio, on the monotonic clock; 0 if it never did."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        time.sleep(0.1)
        with urllib.request.urlopen(f"{url}/stats") as answer:
            if first := msgspec.json.decode(answer.read())["first_append_ns"]:
                return int(first)
    return 0
