"""Run the parts asked for."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path

from bench_parts.rig import cores, options_of
from bench_parts.table import console

PARTS = [
    "socket",
    "cost",
    "load",
    "memory",
    "start",
    "bargein",
    "tool",
    "cascade",
    "audio",
    "resilience",
    "failover",
    "capacity",
    "turns",
    "interruptions",
]


def main() -> int:
    """Print tables; 0 unless a part failed."""
    options = options_of(None, PARTS)
    ours, servers = cores()
    load = os.getloadavg()[0]
    console.print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores (contestant on {ours}, server on {servers}), "
        f"load {load:.1f} before the run"
    )
    if load > len(os.sched_getaffinity(0)) / 2:
        console.print("This machine is busy: believe ratios, not figures.", style="yellow")
    told: dict[str, object] = {"python": platform.python_version(), "cores": os.cpu_count(), "load_before": load}
    for part in options.parts:
        start = time.monotonic()
        told[part] = importlib.import_module(f"bench_parts.{part}").run(options)
        console.print(f"[dim]{part}: {time.monotonic() - start:.0f} s[/dim]")
    if options.json:
        Path(options.json).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
