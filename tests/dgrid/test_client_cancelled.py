from __future__ import annotations

import asyncio
import contextlib

import pytest

from dgrid.asker import BUSY, ENDLESS, FINE, GET, POST, SILENT, client, refusal, script
from voiceloop.dgrid.client import Client, World
from voiceloop.dgrid.failures import Kind
from voiceloop.errors import BackendError
from voiceloop.testing.proxy import FaultProxy

pytestmark = pytest.mark.real


async def starts(rest, work):
    """Start work in a task; returns it and the request once that has arrived."""
    task = asyncio.get_running_loop().create_task(work)
    return task, await rest.hears()


async def reads_on(asker):
    async with asker.stream(GET) as answer:
        while await answer.chunk():
            pass


@pytest.mark.parametrize("answer", [SILENT, ENDLESS])
@pytest.mark.parametrize("way", ["ask", "stream"])
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_cancelling_however_often_hangs_up_and_leaves_no_connection(answer, way, times):
    async with script(answer, FINE) as rest, client(rest) as asker:
        task, heard = await starts(rest, asker.ask(GET) if way == "ask" else reads_on(asker))
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        await heard.gone.wait()
        await asker.ask(GET)
        assert rest.open_connections == 1


async def test_cancelling_one_request_leaves_the_others_alone():
    async with script(SILENT, FINE) as rest, client(rest) as asker:
        task, heard = await starts(rest, asker.ask(GET))
        task.cancel()
        assert (await asker.ask(GET)).status == 200
        await heard.gone.wait()
        assert task.cancelled()


async def test_a_wait_between_two_tries_can_be_cancelled():
    waiting, forever = asyncio.Event(), asyncio.Event()

    async def pause(_):
        waiting.set()
        await forever.wait()

    async with script(BUSY) as rest, Client(rest.base_url, world=World(pause=pause)) as asker:
        task, _ = await starts(rest, asker.ask(GET))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_cancelling_while_the_connection_is_being_opened_costs_no_later_request():
    async with script(*[FINE] * 21) as rest, client(rest) as asker:
        for turns in range(20):
            task = asyncio.get_running_loop().create_task(asker.ask(GET))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        assert (await asker.ask(GET)).status == 200


@pytest.mark.parametrize("answer", [SILENT, ENDLESS])
@pytest.mark.parametrize("way", ["ask", "stream"])
async def test_leaving_the_client_breaks_off_what_is_under_way(answer, way):
    async with script(answer) as rest:
        async with client(rest) as asker:
            task, heard = await starts(rest, asker.ask(GET) if way == "ask" else reads_on(asker))
        await heard.gone.wait()
        assert (await refusal(task)).message == "the client was closed"


async def test_a_stream_is_not_read_on_after_its_client_was_left():
    async with script(ENDLESS) as rest, contextlib.AsyncExitStack() as late:
        async with client(rest) as asker:
            answer = await late.enter_async_context(asker.stream(GET))
            await answer.chunk()
        assert (await refusal(answer.chunk())).message == "the client was closed"
        await rest.heard[0].gone.wait()


async def test_who_is_cancelled_while_the_client_is_left_is_cancelled():
    async with script(SILENT) as rest:
        async with client(rest) as asker:
            task, _ = await starts(rest, asker.ask(GET))
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_broken_connection_is_told_from_a_refusal():
    async with script(SILENT) as rest:
        port = int(rest.base_url.rpartition(":")[2])
        async with FaultProxy(port) as proxy, client(proxy.through(rest.base_url)) as asker:
            task, _ = await starts(rest, asker.ask(POST))
            proxy.drop()
            with pytest.raises(BackendError) as error:
                await task
    assert error.value.failure.kind is Kind.DROPPED
