import pytest

from voiceloop.commands import AskReply, CancelReply, ClearDeadline, MuteReply, SetDeadline
from voiceloop.turn.arbiter import REPLY_SLOT, Arbiter, Want
from voiceloop.turn.states import Slot

ANSWER = Want("u1")
TIME = Want("", say="It is noon.")


@pytest.fixture
def arbiter():
    return Arbiter(start_within_s=10.0)


def asked(arbiter, want=ANSWER, now=0.0):
    arbiter.want(want)
    return next(each.ask_id for each in arbiter.next_ask(now) if isinstance(each, AskReply))


def test_an_answer_is_asked_for_once_with_a_deadline_for_its_start(arbiter):
    arbiter.want(ANSWER)
    assert arbiter.next_ask(5.0) == [AskReply("ask-1", None), SetDeadline(REPLY_SLOT, 15.0)]
    assert arbiter.next_ask(5.0) == []


def test_wanted_answers_coalesce_while_sayings_queue(arbiter):
    for want in (Want("u1"), Want("u2"), TIME, TIME):
        assert arbiter.want(want)
    said = []
    while ask := arbiter.next_ask(0.0):
        said.append(ask[0].say)
        arbiter.started(f"r{len(said)}", ask[0].ask_id)
        assert arbiter.finished(f"r{len(said)}")
    assert said == [None, TIME.say, TIME.say]
    assert not arbiter.busy


def test_what_has_had_its_tries_is_wanted_no_more(arbiter):
    for want in (Want("u1", tries=2), Want("", say="Welcome.", tries=2), Want("", say="It is noon.", tries=1)):
        arbiter.want(want)
    assert arbiter.spend()
    assert arbiter.next_ask(0.0)[0] == AskReply("ask-1", "It is noon.")
    assert not arbiter.waiting
    assert not arbiter.spend()


def test_the_queue_of_sayings_has_a_bound(arbiter):
    assert [arbiter.want(TIME) for _ in range(9)] == [True] * 8 + [False]


def test_a_dropped_answer_is_not_asked_for_but_sayings_stay(arbiter):
    arbiter.want(ANSWER)
    arbiter.want(TIME)
    arbiter.drop_answer()
    assert arbiter.next_ask(0.0)[0] == AskReply("ask-1", TIME.say)


def test_a_reply_that_answers_our_ask_holds_the_slot_until_it_is_finished(arbiter):
    ask_id = asked(arbiter)
    assert arbiter.started("r1", ask_id) == ([ClearDeadline(REPLY_SLOT)], ANSWER)
    assert arbiter.slot is Slot.ACTIVE
    assert arbiter.next_ask(0.0) == []
    assert not arbiter.finished("another")
    assert arbiter.finished("r1")
    assert arbiter.slot is Slot.FREE


def test_a_reply_that_begins_after_one_of_the_engines_own_holds_the_slot_and_can_be_cancelled(arbiter):
    ask_id = asked(arbiter)
    arbiter.started("own", "")
    arbiter.finished("own")
    assert arbiter.started("r1", ask_id) == ([ClearDeadline(REPLY_SLOT)], ANSWER)
    assert arbiter.slot is Slot.ACTIVE
    assert arbiter.cancel(5.0)[:2] == [CancelReply("r1"), MuteReply("r1")]


def test_race_2_a_cancel_followed_by_a_want_waits_for_the_last_word_about_the_cancelled_reply(arbiter):
    arbiter.started("r1", asked(arbiter))
    assert arbiter.cancel(1.0) == [CancelReply("r1"), MuteReply("r1"), SetDeadline(REPLY_SLOT, 11.0)]
    arbiter.want(Want("u2"))
    assert arbiter.next_ask(1.0) == []
    assert arbiter.cancel(1.1) == []
    arbiter.finished("r1")
    assert arbiter.next_ask(1.2)[0] == AskReply("ask-2")


def test_race_3_an_ask_withdrawn_before_it_started_is_cancelled_by_its_id_when_it_starts(arbiter):
    ask_id = asked(arbiter)
    assert arbiter.cancel(0.5) == []
    assert arbiter.slot is Slot.WITHDRAWN
    assert arbiter.cancel(0.6) == []
    assert arbiter.started("orphan", ask_id) == ([CancelReply("orphan"), MuteReply("orphan")], None)
    assert arbiter.slot is Slot.CANCELLING
    arbiter.finished("orphan")
    assert not arbiter.busy


def test_race_4_an_ask_that_lost_against_the_engines_own_reply_is_wanted_again(arbiter):
    ask_id = asked(arbiter, Want("typed-1"))
    arbiter.started("r1", "")
    assert arbiter.refused(ask_id, answering="u1") == [ClearDeadline(REPLY_SLOT)]
    assert arbiter.next_ask(0.0) == []
    arbiter.finished("r1")
    assert arbiter.next_ask(0.0)[0] == AskReply("ask-2")


def test_a_refused_ask_for_the_turn_that_is_being_answered_is_not_wanted_any_more(arbiter):
    ask_id = asked(arbiter)
    arbiter.started("r1", "")
    arbiter.refused(ask_id, answering="u1")
    arbiter.finished("r1")
    assert not arbiter.busy


