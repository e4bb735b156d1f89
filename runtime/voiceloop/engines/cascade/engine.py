"""The cascade engine: three services and the pure middle, joined.

Everything a conversation means is decided in `cascade.desk`, and carried out in `cascade.errands`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

from voiceloop.commands import EngineCommand
from voiceloop.engines.base import EnginePort, Seed
from voiceloop.engines.cascade.desk import Desk
from voiceloop.engines.cascade.errands import Errands
from voiceloop.engines.cascade.orders import Deadlines, Trouble
from voiceloop.engines.cascade.rehearsal import Rehearsal
from voiceloop.engines.cascade.tongue import Tongue
from voiceloop.engines.cascade.troubles import trouble_of
from voiceloop.engines.services.seams import Services
from voiceloop.errors import VoiceloopError
from voiceloop.events import EngineLost, EngineReady
from voiceloop.vocabulary import Item, Tier, Traits

__all__ = ["CascadeEngine", "MakeServices"]

HANGOVER_MS: Final = 500

MakeServices = Callable[[Seed], AbstractAsyncContextManager[Services]]
"""Makes the services of one engine, and closes them with it. Entering raises a VoiceloopError when that is no use."""


class CascadeEngine:
    """Listens and answers with requests to three services, in place of one connection to a server."""

    def __init__(
        self,
        services: Services | MakeServices,
        *,
        tier: Tier = Tier.REST,
        hangover_ms: int = HANGOVER_MS,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 - frozen
        connection: int = 1,
    ) -> None:
        """Nothing is asked yet. `hangover_ms` is how much silence ends a turn: `[realtime.turn] silence_ms`.

        Services that are given ready made are shared with the engines after this one, and not closed.
        """
        self._services = services
        self.tier = tier
        self._hangover_ms = hangover_ms
        self._deadlines = deadlines
        self._connection = connection
        self._errands: Errands | None = None
        """From when the engine is ready until it is closed."""
        self._rehearsal: Rehearsal | None = None
        self._resources = AsyncExitStack()
        self._closed = False

    # What a session calls ----------------------------------------------------------------------------------------

    def fresh(self, connection: int) -> CascadeEngine:
        """Return an engine for the session to open after this one."""
        return CascadeEngine(
            self._services,
            tier=self.tier,
            hangover_ms=self._hangover_ms,
            deadlines=self._deadlines,
            connection=connection,
        )

    async def open(self, seed: Seed, port: EnginePort) -> None:
        """Make the services; nothing is asked of them but what `seed` wants rehearsed.

        Reports `EngineReady` or `EngineLost`. Safe to cancel; closing ends it too.
        """
        try:
            await self._open(seed, port)
        except asyncio.CancelledError:
            await self._resources.aclose()
            raise

    def hear(self, pcm: bytes, first_sample: int) -> bool:
        """Take captured speech. False before the engine is ready and after it was closed."""
        if self._errands is None:
            return False
        self._errands.carry_out(self._errands.desk.hear(pcm, first_sample))
        return True

    def recall(self, items: Sequence[Item], open_turn: str) -> None:
        """Take over what was said so far; the open turn is heard once more and keeps its id by itself."""
        if self._errands is not None:
            self._errands.recall(items)

    def obey(self, command: EngineCommand) -> None:
        """Start what a command means; nothing happens before the engine is ready and after it was closed."""
        if self._errands is not None:
            self._errands.carry_out(self._errands.desk.obey(command, asyncio.get_running_loop().time()))

    async def close(self, within_s: float) -> None:
        """Close every request, waiting for `within_s` at most. Idempotent; safe to cancel."""
        self._closed = True
        errands, self._errands = self._errands, None
        try:
            if self._rehearsal is not None:
                await self._rehearsal.close(within_s)
            if errands is not None:
                await errands.close(within_s)
        finally:
            await self._resources.aclose()

    # Opening -----------------------------------------------------------------------------------------------------

    async def _open(self, seed: Seed, port: EnginePort) -> None:
        try:
            services = await self._made(seed)
        except VoiceloopError as error:
            self._lost(port, trouble_of(error))
            return
        trouble = await self._rehearsed(services, seed, port)
        if trouble is not None:
            self._lost(port, trouble, seed.rehearse)
            return
        tongue = await asyncio.to_thread(Tongue, seed.language, seed.pronounce)
        if self._closed:
            await self._resources.aclose()
            return
        self._begin(seed, port, services, tongue)

    def _lost(self, port: EnginePort, trouble: Trouble, endpoint: str = "") -> None:
        if not self._closed:
            port.happened(EngineLost(trouble.cause, trouble.detail, endpoint=endpoint))

    def _begin(self, seed: Seed, port: EnginePort, services: Services, tongue: Tongue) -> None:
        desk = Desk(
            seed,
            tongue,
            hangover_ms=self._hangover_ms,
            transcribes=services.transcribe is not None,
            id_suffix="" if self._connection == 1 else f"_s{self._connection}",
            deadlines=self._deadlines,
        )
        self._errands = Errands(desk, port, services, seed.format.rate_hz, self._deadlines)
        if services.warm is not None:
            port.spawn("warm up", services.warm())
        # Asking for the reply at once saves nothing: the machine does so in the step that the turn is committed in.
        keeps_audio = seed.modality == "audio"
        traits = Traits(
            ends_turns=False,
            starts_replies=False,
            stops_on_speech=False,
            keeps_audio=keeps_audio,
            tells_words=services.transcribe is not None,
        )
        words_by = services.transcription_model
        port.happened(EngineReady(self.tier, services.model, traits, transcription_model=words_by))

    async def _rehearsed(self, services: Services, seed: Seed, port: EnginePort) -> Trouble | None:
        if self._closed or not seed.rehearse:
            return None
        self._rehearsal = Rehearsal(services, seed.format.rate_hz, self._deadlines, port.spawn)
        return await self._rehearsal.run(seed.rehearse)

    async def _made(self, seed: Seed) -> Services:
        if isinstance(self._services, Services):
            return self._services
        return await self._resources.enter_async_context(self._services(seed))
