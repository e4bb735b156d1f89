"""Keeps a sound card open: opens it, notices when it goes away, and opens what there is instead.

One task of its own while a card is replaced, ended by `close`; everything else happens in callbacks of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from time import monotonic
from typing import Protocol

from voiceloop.devices.exchange import Card, CardMaker
from voiceloop.devices.threads import in_thread
from voiceloop.errors import DeviceError

__all__ = ["CardKeeper", "CardUser"]

OPEN_WITHIN_S = 10.0
DEAD_AFTER_S = 1.0
"""Without a sign of life from the card. It counts when it is seen twice: a process that stood still sees it once."""
WAIT_S = 600.0
"""For a device to come back, before the line is given up."""
_LOOK_EVERY_S = 0.2
_GAP_EVERY_S = 0.02
_RETRY_S = 1.0
_CLOSE_WITHIN_S = 1.0


class CardUser(Protocol):
    """Who moves audio. Plain calls on the loop's thread."""

    def turn(self) -> None:
        """The card gave or took a block."""

    def gap(self) -> None:
        """Some time passed without a card."""

    def connect(self, card: Card) -> None:
        """Another card gives audio from now on."""

    def gone(self, detail: str) -> None:
        """There is no card and there will be none."""


class _State(Enum):
    OPENING = auto()
    RUNNING = auto()
    REPLACING = auto()
    CLOSED = auto()


class CardKeeper:
    """`open` once, `close` once. `tell` hears of a card that went and of one that came, as code and detail."""

    def __init__(
        self, make: CardMaker, user: CardUser, tell: Callable[[str, str], None], *, microphone: bool, speaker: bool
    ) -> None:
        self._make = make
        self._user = user
        self._tell = tell
        self._has = {"microphone": microphone, "speaker": speaker}
        self._which = "microphone" if microphone else "speaker"
        self._state = _State.OPENING
        self._started = asyncio.Event()
        self._stopped_early = False
        self._timer: asyncio.TimerHandle | None = None
        self._replacing: asyncio.Task[None] | None = None
        self._dead_looks = 0
        self.card: Card | None = None
        self.refresh: Callable[[], None] = _nothing
        """Looks for devices anew; blocks, so it runs in a thread."""

    async def open(self) -> Card:
        """Open the card and wait for its first block. Raises DeviceError; cancelling leaves it to `close`."""
        try:
            return await self._try_card()
        except DeviceError:
            # A busy sound server may refuse once; a card that is not there refuses twice.
            await self._close_card(OPEN_WITHIN_S)
            return await self._try_card()

    def start(self) -> None:
        """Let the blocks come, and watch."""
        self._state = _State.RUNNING
        self._dead_looks = 0
        self._look()

    async def close(self, within_s: float) -> None:
        """Close the card. Idempotent; cancelling leaves only the card's thread behind."""
        self._state = _State.CLOSED
        if self._timer is not None:
            self._timer.cancel()
        if self._replacing is not None:
            self._replacing.cancel()
            await asyncio.wait([self._replacing], timeout=within_s)
        await self._close_card(within_s)

    # Opening ---------------------------------------------------------------------------------------------------------

    async def _try_card(self, *, substitute: bool = False) -> Card:
        self._started.clear()
        self._stopped_early = False
        card = self.card = self._make(**self._has, substitute=substitute, woken=self._woken, stopped=self._stopped)
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                await in_thread(card.open, OPEN_WITHIN_S)
                await self._started.wait()
        except TimeoutError as failure:
            silent = f"The sound card gave no audio for {OPEN_WITHIN_S:g} s; check that it works."
            raise DeviceError(silent) from failure
        if self._stopped_early:
            raise DeviceError("The sound card stopped as soon as it was started; check that it works.")
        return card

    async def _close_card(self, within_s: float) -> None:
        card, self.card = self.card, None
        if card is not None:
            try:
                await in_thread(card.close, within_s)
            except TimeoutError:
                card.abandon()
                self._tell("card_hangs", "the sound card did not close in time; it is left behind")

    # Running ---------------------------------------------------------------------------------------------------------

    def _woken(self) -> None:
        if self._state is _State.RUNNING:
            self._user.turn()
        elif self.card is not None:
            # Each direction must give a sign of life.
            captures = self.card.captured.written or not self._has["microphone"]
            if captures and (self.card.rendered.written or not self._has["speaker"]):
                self._started.set()

    def _stopped(self) -> None:
        if self._state is _State.RUNNING:
            self._lose("stopped")
        else:
            self._stopped_early = True
            self._started.set()

    def _look(self) -> None:
        if self.card is None or self._state is not _State.RUNNING:
            return
        self._dead_looks = self._dead_looks + 1 if monotonic() - self.card.last_s > DEAD_AFTER_S else 0
        if self._dead_looks > 1:
            self._lose("gives no audio any more")
        else:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)

    # Replacing -------------------------------------------------------------------------------------------------------

    def _lose(self, what: str) -> None:
        self._state = _State.REPLACING
        if self._timer is not None:
            self._timer.cancel()
        self._wait_on()
        lost = f"the {self._which} {what}"
        self._replacing = asyncio.get_running_loop().create_task(self._replace(lost), name="replace sound card")

    def _wait_on(self) -> None:
        if self._state is _State.REPLACING:
            self._user.gap()
            self._timer = asyncio.get_running_loop().call_later(_GAP_EVERY_S, self._wait_on)

    async def _replace(self, lost: str) -> None:
        until_s, told = monotonic() + WAIT_S, False
        await self._close_card(_CLOSE_WITHIN_S)
        while True:
            try:
                card = await self._another()
                self._user.connect(card)
            except DeviceError as failure:
                await self._close_card(_CLOSE_WITHIN_S)
                if monotonic() > until_s:
                    self._user.gone(f"{lost}: check that it is connected, then start again.".capitalize())
                    return
                if not told:
                    told = True
                    self._tell("device_lost", f"{lost}; the conversation waits for one. {failure}")
                await asyncio.sleep(_RETRY_S)
            else:
                self._tell("device_replaced", f"{lost}; the conversation goes on with {' and '.join(card.names)}")
                self.start()
                return

    async def _another(self) -> Card:
        try:
            await in_thread(self.refresh, OPEN_WITHIN_S)
        except TimeoutError as failure:
            raise DeviceError("The sound devices cannot be listed in time.") from failure
        return await self._try_card(substitute=True)


def _nothing() -> None:
    """There is nothing to look for."""
