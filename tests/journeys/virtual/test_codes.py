"""What each error code and close code makes of a session: who is asked again, and how the others end."""

import pytest

from journeys.journey import Journey, dialects, spoken_words
from journeys.virtual.test_races import NOON, asked
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Close, Fail, Quirks, Reply, Vanish

TOO_LONG = "Your session hit the maximum duration of 60 minutes."


def failed(code=None, kind="server_error", message=""):
    error = {"type": kind, "code": code, "message": message}
    return Reply((), status="failed", status_details={"type": "failed", "error": error})


FATAL = [
    (Fail("insufficient_quota"), "quota"),
    (Fail("credit_balance_exhausted"), "quota"),
    (Fail("billing_hard_limit_reached"), "quota"),
    (Fail(None, "You exceeded your current quota, please check your plan."), "quota"),
    (Fail("invalid_api_key"), "bad_key"),
    (Fail("account_deactivated"), "bad_key"),
    (Fail(None, "Incorrect API key provided."), "bad_key"),
    (Fail("invalid_model"), "bad_model"),
    (Fail("model_not_found"), "bad_model"),
    (Fail("model_load_error"), "bad_model"),
    (Close(1008, "policy"), "bad_key"),
    (Close(4000, "invalid_request_error.invalid_api_key"), "bad_key"),
    (Close(4000, "insufficient_quota"), "quota"),
]
PASSING = [
    (Fail("session_expired", TOO_LONG), "session_cap"),
    (Close(1001, TOO_LONG), "session_cap"),
    (Fail("do_request_failed", "no upstream", "new_api_error"), "unreachable"),
    (Fail(None, "no channel", "new_api_error"), "unreachable"),
    (Close(1000), "drop"),
    (Close(1001, "going away"), "drop"),
    (Close(1002), "broken_peer"),
    (Close(1003), "broken_peer"),
    (Close(1007), "broken_peer"),
    (Close(1009, "message too big"), "broken_peer"),
    (Close(1011, "keepalive timeout"), "drop"),
    (Close(1013, "try again later"), "busy"),
    (Close(4000, "something else"), "drop"),
    (Close(4999), "drop"),
    (Vanish(), "drop"),
]
HARMLESS = [
    Fail("conversation_already_has_active_response"),
    Fail(None, "Conversation already has an active response"),
    Fail("response_cancel_not_active"),
    Fail(None, "Cancellation failed: no active response found"),
    Fail("input_audio_buffer_commit_empty"),
    Fail("invalid_value", "Audio content of 9250ms is already shorter than 57340ms"),
    Fail("unsupported_content_type"),
    Fail("item_create_duplicate_item_id"),
]
SURVIVED = [
    Fail("rate_limit_exceeded"),
    Fail("inference_rate_limit_exceeded"),
    Fail(None, "The server had an error.", "server_error"),
    Fail("odd_thing"),
    Fail("unknown_parameter", "Unknown parameter: 'x'."),
]


@pytest.mark.parametrize(("trouble", "cause"), FATAL, ids=repr)
@virtual_time
async def test_what_another_attempt_cannot_cure_ends_the_session(trouble, cause):
    async with Journey(errors=None) as talk:
        await talk.passes(10.0)
        talk.gateway.perform(trouble)
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == (f"engine_lost_{cause}", 4)
    assert talk.network.attempts == 1


@pytest.mark.parametrize(("trouble", "cause"), PASSING, ids=repr)
@virtual_time
async def test_what_may_pass_is_tried_again_and_told_once(trouble, cause):
    async with Journey(NOON, errors=None) as talk:
        await talk.passes(10.0)
        talk.gateway.perform(trouble)
        await talk.until(lambda: len(talk.gateway.connections) == 2)
        await asked(talk)
        await talk.line("agent_said")
    assert talk.warnings() == [f"engine_lost_{cause}"]
    assert talk.network.attempts == 2


@pytest.mark.parametrize("trouble", HARMLESS, ids=repr)
@virtual_time
async def test_a_lost_race_is_not_even_told(trouble):
    async with Journey(NOON, errors=1) as talk:
        await talk.passes(1.0)
        talk.gateway.perform(trouble)
        await asked(talk)
        await talk.line("agent_said")
    assert (talk.warnings(), talk.network.attempts) == ([], 1)


