"""When a notice is played, stopped, or not worth it: scenes of a conversation, one after the other."""

from dataclasses import replace

import pytest

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.commands import PlayNotice, StopNotice
from voiceloop.notices.policy import FAREWELL_WITHIN_S, NoticePolicy, Notices, Scene
from voiceloop.vocabulary import Notice, Tier

NOTHING = on.SessionOpened()
"""An event that says nothing; what counts is the scene."""


class Play:
    """Scenes in scripted time. Deadlines pass by themselves; a notice ends when `over` says so."""

    def __init__(self, **policy):
        self.notices = Notices(NoticePolicy(**policy))
        self.scene = Scene()
        self.now = 100.0
        self.new = []
        self.deadlines = {}
        self.turns(tier=Tier.REALTIME)

    def turns(self, **scene):
        """The scene is another one now."""
        return self.heard(NOTHING, **scene)

    def heard(self, event, **scene):
        """Something happens, and the scene is another one."""
        self.new = []
        self._step(event, replace(self.scene, **scene))
        return self

    def _step(self, event, scene):
        self.scene = scene
        for command in self.notices.happened(event, scene, self.now):
            self.new.append(command)
            if isinstance(command, do.SetDeadline):
                self.deadlines[command.name] = command.at_s
            elif isinstance(command, do.ClearDeadline):
                self.deadlines.pop(command.name, None)

    def after(self, seconds):
        """Time passes."""
        self.new = []
        until = self.now + seconds
        while due := sorted((at_s, name) for name, at_s in self.deadlines.items() if at_s <= until):
            self.now, name = due[0]
            del self.deadlines[name]
            self._step(on.DeadlinePassed(name), self.scene)
        self.now = until
        return self

    def over(self):
        """What is played has been played."""
        (notice_id,) = self.notices.live
        return self.heard(on.PlaybackFinished(notice_id, ()))

    @property
    def played(self):
        return [command.name for command in self.new if isinstance(command, PlayNotice)]

    @property
    def stopped(self):
        return [command.notice_id for command in self.new if isinstance(command, StopNotice)]


def test_a_conversation_in_which_all_is_well_costs_no_deadline():
    play = Play(at_tier_change="earcon", waiting_after_s=1.5, apology_after_s=8.0)
    for scene in ({"user_speaks": True}, {"user_speaks": False}, {"agent_speaks": True}, {"agent_speaks": False}):
        assert play.turns(**scene).new == []


def test_by_default_nothing_is_ever_told():
    play = Play()
    assert play.turns(tier=None, owed=True).after(60.0).new == []
    assert play.turns(tier=Tier.REST, owed=False).after(60.0).new == []
    assert play.notices.farewell(play.now) == []
    assert play.deadlines == {}


# Moves between tiers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("told", "down"), [("earcon", Notice.DOWN), ("sentence", Notice.POOR)])
def test_a_lower_tier_is_told_after_two_seconds_and_the_way_back_by_a_sound(told, down):
    play = Play(at_tier_change=told)
    assert play.turns(tier=Tier.REST).after(1.9).played == []
    assert play.after(0.1).played == [down]
    play.over()
    assert play.turns(tier=Tier.REALTIME).after(2.0).played == [Notice.UP]


@pytest.mark.parametrize("busy", [{"user_speaks": True}, {"agent_speaks": True}, {"owed": True}])
def test_it_waits_until_nobody_speaks_and_nothing_is_owed(busy):
    play = Play(at_tier_change="earcon").turns(tier=Tier.REST, **busy)
    assert play.after(10.0).played == []
    assert play.turns(**dict.fromkeys(busy, False)).played == [Notice.DOWN]


def test_what_has_passed_before_there_was_quiet_is_not_told():
    play = Play(at_tier_change="earcon").turns(tier=Tier.REST, agent_speaks=True).after(10.0)
    assert play.turns(tier=Tier.REALTIME).turns(agent_speaks=False).after(10.0).played == []


