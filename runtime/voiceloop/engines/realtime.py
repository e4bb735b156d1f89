"""The realtime engine: a socket and the pure protocol, joined.

Everything the wire means is decided in `wire.protocol`, and whether the other end still lives in `wire.liveness`; this
file opens sockets, moves bytes, converts samples to the wire encoding and keeps the one timer.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from voiceloop.commands import EngineCommand
from voiceloop.dgrid.preferences import preferences
from voiceloop.engines.base import EnginePort, Seed
from voiceloop.engines.coding import decoder, encoder
from voiceloop.engines.socket import Connect, Socket, UpgradeRefusedError, connect
from voiceloop.engines.watch import Watch
from voiceloop.errors import BackendError, RefusedError, SettingsError
from voiceloop.events import EngineLost, EngineReady, Event
from voiceloop.network.route import route_to
from voiceloop.settings import Settings
from voiceloop.vocabulary import Cause, Item, Tier, UserTurn
from voiceloop.wire.dialect import Dialect, guess
from voiceloop.wire.fast import append_frame
from voiceloop.wire.liveness import Pace
from voiceloop.wire.protocol import RealtimeProtocol, SessionConfig, State

__all__ = ["RealtimeEngine", "factory"]

REDIAL_WITHIN_S = 0.5
AGAIN_WITHIN_S = 4.0
"""A server that was reached before is not waited for as long as an unknown one."""
FAILURES = ((SettingsError, Cause.SETTINGS), (RefusedError, Cause.REFUSED))
SAMPLE_BYTES = 2


def factory(_: Mapping[str, Any], context: Settings) -> RealtimeEngine:
    """Make the engine for the entry point; its settings are the section `[realtime]`, not a plugin's table."""
    return RealtimeEngine(context)


