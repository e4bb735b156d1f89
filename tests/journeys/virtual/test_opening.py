"""The way to the server: which dialect it speaks, and what is said when there is no way."""

import pytest

from journeys.journey import KEY, Journey, dialects, spoken_words
from voiceloop.agent import Agent
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Close, Fail, Ignore, Quirks, Reply, Send, Spoken, Vanish

NOON = Reply((Spoken("It is noon.", 800),))
BETA_MODEL = "gpt-4o-realtime-preview"
GA_MODEL = "gpt-realtime"
NO_TYPE = Fail("unknown_parameter", "Unknown parameter: 'session.type'.", param="session.type")


async def refused(talk):
    """The session ends without ever having been open; returns how."""
    async with talk:
        ended = await talk.ends()
    assert talk.said("session_started") == []
    assert [line["event"] for line in talk.lines] == ["warning", "session_ended"]
    assert talk.said("warning")[0]["detail"] == ended.detail
    assert ended.detail
    assert "\n" not in ended.detail
    assert KEY not in str(talk.lines)
    return ended


async def one_turn(talk):
    await talk.passes(0.5)
    talk.user_says("what time is it", 800)
    assert (await talk.line("agent_said"))["heard_ms"] == 800


# Dialects ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "dialect"), [(BETA_MODEL, "beta"), (GA_MODEL, "ga")])
@virtual_time
async def test_the_model_tells_which_dialect_to_try_first(model, dialect):
    async with Journey(NOON, dialect="auto", realtime={"model": model}) as talk:
        await one_turn(talk)
    assert talk.lines[0]["dialect"] == dialect
    assert talk.network.attempts == 1
    (upgrade,) = talk.gateway.upgrades
    assert ("OpenAI-Beta" in upgrade) == (dialect == "beta")
    assert upgrade["Authorization"] == f"Bearer {KEY}"
    assert talk.gateway.connection.path == f"/v1/realtime?model={model}"


@virtual_time
async def test_a_wrong_guess_is_put_right_by_the_greeting_without_dialling_anew():
    quirks = Quirks(accepts=("ga",), refuses_by="form")
    async with Journey(NOON, dialect="auto", realtime={"model": BETA_MODEL}, quirks=quirks) as talk:
        await one_turn(talk)
    assert talk.lines[0]["dialect"] == "ga"
    assert talk.network.attempts == 1


@virtual_time
async def test_a_server_that_has_done_with_beta_is_dialled_once_more_in_ga():
    quirks = Quirks(accepts=("ga",))
    async with Journey(
        NOON, dialect="auto", realtime={"model": BETA_MODEL}, quirks=quirks, errors=1, agent=Agent(greeting="Hello.")
    ) as talk:
        await talk.line("agent_said")
    assert talk.lines[0]["dialect"] == "ga"
    assert talk.network.attempts == 2
    assert "OpenAI-Beta" not in talk.gateway.upgrades[1]
    assert spoken_words(talk.lines) == ["It is noon."]


@virtual_time
async def test_a_server_of_beta_alone_is_understood_from_its_complaint():
    quirks = Quirks(accepts=("beta",), greets=False)
    async with Journey(NOON, dialect="auto", realtime={"model": GA_MODEL}, quirks=quirks, errors=1) as talk:
        await one_turn(talk)
    assert talk.lines[0]["dialect"] == "beta"


@virtual_time
async def test_what_was_said_before_the_server_was_ready_is_not_lost_by_dialling_anew():
    quirks = Quirks(accepts=("ga",))
    talk = Journey(NOON, dialect="auto", text=True, realtime={"model": BETA_MODEL}, quirks=quirks, errors=1)
    talk.runner = talk.session_task()
    await talk.passes(0)  # the session runs, nothing is open yet
    await talk.session.send_text("what time is it")
    await talk.line("agent_said")
    await talk.session.end()
    talk.ended = await talk.runner
    talk.check()
    assert talk.network.attempts == 2
    assert spoken_words(talk.lines) == ["what time is it", "It is noon."]


@virtual_time
async def test_a_forced_dialect_is_never_changed():
    talk = Journey(dialect="beta", realtime={"model": BETA_MODEL}, quirks=Quirks(accepts=("ga",)), errors=1)
    ended = await refused(talk)
    assert (ended.reason, ended.exit_status) == ("engine_lost_unsupported_dialect", 5)
    assert "beta" in ended.detail
    assert talk.network.attempts == 1