def test_it_is_told_once_in_an_outage():
    play = Play(at_tier_change="earcon").turns(tier=Tier.REST).after(2.0).over()
    for tier in (None, Tier.DEVICE, None, Tier.REST):
        assert play.turns(tier=tier).after(5.0).played == []


def test_losing_the_lower_tier_again_takes_no_news_back():
    play = Play(at_tier_change="earcon").turns(tier=None).turns(tier=Tier.REST).after(1.0)
    assert play.turns(tier=None).turns(tier=Tier.DEVICE).after(1.0).played == [Notice.DOWN]


# Waiting -------------------------------------------------------------------------------------------------------------


def test_a_late_reply_ticks_until_it_sounds():
    play = Play(waiting_after_s=1.5).turns(owed=True)
    assert play.after(1.4).played == []
    for _ in range(3):
        assert play.after(1.5).played == [Notice.TICK]
        play.over()
    assert play.turns(agent_speaks=True).after(30.0).played == []
    assert play.deadlines == {}


def test_a_reply_that_comes_in_time_is_waited_for_in_silence():
    play = Play(waiting_after_s=1.5).turns(owed=True).after(1.0)
    assert play.turns(agent_speaks=True).after(10.0).new == []


@pytest.mark.parametrize("who", ["user_speaks", "agent_speaks"])
@pytest.mark.parametrize("sound", ["tick", "sentence"])
def test_it_stops_the_moment_somebody_speaks(who, sound):
    play = Play(waiting_after_s=1.5, while_waiting=sound).turns(owed=True).after(1.5)
    assert play.turns(**{who: True}).stopped == ["notice-1"]


def test_after_a_cough_the_wait_begins_again():
    play = Play(waiting_after_s=1.5).turns(owed=True).after(1.0).turns(user_speaks=True).turns(user_speaks=False)
    assert play.after(1.4).played == []
    assert play.after(0.1).played == [Notice.TICK]


def test_a_sentence_asks_for_patience_once_a_turn():
    play = Play(waiting_after_s=1.5, while_waiting="sentence").heard(on.TurnCommitted("u1"), owed=True)
    assert play.after(1.5).played == [Notice.MOMENT]
    play.over()
    assert play.after(30.0).played == []
    play.turns(agent_speaks=True).turns(agent_speaks=False)  # it said: let me look; a tool runs
    assert play.after(30.0).played == []
    play.turns(owed=False).heard(on.TextTyped("u2", "and now"), owed=True)
    assert play.after(1.5).played == [Notice.MOMENT]


def test_a_tick_never_falls_into_another_notice():
    play = Play(waiting_after_s=1.5, apology_after_s=2.0).turns(tier=None, owed=True).after(1.5).over()
    assert play.after(0.5).played == [Notice.LOST]
    assert play.after(2.6).played == []
    play.over()
    assert play.after(1.5).played == [Notice.TICK]


# Outages -------------------------------------------------------------------------------------------------------------


def test_who_waits_for_nobody_is_told_once():
    play = Play(apology_after_s=8.0).turns(tier=None, owed=True)
    assert play.after(7.9).played == []
    assert play.after(0.1).played == [Notice.LOST]
    assert play.over().after(60.0).played == []


def test_an_outage_nobody_notices_is_told_to_nobody():
    play = Play(apology_after_s=8.0).turns(tier=None)
    assert play.after(20.0).played == []
    assert play.heard(on.DeadlinePassed("idle")).new == []
    assert play.turns(tier=Tier.REST).turns(owed=True).after(20.0).played == []


def test_a_question_in_a_long_outage_is_answered_with_the_news_at_once():
    play = Play(apology_after_s=8.0).turns(tier=None).after(20.0)
    assert play.turns(owed=True).played == [Notice.LOST]


def test_what_was_there_to_be_played_is_played_before():
    play = Play(apology_after_s=8.0).turns(tier=None, owed=True, agent_speaks=True).after(20.0)
    assert play.turns(agent_speaks=False).played == [Notice.LOST]


