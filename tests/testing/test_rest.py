from __future__ import annotations

import asyncio

import pytest

from voiceloop.errors import MisuseError
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

BUSY, FINE = RestAnswer({"error": "busy"}, 503, {"Retry-After": "1"}), RestAnswer("fine")


class Caller:
    """A connection of plain bytes."""

    def __init__(self, rest):
        self.port = int(rest.base_url.rpartition(":")[2])

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def asks(self, line, body=b""):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.says(line, body)

    def says(self, line, body=b""):
        self.writer.write(f"{line} HTTP/1.1\r\nX-Mood: good \r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    async def reads(self, end):
        return (await self.reader.readuntil(end)).decode()


async def test_answers_come_in_the_order_of_the_script_and_requests_are_kept():
    async with ScriptedRest({"POST /v1/x": [BUSY, FINE]}) as rest, Caller(rest) as caller:
        await caller.asks("POST /v1/x", b'{"a": 1}')
        first = await caller.reads(b"0\r\n\r\n")
        caller.says("POST /v1/x")
        second = await caller.reads(b"0\r\n\r\n")
        heard = await rest.hears()
        assert (heard.method, heard.path, heard.json) == ("POST", "/v1/x", {"a": 1})
        assert heard.headers["x-mood"] == "good"
        assert [heard.connection for heard in rest.heard] == [1, 1]
        assert rest.open_connections == 1
    assert first.startswith("HTTP/1.1 503 ")
    assert "\r\nContent-Type: application/json\r\n" in first
    assert "\r\nRetry-After: 1\r\n" in first
    assert '{"error": "busy"}' in first
    assert second.endswith("\r\n\r\n4\r\nfine\r\n0\r\n\r\n")


async def test_what_the_script_does_not_hold_is_an_unknown_path():
    async with ScriptedRest({"GET /a": [FINE]}) as rest, Caller(rest) as caller:
        await caller.asks("POST /a")
        assert "Invalid URL (POST /a)" in await caller.reads(b"0\r\n\r\n")


async def test_an_answer_takes_its_time_before_it_begins_and_between_its_pieces():
    answer = RestAnswer([b"one", b"two"], after_s=0.02, every_s=0.03)
    loop = asyncio.get_running_loop()
    async with ScriptedRest({"POST /v1/x": [answer]}) as rest, Caller(rest) as caller:
        began_s = loop.time()
        await caller.asks("POST /v1/x")
        await caller.reads(b"one")
        assert loop.time() - began_s >= 0.02
        await caller.reads(b"two")
        assert loop.time() - began_s >= 0.05


async def test_a_client_that_leaves_with_an_answer_unread_is_known_to_be_gone():
    async with ScriptedRest({"POST /v1/x": [RestAnswer([bytes(1000)], ends="never")]}) as rest:
        async with Caller(rest) as caller:
            await caller.asks("POST /v1/x")
            heard = await rest.hears()
            await caller.reads(b"\r\n\r\n")
            caller.writer.transport.abort()
        async with asyncio.timeout(5):
            await heard.gone.wait()


async def test_pieces_are_sent_one_by_one_and_an_empty_one_does_not_end_the_body():
    async with ScriptedRest({"GET /a": [RestAnswer([b"data: 1\n\n", b"", b"x"])]}) as rest, Caller(rest) as caller:
        await caller.asks("GET /a")
        sent = await caller.reads(b"\r\n0\r\n\r\n")
    assert "text/event-stream" in sent
    assert sent.endswith("\r\n\r\n9\r\ndata: 1\n\n\r\n1\r\nx\r\n0\r\n\r\n")


@pytest.mark.parametrize(("silent", "sent"), [(False, "4\r\nfine\r\n"), (True, "")])
async def test_an_answer_can_be_cut_off(silent, sent):
    async with (
        ScriptedRest({"GET /a": [RestAnswer(b"fine", ends="cut", silent=silent)]}) as rest,
        Caller(rest) as caller,
    ):
        await caller.asks("GET /a")
        assert (await caller.reader.read()).decode().endswith(sent)


async def test_an_answer_can_go_on_until_the_client_hangs_up():
    async with ScriptedRest({"GET /a": [RestAnswer(b"fine", ends="never")]}) as rest, Caller(rest) as caller:
        await caller.asks("GET /a")
        await caller.reads(b"fine\r\n")
        heard = await rest.hears()
        assert not heard.gone.is_set()
        caller.writer.close()
        await heard.gone.wait()


async def test_leaving_hangs_up_on_whoever_is_there():
    async with ScriptedRest({"GET /a": [RestAnswer(silent=True, ends="never")]}) as rest:
        caller = Caller(rest)
        await caller.asks("GET /a")
        await rest.hears()
    assert await caller.reader.read() == b""
    caller.writer.close()


def test_it_has_an_address_only_while_it_is_open():
    with pytest.raises(MisuseError, match="enter it first"):
        _ = ScriptedRest({}).base_url
