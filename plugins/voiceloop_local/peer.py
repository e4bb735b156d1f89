"""What the web server hands over, as the gateway sees it: callers, answers, sockets."""

from __future__ import annotations

from typing import Any

from starlette.types import Receive, Scope, Send

from voiceloop_local.doorkeeper import Answer, Caller
from voiceloop_local.realtime.shared import PeerGoneError

__all__ = ["SocketPeer", "caller_of", "send_answer"]

GONE = "websocket.disconnect"


def caller_of(scope: Scope) -> Caller:
    """Return who asks for what. Of a header that comes several times the first counts."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    query = scope["query_string"].decode("latin-1")
    return Caller(
        target=scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""),
        authorization=headers.get("authorization"),
        key=headers.get("x-api-key") or headers.get("x-goog-api-key"),
        origin=headers.get("origin"),
        beta=headers.get("openai-beta"),
        upgrade="websocket" if scope["type"] == "websocket" else headers.get("upgrade"),
        subprotocols=scope.get("subprotocols", ()),
        method=scope.get("method", "GET"),
    )


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Answer a request, or a handshake that is refused."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": f"{kind}.start", "status": answer.status, "headers": raw})
    await send({"type": f"{kind}.body", "body": answer.body})


class SocketPeer:
    """A client's socket as a session sees it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def accept(self, subprotocol: str | None) -> None:
        """Finish the handshake. Raises PeerGoneError."""
        await self._receive()  # the handshake itself
        await self._do({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})

    async def recv(self) -> str | bytes:
        """Return the next frame: text as str, binary as bytes."""
        message = await self._receive()
        if message["type"] == GONE:
            raise PeerGoneError(f"closed with {message.get('code')}: {message.get('reason') or ''}")
        text: str | None = message.get("text")
        return text if text is not None else bytes(message["bytes"])

    async def send(self, text: bytes) -> None:
        """Send a text frame, given as UTF-8."""
        await self._do({"type": "websocket.send", "text": text.decode()})

    async def close(self, code: int, reason: str) -> None:
        """Close with a code."""
        await self._do({"type": "websocket.close", "code": code, "reason": reason})

    async def _do(self, message: dict[str, Any]) -> None:
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:  # it was closed before, by either side
            raise PeerGoneError(str(error)) from error
