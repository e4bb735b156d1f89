"""Engines that come and go under one conversation, stepped without a loop."""

import pytest

from conversation import Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Core, Life, Profile
from voiceloop.vocabulary import Cause, Tier, Traits

DROP = on.EngineLost(Cause.DROP, "closed with 1006")


def ready(expires_in_s=None, traits=None):
    return on.EngineReady(Tier.REALTIME, "m", traits or Traits(), "ga", expires_in_s)


def opened(talk, seconds):
    """When engines are opened while time passes, in seconds from now."""
    began, found = talk.now, []
    for _ in range(round(seconds / 0.01)):
        talk.after(0.01)
        if any(isinstance(command, do.OpenEngine) for command in talk.new):
            found.append(round(talk.now - began, 2))
            talk.heard(on.EngineLost(Cause.UNREACHABLE, "nobody there"))
    return found


@pytest.mark.parametrize(("cause", "status"), [(Cause.BUSY, 4), (Cause.SETTINGS, 3), (Cause.UNREACHABLE, 5)])
def test_an_engine_that_was_never_ready_is_not_tried_again(cause, status):
    core = Core(Profile())
    core.step(on.SessionOpened(), 1.0)
    assert core.step(on.EngineLost(cause, "because"), 2.0)[-1] == do.FlushPlayback()
    assert core.step(on.PlaybackFlushed(()), 2.0)[-1] == do.EndSession(f"engine_lost_{cause}", status, "because")


def test_the_first_engine_has_its_time_to_be_replaced():
    core = Core(Profile())
    core.step(on.SessionOpened(), 1.0)
    assert core.step(ready(), 1.5)[:3] == [
        do.Recall(0, ""),
        do.SetDeadline("roll_over", 3301.5),
        do.SetDeadline("roll_over_now", 3571.5),
    ]


def test_a_lost_engine_is_opened_again_at_once_and_the_record_goes_over():
    talk = Talk().user_turn("u1").playing().finished().played()
    talk.heard(DROP).expect(do.OpenEngine(Tier.REALTIME))
    talk.heard(ready()).expect(do.Recall(2, "")).never(do.OpenLine)
    assert talk.said("warning") == [
        {"t": 1.5, "code": "engine_lost_drop", "detail": "closed with 1006; connecting again"}
    ]
    assert len(talk.said("session_started")) == 1


def test_one_outage_is_one_warning_however_often_it_is_tried():
    talk = Talk().heard(DROP, on.EngineLost(Cause.UNREACHABLE, "nobody there"))
    tries = opened(talk, 3.0)
    assert tries == sorted(tries)
    assert len(tries) >= 3
    talk.after(1.0).expect(do.OpenEngine(Tier.REALTIME)).heard(ready()).after(4.0).heard(DROP)
    assert len(talk.said("warning")) == 1
    talk.after(2.0).heard(ready()).after(6.0).heard(DROP)
    assert len(talk.said("warning")) == 2


def test_an_outage_that_lasts_too_long_is_the_end():
    talk = Talk(Profile(reconnect_within_s=10.0)).heard(DROP, on.EngineLost(Cause.UNREACHABLE, "nobody there"))
    tries = opened(talk, 12.0)
    assert 9.0 < tries[-1] <= 10.0
    assert talk.ended == do.EndSession("engine_lost_unreachable", 5, "nobody there")


def test_what_turns_out_to_be_hopeless_on_the_way_back_is_the_end():
    talk = Talk().heard(DROP, on.EngineLost(Cause.QUOTA, "no money left"))
    assert talk.ended == do.EndSession("engine_lost_quota", 4, "no money left")


def test_an_engine_that_is_lost_while_the_line_opens_does_not_start_the_session_twice():
    core = Core(Profile())
    for event in (on.SessionOpened(), ready(), DROP):
        core.step(event, 1.0)
    assert core.life is Life.READY
    again = core.step(ready(), 1.5)
    assert do.Recall(0, "") in again
    assert not any(isinstance(command, do.OpenLine | do.WriteLine) for command in again)


def test_an_input_that_is_over_is_not_the_end_while_nobody_listens():
    talk = Talk(Profile(reconnect_within_s=100.0)).heard(DROP, on.LineEnded()).after(30.0)
    assert talk.ended is None
    talk.heard(ready()).after(1.9)
    assert talk.ended is None
    assert talk.after(0.2).ended == do.EndSession("input_ended")


