"""Closes a session's parts, each within its bound; trouble with one keeps no other open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from voiceloop.backstage import Backstage
from voiceloop.devices.base import Line
from voiceloop.errors import VoiceloopError
from voiceloop.switchboard import Switchboard

__all__ = ["close_all"]

CLOSE_WITHIN_S = 0.5
STOP_WITHIN_S = 0.2
"""Tasks are cancelled; one that does not heed it is waited for no longer before line and engine are closed."""

Failed = Callable[[BaseException], None]


async def close_all(
    board: Switchboard, opened: Line | None, opening: Line | None, backstage: Backstage, *, failed: Failed
) -> None:
    """Close everything. An `opened` line goes first: its recording ends where the session does.

    A line that is still `opening` is let go of before it is closed. What must not happen is told to `failed`.
    Cancelling cuts short what still waits.
    """
    async with asyncio.TaskGroup() as closing:
        if opened is not None:
            closing.create_task(_closed(opened.close, failed), name="close line")
        closing.create_task(_close_rest(board, opening, backstage, failed), name="close engine")


async def _close_rest(board: Switchboard, opening: Line | None, backstage: Backstage, failed: Failed) -> None:
    try:
        await backstage.stop(STOP_WITHIN_S)
    finally:
        await _closed(board.close, failed)
        if opening is not None:
            await _closed(opening.close, failed)


async def _closed(close: Callable[[float], Coroutine[Any, Any, None]], failed: Failed) -> None:
    try:
        await close(CLOSE_WITHIN_S)
    except VoiceloopError:
        pass  # the session is over; what the line held is written already
    except Exception as error:  # noqa: BLE001 - a mistake in one part must leave the others closed
        failed(error)
