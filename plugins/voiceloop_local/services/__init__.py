"""The services of the device tier: a conversation over the models of this machine, with no socket in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from voiceloop.errors import SettingsError

if TYPE_CHECKING:
    from voiceloop.engines.base import Seed
    from voiceloop.engines.services.seams import Services
    from voiceloop.settings import Settings

__all__ = ["factory"]


def factory(settings: Mapping[str, Any], context: Settings) -> Callable[[Seed], AbstractAsyncContextManager[Services]]:
    """Return what opens the services of one engine; nothing is loaded before that."""
    from voiceloop_local.services.keeper import keeper  # noqa: PLC0415 - nothing runs at import
    from voiceloop_local.services.opening import local_services  # noqa: PLC0415

    for name in settings:
        raise SettingsError(f"the models on this machine know no setting {name!r}")
    return lambda seed: local_services(keeper(), context.agent.voice, seed)
