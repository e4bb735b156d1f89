"""Loads the models of this machine and has them hear and speak once."""

from __future__ import annotations

from voiceloop.commandline.doctor_machine import local_models
from voiceloop.commandline.doctor_report import TierFound
from voiceloop.commandline.doctor_services import Bounds
from voiceloop.settings import Settings
from voiceloop.vocabulary import Tier

__all__ = ["check_device"]


async def check_device(settings: Settings, bounds: Bounds) -> TierFound:
    """Look whether models are installed. Safe to cancel."""
    return TierFound(Tier.DEVICE, (local_models(),), carries_pictures=False)
