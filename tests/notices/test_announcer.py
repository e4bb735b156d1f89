"""Notices beside a conversation: what they see of it, and what the transcript tells of them."""

import pytest

from conversation import Talk
from voiceloop import events as on
from voiceloop.commands import PlayNotice, StopNotice, WriteLine
from voiceloop.core import Core, Profile
from voiceloop.notices.announcer import Announcer
from voiceloop.notices.policy import NoticePolicy
from voiceloop.transcript import TranscriptLine, problems
from voiceloop.vocabulary import Cause, HeardSpan, Notice, Outcome, Tier, Traits

LOST_S = 8.0


class Told(Talk):
    """A conversation whose listener is told things."""

    def __init__(self, *, captions=False, **policy):
        super().__init__(Profile(tiers=tuple(Tier), notices=NoticePolicy(**policy)), captions=captions)
        self.announcer = self.core._notices

    def _keep(self, commands):
        self.lines += [command for command in commands if isinstance(command, WriteLine)]

    @property
    def notices(self):
        return [command.name for command in self.new if isinstance(command, PlayNotice)]


def lost(talk):
    """The user asks, and nobody is there to answer for too long."""
    return talk.user_turn().heard(on.EngineLost(Cause.DROP, "gone")).after(LOST_S)


def heard_of(notice_id, heard_ms, received_ms=2600):
    return (HeardSpan(notice_id, notice_id, 0, heard_ms, received_ms),)


def test_a_late_reply_ticks_and_its_sound_ends_that():
    talk = Told(waiting_after_s=1.5).user_turn()
    assert talk.after(1.5).notices == [Notice.TICK]
    talk.reply().expect(StopNotice("notice-1"))
    talk.heard(on.PlaybackStarted("r1")).finished().after(5.0)
    assert talk.notices == []


def test_a_tool_that_takes_its_time_is_waited_for_with_a_tick():
    talk = Told(waiting_after_s=1.5).user_turn().playing()
    talk.tool_call()
    talk.finished().after(10.0)
    assert talk.notices == []  # the reply is still heard
    assert talk.played().after(1.5).notices == [Notice.TICK]
    talk.heard(on.PlaybackFinished("notice-1", ()), on.ToolFinished("c1", Outcome.OK, "noon"))
    assert talk.playing("r2", ask_id="ask-1").after(10.0).notices == []


def test_a_user_who_goes_on_is_not_ticked_at():
    talk = Told(waiting_after_s=1.5).user_turn().after(1.5)
    talk.heard(on.SpeechStarted("u2", 5.0)).expect(StopNotice("notice-1"))
    assert talk.after(4.0).notices == []


def test_an_interrupting_user_ends_the_notices_of_the_reply_too():
    talk = Told(waiting_after_s=1.5).user_turn().heard(on.ReplyStarted("r1")).after(1.5)
    assert talk.notices == [Notice.TICK]
    talk.heard(on.InterruptAsked())
    assert not talk.announcer.owns(on.PlaybackFinished("notice-1", ()))


def test_a_lower_tier_is_told_when_the_answer_was_heard():
    talk = Told(at_tier_change="earcon").user_turn().heard(on.EngineLost(Cause.DROP, "gone"))
    talk.heard(on.EngineReady(Tier.REST, "m", Traits(ends_turns=False, starts_replies=False))).after(3.0)
    assert talk.notices == []
    assert talk.playing("r1", ask_id="ask-1").finished().notices == []
    assert talk.played().notices == [Notice.DOWN]


def test_a_sentence_that_was_heard_stands_in_the_transcript_and_in_no_history():
    talk = lost(Told(apology_after_s=LOST_S))
    assert talk.notices == [Notice.LOST]
    talk.heard(on.PlaybackFinished("notice-1", heard_of("notice-1", 2600)))
    (said,) = talk.said("agent_said")
    assert said["kind"] == "filler"
    assert said["text"] == said["heard_text"] == "I have lost the connection. One moment, please."
    assert (said["heard_ms"], said["interrupted"]) == (2600, False)
    assert all("connection" not in str(item) for item in talk.core.narrator.conversation.items)
    assert not [p for p in problems([TranscriptLine.of(line).as_dict() for line in talk.lines]) if "ended" not in p]


