"""Which engine hears and obeys now, and which ones wait beside it.

Engines come and go during a session; what a superseded one still says is dropped here. Between its loss and `recall`
no engine obeys anything: the record holds what it would have been told, and the next one gets the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from voiceloop.commands import CommitTurn, EngineCommand, ForgetTurn, UpdateEngine
from voiceloop.engines.base import Engine, Seed
from voiceloop.events import EngineLost, EngineReady, Event, StandbyLost, StandbyReady, UserSaidSoFar
from voiceloop.hearing import Hearing
from voiceloop.vocabulary import Item, Tier, Traits

__all__ = ["Switchboard"]

CLOSE_WITHIN_S = 0.5
FRAME_WITHIN_S = 0.03

Audio = Callable[[str, str, int, bytes], bool]
Spawn = Callable[[str, Coroutine[Any, Any, None]], None]


class Connected(StrEnum):
    """How far an engine is."""

    OPENING = "opening"
    READY = "ready"
    LIVE = "live"
    """It knows the record, hears and obeys."""
    GONE = "gone"


class Switchboard:
    """Owns the session's engines. All but `close` are plain calls on the loop's thread."""

    def __init__(
        self,
        engines: Mapping[Tier, Engine],
        seed: Seed,
        hearing: Hearing,
        *,
        audio: Audio,
        happened: Callable[[Event], None],
        spawn: Spawn,
    ) -> None:
        """`engines` has one of each tier: the first to be opened is used itself, all others are made by them."""
        self.seed = seed
        self._engines = engines
        self._hearing = hearing
        self._audio = audio
        self._happened = happened
        self._spawn = spawn
        self._connections = 0
        self._current: _Port | None = None
        self._beside: dict[Tier, _Port] = {}

    def open(self, tier: Tier) -> None:
        """Open an engine in place of the one in use; it reports for itself."""
        self._drop(self._current)
        self.dismiss(tier)
        self._current = self._opened("engine", tier)

    def prepare(self, tier: Tier, rehearse: str = "") -> None:
        """Open an engine beside the one in use; `StandbyReady` or `StandbyLost` follows."""
        self.dismiss(tier)
        self._beside[tier] = self._opened("standby", tier, rehearse)

    def dismiss(self, tier: Tier) -> None:
        """Close the engine of this tier that stands by, if there is one."""
        self._drop(self._beside.pop(tier, None))

    def switch(self, tier: Tier) -> None:
        """Let the standby of this tier take over."""
        self._drop(self._current)
        self._current = self._beside.pop(tier, None)

    def between_frames(self, work: Callable[[], None]) -> None:
        """Do something right after a captured frame, so that the next engine has all its time until one follows.

        Where none is captured it is done after 30 ms.
        """
        self._hearing.between_frames(work)
        asyncio.get_running_loop().call_later(FRAME_WITHIN_S, self._hearing.frame_over)

    def recall(self, items: Sequence[Item], open_turn: str) -> None:
        """Bring the engine up to date; from here on it hears and obeys."""
        port = self._current
        if port is None or port.connected is not Connected.READY:
            return  # lost in the same breath; it has told
        port.engine.recall(items, open_turn)
        if port.seed is not self.seed:
            port.engine.obey(UpdateEngine(self.seed.instructions, tuple(self.seed.tools)))
        port.connected = Connected.LIVE
        self._hearing.connect(port.engine.hear, port.traits, open_turn)
        if self._hearing.behind:
            asyncio.get_running_loop().call_soon(self._hearing.listen_again)

    def obey(self, command: EngineCommand) -> None:
        """Pass a command on to the engine, if there is one."""
        if isinstance(command, ForgetTurn):
            self._hearing.unanswered.known(command.turn_id)
        port = self._current
        if port is None or port.connected is not Connected.LIVE:
            return
        if isinstance(command, CommitTurn):
            self._hearing.after_kept(lambda: port.engine.obey(command))
        else:
            port.engine.obey(command)

    async def close(self, within_s: float) -> None:
        """Close every engine, each politely or hard after `within_s` seconds. Cancelling cuts that short."""
        ports = [port for port in (self._current, *self._beside.values()) if port is not None]
        engines = [port.engine for port in ports] or list(self._engines.values())
        async with asyncio.TaskGroup() as closing:
            for engine in engines:
                closing.create_task(engine.close(within_s), name="close engine")

    def _opened(self, name: str, tier: Tier, rehearse: str = "") -> _Port:
        self._connections += 1
        kind = self._engines[tier]
        engine = kind if self._connections == 1 else kind.fresh(self._connections)
        port = _Port(self, tier, engine, self.seed, self._audio)
        self._spawn(name, engine.open(replace(self.seed, rehearse=rehearse) if rehearse else self.seed, port))
        return port

    def _drop(self, port: _Port | None, silent_s: float = 0.0) -> None:
        """Have nothing to do any more with an engine, if there is one; it gave no sign of life for `silent_s`."""
        if port is None or port.connected is Connected.GONE:
            return
        if port.connected is Connected.LIVE:
            self._hearing.disconnect(silent_s)
        port.leave()
        self._spawn("closing an engine", port.engine.close(CLOSE_WITHIN_S))

    # What engines say --------------------------------------------------------------------------------------------

    def heard_of(self, port: _Port, event: Event) -> None:
        """Take an event that an engine reports."""
        if isinstance(event, EngineReady):
            port.connected, port.traits = Connected.READY, event.traits
        elif isinstance(event, EngineLost):
            self._drop(port, event.silent_s)
        if port is self._beside.get(port.tier):
            self._heard_beside(port.tier, event)
        else:
            self._happened(self._hearing.told(event))

    def _heard_beside(self, tier: Tier, event: Event) -> None:
        if isinstance(event, EngineReady):
            self._happened(StandbyReady(event))
        elif isinstance(event, EngineLost):
            del self._beside[tier]
            self._happened(StandbyLost(event.cause, event.detail, tier, event.endpoint))

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run an engine's task."""
        self._spawn(name, work)

    @property
    def heard_s(self) -> float:
        """How much sound engines have taken so far."""
        return self._hearing.heard_s

    def said_so_far(self, text: str) -> None:
        """Take the words of the open turn up to the pause it is in."""
        self._hearing.said_so_far(text)
        self._happened(UserSaidSoFar(text))

    def doubtful(self) -> bool:
        """Whether what is heard here contradicts what the engine tells."""
        return self._hearing.doubtful()

    def speech(self, turn_id: str) -> bytes:
        """Return the sound of a turn."""
        return self._hearing.unanswered.speech(turn_id)


class _Port:
    """One engine's side of the switchboard."""

    __slots__ = ("_board", "audio", "connected", "doubtful", "engine", "seed", "spawn", "speech", "tier", "traits")

    def __init__(self, board: Switchboard, tier: Tier, engine: Engine, seed: Seed, audio: Audio) -> None:
        self.tier = tier
        self.audio = audio  # no call of ours between socket and ledger
        self.speech = board.speech
        self.spawn = board.spawn
        self.doubtful = board.doubtful
        self.connected = Connected.OPENING
        self.traits = Traits()
        self.engine = engine
        self.seed = seed
        self._board = board

    def happened(self, event: Event) -> None:
        if self.connected is not Connected.GONE:
            self._board.heard_of(self, event)

    def said_so_far(self, text: str) -> None:
        if self.connected is Connected.LIVE:
            self._board.said_so_far(text)

    def leave(self) -> None:
        self.connected = Connected.GONE
        self.audio = _unheard


def _unheard(_reply_id: str, _item_id: str, _content_index: int, _pcm: bytes) -> bool:
    return False
