from __future__ import annotations

import asyncio

import pytest

from voiceloop.errors import UnreachableError
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Stall, Vanish
from voiceloop.testing.service_log import Ending, Listing
from voiceloop.testing.service_requests import Requests, now_s


def after(seconds, work, *given):
    asyncio.get_running_loop().call_later(seconds, work, *given)


async def ask(requests, seconds=1.0):
    asked = Listing(at_s=now_s())
    with requests.under_way(asked) as fault:
        await requests.begin(asked, fault, seconds)
        await requests.end(asked, fault)


@virtual_time
async def test_a_request_takes_its_time_and_is_kept():
    requests = Requests()
    began = now_s()
    await ask(requests)
    (asked,) = requests.asked
    assert (asked.at_s, asked.ended_s, asked.ending) == (began, pytest.approx(began + 1.0), Ending.ANSWERED)


@virtual_time
async def test_what_is_under_way_breaks_and_what_is_over_does_not():
    requests = Requests()
    await ask(requests)
    began = now_s()
    after(0.4, requests.strike, ("models",), Vanish())
    with pytest.raises(UnreachableError, match="dropped the connection"):
        await ask(requests)
    assert [asked.ending for asked in requests.asked] == [Ending.ANSWERED, Ending.FAILED]
    assert now_s() == pytest.approx(began + 0.4)


@virtual_time
async def test_what_is_frozen_brings_nothing_until_it_is_left():
    requests = Requests()
    after(0.4, requests.strike, (), Stall())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(60.0):
            await ask(requests)
    assert requests.asked[0].ending is Ending.LEFT


@virtual_time
async def test_another_endpoint_is_spared():
    requests = Requests()
    after(0.4, requests.strike, ("chat",), Vanish())
    await ask(requests)
    assert requests.asked[0].ending is Ending.ANSWERED


@virtual_time
async def test_beginnings_and_endings_can_be_waited_for():
    requests = Requests()
    asking = asyncio.get_running_loop().create_task(ask(requests))
    await requests.until(lambda: requests.asked, 1.0)
    assert requests.asked[0].ending is Ending.OPEN
    await requests.until(lambda: requests.asked[0].ended_s, 5.0)
    await asking
    with pytest.raises(TimeoutError):
        await requests.until(lambda: len(requests.asked) > 1, 1.0)
