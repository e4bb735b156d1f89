"""Whose conversation `voiceloop doctor` looks at: what a conversation would read before it opens anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from voiceloop.app import Wanted, find_agent
from voiceloop.briefing import seed_of
from voiceloop.commandline.doctor_report import Finding
from voiceloop.engines.base import Seed
from voiceloop.overlay import Effective
from voiceloop.settings import Settings
from voiceloop.sources import Origins, read_settings
from voiceloop.vocabulary import Tier

__all__ = ["Case", "case_of", "hidden"]

USERINFO: Final = re.compile(r"(?<=//)[^\s'\"]+@")
"""User and password in an address."""


@dataclass(frozen=True, slots=True)
class Case:
    """One agent with its settings."""

    effective: Effective
    settings: Settings
    seed: Seed
    """For realtime."""
    order: Sequence[Tier]
    """The tiers that may answer, first to last."""
    why_unasked: str
    """Why no server is asked; empty when one is."""

    @property
    def url(self) -> str | None:
        """Where the models are; None: in the embedded gateway."""
        return self.settings.backend.base_url

    @property
    def needs_server(self) -> bool:
        """Whether anything but this machine may answer."""
        return any(tier is not Tier.DEVICE for tier in self.order)

    @property
    def embedded(self) -> bool:
        """Whether `talk` would start the embedded gateway."""
        return self.needs_server and self.url is None

    @property
    def key(self) -> str | None:
        """The key itself, never to be printed."""
        key = self.settings.backend.api_key
        return None if key is None else key.get_secret_value()


def case_of(origins: Origins, agent_file: Path | None, *, offline: bool) -> Case:
    """Read settings and agent. Raises UsageError and SettingsError."""
    effective = read_settings(origins)
    agent = find_agent(Wanted(agent_file=agent_file, origins=origins), effective)
    settings = effective.settings.of(agent.settings)
    why = "not asked: --offline" if offline else ""
    if settings.backend.base_url is None:
        why = "no key: talk starts the embedded gateway, which runs the models of this machine"
    return Case(
        Effective(settings, effective.given, effective.values),
        settings,
        replace(seed_of(agent, settings, "audio"), voice=agent.settings.voice.on(Tier.REALTIME)),
        settings.tiers.wanted,
        why,
    )


def hidden(finding: Finding, secret: str | None) -> Finding:
    """Return a finding without a secret, and without what stands before the host of an address."""
    texts = (USERINFO.sub("***@", text) for text in (finding.detail, finding.fix))
    detail, fix = (text.replace(secret, "***") if secret else text for text in texts)
    return replace(finding, detail=detail, fix=fix)
