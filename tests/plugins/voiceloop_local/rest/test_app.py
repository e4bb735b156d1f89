"""The REST families as one application, on real sockets."""

import asyncio
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from voiceloop_local.gateway import Gateway
from voiceloop_local.rest import app as rest
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.scripted import ScriptedBrain

pytestmark = pytest.mark.real


@pytest.fixture
async def http(fakes):
    gateway = Gateway("127.0.0.1", 0, None, fakes.transcriber("x"), fakes.speaker(0), ScriptedBrain())
    async with gateway, httpx.AsyncClient(base_url=gateway.base_url) as client:
        yield client


async def test_an_unknown_path_is_told_as_openai_does(http):
    answer = await http.post("/v1/nowhere", json={})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_url"


async def test_another_method_is_not_allowed(http):
    answer = await http.get("/v1/realtime/sessions")
    assert answer.status_code == 405
    assert answer.json()["error"]["message"] == "Not allowed method: GET /v1/realtime/sessions."


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_object_is_refused(http, body):
    answer = await http.post("/v1/realtime/sessions", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in {"invalid_json", "invalid_type"}


@pytest.mark.parametrize("lasts_s", [1, 100_000, "x"])
async def test_a_token_lasts_seconds_to_hours(http, lasts_s):
    answer = await http.post("/v1/realtime/client_secrets", json={"expires_after": {"seconds": lasts_s}})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "expires_after.seconds"


async def test_a_body_that_is_too_large_is_refused_before_it_is_there(http):
    async def endless():
        while True:
            yield bytes(1024 * 1024)

    try:
        answer = await http.post("/v1/realtime/sessions", content=endless())
    except httpx.TransportError:  # it was refused while the rest was still being sent
        return
    assert answer.status_code == 413


def scope(path="/work"):
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }


async def test_work_ends_when_its_client_hangs_up():
    ended = asyncio.Event()

    async def work(request):
        await request.body()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    app = rest._WhileConnected(Starlette(routes=[Route("/work", work, methods=["POST"])]))
    told = iter([{"type": "http.request", "body": b"{}", "more_body": False}, {"type": "http.disconnect"}])

    async def receive():
        await asyncio.sleep(0)
        return next(told)

    async with asyncio.timeout(5):
        await app(scope(), receive, None)
    assert ended.is_set()


async def test_what_breaks_is_answered_and_logged(caplog):
    async def work(_request):
        raise ZeroDivisionError

    inner = Starlette(
        routes=[Route("/v1/messages", work, methods=["POST"])], exception_handlers={Exception: rest._failed}
    )
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        if sent:
            await asyncio.get_running_loop().create_future()
        return {"type": "http.request", "body": b"", "more_body": False}

    async with asyncio.timeout(5):
        await rest._WhileConnected(inner)(scope("/v1/messages"), receive, send)
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["error"]["type"] == "api_error"
    assert "ZeroDivisionError" not in sent[1]["body"].decode()
    assert "failed" in caplog.text


async def test_problems_are_told_in_the_words_of_the_family():
    async def work(_request):
        raise ApiProblem(400, "No model.", "missing", "model")

    path = "/v1beta/models/m:generateContent"
    inner = Starlette(routes=[Route(path, work)], exception_handlers={ApiProblem: rest._problem})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(inner), base_url="http://x") as client:
        answer = await client.get(path)
    assert answer.json() == {"error": {"code": 400, "message": "No model.", "status": "INVALID_ARGUMENT"}}
