"""Run in a process of its own: carries the speaker into the room as a loopback does, and does to it what it is told.

python echo_relay.py DELAY_MS DRIFT_PPM JUMP_MS JUMP_AT_S CLIPPED_AT
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

RATE_HZ = 48_000
BLOCK = RATE_HZ // 100
RAW = ["--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1"]


def main(delay_ms: float, drift_ppm: float, jump_ms: float, jump_at_s: float, clipped_at: float) -> None:
    """`delay_ms` comes on top of some 60 that the way through two programs takes anyway."""
    taken = subprocess.Popen(
        ["parec", *RAW, "--latency-msec=10", "--device=speaker.monitor"], stdout=subprocess.PIPE, bufsize=0
    )
    given = subprocess.Popen(
        ["pacat", "--playback", *RAW, "--latency-msec=40", "--device=room"], stdin=subprocess.PIPE, bufsize=0
    )
    assert taken.stdout is not None
    assert given.stdin is not None
    given.stdin.write(bytes(2 * int(delay_ms * RATE_HZ / 1000)))
    last, at, count = 0.0, 0.0, 0
    step = 1 / (1 + drift_ppm * 1e-6)
    while pcm := taken.stdout.read(2 * BLOCK):
        samples = np.clip(np.frombuffer(pcm[: len(pcm) // 2 * 2], np.int16), -32768 * clipped_at, 32767 * clipped_at)
        times = np.arange(at, len(samples), step)
        at = times[-1] + step - len(samples)
        out = np.interp(times, np.arange(-1, len(samples)), np.concatenate(([last], samples)))
        last = float(samples[-1])
        if count < jump_at_s * RATE_HZ <= count + len(samples):
            given.stdin.write(bytes(2 * int(jump_ms * RATE_HZ / 1000)))
        count += len(samples)
        given.stdin.write(np.rint(out).astype(np.int16).tobytes())


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
