"""One web client: a websocket of a web server, the line it is, and the session behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any, Literal, assert_never

import msgspec

from voiceloop.agent import Agent
from voiceloop.devices.websocketline import Outgoing, WebSocketLine
from voiceloop.engines.base import Engine
from voiceloop.errors import SessionEndedError
from voiceloop.session import Ended, Session
from voiceloop.settings import Settings
from voiceloop.transcript import TranscriptLine

__all__ = ["BUSY", "FAILED", "NORMAL", "POLICY", "TOO_BIG", "Caller", "Message", "Receive", "Send", "close"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_SOUND_BYTES = 256 * 1024
MAX_TEXT_BYTES = 16 * 1024
MAX_AHEAD_S = 2.0
"""A client that sends faster than anybody speaks is read no faster than that."""
LAST_WORDS_S = 2.0
"""How long a client may take to accept what waits for it when the session is over."""
MAX_REASON_BYTES = 123
"""What a websocket close frame has room for."""

NORMAL, POLICY, TOO_BIG, FAILED, BUSY = 1000, 1008, 1009, 1011, 1013

_log = logging.getLogger("voiceloop.asgi")


class _Text(msgspec.Struct, tag_field="type", tag="text", frozen=True):
    text: str


class _Interrupt(msgspec.Struct, tag_field="type", tag="interrupt", frozen=True):
    pass


class _End(msgspec.Struct, tag_field="type", tag="end", frozen=True):
    pass


class _Microphone(msgspec.Struct, tag_field="type", tag="microphone", frozen=True):
    do: Literal["mute", "unmute", "press", "release"]


class _PlayedUpTo(msgspec.Struct, tag_field="type", tag="played", frozen=True):
    sample: int


_Command = _Text | _Interrupt | _Microphone | _End | _PlayedUpTo
_COMMANDS: msgspec.json.Decoder[_Command] = msgspec.json.Decoder(_Command)


class _TooBigError(Exception):
    """A message exceeds its bound."""


class Caller:
    """One websocket and its session."""

    def __init__(self, receive: Receive, send: Send, rate_hz: int, withhold: Collection[str]) -> None:
        self._receive = receive
        self._send = send
        self._withhold = withhold
        self._outgoing = Outgoing(lambda: self._hang_up("client_too_slow", POLICY))
        self._line = WebSocketLine(rate_hz, self._outgoing, lambda code, detail: _log.warning("%s: %s", code, detail))
        self._session: Session | None = None
        self._gone = False
        self._verdict: tuple[int, str] | None = None
        """Why the socket is closed, when that is not how the session ended."""

    def begin(self, agent: Agent, settings: Settings, engine: Engine | None, data: Mapping[str, object]) -> None:
        """Make the session; nothing is opened yet. Raises SettingsError for texts that name what is not in `data`."""
        self._session = Session(agent, line=self._line, settings=settings, engine=engine, on_line=self._tell, data=data)

    async def converse(self) -> None:
        """Hold the conversation on an accepted socket and close it. Cancelling ends the session."""
        session = self._session
        assert session is not None, "it was begun"
        ended = Ended("failed", 1)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_on(), name="websocket out")
            reading = group.create_task(self._read_on(session), name="websocket in")
            try:
                ended = await session.run()
            except Exception:  # noqa: BLE001 - what must not happen: this caller hears of it, the others do not
                _log.exception("a session failed")
            reading.cancel()
            self._outgoing.close()
            await asyncio.wait([sending], timeout=LAST_WORDS_S)
            sending.cancel()
        if ended.exit_status:
            _log.warning("a session ended with %s: %s", ended.reason, ended.detail)
        if not self._gone:
            code, reason = self._verdict or (FAILED if ended.exit_status else NORMAL, ended.reason)
            with contextlib.suppress(OSError, RuntimeError):
                await close(self._send, code, reason)

    def _tell(self, line: TranscriptLine) -> None:
        if line.event in self._withhold:
            return
        told = line.as_dict()
        if line.event == "warning":  # details are for whoever runs the server: they may quote its backend
            _log.warning("%s: %s", line.fields["code"], line.fields["detail"])
            told["detail"] = ""
        self._outgoing.put(json.dumps(told, ensure_ascii=False))

    def _hang_up(self, reason: str, code: int | None = None) -> None:
        if code is not None:
            self._verdict = (code, reason)
        if self._session is not None:
            self._session.request_end(reason)

    # Both directions -------------------------------------------------------------------------------------------------

    async def _send_on(self) -> None:
        try:
            while (message := await self._outgoing.take()) is not None and not self._gone:
                kind = "bytes" if isinstance(message, bytes) else "text"
                await self._send({"type": "websocket.send", kind: message})
        except (OSError, RuntimeError):  # servers differ in what they raise once the client is gone
            self._leave()

    async def _read_on(self, session: Session) -> None:
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                await self._take(message, session)
        except _TooBigError as error:
            self._hang_up("message_too_big", TOO_BIG)
            _log.warning("%s", error)
        except SessionEndedError:
            return
        except (OSError, RuntimeError):
            self._leave()
        else:
            self._leave()

    def _leave(self) -> None:
        self._gone = True
        self._outgoing.close()
        self._hang_up("hung_up")

    async def _take(self, message: Mapping[str, Any], session: Session) -> None:
        sound, text = message.get("bytes"), message.get("text")
        if sound is not None:
            _bounded(sound, MAX_SOUND_BYTES)
            self._line.hear(sound)
            await asyncio.sleep(max(0.0, self._line.ahead_s - MAX_AHEAD_S))
        elif text is not None:
            _bounded(text.encode("utf-8", "replace"), MAX_TEXT_BYTES)
            await self._obey(text, session)

    async def _obey(self, text: str, session: Session) -> None:
        try:
            command = _COMMANDS.decode(text)
        except (msgspec.DecodeError, UnicodeError) as error:
            self._outgoing.put(json.dumps({"type": "error", "detail": str(error)}))
            return
        match command:
            case _Text(text=words):
                await session.send_text(words)
            case _Interrupt():
                await session.interrupt()
            case _Microphone(do=do):
                getattr(session.microphone, do)()
            case _PlayedUpTo(sample=sample):
                self._line.acknowledge(sample)
            case _End():
                self._hang_up("ended")
            case _:
                assert_never(command)


def _bounded(message: bytes, most: int) -> None:
    if len(message) > most:
        raise _TooBigError(f"a client sent {len(message)} bytes in one message; the most is {most}")


async def close(send: Send, code: int, reason: str) -> None:
    """Close a websocket; the reason is cut to what a close frame has room for."""
    short = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
    await send({"type": "websocket.close", "code": code, "reason": short})
