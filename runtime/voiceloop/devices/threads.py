"""Calls into a driver that may never come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from voiceloop.errors import VoiceloopError

__all__ = ["in_thread"]


async def in_thread(work: Callable[[], None], within_s: float) -> None:
    """Run `work` in a thread of its own and wait for it, `within_s` at most; raises what it raised, or TimeoutError.

    Not `asyncio.to_thread`: a process does not end before the threads of that pool do, and a driver may hang for good.
    Cancelling stops the waiting, not the work.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(failure: VoiceloopError | None) -> None:
        if done.done():
            return
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)

    def run() -> None:
        failure = None
        try:
            work()
        except VoiceloopError as error:
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, failure)

    threading.Thread(target=run, name="voiceloop-card", daemon=True).start()
    async with asyncio.timeout(within_s):
        await done
