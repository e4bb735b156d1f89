"""A backend at one address, realtime and endpoints both scripted, on a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading

from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.rest import RestAnswer, ScriptedRest

MODELS = ("gpt-realtime", "whisper-1", "gpt-4o", "tts-1")
LISTED = RestAnswer({"object": "list", "data": [{"id": model} for model in MODELS]})
WORDS = RestAnswer({"text": "What time is it?"})
SOUND = RestAnswer(bytes(range(240)) * 100, headers={"Content-Type": "audio/pcm"})
CHUNKS = [{"choices": [{"index": 0, "delta": {"content": part}}]} for part in ("Hel", "lo.")]
CHAT = RestAnswer([f"data: {json.dumps(chunk)}\n\n".encode() for chunk in CHUNKS] + [b"data: [DONE]\n\n"])
WELL = {
    "GET /v1/models": LISTED,
    "POST /v1/audio/transcriptions": WORDS,
    "POST /v1/chat/completions": CHAT,
    "POST /v1/audio/speech": SOUND,
}


@contextlib.contextmanager
def backend(gateway=None, **answers):
    """Yield a backend; `answers` (models, transcriptions, chat, speech) stand in for those of one that is well."""
    paths = dict(zip(("models", "transcriptions", "chat", "speech"), WELL, strict=True))
    script = WELL | {paths[name]: answer for name, answer in answers.items()}
    served = Backend(gateway, ScriptedRest({path: [answer] * 9 for path, answer in script.items()}))
    thread = threading.Thread(target=asyncio.run, args=(served.serve(),))
    thread.start()
    assert served.started.wait(5)
    try:
        yield served
    finally:
        served.end()
        thread.join(5)


class Backend:
    """Where it is, and what it was asked. Without a gateway there is no realtime route."""

    def __init__(self, gateway, rest):
        self.gateway: ScriptedGateway | None = gateway
        self.rest = rest
        self.started = threading.Event()
        self.asked = threading.Event()
        """A request has come that is not for the list of models."""
        self.base_url = ""

    async def serve(self):
        """Serve until `end`."""
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.end = lambda: loop.call_soon_threadsafe(over.set)
        self._pipes = asyncio.TaskGroup()
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.rest)
            self._rest = int(self.rest.base_url.rpartition(":")[2])
            self._realtime = self._rest
            if self.gateway is not None:
                server = ScriptedServer(self.gateway)
                await stack.enter_async_context(server)
                self._realtime = server.port
            async with await asyncio.start_server(self._take, "127.0.0.1", 0) as door:
                self.base_url = f"http://127.0.0.1:{door.sockets[0].getsockname()[1]}"
                async with self._pipes:
                    self.started.set()
                    await over.wait()
                    for task in self._tasks:
                        task.cancel()

    _tasks: tuple = ()

    def _take(self, reader, writer):
        self._tasks = (*self._tasks, self._pipes.create_task(self._lead(reader, writer)))

    async def _lead(self, reader, writer):
        """Lead a connection to the server that its first line is for."""
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                first = await reader.readuntil(b"\r\n")
                if b"/v1/models " not in first:
                    self.asked.set()
                port = self._realtime if first.startswith(b"GET /v1/realtime") else self._rest
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
                inner_writer.write(first)
                async with asyncio.TaskGroup() as both:
                    both.create_task(pipe(reader, inner_writer))
                    both.create_task(pipe(inner_reader, writer))
        finally:
            writer.transport.abort()


async def pipe(reader, writer):
    """Hand on what comes until its end, and the end."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
