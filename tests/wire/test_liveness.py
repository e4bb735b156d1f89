"""Is the other end still there, and does it still work? Times are seconds on a clock that the test turns."""

from __future__ import annotations

import pytest

from voiceloop import events
from voiceloop.commands import AskReply, CancelReply, CommitTurn, ForgetTurn
from voiceloop.vocabulary import ReplyStatus, ToolCall
from voiceloop.wire.liveness import ACTIVE, Awaited, Liveness, Pace, Verdict, after_command, after_events


class Wire:
    """A connection whose other end answers pings, until told otherwise, and whose checks come when they are due."""

    def __init__(self, pace=None):
        self.now = 100.0
        self.liveness = Liveness(pace or Pace(), self.now)
        self.last_byte_s = self.now
        self.messages = 0
        self.answers = True
        self.pings = 0

    def owes(self, awaited):
        self.liveness.turn_to(awaited, self.now)
        return self

    def says(self, messages=1):
        """The server sends something."""
        self.messages += messages
        self.last_byte_s = self.now

    def waits(self, seconds):
        """Time passes, checks are made: the first verdict that ends the connection and after how long, or None."""
        began, until = self.now, self.now + seconds
        while self.liveness.next_s <= until:
            assert self.liveness.next_s >= self.now, "a check is never due in the past"
            self.now = self.liveness.next_s
            verdict = self.liveness.check(self.now, self.last_byte_s, self.messages)
            if verdict in {Verdict.DEAD, Verdict.STALLED}:
                return verdict, pytest.approx(self.now - began, abs=1e-6)
            if verdict is Verdict.PING:
                self.pings += 1
                if self.answers:
                    self.last_byte_s = self.now
            assert self.liveness.next_s > self.now or verdict is Verdict.WELL
        self.now = until
        return None


# The wire ------------------------------------------------------------------------------------------------------------


def test_a_quiet_server_that_answers_is_asked_now_and_then_and_lives():
    wire = Wire()
    assert wire.waits(10.0) is None
    assert wire.pings == 10


def test_nobody_asks_while_the_server_talks():
    wire = Wire()
    for _ in range(100):
        wire.says()
        assert wire.waits(0.1) is None
    assert wire.pings == 0


def test_without_a_byte_the_wire_is_dead_after_three_seconds():
    wire = Wire()
    wire.answers = False
    assert wire.waits(10.0) == (Verdict.DEAD, 3.0)
    assert wire.pings == 2


def test_while_a_reply_is_due_it_is_dead_sooner_and_is_asked_at_once():
    wire = Wire()
    wire.answers = False
    wire.waits(0.9)
    assert wire.pings == 0
    wire.owes(Awaited.REPLY).waits(0.0)
    assert wire.pings == 1
    assert wire.waits(10.0) == (Verdict.DEAD, 1.25)


def test_a_check_that_comes_late_itself_proves_nothing():
    wire = Wire()
    wire.answers = False
    wire.waits(1.0)
    wire.now += 60.0
    assert wire.liveness.check(wire.now, wire.last_byte_s, 0) is Verdict.PING
    assert wire.waits(10.0) == (Verdict.DEAD, 3.0)


# Progress ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("awaited", "limit_s"), [(Awaited.REPLY, 5.0), (Awaited.OUTPUT, 8.0), (Awaited.MORE, 8.0)])
def test_a_server_that_answers_pings_and_nothing_else_has_stalled(awaited, limit_s):
    assert Wire().owes(awaited).waits(20.0) == (Verdict.STALLED, limit_s)


def test_who_owes_nothing_cannot_stall():
    assert Wire().owes(Awaited.NOTHING).waits(600.0) is None


def test_a_reply_that_goes_on_has_not_stalled_however_long_it_is():
    wire = Wire().owes(Awaited.MORE)
    for _ in range(10):
        wire.says()
        assert wire.waits(7.0) is None
    assert wire.waits(20.0) == (Verdict.STALLED, 1.5)


def test_other_messages_do_not_count_as_the_reply_that_is_owed():
    wire = Wire().owes(Awaited.REPLY)
    for _ in range(4):
        wire.says()
        assert wire.waits(1.0) is None
    assert wire.waits(20.0) == (Verdict.STALLED, 1.0)


def test_a_check_that_comes_late_gives_the_server_its_time_anew():
    wire = Wire().owes(Awaited.REPLY)
    wire.waits(4.0)
    wire.now += 60.0
    wire.says()
    assert wire.liveness.check(wire.now, wire.last_byte_s, 1) is Verdict.PING
    assert wire.waits(20.0) == (Verdict.STALLED, 5.0)


# Slow models ---------------------------------------------------------------------------------------------------------


def test_a_model_that_was_slow_is_waited_for_twice_as_long():
    pace = Pace()
    wire = Wire(pace).owes(Awaited.REPLY)
    wire.waits(4.0)
    wire.owes(Awaited.OUTPUT).waits(1.0)
    wire.owes(Awaited.MORE)
    assert pace.limit_s(Awaited.REPLY) == 8.0
    assert wire.owes(Awaited.REPLY).waits(20.0) == (Verdict.STALLED, 8.0)


