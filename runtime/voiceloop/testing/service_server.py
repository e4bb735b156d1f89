"""Scripted services on a real socket, in front of a scripted gateway: one port for both.

Upgrades are passed on to the gateway's own server, everything else is answered here. What is broken of the services
looks as it does from outside: a status, silence, a connection that breaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from voiceloop.dgrid.chat_answer import Ended, Stop
from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import BackendError
from voiceloop.testing.conditions import Conditions
from voiceloop.testing.proxy_pair import Pair, reset
from voiceloop.testing.resampled import SPOKEN_HZ, numbered_again
from voiceloop.testing.rest import Heard, read_request
from voiceloop.testing.script import Refusal
from voiceloop.testing.service_faults import Garbled
from voiceloop.testing.service_wire import chunk_of, form_fields, question_of, recording_of, whole_of
from voiceloop.testing.services import ScriptedServices

__all__ = ["ServiceServer"]

ROLES: Final = ("realtime", "transcription", "chat", "speech")
"""A model for each of these is listed, unless a test says otherwise."""
LARGEST_HEAD: Final = 64 * 1024
END: Final = b"0\r\n\r\n"


class ServiceServer:
    """Listens on 127.0.0.1 from `open` until `close`; upgrades go to `gateway_port`."""

    def __init__(
        self,
        services: ScriptedServices,
        gateway_port: int,
        models: Sequence[str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._services = services
        self._gateway_port = gateway_port
        self._models = [preferences().roles[role].first for role in ROLES] if models is None else models
        self._tls = tls
        self._tasks = asyncio.TaskGroup()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._connections = 0

    async def open(self, port: int) -> int:
        """Listen; returns the port, a free one for 0."""
        await self._tasks.__aenter__()
        self._server = await asyncio.start_server(self._take, "127.0.0.1", port, limit=LARGEST_HEAD, ssl=self._tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Close every connection; raises what a brain raised."""
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()
            await self._tasks.__aexit__(None, None, None)

    # Connections -----------------------------------------------------------------------------------------------------

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        self._writers.add(writer)
        self._tasks.create_task(self._serve(reader, writer, self._connections), name="scripted services")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        """Answer one request after the other until a side hangs up."""
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    heard = await read_request(reader, number)
                    if "upgrade" in heard.headers:
                        await self._pass_on(heard, reader, writer)
                        return
                    if not await self._serve_one(heard, reader, writer):
                        return
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pass_on(self, heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calm = Conditions(latency_s=0.0, seed=0, on_change=lambda: None)
        gateway = await asyncio.open_connection("127.0.0.1", self._gateway_port)
        gateway[1].write(heard.head)
        await Pair(calm, heard.connection, (reader, writer), gateway).run()

    async def _serve_one(self, heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer, unless the client hangs up meanwhile; True when the connection goes on."""
        answer = _Answer(writer)
        work = self._tasks.create_task(self._answer(heard, answer), name="scripted answer")
        gone = self._tasks.create_task(_hung_up(reader), name="client hangs up")
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        for task in (work, gone):
            task.cancel()
        await asyncio.wait((work, gone))
        if work.cancelled() or not gone.cancelled():
            return False
        if answer.broken:
            reset(writer)
            return False
        writer.write(END)
        await writer.drain()
        return True

    async def _answer(self, heard: Heard, answer: _Answer) -> None:
        """Write all but the end of an answer."""
        begun = len(self._services.asked)
        try:
            await self._routed(heard, answer)
        except OSError:
            answer.broken = True
        except BackendError:
            met = self._services.asked[begun].met
            if isinstance(met, Refusal):
                await answer.whole(met.body, met.status, met.headers)
            elif isinstance(met, Garbled):
                await answer.whole(b'{"something": "else"}')
            else:
                answer.broken = True

    # The endpoints ---------------------------------------------------------------------------------------------------

    async def _routed(self, heard: Heard, answer: _Answer) -> None:
        match heard.method, heard.path.partition("?")[0]:
            case "GET", "/v1/models":
                await self._services.seams.list_models()
                data = [{"id": model, "object": "model"} for model in self._models]
                await answer.whole(_json({"object": "list", "data": data}))
            case "POST", "/v1/audio/transcriptions":
                await self._transcribe(form_fields(heard.headers["content-type"], heard.body), answer)
            case "POST", "/v1/chat/completions":
                await self._chat(heard.json, answer)
            case "POST", "/v1/audio/speech":
                await self._speak(heard.json, answer)
            case _:
                error = {"message": f"Invalid URL ({heard.method} {heard.path})", "type": "invalid_request_error"}
                await answer.whole(_json({"error": error}), HTTPStatus.NOT_FOUND)

    async def _transcribe(self, form: Mapping[str, bytes], answer: _Answer) -> None:
        pcm, rate_hz = numbered_again(*recording_of(form["file"]), self._services.words.known)
        transcript = await self._services.seams.transcribe(pcm, rate_hz)
        usage = {"type": "duration", "seconds": round(len(pcm) / 2 / rate_hz, 2)}
        await answer.whole(_json({"text": transcript.text, "usage": usage}))

    async def _chat(self, wanted: Mapping[str, Any], answer: _Answer) -> None:
        question = question_of(wanted)
        if question.speech:
            speech, rate_hz = numbered_again(question.speech, question.speech_rate_hz, self._services.words.known)
            question = replace(question, speech=speech, speech_rate_hz=rate_hz)
        async with self._services.seams.chat(question) as deltas:
            if not wanted.get("stream"):
                async for delta in deltas:
                    if isinstance(delta, Ended):
                        answer.broken = delta.completion.stop is Stop.TRUNCATED
                        await answer.whole(whole_of(delta.completion))
                return
            await answer.begin("text/event-stream")
            async for delta in deltas:
                if isinstance(delta, Ended) and delta.completion.stop is Stop.TRUNCATED:
                    answer.broken = True  # an engine in memory is told of it as of an end
                else:
                    await answer.go_on(chunk_of(delta))

    async def _speak(self, wanted: Mapping[str, Any], answer: _Answer) -> None:
        async with self._services.seams.speak(wanted["input"], SPOKEN_HZ, wanted["voice"]) as chunks:
            await answer.begin("audio/pcm")
            async for pcm in chunks:
                await answer.go_on(pcm)


async def _hung_up(reader: asyncio.StreamReader) -> None:
    """Returns when the client is gone, or says more before it was answered."""
    with contextlib.suppress(OSError):
        await reader.read(1)


class _Answer:
    """An answer on its way, in pieces."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.broken = False
        """The connection is to break now."""
        self._writer = writer

    async def begin(self, kind: str, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> None:
        """Send the head."""
        lines = {"Content-Type": kind, **(headers or {}), "Transfer-Encoding": "chunked"}
        head = [f"HTTP/1.1 {status} As scripted", *(f"{name}: {value}" for name, value in lines.items())]
        self._writer.write("\r\n".join([*head, "", ""]).encode())
        await self._writer.drain()

    async def go_on(self, piece: bytes) -> None:
        """Send a piece; an empty one would end the body."""
        if piece:
            self._writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await self._writer.drain()

    async def whole(self, body: bytes, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> None:
        """Send all of it."""
        await self.begin("application/json", status, headers)
        await self.go_on(body)


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
