"""What any assistant should know: time and date, timers and reminders, sums, units, shopping and to-do lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from voiceloop.plugins import PluginContext
from voiceloop.settings import Section

if TYPE_CHECKING:
    from voiceloop.tools.tool import Tool

__all__ = ["BasicsSettings", "factory"]

LISTS_FILE = "lists.sqlite3"


class BasicsSettings(Section):
    """The table `[plugins.basics]`."""

    data_dir: Path | None = None
    """Where lists are kept; None takes the application's directory, and memory where there is none."""
    units: Literal["metric", "imperial"] = "metric"
    """What values without a target unit are converted to."""
    timezone: str | None = Field(default=None, examples=["Europe/Berlin"])
    """IANA name of the user's time zone; None takes that of this machine."""
    clock: Literal["12h", "24h"] = "12h"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        import zoneinfo  # noqa: PLC0415 - nothing runs at import, and most settings name no zone

        if name is not None:
            try:
                zoneinfo.ZoneInfo(name)
            except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
                raise ValueError(f"there is no time zone {name!r}; write it like Europe/Berlin") from error
        return name


def factory(settings: Mapping[str, Any], context: PluginContext) -> Sequence[Tool[..., Any]]:
    """Make the tools. Sessions may share them: timers are kept apart by session, lists are everybody's."""
    import zoneinfo  # noqa: PLC0415 - nothing runs at import

    from voiceloop_basics.clock import clock_tools  # noqa: PLC0415
    from voiceloop_basics.figures import figure_tools  # noqa: PLC0415
    from voiceloop_basics.lists import FileLists, MemoryLists, list_tools  # noqa: PLC0415
    from voiceloop_basics.timers import Timers, timer_tools  # noqa: PLC0415

    chosen = BasicsSettings.model_validate(dict(settings))
    zone = zoneinfo.ZoneInfo(chosen.timezone) if chosen.timezone else None
    home = chosen.data_dir or context.data_dir
    return [
        *clock_tools(zone, chosen.clock, context.language),
        *timer_tools(Timers(), context.language),
        *figure_tools(chosen.units, context.language),
        *list_tools(FileLists(home.expanduser() / LISTS_FILE) if home else MemoryLists(), context.language),
    ]