def test_who_was_cut_off_in_the_middle_of_a_sentence_waits_too():
    play = Play(apology_after_s=8.0).turns(user_speaks=True).turns(tier=None)
    assert play.after(8.0).played == [Notice.LOST]


def test_engines_that_come_and_go_without_a_word_are_one_outage():
    play = Play(apology_after_s=8.0).turns(tier=None, owed=True).after(8.0).over()
    assert play.turns(tier=Tier.REST).turns(tier=None).after(20.0).played == []


def test_after_an_answer_the_next_outage_is_one_of_its_own():
    play = Play(apology_after_s=8.0).turns(tier=None, owed=True).after(8.0).over()
    play.turns(tier=Tier.REST).turns(agent_speaks=True).turns(agent_speaks=False)
    assert play.turns(tier=None).after(8.0).played == [Notice.LOST]


def test_nobody_is_asked_for_patience_twice():
    play = Play(apology_after_s=1.0, waiting_after_s=3.0, while_waiting="sentence").turns(tier=None, owed=True)
    assert play.after(1.0).played == [Notice.LOST]
    assert play.over().after(10.0).played == []


# The end -------------------------------------------------------------------------------------------------------------


def test_the_farewell_follows_what_is_queued_and_replaces_what_was_told():
    play = Play(waiting_after_s=1.5, apology_after_s=8.0).turns(tier=None, owed=True).after(1.5)
    *stopped, resumed, loud, played, within = play.notices.farewell(play.now)
    assert stopped[0] == StopNotice("notice-1")
    assert {command.name for command in stopped[1:]} == {"notice_waiting", "notice_outage", "notice_tier"}
    assert (resumed, loud) == (do.ResumePlayback(), do.DuckPlayback(1.0))
    assert played == PlayNotice("notice-2", Notice.UNAVAILABLE)
    assert within == do.SetDeadline("notice_farewell", play.now + FAREWELL_WITHIN_S)


@pytest.mark.parametrize(
    ("event", "ends"),
    [
        (on.PlaybackFinished("notice-1", ()), True),
        (on.PlaybackFinished("r1", ()), False),
        (on.DeadlinePassed("notice_farewell"), True),
        (on.DeadlinePassed("idle"), False),
        (on.EndAsked("ctrl_c"), True),
        (on.LineLost("hung up"), True),
        (on.SpeechStarted("u1", 1.0), False),
    ],
)
def test_the_session_ends_when_it_was_heard_or_cannot_be(event, ends):
    notices = Play(apology_after_s=8.0).notices
    notices.farewell(100.0)
    assert notices.parted(event) is ends


def test_nothing_is_told_after_the_farewell():
    play = Play(apology_after_s=8.0).turns(tier=None, owed=True).after(8.0)
    play.notices.farewell(play.now)
    assert play.heard(on.PlaybackFinished("notice-1", ())).new == []


def test_a_flush_ends_every_notice():
    play = Play(waiting_after_s=1.5).turns(owed=True).after(1.5)
    assert play.heard(on.PlaybackFlushed(())).notices.live == {}


def turned(state):
    return on.MicrophoneTurned(state)


def test_the_wake_word_is_answered_by_a_sound_that_lets_the_user_speak_on_and_sleep_by_another():
    play = Play(wake_earcon=True)
    assert play.heard(turned("asleep")).played == [], "nobody was awake"
    assert play.heard(turned("listening")).played == [Notice.AWAKE]
    assert play.turns(user_speaks=True).stopped == []
    play.over().turns(user_speaks=False)
    assert play.heard(turned("asleep")).played == [Notice.ASLEEP]
    assert play.turns(user_speaks=True).stopped != []


def test_no_wake_sound_comes_into_the_agents_words_or_twice_or_without_being_asked_for():
    play = Play(wake_earcon=True).turns(agent_speaks=True)
    assert play.heard(turned("listening")).played == []
    assert play.turns(agent_speaks=False).heard(turned("muted")).heard(turned("listening")).played == []
    assert Play().heard(turned("listening")).played == []
