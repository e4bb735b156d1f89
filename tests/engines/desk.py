"""A realtime engine at work without a session: what it reports is kept, what the server saw is the gateway's."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from voiceloop.engines.base import Seed
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.events import EngineLost, EngineReady
from voiceloop.settings import AudioSettings, BackendSettings, RealtimeSettings, Settings
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.memory import MemoryNetwork
from voiceloop.vocabulary import Encoding


class Desk:
    """`async with Desk(gateway) as desk`: the engine has been opened when the block begins."""

    def __init__(
        self,
        gateway=None,
        *,
        form="pcm16",
        dialect="ga",
        base_url="https://api.test",
        key=None,
        connect=None,
        **realtime,
    ):
        """`connect` dials in place of the network in memory."""
        self.gateway = gateway or ScriptedGateway()
        self.network = MemoryNetwork(self.gateway)
        self.settings = Settings(
            backend=BackendSettings(base_url=base_url, api_key=None if key is None else SecretStr(key)),
            audio=AudioSettings(format=Encoding(form)),
            realtime=RealtimeSettings.model_validate({"dialect": dialect, **realtime}),
        )
        self.urls = []
        self._connect = connect or self.network.connect
        self.events = []
        self.sounds = []
        self.recordings = {}
        """Turns that are there as sound."""
        self.engine = RealtimeEngine(self.settings, dial=self._dial)
        self.seed = Seed("Be brief.", (), self.settings.audio.wire)
        self._news = asyncio.Event()

    async def _dial(self, url, **options):
        self.urls.append(url)
        return await self._connect(url, **options)

    # engines.base.EnginePort

    def happened(self, event):
        self.events.append(event)
        self._news.set()

    def audio(self, reply_id, item_id, content_index, pcm):
        self.sounds.append((reply_id, item_id, content_index, pcm))
        return True

    def spawn(self, name, work):
        self.group.create_task(work, name=name)

    def said_so_far(self, text):
        pass

    def doubtful(self):
        return False

    def speech(self, turn_id):
        return self.recordings.get(turn_id, b"")

    # The test

    async def __aenter__(self):
        self.group = await asyncio.TaskGroup().__aenter__()
        await self.engine.open(self.seed, self)
        await self.until(lambda: self.of(EngineReady, EngineLost))
        return self

    async def __aexit__(self, *_):
        await self.engine.close(0.5)
        await self.group.__aexit__(None, None, None)

    @property
    def now(self):
        return asyncio.get_running_loop().time()

    async def passes(self, seconds):
        await asyncio.sleep(seconds)

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def of(self, *kinds):
        return [event for event in self.events if isinstance(event, kinds)]

    @property
    def ready(self):
        return self.of(EngineReady)[0]