def test_the_turn_that_is_being_spoken_goes_over_with_its_name():
    talk = Talk().heard(on.SpeechStarted("u1", 0.5)).after(1.0)
    talk.heard(DROP, ready()).expect(do.Recall(0, "u1"))


def test_what_was_heard_of_a_reply_is_told_before_its_rest_is_asked_for():
    talk = Talk().user_turn().playing().heard(DROP).expect(do.SealPlayback("r1"))
    talk.heard(ready()).expect(do.Recall(1, "")).never(do.AskReply)
    talk.played().expect(do.SendSaid("r1", "It is noon."), do.AskReply("ask-1"))


def test_what_was_heard_before_the_next_engine_came_stands_in_its_record():
    talk = Talk().user_turn().playing().finished().heard(DROP).played().never(do.SendSaid)
    talk.heard(ready()).expect(do.Recall(2, "")).never(do.SendSaid, do.AskReply)


def test_a_reply_of_the_engine_itself_is_not_told_to_it():
    Talk().heard(DROP, ready()).user_turn().playing().finished().played().never(do.SendSaid)


# The standby ---------------------------------------------------------------------------------------------------------


def near_its_end():
    """A conversation whose engine lives 100 s, at the time to prepare the next one."""
    talk = Talk().heard(ready(expires_in_s=100.0))
    return talk.after(75.0).expect(do.PrepareEngine(Tier.REALTIME))


def test_a_standby_takes_over_in_a_quiet_moment():
    near_its_end().heard(on.StandbyReady(ready(90.0))).expect(
        do.SwitchEngine(), do.Recall(0, ""), do.SetDeadline("roll_over", 242.5)
    )


def test_a_standby_waits_while_the_agent_speaks_and_until_the_words_of_the_user_are_known():
    talk = near_its_end()
    at = talk.now - 100.0
    talk.heard(on.SpeechStarted("u1", at), on.SpeechStopped("u1", at), on.TurnCommitted("u1")).playing().finished()
    talk.heard(on.StandbyReady(ready(90.0))).never(do.SwitchEngine)
    talk.played().never(do.SwitchEngine)
    talk.heard(on.UserTranscribed("u1", "hello")).expect(do.SwitchEngine(), do.Recall(2, ""))


def test_at_the_last_moment_nothing_is_waited_for():
    talk = near_its_end().user_turn().playing().heard(on.StandbyReady(ready(90.0))).never(do.SwitchEngine)
    talk.after(18.0).never(do.SwitchEngine)
    talk.after(1.0).expect(do.SealPlayback("r1"), do.SwitchEngine(), do.Recall(1, "")).never(do.OpenEngine)
    talk.played().expect(do.SendSaid("r1", "It is noon."), do.AskReply("ask-1"))
    assert talk.said("warning") == []


def test_at_the_last_moment_without_a_standby_the_conversation_goes_on():
    talk = near_its_end().user_turn().playing().after(25.0).never(do.SealPlayback, do.SwitchEngine)
    talk.heard(on.EngineLost(Cause.SESSION_CAP, "60 minutes")).expect(do.OpenEngine(Tier.REALTIME))


def test_a_standby_takes_over_at_once_when_the_engine_is_lost():
    talk = near_its_end().user_turn().playing().heard(on.StandbyReady(ready(90.0)))
    talk.heard(DROP).expect(do.SealPlayback("r1"), do.SwitchEngine(), do.Recall(1, "")).never(do.OpenEngine)


def test_a_standby_that_is_ready_between_two_tries_takes_over_and_nothing_else_is_opened():
    talk = Talk().heard(DROP, on.EngineLost(Cause.UNREACHABLE, "nobody there"))
    talk.heard(on.StandbyReady(ready())).expect(do.SwitchEngine())
    talk.after(5.0).never(do.OpenEngine)


def test_a_standby_that_cannot_be_opened_is_tried_again():
    talk = near_its_end().heard(on.StandbyLost(Cause.BUSY, "429"))
    talk.after(4.9).never(do.PrepareEngine)
    talk.after(0.2).expect(do.PrepareEngine(Tier.REALTIME))
    assert talk.said("warning") == []


def test_a_standby_that_is_lost_soon_after_it_took_over_begins_an_outage_of_its_own():
    talk = Talk(Profile(reconnect_within_s=10.0)).heard(DROP, ready(expires_in_s=100.0))
    talk.after(75.0).heard(on.StandbyReady(ready())).expect(do.SwitchEngine())
    talk.after(2.0).heard(DROP).expect(do.OpenEngine(Tier.REALTIME))
    assert talk.ended is None
    assert len(talk.said("warning")) == 2