def test_an_ask_refused_while_nothing_runs_is_tried_once_more_and_then_given_up(arbiter):
    arbiter.refused(asked(arbiter), answering="")
    arbiter.refused(arbiter.next_ask(0.0)[0].ask_id, answering="")
    assert not arbiter.busy


def test_a_refused_saying_goes_to_the_head_of_the_queue(arbiter):
    ask_id = asked(arbiter, TIME)
    arbiter.want(Want("", say="Later."))
    arbiter.refused(ask_id, answering="")
    assert arbiter.next_ask(0.0)[0].say == TIME.say


def test_a_newer_answer_is_not_replaced_by_one_that_was_refused(arbiter):
    ask_id = asked(arbiter)
    arbiter.want(Want("u2", tools_allowed=False))
    arbiter.refused(ask_id, answering="")
    assert arbiter.next_ask(0.0)[0] == AskReply("ask-2", tools_allowed=False)


def test_a_refusal_of_an_unknown_ask_changes_nothing(arbiter):
    assert arbiter.refused("who", answering="") == []


def test_a_withdrawn_ask_that_is_refused_frees_the_slot_for_good(arbiter):
    ask_id = asked(arbiter)
    arbiter.cancel(0.0)
    assert arbiter.refused(ask_id, answering="") == [ClearDeadline(REPLY_SLOT)]
    assert not arbiter.busy


def test_race_14_a_reply_that_never_starts_is_withdrawn_then_asked_for_again_then_given_back(arbiter):
    asked(arbiter)
    assert arbiter.overdue(10.0) == ([SetDeadline(REPLY_SLOT, 20.0)], None)
    assert arbiter.overdue(20.0) == ([], None)
    assert arbiter.next_ask(20.0)[0] == AskReply("ask-2")
    arbiter.overdue(30.0)
    assert arbiter.overdue(40.0) == ([], Want("u1", tries=1))
    assert not arbiter.busy


def test_a_cancel_that_nobody_acknowledges_frees_the_slot_in_the_end(arbiter):
    arbiter.started("r1", asked(arbiter))
    arbiter.cancel(0.0)
    assert arbiter.overdue(10.0) == ([], None)
    assert not arbiter.busy


def test_a_deadline_without_anything_due_is_ignored(arbiter):
    assert arbiter.overdue(1.0) == ([], None)
    arbiter.started("r1", asked(arbiter))
    assert arbiter.overdue(1.0) == ([], None)


def test_an_ask_we_gave_up_on_is_cancelled_even_when_it_starts_late(arbiter):
    ask_id = asked(arbiter)
    arbiter.cancel(0.0)
    arbiter.overdue(10.0)
    assert arbiter.slot is Slot.FREE
    assert arbiter.started("late", ask_id)[0] == [CancelReply("late"), MuteReply("late")]
    assert arbiter.slot is Slot.CANCELLING


def test_a_reply_that_begins_late_is_welcome(arbiter):
    ask_id = asked(arbiter)
    arbiter.overdue(10.0)
    assert arbiter.started("late", ask_id) == ([ClearDeadline(REPLY_SLOT)], Want("u1"))
    assert (arbiter.slot, arbiter.reply_id) == (Slot.ACTIVE, "late")
    assert arbiter.finished("late")
    assert not arbiter.busy


def test_a_reply_that_begins_late_is_cancelled_when_the_user_has_gone_on_meanwhile(arbiter):
    ask_id = asked(arbiter)
    arbiter.overdue(10.0)
    arbiter.want(Want("u2"))
    assert arbiter.started("late", ask_id) == ([CancelReply("late"), MuteReply("late")], None)
    assert arbiter.finished("late")
    assert arbiter.waiting


def test_a_sentence_that_begins_late_is_said_whoever_waits(arbiter):
    ask_id = asked(arbiter, TIME)
    arbiter.overdue(10.0)
    arbiter.want(Want("u2"))
    assert arbiter.started("late", ask_id)[1] == TIME


def test_what_is_overdue_and_called_off_is_not_asked_for_again(arbiter):
    ask_id = asked(arbiter)
    arbiter.overdue(10.0)
    arbiter.cancel(11.0)
    assert arbiter.overdue(20.0) == ([], None)
    assert not arbiter.busy
    assert arbiter.started("late", ask_id)[0] == [CancelReply("late"), MuteReply("late")]


def test_a_late_reply_is_cancelled_once_it_was_asked_for_again(arbiter):
    ask_id = asked(arbiter)
    arbiter.overdue(10.0)
    arbiter.overdue(20.0)
    again = arbiter.next_ask(20.0)[0]
    assert arbiter.started("late", ask_id)[0] == [CancelReply("late"), MuteReply("late")]
    assert arbiter.started("r2", again.ask_id)[1] == Want("u1", tries=1)


def test_an_orphan_that_starts_beside_a_wanted_reply_does_not_take_its_slot(arbiter):
    ask_id = asked(arbiter)
    arbiter.cancel(0.0)
    arbiter.started("r1", "")
    assert arbiter.started("orphan", ask_id)[0] == [CancelReply("orphan"), MuteReply("orphan")]
    assert arbiter.reply_id == "r1"


def test_race_1_nothing_is_cancelled_when_nothing_runs(arbiter):
    assert arbiter.cancel(0.0) == []
