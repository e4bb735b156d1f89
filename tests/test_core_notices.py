"""What a session tells its listener when no engine speaks, stepped without a loop."""

import pytest

from conversation import Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Core, Life, Profile
from voiceloop.notices.policy import FAREWELL_WITHIN_S, NoticePolicy
from voiceloop.vocabulary import Cause, HeardSpan, Notice, Tier, Traits

APOLOGISES = Profile(notices=NoticePolicy(apology_after_s=8.0))
TICKS = Profile(notices=NoticePolicy(waiting_after_s=1.5))
FAREWELL = do.PlayNotice("notice-1", Notice.UNAVAILABLE)


def span(reply_id, heard_ms, received_ms):
    return HeardSpan(reply_id, reply_id, 0, heard_ms, received_ms)


def test_a_tick_is_no_reply_to_the_machine_and_no_item_to_the_engine():
    talk = Talk(TICKS).user_turn().after(1.5).expect(do.PlayNotice("notice-1", Notice.TICK))
    talk.heard(on.PlaybackStarted("notice-1"))
    assert talk.core.machine.floor.quiet
    talk.flushes = (span("notice-1", 20, 60), span("r1", 400, 2000))
    talk.playing().heard(on.InterruptAsked()).expect(do.TrimReply(span("r1", 400, 2000)))
    assert not [command for command in talk.new if command == do.TrimReply(span("notice-1", 20, 60))]


def test_a_reply_that_sounds_ends_the_tick_in_the_same_breath():
    Talk(TICKS).user_turn().after(1.5).reply().expect(do.StopNotice("notice-1"))


def test_a_conversation_that_comes_down_and_up_again_is_told_so():
    talk = Talk(Profile(tiers=(Tier.REALTIME, Tier.REST), notices=NoticePolicy(at_tier_change="earcon")))
    talk.heard(on.EngineLost(Cause.DROP, "gone"), on.EngineReady(Tier.REST, "m", Traits()))
    talk.after(2.0).expect(do.PlayNotice("notice-1", Notice.DOWN))
    talk.heard(on.PlaybackFinished("notice-1", ()), on.EngineReady(Tier.REALTIME, "m", Traits(), "ga"))
    talk.after(2.0).expect(do.PlayNotice("notice-2", Notice.UP))


def test_a_session_that_ends_for_want_of_an_engine_says_goodbye_first():
    talk = Talk(APOLOGISES).user_turn().heard(on.EngineLost(Cause.QUOTA, "used up"))
    talk.expect(do.ResumePlayback(), FAREWELL, do.SetDeadline("notice_farewell", talk.now + FAREWELL_WITHIN_S))
    assert talk.core.life is Life.FAREWELL
    talk.heard(on.PlaybackFinished("notice-1", (span("notice-1", 4000, 4000),)))
    assert talk.ended == do.EndSession("engine_lost_quota", 4, "used up")
    assert talk.said("agent_said")[-1]["heard_text"].endswith("Goodbye.")
    assert [line.event for line in talk.lines][-1] == "session_ended"


def test_what_was_being_said_is_heard_before_the_goodbye_and_written_down():
    talk = Talk(APOLOGISES).user_turn().playing().finished().heard(on.EngineLost(Cause.QUOTA, "used up"))
    talk.played()
    assert talk.ended is None
    assert talk.said("agent_said")[0]["heard_text"] == "It is noon."


def test_a_goodbye_that_cannot_be_heard_is_not_waited_for_without_end():
    talk = Talk(APOLOGISES).heard(on.EngineLost(Cause.QUOTA, "used up")).after(FAREWELL_WITHIN_S - 0.1)
    assert talk.ended is None
    assert talk.after(0.1).ended == do.EndSession("engine_lost_quota", 4, "used up")


@pytest.mark.parametrize("event", [on.EndAsked("ctrl_c"), on.LineLost("hung up")])
def test_who_hangs_up_during_the_goodbye_is_not_kept(event):
    talk = Talk(APOLOGISES).heard(on.EngineLost(Cause.QUOTA, "used up"))
    talk.flushes = (span("notice-1", 1300, 4000),)
    talk.heard(event)
    assert talk.ended == do.EndSession("engine_lost_quota", 4, "used up")
    assert talk.said("agent_said")[-1]["interrupted"] is True


def test_where_replies_are_read_the_goodbye_is_read_and_the_session_ends_at_once():
    talk = Talk(APOLOGISES, captions=True).heard(on.EngineLost(Cause.QUOTA, "used up")).never(do.PlayNotice)
    assert talk.ended == do.EndSession("engine_lost_quota", 4, "used up")
    assert talk.said("agent_said")[-1]["text"].startswith("I am sorry")


def test_a_session_that_never_began_ends_without_a_word():
    core = Core(APOLOGISES)
    core.step(on.SessionOpened(), 1.0)
    *_, last = core.step(on.EngineLost(Cause.BAD_KEY, "wrong"), 1.1)
    assert last == do.FlushPlayback()


def test_any_other_end_is_no_reason_for_a_goodbye():
    talk = Talk(APOLOGISES).heard(on.EndAsked("bye")).never(do.PlayNotice)
    assert talk.ended == do.EndSession("bye")
