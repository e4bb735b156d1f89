"""When bytes come out of one direction, on virtual time; whole connections: test_proxy.py and test_proxy_faults.py."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from voiceloop.testing.clock import virtual_time
from voiceloop.testing.conditions import Conditions
from voiceloop.testing.faults import Freeze, Lag
from voiceloop.testing.proxy_pair import CHUNK_BYTES, _Flow


class Out:
    """A writer that notes what is written when."""

    def __init__(self):
        self.written = []
        self.ended = False
        self.loop = asyncio.get_running_loop()
        self.start = self.loop.time()

    def write(self, data):
        self.written.append((round(self.loop.time() - self.start, 3), bytes(data)))

    async def drain(self):
        return

    def can_write_eof(self):
        return True

    def write_eof(self):
        self.ended = True


@asynccontextmanager
async def flow(**options):
    now = Conditions(**{"latency_s": 0.0, "seed": 0, "on_change": lambda: None, **options})
    reader, out = asyncio.StreamReader(), Out()
    passing = _Flow(now, "up", 1, reader, out)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(passing.take())
        tasks.create_task(passing.give())
        yield now, reader, out
        reader.feed_eof()
    assert out.ended
    assert passing.is_over


@virtual_time
async def test_a_delay_is_one_delay_however_much_is_on_its_way():
    async with flow(latency_s=0.2) as (now, reader, out):
        now.begin(Lag(delay_s=0.1), 1)
        for number in range(10):
            reader.feed_data(b"%d" % number)
            await asyncio.sleep(0.05)
    assert out.written == [(round(0.3 + 0.05 * number, 3), b"%d" % number) for number in range(10)]


@virtual_time
async def test_a_throttled_line_is_busy_with_each_byte_once():
    async with flow() as (now, reader, out):
        now.begin(Lag(bytes_per_s=1000), 1)
        reader.feed_data(b"x" * 500)
        await asyncio.sleep(0)
    assert len(out.written) == 25
    assert [out.written[0][0], out.written[-1][0]] == [0.02, 0.5]


@virtual_time
async def test_a_sender_feels_a_freeze():
    async with flow() as (now, reader, out):
        now.begin(Freeze("up", for_s=10.0), 1)
        reader.feed_data(b"taken")
        await asyncio.sleep(1)
        reader.feed_data(b"x" * 2 * CHUNK_BYTES)
        await asyncio.sleep(1)
        assert len(reader._buffer) == 2 * CHUNK_BYTES
        assert out.written == []
    assert sum(len(data) for _, data in out.written) == 2 * CHUNK_BYTES + 5
    assert {at for at, _ in out.written} == {10.0}
