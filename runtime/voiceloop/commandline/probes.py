"""How each model answered when it was last asked: kept by `voiceloop doctor`, shown by `voiceloop models`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from voiceloop.commandline.doctor_report import Report, State
from voiceloop.machine import data_dir, private_file
from voiceloop.vocabulary import Tier

__all__ = ["keep_probes", "last_probes", "remember"]

FILE: Final = "probes.json"
MOST_SERVERS: Final = 20
"""Base URLs that are remembered, the newest."""

Kept = dict[str, dict[str, str]]
"""By base URL and model: how it was, and when."""


def keep_probes(environ: Mapping[str, str], base_url: str, states: Mapping[str, str], now: datetime) -> None:
    """Remember how models of a server were just found, by id; a place that cannot be written is no error."""
    path = data_dir(environ) / FILE
    kept = read(path)
    known = kept.pop(base_url, {}) | {model: f"{state}, {now:%Y-%m-%d %H:%M}" for model, state in states.items()}
    newest = [*kept.items(), (base_url, known)][-MOST_SERVERS:]
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(private_file(path), "w", encoding="utf-8") as file:
            json.dump(dict(newest), file, indent=2)


def remember(environ: Mapping[str, str], report: Report, now: datetime) -> None:
    """Keep of a report how the models that were asked answered."""
    taken = {chosen.role: chosen.model for chosen in report.models}
    asked = {
        (tier.model if tier.tier is Tier.REALTIME else taken.get(check.what, "")): str(check.state)
        for tier in report.tiers
        for check in tier.checks
        if tier.tier is not Tier.DEVICE and check.state is not State.SKIPPED
    }
    states = {model: state for model, state in asked.items() if model}
    if report.base_url is not None and states:
        keep_probes(environ, report.base_url, states, now)


def last_probes(environ: Mapping[str, str], base_url: str) -> Mapping[str, str]:
    """Return how models of a server were last found, and when, by id."""
    return read(data_dir(environ) / FILE).get(base_url, {})


def read(path: Path) -> Kept:
    """Return what is kept; nothing when there is no such file, or something else in its place."""
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    servers = kept.items() if isinstance(kept, dict) else ()
    return {
        url: {model: told for model, told in models.items() if isinstance(told, str)}
        for url, models in servers
        if isinstance(models, dict)
    }
