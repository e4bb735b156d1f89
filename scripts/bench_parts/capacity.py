"""How many sessions one core carries at p99 <= 20 ms both ways."""

from __future__ import annotations

import argparse
from typing import Any

from bench_parts.load import FRAMES_PER_S, PLENTY
from bench_parts.rig import FAST, OURS, STOCK, contest, load_server
from bench_parts.stats import median
from bench_parts.table import Table

LIMIT_MS = 20.0
STEPS = (50, 75, 100, 125, 150, 175, 200, 250, 300)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Step up until the median round is over the limit."""
    told: dict[str, Any] = {}
    table = Table(
        f"Sessions a core at p99 <= {LIMIT_MS:g} ms both ways", ["", "sessions", "p99 up/down at the next step"]
    )
    with load_server() as url:
        for entry in (STOCK, FAST, OURS):
            carried, beyond = 0, "-"
            for sessions in STEPS:
                ones = [contest(entry, url, sessions=sessions, seconds=4.0) for _ in range(3)]
                p99 = [median([one[f"{way}_p99_ms"] for one in ones]) for way in ("uplink", "downlink")]
                frames = median([one["uplink_frames"] / one["wall_s"] for one in ones]) / sessions / FRAMES_PER_S
                if max(p99) > LIMIT_MS or frames < PLENTY:
                    beyond = f"{sessions}: {p99[0]:.0f} / {p99[1]:.0f} ms, {frames:.0%} of the frames"
                    break
                carried = sessions
            told[entry.name] = carried
            table.row(entry.name, str(carried), beyond)
    table.print()
    return told
