"""When a session's engine is replaced before its server ends it, so that nobody is cut off in the middle of a word.

```
running -- its time is nearly over --> preparing -- standby ready --> prepared
prepared -- a quiet moment, or the last moment --> running
```
"""

from __future__ import annotations

from typing import Final

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.vocabulary import Tier

__all__ = ["ROLL_OVER", "ROLL_OVER_NOW", "RollOver"]

ROLL_OVER: Final = "roll_over"
"""Name of the deadline at which the next engine is prepared."""
ROLL_OVER_NOW: Final = "roll_over_now"
"""Name of the deadline after which no quiet moment is waited for."""
EARLY_S: Final = 300.0
"""How long before the end the next engine is prepared: room to wait for a quiet moment."""
LATEST_S: Final = 30.0
AGAIN_S: Final = 5.0
"""After this a standby that could not be opened is tried again; each time it is waited for twice as long."""


class RollOver:
    """Owns the standby. Times are seconds on the caller's clock."""

    def __init__(self, after_s: float) -> None:
        self.standby: on.EngineReady | None = None
        """The engine that could take over now."""
        self._after_s = after_s
        self._came: dict[Tier, tuple[on.EngineReady, float]] = {}
        """The newest engine of each tier that stood by, and since when."""
        self._failures = 0
        self._tier = Tier.REALTIME

    def running(self, engine: on.EngineReady, now: float) -> list[do.Command]:
        """An engine took over: arm the time of the next one.

        It has the life that it told, else the one set, from when it was ready; a short life keeps a quarter of it for
        waiting.
        """
        stood_by, came_s = self._came.pop(engine.tier, (None, now))
        began_s = came_s if engine is stood_by else now
        self.standby, self._failures = None, 0
        self._tier = engine.tier
        life_s = engine.expires_in_s
        if life_s is None:
            prepare_s, latest_s = self._after_s, self._after_s + EARLY_S - LATEST_S
        else:
            prepare_s = life_s - min(EARLY_S, life_s / 4)
            latest_s = life_s - min(LATEST_S, life_s / 20)
        return [do.SetDeadline(ROLL_OVER, began_s + prepare_s), do.SetDeadline(ROLL_OVER_NOW, began_s + latest_s)]

    def due(self) -> list[do.Command]:
        """It is time to prepare the next engine."""
        return [] if self.standby is not None else [do.PrepareEngine(self._tier)]

    def prepared(self, engine: on.EngineReady, now: float) -> None:
        """The standby is ready."""
        self.standby = engine
        self.stands_by(engine, now)

    def stands_by(self, engine: on.EngineReady, now: float) -> None:
        """An engine of whichever tier is ready beside the one in use; its life has begun."""
        self._came[engine.tier] = engine, now

    def failed(self, now: float) -> list[do.Command]:
        """The standby is of no use; the engine in use may still have time for another."""
        self.standby = None
        self._failures += 1
        return [do.SetDeadline(ROLL_OVER, now + AGAIN_S * 2 ** (self._failures - 1))]

    def stopped(self) -> list[do.Command]:
        """The engine in use is gone; a standby stays."""
        return [do.ClearDeadline(ROLL_OVER), do.ClearDeadline(ROLL_OVER_NOW)]