class RealtimeEngine:
    """Speaks to one realtime server over one connection, in whichever dialect it means."""

    def __init__(
        self, settings: Settings, *, dial: Connect | None = None, connection: int = 1, pace: Pace | None = None
    ) -> None:
        """Nothing is opened yet. Raises SettingsError for a base URL, proxy or certificates of no use."""
        self.tier = Tier.REALTIME
        self._connection = connection
        realtime = settings.realtime
        self._pace = pace or Pace(realtime.reply_start_timeout_s, realtime.first_audio_timeout_s)
        self._watch = Watch(self._pace, self._happened, self._doubtful)
        self._settings = settings
        self._address = _address(settings.backend.base_url)
        self._dial = dial or partial(connect, route=route_to(self._address, os.environ, settings.backend))
        self._port: EnginePort | None = None
        self._socket: Socket | None = None
        self._protocol: RealtimeProtocol | None = None
        self._next_sample = 0
        self._refused: tuple[int, bytes] | None = None
        self._rate_hz = settings.audio.wire.rate_hz
        self._encode: Callable[[bytes], bytes] | None = None
        self._decode: Callable[[str, bytes], bytes] | None = None
        self._config: SessionConfig | None = None
        self._dialect: Dialect | None = None
        """The one that this server was found to speak."""
        self._closing = False

    # What a session calls ----------------------------------------------------------------------------------------

    def fresh(self, connection: int) -> RealtimeEngine:
        """Return an engine for the session's next connection; what was learned of the server goes with it."""
        engine = RealtimeEngine(self._settings, dial=self._dial, connection=connection, pace=self._pace)
        engine._dialect = self._dialect if self._protocol is None else self._protocol.dialect
        return engine

    async def open(self, seed: Seed, port: EnginePort) -> None:
        """Connect and configure; the outcome arrives as `EngineReady` or `EngineLost`. Cancelling closes the socket."""
        self._port = port
        model = self._settings.realtime.model or _first("realtime")
        wanted = self._settings.realtime.dialect
        dialect: Dialect = (self._dialect or guess(model)) if wanted == "auto" else wanted
        await self._connect(self._config_for(model, seed), dialect, auto=wanted == "auto")

    def hear(self, pcm: bytes, first_sample: int) -> bool:
        """Send captured audio. False while the session is not configured or the write buffer is full."""
        socket, protocol = self._socket, self._protocol
        if socket is None or protocol is None or protocol.state is not State.READY:
            return False
        refused, self._refused = self._refused, None
        if refused is not None and refused[0] == first_sample:
            frame = refused[1]  # not encoded again: a resampler has seen it already
        else:
            frame = append_frame(pcm if self._encode is None else self._encode(pcm))
        if not socket.send(frame):
            self._refused = (first_sample, frame)
            return False
        if first_sample != self._next_sample:  # the server counts what it was sent; it never hears of a gap
            protocol.capture_offset_s += (first_sample - self._next_sample) / self._rate_hz
        self._next_sample = first_sample + len(pcm) // SAMPLE_BYTES
        return True

    def recall(self, items: Sequence[Item], open_turn: str) -> None:
        """Send what was said so far."""
        protocol, port = self._protocol, self._port
        if protocol is None or port is None:
            return
        speech: dict[str, bytes] = {}
        for item in items:
            if isinstance(item, UserTurn) and not item.text:
                encode = encoder(self._rate_hz, protocol.input_format)
                pcm = port.speech(item.turn_id)
                speech[item.turn_id] = pcm if encode is None else encode(pcm)
        protocol.recall(items, speech, open_turn)
        self._flush()

    def obey(self, command: EngineCommand) -> None:
        """Send what a command means; nothing happens before the server is ready and once it is lost."""
        if self._protocol is not None:
            self._protocol.obey(command)
            self._flush()
            self._watch.look()

    async def close(self, within_s: float) -> None:
        """Close politely, or hard after `within_s` seconds. Idempotent; safe to cancel."""
        self._closing = True
        self._watch.stop()
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close(within_s)

    # Opening -----------------------------------------------------------------------------------------------------

    def _config_for(self, model: str, seed: Seed) -> SessionConfig:
        realtime = self._settings.realtime
        transcription = realtime.transcription_model
        return SessionConfig(
            model=model,
            instructions=seed.instructions,
            tools=tuple(seed.tools),
            format=seed.format,
            voice=seed.voice,
            language=seed.language,
            vocabulary=tuple(seed.vocabulary),
            pronounce=seed.pronounce,
            transcription_model=_first("transcription") if transcription == "auto" else transcription,
            turn=realtime.turn,
            modality=seed.modality,
            id_suffix="" if self._connection == 1 else f"_s{self._connection}",
            configure_timeout_s=realtime.configure_timeout_s,
        )

    async def _connect(self, config: SessionConfig, dialect: Dialect, *, auto: bool) -> None:
        protocol = self._protocol = RealtimeProtocol(config, dialect, auto=auto)
        self._config = config
        path, headers = protocol.handshake()
        timeout_s = self._settings.realtime.connect_timeout_s
        key = self._settings.backend.api_key
        if key is not None:
            headers["Authorization"] = f"Bearer {key.get_secret_value()}"
        try:
            socket = await self._dial(
                self._address + path,
                headers=headers,
                on_message=self._received,
                on_binary=self._received,
                on_close=self._closed,
                timeout_s=timeout_s if self._connection == 1 else min(timeout_s, AGAIN_WITHIN_S),
            )
        except UpgradeRefusedError as error:
            self._happened(protocol.refused(error.status, error.body.encode()))
        except (BackendError, SettingsError) as error:
            cause = next((cause for kind, cause in FAILURES if isinstance(error, kind)), Cause.UNREACHABLE)
            self._report(EngineLost(cause, str(error)))
        else:
            self._socket = socket
            if self._closing:
                await self.close(0.0)
                return
            protocol.connected(asyncio.get_running_loop().time())
            self._watch.begin(protocol, socket)
            self._happened([])

    def _choose_coding(self, protocol: RealtimeProtocol) -> None:
        """The server has the last word about both formats."""
        self._encode = encoder(self._rate_hz, protocol.input_format)
        self._decode = decoder(protocol.output_format, self._rate_hz)

    # Receiving ---------------------------------------------------------------------------------------------------

    def _received(self, frame: bytes) -> None:
        protocol, port = self._protocol, self._port
        if protocol is None or port is None:
            return
        self._watch.messages += 1
        try:
            self._take(frame, protocol, port)
        except Exception as error:  # noqa: BLE001 - raised into the socket it would only cost the connection
            port.spawn("receiving", _raised(error))

    def _take(self, frame: bytes, protocol: RealtimeProtocol, port: EnginePort) -> None:
        chunk = protocol.audio(frame)
        if chunk is None:
            self._happened(protocol.receive(frame, asyncio.get_running_loop().time()))
            return
        if chunk.events:
            for event in chunk.events:
                port.happened(event)
            self._watch.look()
        pcm = chunk.payload if self._decode is None else self._decode(chunk.item_id, chunk.payload)
        port.audio(chunk.reply_id, chunk.item_id, chunk.content_index, pcm)

    def _closed(self, code: int, reason: str) -> None:
        self._socket = None
        if self._protocol is not None and not self._closing:
            self._happened(self._protocol.closed(code, reason, asyncio.get_running_loop().time()))

    def _happened(self, events: list[Event]) -> None:
        """Send what the protocol wants sent, report, and keep its timer."""
        if any(isinstance(event, EngineReady) for event in events) and self._protocol is not None:
            self._choose_coding(self._protocol)
        self._flush()
        for event in events:
            self._report(event)
        self._flush()
        if self._protocol is not None and self._protocol.redial is not None and not self._closing:
            self._redial(self._protocol.redial)
        if not self._closing:
            self._watch.look()

    def _report(self, event: Event) -> None:
        if self._port is None or self._closing:
            return
        if isinstance(event, EngineReady) and self._protocol is not None:
            at_s = self._protocol.expires_at_s
            left_s = None if at_s is None else max(0.0, at_s - datetime.now(UTC).timestamp())
            event = replace(event, expires_in_s=left_s)
        elif isinstance(event, EngineLost):
            event = replace(event, silent_s=self._watch.silent_s())
        self._port.happened(event)

    def _doubtful(self) -> bool:
        return self._port is not None and self._port.doubtful()

    def _flush(self) -> None:
        if self._protocol is None or self._socket is None:
            return
        for frame in self._protocol.take_frames():
            self._socket.send_control(frame)

    def _redial(self, dialect: Dialect) -> None:
        if self._protocol is not None and self._port is not None and self._config is not None:
            self._protocol = None
            self._port.spawn("redial", self._switch(self._config, dialect))

    async def _switch(self, config: SessionConfig, dialect: Dialect) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close(REDIAL_WITHIN_S)
        await self._connect(config, dialect, auto=False)


async def _raised(error: Exception) -> None:
    """A mistake of ours ends the session with its traceback, as that of any task does."""
    raise error


def _first(role: str) -> str:
    """The model to try when none is set and nobody asked the server for its own."""
    return preferences().roles[role].first


def _address(base_url: str | None) -> str:
    if not base_url:
        raise SettingsError("there is no base URL: set DGRID_BASE_URL, or let `voiceloop talk` start a gateway")
    parts = urlsplit(base_url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"
