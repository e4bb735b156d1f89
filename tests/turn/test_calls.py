from voiceloop.turn.calls import CallBook


def test_two_calls_of_one_reply_bring_one_follow_up_after_the_last_outcome():
    book = CallBook()
    assert book.opened("r1", "u1", "c1", "clock")
    assert book.opened("r1", "u1", "c2", "lamp")
    book.reply_over("r1")
    assert book.finished("c1") == "r1"
    assert book.follow_up("r1") is None
    assert book.finished("c2") == "r1"
    assert book.follow_up("r1") == "u1"
    assert book.follow_up("r1") is None
    assert book.rounds("u1") == 1


def test_the_follow_up_waits_for_the_end_of_the_reply():
    book = CallBook()
    book.opened("r1", "u1", "c1", "clock")
    book.finished("c1")
    assert book.follow_up("r1") is None
    book.reply_over("r1")
    assert book.follow_up("r1") == "u1"


def test_a_call_that_came_alone_is_known_until_its_follow_up_is_told():
    calls = CallBook()
    assert not calls.single("r1")
    calls.opened("r1", "u1", "c1", "clock")
    assert calls.single("r1")
    calls.finished("c1")
    calls.reply_over("r1")
    assert calls.single("r1")
    calls.follow_up("r1")
    assert not calls.single("r1")
    calls.opened("r2", "u1", "c2", "clock")
    calls.opened("r2", "u1", "c3", "clock")
    assert not calls.single("r2")


def test_what_survives_an_interruption_is_settled_when_the_tool_is_called():
    book = CallBook(["timer"])
    book.opened("r1", "u1", "c1", "timer")
    book.survivors = frozenset({"lamp"})
    book.opened("r2", "u1", "c2", "timer")
    book.opened("r3", "u1", "c3", "lamp")
    assert book.supersede() == ["c2"]


def test_race_20_one_call_id_is_one_call():
    book = CallBook()
    assert book.opened("r1", "u1", "c1", "clock")
    assert not book.opened("r1", "u1", "c1", "clock")
    book.finished("c1")
    assert not book.opened("r1", "u1", "c1", "clock")
    assert book.finished("c1") is None


def test_a_reply_without_calls_is_owed_nothing():
    book = CallBook()
    book.reply_over("r1")
    assert book.follow_up("r1") is None
    assert book.rounds("u1") == 0


def test_calls_the_user_left_behind_are_cancelled_and_bring_no_follow_up():
    book = CallBook()
    book.opened("r1", "u1", "c1", "clock")
    assert book.running
    assert book.supersede() == ["c1"]
    book.reply_over("r1")
    book.finished("c1")
    assert book.follow_up("r1") is None
    assert not book.running


def test_a_tool_that_survives_interruption_keeps_its_follow_up():
    book = CallBook(survivors={"booking"})
    book.opened("r1", "u1", "c1", "booking")
    book.opened("r1", "u1", "c2", "clock")
    assert book.supersede() == ["c2"]
    book.reply_over("r1")
    book.finished("c2")
    book.finished("c1")
    assert book.follow_up("r1") == "u1"


def test_calls_of_a_reply_that_nobody_wants_bring_no_follow_up_and_cost_others_none():
    book = CallBook()
    for reply_id, call_id in (("r1", "c1"), ("r2", "c2")):
        book.opened(reply_id, "u1", call_id, "clock")
    book.supersede_reply("r2")
    book.supersede_reply("r3")
    for reply_id, call_id in (("r1", "c1"), ("r2", "c2")):
        book.finished(call_id)
        book.reply_over(reply_id)
    assert (book.follow_up("r1"), book.follow_up("r2")) == ("u1", None)