@pytest.mark.parametrize("trouble", SURVIVED, ids=repr)
@virtual_time
async def test_most_errors_are_told_and_survived(trouble):
    async with Journey(NOON, errors=1) as talk:
        await talk.passes(1.0)
        talk.gateway.perform(trouble)
        await asked(talk)
        await talk.line("agent_said")
    assert (talk.warnings(), talk.network.attempts) == ([trouble.code or trouble.kind], 1)


# Before the session has begun: whoever starts it wants to know at once ------------------------------------------------


@dialects
@pytest.mark.parametrize(
    ("steps", "cause", "status"),
    [
        ((Fail("invalid_api_key"), Vanish()), "bad_key", 4),
        ((Fail("insufficient_quota"), Vanish()), "quota", 4),
        ((Fail("model_load_error"),), "bad_model", 4),
        ((Fail("do_request_failed", "no upstream", "new_api_error"), Vanish()), "unreachable", 5),
        ((Fail("rate_limit_exceeded"), Close(1013)), "busy", 4),
        ((Fail(None, "upstream said 401"), Close(1008)), "bad_key", 4),
        ((Fail(None, "upstream said 500"), Close(1011)), "drop", 5),
        ((Close(1008),), "bad_key", 4),
        ((Close(1013),), "busy", 4),
        ((Close(1011),), "drop", 5),
        ((Close(1000),), "drop", 5),
        ((Vanish(),), "drop", 5),
    ],
    ids=repr,
)
@virtual_time
async def test_an_error_before_the_greeting_ends_the_session_with_its_cause(dialect, steps, cause, status):
    quirks = Quirks(before_greeting=steps, greets=False)
    async with Journey(dialect=dialect, quirks=quirks, errors=None, complete=False) as talk:
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == (f"engine_lost_{cause}", status)
    assert talk.network.attempts == 1


@pytest.mark.parametrize(
    ("http", "cause"),
    [(401, "bad_key"), (402, "quota"), (403, "bad_key"), (404, "bad_model")],
)
@virtual_time
async def test_a_refused_upgrade_during_an_outage_ends_it_where_nothing_helps(http, cause):
    async with Journey() as talk:
        await talk.passes(10.0)
        talk.gateway.refuse(http)
        talk.gateway.perform(Vanish())
        ended = await talk.ends()
    assert ended.reason == f"engine_lost_{cause}"
    assert talk.network.attempts == 2


@pytest.mark.parametrize("http", [400, 429, 500, 501, 503])
@virtual_time
async def test_a_server_that_is_busy_is_asked_until_it_is_not(http):
    async with Journey(NOON) as talk:
        await talk.passes(10.0)
        talk.gateway.refuse(http, times=3)
        talk.gateway.perform(Vanish())
        await talk.until(lambda: len(talk.gateway.connections) == 2)
        await asked(talk)
        await talk.line("agent_said")
    assert talk.warnings() == ["engine_lost_drop"]
    assert talk.network.attempts == 5


# Replies that fail without an error event -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "cause"),
    [("insufficient_quota", "quota"), ("invalid_api_key", "bad_key"), ("model_not_found", "bad_model")],
)
@virtual_time
async def test_an_account_refused_in_a_failed_reply_ends_the_session(code, cause):
    async with Journey(failed(code)) as talk:
        await asked(talk)
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == (f"engine_lost_{cause}", 4)


@virtual_time
async def test_a_server_that_fails_twice_is_left_and_asked_once_more_on_another_connection():
    async with Journey(failed(), failed(message="oops"), NOON) as talk:
        await asked(talk)
        await talk.line("agent_said")
        assert len(talk.gateway.connections) == 2
    assert spoken_words(talk.lines) == ["what time is it", "It is noon."]
    assert talk.warnings() == ["engine_lost_drop"]


@virtual_time
async def test_a_server_that_goes_on_failing_is_told_and_the_user_can_go_on():
    async with Journey(*[failed(message="oops")] * 3, NOON) as talk:
        await asked(talk)
        await talk.line("warning", times=2)
        await asked(talk, "once more")
        await talk.line("agent_said")
    assert talk.warnings() == ["engine_lost_drop", "reply_failed"]


@virtual_time
async def test_a_single_failure_costs_no_connection():
    async with Journey(failed(), NOON, failed(), NOON) as talk:
        for number in (1, 2):
            await asked(talk)
            await talk.line("agent_said", times=number)
    assert talk.network.attempts == 1
    assert talk.warnings() == []
