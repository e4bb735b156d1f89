"""The realtime engine: a socket and the pure protocol, joined.

Everything the wire means is decided in `wire.protocol`; this file opens sockets, moves bytes, converts samples to the
wire encoding and keeps the protocol's one timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

from voiceloop.commands import EngineCommand
from voiceloop.engines.base import EnginePort, Seed
from voiceloop.engines.socket import Connect, Socket, UpgradeRefusedError, connect
from voiceloop.errors import BackendError, SettingsError
from voiceloop.events import EngineLost, EngineReady, Event
from voiceloop.settings import Settings
from voiceloop.vocabulary import AudioFormat, Cause, Encoding
from voiceloop.wire.dialect import Dialect, guess
from voiceloop.wire.fast import append_frame
from voiceloop.wire.protocol import RealtimeProtocol, SessionConfig, State

__all__ = ["RealtimeEngine"]

DEFAULT_MODEL = "gpt-realtime"
REDIAL_WITHIN_S = 1.0


class RealtimeEngine:
    """Speaks to one realtime server, in whichever dialect it means."""

    def __init__(self, settings: Settings, *, dial: Connect = connect) -> None:
        """Nothing is opened yet. Raises SettingsError without a base URL."""
        self._settings = settings
        self._dial = dial
        self._port: EnginePort | None = None
        self._socket: Socket | None = None
        self._protocol: RealtimeProtocol | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._first_sample = -1
        self._rate_hz = settings.audio.wire.rate_hz
        self._encode: Callable[[bytes], bytes] | None = None
        self._decode: Callable[[bytes], bytes] | None = None
        self._config: SessionConfig | None = None
        self._closing = False

    # What a session calls ----------------------------------------------------------------------------------------

    async def open(self, seed: Seed, port: EnginePort) -> None:
        """Connect and configure; the outcome arrives as `EngineReady` or `EngineLost`. Cancelling closes the socket."""
        self._port = port
        model = self._settings.realtime.model or DEFAULT_MODEL
        wanted = self._settings.realtime.dialect
        dialect: Dialect = guess(model) if wanted == "auto" else wanted
        await self._connect(self._config_for(model, seed), dialect, auto=wanted == "auto")

    def hear(self, pcm: bytes, first_sample: int) -> bool:
        """Send captured audio. False while the session is not configured or the write buffer is full."""
        socket, protocol = self._socket, self._protocol
        if socket is None or protocol is None or protocol.state is not State.READY:
            return False
        sent = socket.send(append_frame(pcm if self._encode is None else self._encode(pcm)))
        if sent and self._first_sample < 0:
            self._first_sample = first_sample
            protocol.capture_offset_s = first_sample / self._rate_hz
        return sent

    def obey(self, command: EngineCommand) -> None:
        """Send what a command means; nothing happens once the engine is lost."""
        if self._protocol is not None:
            self._protocol.obey(command)
            self._flush()

    async def close(self, within_s: float) -> None:
        """Close politely, or hard after `within_s` seconds. Idempotent; safe to cancel."""
        self._closing = True
        self._stop_timer()
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close(within_s)

    # Opening -----------------------------------------------------------------------------------------------------

    def _config_for(self, model: str, seed: Seed) -> SessionConfig:
        realtime = self._settings.realtime
        return SessionConfig(
            model=model,
            instructions=seed.instructions,
            tools=tuple(seed.tools),
            format=seed.format,
            voice=seed.voice,
            language=seed.language,
            vocabulary=tuple(seed.vocabulary),
            transcription_model=realtime.transcription_model,
            turn=realtime.turn,
            modality=seed.modality,
            history=tuple(seed.history),
            configure_timeout_s=realtime.configure_timeout_s,
        )

    async def _connect(self, config: SessionConfig, dialect: Dialect, *, auto: bool) -> None:
        protocol = self._protocol = RealtimeProtocol(config, dialect, auto=auto)
        self._config = config
        path, headers = protocol.handshake()
        key = self._settings.backend.api_key
        if key is not None:
            headers["Authorization"] = f"Bearer {key.get_secret_value()}"
        try:
            self._socket = await self._dial(
                self._url() + path,
                headers=headers,
                on_message=self._received,
                on_binary=self._received,
                on_close=self._closed,
                timeout_s=self._settings.realtime.connect_timeout_s,
            )
        except UpgradeRefusedError as error:
            self._happened(protocol.refused(error.status, error.body.encode()))
        except (BackendError, SettingsError) as error:
            self._report(EngineLost(Cause.UNREACHABLE, str(error)))
        else:
            protocol.connected(asyncio.get_running_loop().time())
            self._happened([])

    def _url(self) -> str:
        base = self._settings.backend.base_url
        if not base:
            raise SettingsError("there is no base URL: set DGRID_BASE_URL, or let `voiceloop talk` start a gateway")
        parts = urlsplit(base)
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        path = parts.path.rstrip("/").removesuffix("/v1")
        return f"{scheme}://{parts.netloc}{path}"

    def _choose_coding(self, protocol: RealtimeProtocol) -> None:
        """The server has the last word about both formats."""
        self._encode = _coder(protocol.input_format, "encode")
        self._decode = _coder(protocol.output_format, "decode")

    # Receiving ---------------------------------------------------------------------------------------------------

    def _received(self, frame: bytes) -> None:
        protocol, port = self._protocol, self._port
        if protocol is None or port is None:
            return
        now = asyncio.get_running_loop().time()
        chunk = protocol.audio(frame, now)
        if chunk is None:
            self._happened(protocol.receive(frame, now))
            return
        for event in chunk.events:
            port.happened(event)
        pcm = chunk.payload if self._decode is None else self._decode(chunk.payload)
        port.audio(chunk.reply_id, chunk.item_id, chunk.content_index, pcm)

    def _closed(self, code: int, reason: str) -> None:
        self._stop_timer()
        self._socket = None
        if self._protocol is not None and not self._closing:
            self._happened(self._protocol.closed(code, reason))

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
        self._set_timer()

    def _report(self, event: Event) -> None:
        if self._port is not None and not self._closing:
            self._port.happened(event)

    def _flush(self) -> None:
        if self._protocol is None or self._socket is None:
            return
        for frame in self._protocol.take_frames():
            self._socket.send_control(frame)

    def _redial(self, dialect: Dialect) -> None:
        port, socket, config = self._port, self._socket, self._config
        if port is None or config is None:  # nothing was ever opened
            return
        self._protocol = self._socket = None
        port.spawn("redial", self._switch(socket, config, dialect))

    async def _switch(self, socket: Socket | None, config: SessionConfig, dialect: Dialect) -> None:
        if socket is not None:
            await socket.close(REDIAL_WITHIN_S)
        await self._connect(config, dialect, auto=False)

    # Time --------------------------------------------------------------------------------------------------------

    def _set_timer(self) -> None:
        self._stop_timer()
        at_s = None if self._protocol is None else self._protocol.deadline()
        if at_s is not None and not self._closing:
            self._timer = asyncio.get_running_loop().call_at(at_s, self._expired)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        if self._protocol is not None:
            self._happened(self._protocol.expire(asyncio.get_running_loop().time()))


def _coder(form: AudioFormat, way: Literal["encode", "decode"]) -> Callable[[bytes], bytes] | None:
    if form.encoding is Encoding.PCM16:
        return None
    from voiceloop.audio import g711  # noqa: PLC0415 - numpy only where G.711 is spoken

    code = g711.encode if way == "encode" else g711.decode
    return lambda audio: code(audio, form.encoding)
