from __future__ import annotations

import asyncio

import pytest

from voiceloop.telling import MAX_UNREAD_LINES, Telling
from voiceloop.testing.clock import virtual_time
from voiceloop.transcript import TranscriptLine


def line(number):
    return TranscriptLine("warning", float(number), {"code": "c", "detail": str(number)})


async def test_lines_are_read_in_order_until_they_end():
    telling = Telling(None, print)
    telling.write(line(1))
    telling.write(line(2))
    telling.close()
    assert [each.t async for each in telling] == [1.0, 2.0]


@virtual_time
async def test_who_reads_on_waits_for_the_next_line():
    telling = Telling(None, print)
    loop = asyncio.get_running_loop()
    loop.call_later(1.0, telling.write, line(1))
    loop.call_later(2.0, telling.close)
    read = [(each.t, loop.time()) async for each in telling]
    assert read == [(1.0, pytest.approx(loop.time() - 1.0))]


async def test_of_too_many_unread_lines_the_oldest_go():
    telling = Telling(None, print)
    for number in range(MAX_UNREAD_LINES + 2):
        telling.write(line(number))
    telling.close()
    read = [each.t async for each in telling]
    assert len(read) == MAX_UNREAD_LINES
    assert read[0] == 2.0


async def test_a_scribe_that_raises_is_told_of_and_left_alone():
    written, failures = [], []

    def scribe(told):
        written.append(told.t)
        if told.t == 2.0:
            raise OSError("the disk is full")

    telling = Telling(scribe, failures.append)
    for number in (1, 2, 3):
        telling.write(line(number))
    telling.close()
    assert written == [1.0, 2.0]
    assert [str(error) for error in failures] == ["the disk is full"]
    assert [each.t async for each in telling] == [1.0, 2.0, 3.0]