def test_of_a_sentence_that_was_cut_off_the_transcript_tells_what_was_heard():
    talk = lost(Told(apology_after_s=LOST_S))
    talk.heard(on.PlaybackFlushed(heard_of("notice-1", 1300)))
    (said,) = talk.said("agent_said")
    assert said["heard_text"] == "I have lost the connection."
    assert (said["heard_ms"], said["interrupted"]) == (1300, True)


def test_a_sentence_nobody_heard_anything_of_is_told_as_that():
    talk = lost(Told(apology_after_s=LOST_S)).heard(on.PlaybackFinished("notice-1", ()))
    (said,) = talk.said("agent_said")
    assert (said["heard_text"], said["heard_ms"], said["interrupted"]) == ("", 0, True)


def test_a_sound_is_no_line():
    talk = Told(waiting_after_s=1.5).user_turn().after(1.5)
    talk.heard(on.PlaybackFinished("notice-1", heard_of("notice-1", 60, 60)))
    assert talk.said("agent_said") == []


def test_where_replies_are_read_a_sentence_is_read_and_a_sound_is_nothing():
    talk = Told(captions=True, apology_after_s=LOST_S, waiting_after_s=1.5)
    talk.heard(on.TextTyped("u1", "hello")).heard(on.EngineLost(Cause.DROP, "gone")).after(LOST_S)
    assert talk.notices == []
    (said,) = talk.said("agent_said")
    assert said["heard_ms"] is None
    assert said["heard_text"] == said["text"]
    assert not talk.announcer.owns(on.PlaybackStarted("notice-1"))


def test_notices_are_no_business_of_engine_and_history():
    talk = Told(waiting_after_s=1.5).user_turn().after(1.5)
    mine, other = heard_of("notice-1", 20, 60), heard_of("r1", 400)
    assert talk.announcer.owns(on.PlaybackStarted("notice-1"))
    assert not talk.announcer.owns(on.PlaybackStarted("r1"))
    flushed = on.PlaybackFlushed((*mine, *other), 3.0, 9.0)
    assert talk.announcer.without(speech := on.SpeechStarted("u1", 1.0)) is speech
    assert talk.announcer.without(flushed) == on.PlaybackFlushed(other, 3.0, 9.0)


@pytest.mark.parametrize("captions", [False, True])
def test_the_farewell_is_waited_for_where_it_can_be_heard(captions):
    talk = Told(captions=captions, apology_after_s=LOST_S)
    talk._keep(talk.announcer.farewell(talk.now))
    assert talk.announcer.parting is not captions
    if not captions:
        over = on.PlaybackFinished("notice-1", heard_of("notice-1", 4000, 4000))
        assert talk.announcer.parted(over)
        talk.heard(over)
        assert not talk.announcer.parting
    assert [said["text"] for said in talk.said("agent_said")] == [
        "I am sorry, I cannot answer now. Please try again later. Goodbye."
    ]


def test_a_language_without_the_sentence_has_no_line():
    core = Core(Profile())
    announcer = Announcer(NoticePolicy(apology_after_s=LOST_S, language="fi"), core.machine, core.narrator)
    announcer.happened(on.LineOpened(), 0.5)
    assert [type(command).__name__ for command in announcer.farewell(1.0)].count("PlayNotice") == 1
    assert announcer.happened(on.PlaybackFinished("notice-1", ()), 2.0) == []


def test_before_there_is_a_line_nobody_is_told_goodbye():
    core = Core(Profile())
    announcer = Announcer(NoticePolicy(apology_after_s=LOST_S), core.machine, core.narrator)
    assert announcer.farewell(1.0) == []
    assert not announcer.parting
