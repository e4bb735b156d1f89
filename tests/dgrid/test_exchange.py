from __future__ import annotations

import asyncio
import logging

import pytest

from dgrid.asker import BUSY, FINE, client, refusal, script
from voiceloop.dgrid.client import Request
from voiceloop.dgrid.exchange import PIECE
from voiceloop.dgrid.retries import Repeat

pytestmark = pytest.mark.real

LONG = bytes(range(256)) * 600


def upload(progress=None, body=LONG):
    return Request("POST", "/v1/x", body, repeat=Repeat.SAFE, progress=progress)


async def test_a_long_body_leaves_in_pieces_with_its_length_and_is_told_of():
    told = []
    async with script(FINE, request=upload()) as rest, client(rest) as asker:
        await asker.ask(upload(lambda sent, total: told.append((sent, total))))
    (heard,) = rest.heard
    assert heard.body == LONG
    assert heard.headers["content-length"] == str(len(LONG))
    assert "transfer-encoding" not in heard.headers
    assert told == [(PIECE, len(LONG)), (2 * PIECE, len(LONG)), (len(LONG), len(LONG))]


@pytest.mark.parametrize(("body", "told"), [(b"short", [(5, 5)]), (b"", [])])
async def test_a_short_body_is_one_piece_and_none_is_nothing_to_tell_of(body, told):
    heard = []
    async with script(FINE, request=upload()) as rest, client(rest) as asker:
        await asker.ask(upload(lambda *figures: heard.append(figures), body))
    assert (rest.heard[0].body, heard) == (body, told)


async def test_a_long_body_needs_nobody_who_watches():
    async with script(FINE, request=upload()) as rest, client(rest) as asker:
        await asker.ask(upload())
    assert rest.heard[0].body == LONG


async def test_a_repeated_upload_is_whole_again_and_counted_from_its_beginning():
    told = []
    async with script(BUSY, FINE, request=upload()) as rest, client(rest) as asker:
        await asker.ask(upload(lambda sent, _: told.append(sent)))
    assert [heard.body for heard in rest.heard] == [LONG, LONG]
    assert told == [PIECE, 2 * PIECE, len(LONG)] * 2


async def test_a_function_for_progress_that_fails_costs_no_upload(caplog):
    told = []

    def fail(sent, total):
        told.append(sent)
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        async with script(FINE, FINE, request=upload()) as rest, client(rest) as asker:
            await asker.ask(upload(fail))
            await asker.ask(upload())  # nothing else of the client's is harmed
    assert (len(rest.heard), told) == (2, [PIECE])
    assert caplog.messages == ["a function for progress failed; the upload goes on without it"]


async def test_a_server_that_refuses_in_the_middle_of_an_upload_is_understood():
    answer = b'HTTP/1.1 413 No\r\nContent-Length: 33\r\nConnection: close\r\n\r\n{"error":{"message":"too large"}} '

    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.write_eof()
        while await reader.read(PIECE):  # a connection closed on unread bytes is reset, and the answer lost
            pass
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server, client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as asker:
        failure = await refusal(asker.ask(upload(body=bytes(8 * 1024 * 1024))))
    assert (failure.status, failure.message) == (413, "too large")
