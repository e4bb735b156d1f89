from __future__ import annotations

import pytest

from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.engines.cascade.orders import Deadlines, Failed, Trouble
from voiceloop.engines.cascade.troubles import FINAL, is_of_this_request, may_be_tried_again, trouble_of
from voiceloop.errors import DeviceError, DialectError, RefusedError, SettingsError, UnreachableError
from voiceloop.vocabulary import Cause

HURRIED = Deadlines.hurried()


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (Kind.BAD_KEY, Cause.BAD_KEY),
        (Kind.QUOTA, Cause.QUOTA),
        (Kind.BAD_MODEL, Cause.BAD_MODEL),
        (Kind.REFUSED, Cause.REFUSED),
        (Kind.RATE_LIMITED, Cause.BUSY),
        (Kind.SERVER_FAULT, Cause.UNREACHABLE),
        (Kind.SILENT, Cause.SLOW_MODEL),
        (Kind.REDIRECTED, Cause.UNREACHABLE),
        (Kind.DROPPED, Cause.DROP),
        (Kind.BROKEN, Cause.BROKEN_PEER),
    ],
)
def test_a_failed_request_has_the_cause_of_its_failure(kind, cause):
    trouble = trouble_of(RequestFailedError("it failed", Failure(kind)))
    assert (trouble.cause, trouble.detail) == (cause, "it failed")


@pytest.mark.parametrize(
    ("failure", "repeated"),
    [
        (Failure(Kind.UNREACHABLE), True),
        (Failure(Kind.RATE_LIMITED, status=429), True),
        (Failure(Kind.SERVER_FAULT, status=500), True),
        (Failure(Kind.SERVER_FAULT, status=200), False),
        (Failure(Kind.DROPPED), True),
        (Failure(Kind.DROPPED, status=200), False),
        (Failure(Kind.SILENT), False),
        (Failure(Kind.BROKEN, status=200), False),
    ],
)
def test_what_failed_before_an_answer_began_was_tried_again_by_the_client(failure, repeated):
    assert trouble_of(RequestFailedError("it failed", failure)).repeated is repeated


@pytest.mark.parametrize(
    "failure",
    [
        Failure(Kind.REFUSED, code="context_length_exceeded"),
        Failure(Kind.REFUSED, "This model's maximum context length is 8192 tokens"),
    ],
)
def test_a_conversation_that_is_too_long_is_told_apart(failure):
    assert trouble_of(RequestRefusedError("too long", failure)).cause is Cause.CONTEXT_FULL


def test_a_language_that_the_gateway_cannot_take_is_a_matter_of_settings():
    failure = Failure(Kind.REFUSED, status=400, code="language_unavailable")
    assert trouble_of(RequestRefusedError("pip install it", failure)) == Trouble(Cause.SETTINGS, "pip install it")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (SettingsError("no"), Cause.SETTINGS),
        (RefusedError("no"), Cause.REFUSED),
        (DialectError("no"), Cause.UNSUPPORTED_DIALECT),
        (UnreachableError("no"), Cause.UNREACHABLE),
        (DeviceError("no"), Cause.UNREACHABLE),
    ],
)
def test_an_error_without_a_failure_has_the_cause_of_its_kind(error, cause):
    assert trouble_of(error) == Trouble(cause, "no")


def test_what_the_same_request_cannot_cure_is_final():
    assert {Cause.QUOTA, Cause.BAD_KEY, Cause.REFUSED, Cause.CONTEXT_FULL} <= FINAL
    assert FINAL.isdisjoint({Cause.DROP, Cause.SLOW_MODEL, Cause.BUSY, Cause.UNREACHABLE, Cause.BROKEN_PEER})


def test_only_a_refusal_is_about_the_request_alone_and_only_while_nobody_else_could_answer():
    assert is_of_this_request(Trouble(Cause.REFUSED, ""), Deadlines())
    assert not is_of_this_request(Trouble(Cause.REFUSED, ""), HURRIED)
    assert not is_of_this_request(Trouble(Cause.QUOTA, ""), Deadlines())


@pytest.mark.parametrize(
    ("cause", "tries", "after_s", "again"),
    [
        (Cause.DROP, 1, 0.9, True),
        (Cause.BROKEN_PEER, 1, 0.0, True),
        (Cause.SLOW_MODEL, 1, 1.0, True),
        (Cause.SLOW_MODEL, 1, 1.1, False),
        (Cause.DROP, 2, 0.1, False),
        (Cause.QUOTA, 1, 0.1, False),
        (Cause.UNREACHABLE, 1, 0.1, True),
    ],
)
def test_what_is_worth_a_second_try_gets_one_while_there_is_time(cause, tries, after_s, again):
    assert may_be_tried_again(Failed(Trouble(cause, "no"), after_s), tries, HURRIED) is again
    assert not may_be_tried_again(Failed(Trouble(cause, "no", repeated=True), after_s), tries, HURRIED)
