"""What holds for every endpoint. The table is in `families`; whatever is special has tests of its own elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

import voiceloop.dgrid
from dgrid.asker import KEY, Told, client, refusal
from dgrid.families import FAMILIES, SHAPES
from dgrid.forms import parts
from voiceloop.dgrid.failures import Kind, RequestFailedError, RequestRefusedError
from voiceloop.dgrid.retries import Retries
from voiceloop.dgrid.sse import LONGEST
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

HANGS_S = 10.0
TYPES = {".json": "application/json", ".sse": "text/event-stream", ".wav": "audio/wav"}
STREAMED = [family for family in FAMILIES if family.follow]
every = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
every_streamed = pytest.mark.parametrize("family", STREAMED, ids=lambda family: family.name)


def recorded(path, **more):
    return RestAnswer(path.read_bytes(), headers={"Content-Type": TYPES[path.suffix], "X-Request-Id": "req_1"}, **more)


def serving(family, *answers):
    return ScriptedRest({f"{family.method} {path}": answers for path in (family.path, family.stream_path)})


async def asked(family, *answers, ask=None):
    """What the first of these answers says, and the last request."""
    async with serving(family, *answers) as rest, client(rest, retries=Retries(attempts=1)) as asker:
        async with asyncio.timeout(HANGS_S):
            said = await (ask or family.ask)(asker)
    return said, rest.heard[-1]


def body(heard):
    """What was sent: a JSON object, the parts of a form, or nothing."""
    if not heard.body:
        return None
    kind = heard.headers["content-type"]
    return json.loads(heard.body) if kind == "application/json" else parts(kind, heard.body)


# Requests


@every
async def test_a_request_is_what_the_reference_says(family):
    _, heard = await asked(family, recorded(family.answers(".json", ".wav")[0]))
    assert (heard.method, heard.path) == (family.method, family.path)
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert {name: heard.headers.get(name) for name in family.headers} == family.headers
    assert body(heard) == family.sends


@every_streamed
async def test_a_stream_is_asked_for_beside_it(family):
    _, heard = await asked(family, recorded(family.answers(".sse")[0]), ask=family.follow)
    assert heard.path == (family.stream_path or family.path)
    if isinstance(family.sends, dict):
        assert body(heard) == {**family.sends, **family.streams}
    else:
        extra = [(name, None, "text/plain", value.encode()) for name, value in family.streams.items()]
        assert sorted(body(heard)) == sorted([*family.sends, *extra])


def test_every_endpoint_of_the_client_has_a_row():
    sources = Path(voiceloop.dgrid.__file__).parent.rglob("*.py")
    written = {path for source in sources for path in re.findall(r'"(/v1/[^"]*)"', source.read_text())}
    patterns = {one for path in written if " " not in (one := re.sub(r"\{[^}]*\}", ".+", path))}
    asked_for = {path for family in FAMILIES for path in (family.path, family.stream_path)}
    assert len(patterns) > 10
    assert [one for one in patterns if not any(re.fullmatch(one, path) for path in asked_for)] == []


def test_every_recorded_answer_is_told_by_a_row():
    assert {path for family in FAMILIES for path in family.answers()} == set(SHAPES.glob("*/*"))


# Answers


@every
async def test_every_recorded_answer_says_the_same(family):
    asks = [ask for ask in (family.ask, family.follow) if ask]
    for answer in family.answers(*TYPES if family.follow else [".json"]):
        for ask in asks:
            said, _ = await asked(family, recorded(answer), ask=ask)
            assert said == family.says, (answer, ask)


@every
@pytest.mark.parametrize("kind", ["text/html", "application/json", "text/event-stream", "audio/mpeg", ""])
async def test_a_body_that_lies_about_its_type_is_read_all_the_same(family, kind):
    answer = RestAnswer(family.answers(".json", ".wav")[0].read_bytes(), headers={"Content-Type": kind})
    assert (await asked(family, answer))[0] == family.says


@every_streamed
async def test_letters_that_come_in_pieces_are_put_together(family):
    for answer in family.answers(".sse"):
        bits = RestAnswer([bytes([byte]) for byte in answer.read_bytes()])
        assert (await asked(family, bits, ask=family.follow))[0] == family.says


# Errors

ERRORS = {
    "OpenAI": (401, {"error": {"message": f"No such key: {KEY}", "type": "invalid_request_error", "param": None,
                               "code": "invalid_api_key"}}, Kind.BAD_KEY),
    "new-api": (500, {"error": {"message": f"{KEY} (request id: 20261123)", "type": "new_api_error",
                                "code": "do_request_failed"}}, Kind.SERVER_FAULT),
    "Anthropic": (529, {"type": "error", "error": {"type": "overloaded_error", "message": KEY}}, Kind.SERVER_FAULT),
    "Google": (400, {"error": {"code": 400, "message": KEY, "status": "INVALID_ARGUMENT"}}, Kind.REFUSED),
    "a flag": (200, {"success": False, "message": f"no group for {KEY}"}, Kind.REFUSED),
    "no JSON": (502, f"<html><h1>Bad gateway</h1>{KEY}</html>", Kind.SERVER_FAULT),
    "under 200": (200, {"error": {"type": "rate_limit_error", "message": f"slow down, {KEY}"}}, Kind.RATE_LIMITED),
}  # fmt: skip


@every
@pytest.mark.parametrize(("status", "told", "kind"), ERRORS.values(), ids=ERRORS)
async def test_every_shape_of_error_is_told_apart(family, status, told, kind):
    for ask in filter(None, (family.ask, family.follow)):
        failure = await refusal(asked(family, RestAnswer(told, status), ask=ask))
        assert failure.kind is kind
        assert failure.status == status


@every_streamed
@pytest.mark.parametrize("frame", ["data: {}\n\n", "event: error\ndata: {}\n\n"])
async def test_an_error_inside_a_stream_is_told(family, frame):
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": f"slow down, {KEY}"}}
    told = RestAnswer([frame.format(json.dumps(error)).encode()])
    for ask in (family.ask, family.follow):
        assert (await refusal(asked(family, told, ask=ask))).kind is Kind.RATE_LIMITED


# Bad input


async def outcome(asking):
    """What came of it: what was said, or the kind of failure. Anything else is a crash."""
    try:
        return (await asking)[0]
    except (RequestFailedError, RequestRefusedError) as error:
        failure, shown = error.failure, repr(error)
    assert "canary" not in f"{shown} {failure}"
    return failure.kind


@every
@pytest.mark.parametrize("odd", [b"", b"<html>hello</html>", b"[]", b"7", b"\xff\xfe", b'{"a":', b"[" * 100_000])
async def test_what_is_no_answer_is_broken(family, odd):
    for ask in filter(None, (family.ask, family.follow)):
        found = await outcome(asked(family, RestAnswer(odd), ask=ask))
        assert found in (Kind.BROKEN, Kind.NOT_OFFERED, None)


@every_streamed
@pytest.mark.parametrize("ends", ["cut", "well"])
async def test_a_stream_that_is_cut_anywhere_neither_hangs_nor_crashes(family, ends):
    for answer in family.answers(".sse"):
        whole = answer.read_bytes()
        for cut in range(len(whole)):
            async with asyncio.timeout(HANGS_S):
                found = await outcome(alone(family.follow(Told(whole[:cut], ends=ends))))
            assert isinstance(found, Kind) or family.says.startswith(found)


async def alone(asking):
    return (await asking,)


@every_streamed
@pytest.mark.parametrize("ends", ["cut", "well"])
async def test_a_connection_that_ends_in_the_middle_neither_hangs_nor_crashes(family, ends):
    for answer in family.answers(".sse"):
        whole = answer.read_bytes()
        for cut in (0, len(whole) // 2, len(whole) - 1):
            found = await outcome(asked(family, RestAnswer([whole[:cut]], ends=ends), ask=family.follow))
            assert isinstance(found, Kind) or family.says.startswith(found)


@every_streamed
async def test_a_line_without_end_is_left(family):
    line = RestAnswer([b"data: ", *[b"x" * (LONGEST // 8)] * 8, b"x"], ends="never")
    assert await outcome(asked(family, line, ask=family.follow)) is Kind.BROKEN