@virtual_time
async def test_a_server_that_speaks_neither_dialect_is_dialled_twice_and_then_given_up():
    talk = Journey(
        dialect="auto", realtime={"model": BETA_MODEL}, quirks=Quirks(accepts=("ga",)), errors=None, complete=False
    )
    talk.gateway.when("session.update", NO_TYPE, times=9)
    ended = await refused(talk)
    assert (ended.reason, ended.exit_status) == ("engine_lost_unsupported_dialect", 5)
    assert talk.network.attempts == 2


@virtual_time
async def test_a_server_of_another_protocol_is_told_apart():
    quirks = Quirks(greets=False, after_greeting=(Send({"type": "session.started"}),))
    ended = await refused(Journey(dialect="auto", quirks=quirks))
    assert ended.exit_status == 5
    assert "GPT-Live" in ended.detail


@dialects
@virtual_time
async def test_a_server_that_never_answers_is_given_up_in_time(dialect):
    talk = Journey(dialect=dialect, quirks=Quirks(greets=False), complete=False)
    talk.gateway.when("session.update", Ignore(), times=9)
    ended = await refused(talk)
    assert (ended.reason, ended.exit_status) == ("engine_lost_dead_wire", 5)


@dialects
@pytest.mark.parametrize(("cut", "status"), [(Vanish(), 5), (Close(1011, "boom"), 5), (Close(1008, "no"), 4)], ids=repr)
@virtual_time
async def test_a_server_that_hangs_up_while_it_is_configured(dialect, cut, status):
    ended = await refused(Journey(dialect=dialect, quirks=Quirks(greets=False, after_greeting=(cut,)), complete=False))
    assert ended.exit_status == status


# No way there --------------------------------------------------------------------------------------------------------

REFUSALS = [
    (400, b"", "refused", 4),
    (401, b'{"error": {"code": "invalid_api_key"}}', "bad_key", 4),
    (402, b"", "quota", 4),
    (403, b"Forbidden", "bad_key", 4),
    (404, b"", "bad_model", 4),
    (429, b"slow down", "busy", 4),
    (429, b'{"error": {"code": "insufficient_quota", "message": "no money left"}}', "quota", 4),
    (405, b"", "unsupported_dialect", 5),
    (501, b"", "unsupported_dialect", 5),
    (500, b"<html>\n<body>oops</body></html>", "unreachable", 5),
    (502, b"", "unreachable", 5),
    (503, b"\xff\xfe", "unreachable", 5),
]


@dialects
@pytest.mark.parametrize(("status", "body", "cause", "exit_status"), REFUSALS)
@virtual_time
async def test_a_refused_upgrade_ends_with_one_clear_line(dialect, status, body, cause, exit_status):
    talk = Journey(dialect=dialect)
    talk.gateway.refuse(status, body)
    ended = await refused(talk)
    assert (ended.reason, ended.exit_status) == (f"engine_lost_{cause}", exit_status)
    assert str(status) in ended.detail
    assert talk.network.attempts == 1


@virtual_time
async def test_an_upgrade_refused_because_of_beta_is_tried_in_ga():
    body = b'{"error": {"code": "beta_api_shape_disabled", "message": "use GA"}}'
    talk = Journey(NOON, dialect="auto", realtime={"model": BETA_MODEL})
    talk.gateway.refuse(400, body)
    async with talk:
        await one_turn(talk)
    assert talk.lines[0]["dialect"] == "ga"
    assert talk.network.attempts == 2


@virtual_time
async def test_a_key_the_server_repeats_in_its_refusal_is_not_repeated_by_us():
    talk = Journey()
    talk.gateway.refuse(401, f"Incorrect API key provided: {KEY}".encode())
    assert "***" in (await refused(talk)).detail


@virtual_time
async def test_nobody_there():
    talk = Journey()
    talk.network.is_up = False
    ended = await refused(talk)
    assert (ended.reason, ended.exit_status) == ("engine_lost_unreachable", 5)
    assert "base URL" in ended.detail


@virtual_time
async def test_nobody_answers():
    talk = Journey(realtime={"connect_timeout_s": 3.0})
    talk.network.hold()
    ended = await refused(talk)
    assert ended.exit_status == 5
    assert "within 3 s" in ended.detail
