from __future__ import annotations

import pytest

from voiceloop.dgrid.failures import Failure, Kind
from voiceloop.dgrid.retries import Repeat, Retries

RETRIES = Retries(attempts=3, first_s=1, longest_s=3, patience_s=20)


def wait_s(kind, attempt=1, repeat=Repeat.SAFE, chance=1.0, **more):
    return RETRIES.wait_s(Failure(kind, **more), attempt, repeat, chance)


def test_each_wait_is_twice_the_last_up_to_the_longest():
    patient = Retries(attempts=9, first_s=1, longest_s=3)
    waits = [patient.wait_s(Failure(Kind.SERVER_FAULT), n, Repeat.SAFE, 1.0) for n in (1, 2, 3, 4)]
    assert waits == [1, 2, 3, 3]


def test_chance_takes_up_to_half_of_a_wait_away():
    assert wait_s(Kind.SERVER_FAULT, chance=0.0) == 0.5
    assert wait_s(Kind.SERVER_FAULT, chance=0.5) == 0.75


def test_after_the_last_attempt_it_is_over():
    assert wait_s(Kind.SERVER_FAULT, attempt=2) is not None
    assert wait_s(Kind.SERVER_FAULT, attempt=3) is None


def test_what_the_server_asks_for_is_waited_in_full_and_a_little_more():
    assert wait_s(Kind.RATE_LIMITED, chance=0.0, retry_after_s=7) == 7
    assert wait_s(Kind.RATE_LIMITED, chance=0.5, retry_after_s=7) == 7.5
    assert wait_s(Kind.RATE_LIMITED, attempt=2, chance=0.0, retry_after_s=0.1) == 0.1


def test_a_server_that_asks_for_too_much_patience_is_not_waited_for():
    assert wait_s(Kind.RATE_LIMITED, retry_after_s=20) is not None
    assert wait_s(Kind.RATE_LIMITED, retry_after_s=20.1) is None


NEVER = [Kind.BAD_KEY, Kind.QUOTA, Kind.BAD_MODEL, Kind.REFUSED, Kind.NOT_OFFERED, Kind.REDIRECTED, Kind.SILENT]


@pytest.mark.parametrize("kind", [*NEVER, Kind.BROKEN])
def test_what_another_try_cannot_help_is_not_tried_again(kind):
    assert wait_s(kind, retry_after_s=1) is None


@pytest.mark.parametrize("repeat", Repeat)
@pytest.mark.parametrize("kind", [Kind.UNREACHABLE, Kind.RATE_LIMITED])
def test_what_was_surely_not_carried_out_is_always_sent_again(kind, repeat):
    assert wait_s(kind, repeat=repeat) is not None


@pytest.mark.parametrize("status", [408, 409, 503, 529])
def test_a_server_that_did_not_begin_is_asked_again_for_anything(status):
    assert wait_s(Kind.SERVER_FAULT, repeat=Repeat.HARMFUL, status=status) is not None


@pytest.mark.parametrize("status", [500, 502, 504, 524])
def test_what_may_have_been_carried_out_is_sent_again_only_where_that_does_no_harm(status):
    assert wait_s(Kind.SERVER_FAULT, repeat=Repeat.SAFE, status=status) is not None
    assert wait_s(Kind.SERVER_FAULT, repeat=Repeat.HARMFUL, status=status) is None


def test_so_is_a_request_whose_connection_broke():
    assert wait_s(Kind.DROPPED) is not None
    assert wait_s(Kind.DROPPED, repeat=Repeat.HARMFUL) is None


def test_no_attempt_begins_when_its_time_is_over():
    hurried = Retries(attempts=9, first_s=1, longest_s=1, within_s=2.0)
    dropped = Failure(Kind.DROPPED)
    assert hurried.wait_s(dropped, 1, Repeat.SAFE, 1.0, spent_s=0.9) == 1
    assert hurried.wait_s(dropped, 1, Repeat.SAFE, 1.0, spent_s=1.1) is None
    assert hurried.wait_s(Failure(Kind.RATE_LIMITED, retry_after_s=3), 1, Repeat.SAFE, 0.0) is None
