"""Speaks up when nobody has said anything for a while (`idle_timeout_ms`, GA only)."""

from __future__ import annotations

import asyncio
import contextlib

from voiceloop_local.realtime.checks import ClientEventError
from voiceloop_local.realtime.config import ReplySettings
from voiceloop_local.realtime.replies import Replies
from voiceloop_local.realtime.shared import Shared
from voiceloop_local.realtime.turns import Turns

__all__ = ["IdleWatch"]


class IdleWatch:
    """Counts from the moment the last reply has probably been played to its end."""

    def __init__(self, shared: Shared, turns: Turns, replies: Replies) -> None:
        self._shared = shared
        self._turns = turns
        self._replies = replies
        self._watch: asyncio.Task[None] | None = None

    def reply_finished(self, audio_ms: int) -> None:
        """Begin to wait, if the session asks for it; `audio_ms` of the reply are still to be played."""
        self.stop()
        turns = self._shared.config.turns
        if turns is not None and turns.idle_timeout_ms is not None:
            wait_s = (audio_ms + turns.idle_timeout_ms) / 1000
            self._watch = self._shared.crew.spawn("idle", self._wait(wait_s, self._turns.clock_ms))

    def stop(self) -> None:
        """Somebody speaks."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _wait(self, wait_s: float, since_ms: int) -> None:
        await asyncio.sleep(wait_s)
        self._watch = None
        if not self._replies.active and not self._turns.speaking:
            self._turns.time_out(since_ms)
            with contextlib.suppress(ClientEventError):  # nobody asked, so nobody is told that it may not run
                self._replies.start(ReplySettings.of(self._shared.config), self._turns)
