from voiceloop.events import ReplyFinished
from voiceloop.turn.arbiter import Want
from voiceloop.turn.replies import LiveReply, Replies
from voiceloop.vocabulary import HeardSpan, ReplyStatus

HEARD = HeardSpan("r1", "a1", 0, 1000, 1000)
CUT = HeardSpan("r1", "a2", 0, 400, 3000)
UNHEARD = HeardSpan("r1", "a3", 0, 0, 2000)


def test_only_what_the_engine_remembers_too_long_is_trimmed():
    replies = Replies({"r1": LiveReply("u1", generating=False)})
    assert replies.to_trim((HEARD, CUT, UNHEARD)) == [CUT, UNHEARD]
    assert replies.to_trim((HEARD,)) == []


def test_the_last_part_of_a_growing_reply_is_trimmed_even_when_all_that_came_was_heard():
    replies = Replies({"r1": LiveReply("u1")})
    assert replies.to_trim((HEARD,)) == [HEARD]
    assert replies.to_trim((HEARD, UNHEARD)) == [UNHEARD]


def test_parts_of_a_reply_nobody_knows_are_trimmed_when_unheard():
    assert Replies().to_trim((HEARD, CUT)) == [CUT]


def test_a_failed_reply_is_wanted_once_more_if_nothing_of_it_could_be_heard():
    failed = ReplyFinished("r1", ReplyStatus.FAILED)
    assert LiveReply("u1", say="Hello.").retry(failed) == Want("u1", "Hello.", tries=1)
    assert LiveReply("u1", tries=1).retry(failed) is None
    assert LiveReply("u1", sounding=True).retry(failed) is None
    assert LiveReply("u1").retry(ReplyFinished("r1", ReplyStatus.COMPLETED)) is None


def test_what_has_had_its_tries_is_asked_for_no_more():
    replies = Replies({"r1": LiveReply("u1", again=Want("u1", tries=2)), "r2": LiveReply("u2", again=Want("u2"))})
    assert replies.spend()
    assert [reply.again for reply in replies.live.values()] == [None, Want("u2")]
    assert not replies.spend()


def test_the_collection_answers_for_all_its_replies():
    replies = Replies()
    assert not replies
    assert (replies.shielded, replies.sounding, replies.generating) == (False, False, False)
    replies.live["r1"] = LiveReply("u1", shielded=True, sounding=True)
    assert replies
    assert "r1" in replies
    assert replies.shielded
    assert replies.sounding
    assert replies.generating
    assert replies.get("r2") is None