def test_each_stall_doubles_the_patience_of_the_next_connection_up_to_a_minute():
    pace = Pace()
    for limit_s in (5.0, 10.0, 20.0, 40.0, 60.0, 60.0):
        assert Wire(pace).owes(Awaited.REPLY).waits(100.0) == (Verdict.STALLED, limit_s)


def test_after_a_few_quick_replies_a_stall_still_makes_patient():
    pace = Pace()
    for _ in range(10):
        pace.took(Awaited.REPLY, 0.5)
    Wire(pace).owes(Awaited.REPLY).waits(100.0)
    assert pace.limit_s(Awaited.REPLY) == 10.0


def test_one_slow_reply_among_many_is_no_reason_to_wait():
    pace = Pace()
    for _ in range(40):
        pace.took(Awaited.OUTPUT, 0.4)
    pace.took(Awaited.OUTPUT, 30.0)
    assert pace.limit_s(Awaited.OUTPUT) == pace.limit_s(Awaited.MORE) == 8.0


def test_only_the_last_replies_count():
    pace = Pace(reply_s=1.0)
    for seconds in (*[20.0] * 64, *[2.0] * 64):
        pace.took(Awaited.REPLY, seconds)
    assert pace.limit_s(Awaited.REPLY) == 4.0


def test_what_is_not_waited_for_is_not_counted():
    pace = Pace()
    pace.took(Awaited.MORE, 50.0)
    pace.took(Awaited.NOTHING, 50.0)
    assert pace.limit_s(Awaited.MORE) == 8.0
    assert pace.limit_s(Awaited.NOTHING) == float("inf")


# What is owed --------------------------------------------------------------------------------------------------------

COMMITTED = events.TurnCommitted("u1")
STARTED = events.ReplyStarted("r1")
TEXT = events.ReplyTextArrived("r1", "a1", 0, "Noon.")
SOUND = events.ReplyAudioStarted("r1", "a1")
CALLED = events.ToolCalled("r1", ToolCall("c1", "clock", "{}"))
FINISHED = events.ReplyFinished("r1", ReplyStatus.COMPLETED)


@pytest.mark.parametrize(
    ("told", "by_itself", "owed"),
    [
        ((), True, Awaited.NOTHING),
        ((COMMITTED,), True, Awaited.REPLY),
        ((COMMITTED,), False, Awaited.NOTHING),
        ((COMMITTED, STARTED), True, Awaited.OUTPUT),
        ((STARTED, COMMITTED), True, Awaited.OUTPUT),
        ((STARTED, TEXT), True, Awaited.MORE),
        ((STARTED, SOUND), True, Awaited.MORE),
        ((STARTED, CALLED), True, Awaited.MORE),
        ((STARTED, SOUND, FINISHED), True, Awaited.NOTHING),
        ((events.UserTranscribed("u1", "What time is it?"),), True, Awaited.NOTHING),
    ],
)
def test_what_the_engine_tells_changes_what_it_owes(told, by_itself, owed):
    assert after_events(Awaited.NOTHING, told, replies_by_itself=by_itself) is owed


@pytest.mark.parametrize(
    ("awaited", "code", "ask_id", "owed"),
    [
        (Awaited.REPLY, "invalid_value", "ask-1", Awaited.NOTHING),
        (Awaited.REPLY, ACTIVE, "ask-1", Awaited.REPLY),
        (Awaited.REPLY, "server_error", "", Awaited.REPLY),
        (Awaited.MORE, "invalid_value", "ask-1", Awaited.MORE),
    ],
)
def test_an_ask_that_is_refused_brings_nothing_unless_a_reply_is_on_its_way(awaited, code, ask_id, owed):
    told = (events.EngineComplained(code, "no", ask_id),)
    assert after_events(awaited, told, replies_by_itself=True) is owed


@pytest.mark.parametrize(
    ("awaited", "command", "owed"),
    [
        (Awaited.NOTHING, AskReply("ask-1"), Awaited.REPLY),
        (Awaited.MORE, AskReply("ask-1"), Awaited.MORE),
        (Awaited.MORE, CancelReply("r1"), Awaited.NOTHING),
        (Awaited.REPLY, ForgetTurn("u1"), Awaited.NOTHING),
        (Awaited.REPLY, CommitTurn("u1"), Awaited.REPLY),
    ],
)
def test_what_the_engine_is_told_changes_what_it_owes(awaited, command, owed):
    assert after_command(awaited, command) is owed


def test_after_a_stall_the_next_try_has_twice_the_time_however_quick_all_were_before():
    pace = Pace()
    for _ in range(40):
        pace.took(Awaited.REPLY, 0.5)
    pace.stalled()
    assert pace.limit_s(Awaited.REPLY) == 10.0
    pace.took(Awaited.REPLY, 0.5)
    assert pace.limit_s(Awaited.REPLY) == 5.0
