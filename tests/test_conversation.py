from voiceloop.conversation import Conversation, SpokenReply
from voiceloop.vocabulary import AssistantTurn, HeardSpan, Summary, ToolCall, ToolOutput, UserImage, UserTurn


def test_a_turns_words_enter_where_it_was_handed_over():
    talk = Conversation()
    talk.user_turn("u1")
    talk.reply_started("r1", "u1")
    talk.reply_ended("r1", "It is noon.", 900)
    talk.user_turn("u1", "what time is it")
    assert talk.history == (UserTurn("u1", "what time is it"), AssistantTurn("r1", "It is noon.", 900))


def test_turns_without_words_and_replies_of_which_nothing_was_heard_are_no_history():
    talk = Conversation()
    talk.user_turn("u1")
    talk.reply_started("r1", "u1")
    talk.reply_ended("r1", "", 0)
    assert talk.history == ()


def test_a_forgotten_turn_leaves_the_record():
    talk = Conversation((UserTurn("u0", "hello"),))
    talk.user_turn("u1", "khm")
    talk.forget_turn("u1")
    assert talk.history == (UserTurn("u0", "hello"),)


def test_words_once_known_are_not_lost_when_the_turn_is_named_again():
    talk = Conversation()
    talk.user_turn("u1", "hello")
    talk.user_turn("u1")
    assert talk.history == (UserTurn("u1", "hello"),)


def test_calls_and_outputs_stand_in_order():
    talk = Conversation()
    talk.tool_called(ToolCall("c1", "clock", "{}"))
    talk.tool_answered("c1", "noon")
    assert talk.history == (ToolCall("c1", "clock", "{}"), ToolOutput("c1", "noon"))


def test_what_a_reply_said_before_it_called_stands_before_the_call():
    talk = Conversation()
    talk.user_turn("u1", "what time is it")
    talk.reply_started("r1", "u1")
    for call_id in ("c1", "c2"):
        talk.tool_called(ToolCall(call_id, "clock", "{}"), "r1")
        talk.tool_answered(call_id, "noon")
    talk.reply_ended("r1", "Let me look.", 800)
    talk.reply_ended("r2", "It is noon.", 900)
    assert [type(item).__name__ for item in talk.history] == [
        "UserTurn",
        "AssistantTurn",
        *("ToolCall", "ToolOutput") * 2,
        "AssistantTurn",
    ]


def test_a_reply_of_two_items_is_heard_part_by_part():
    talk = Conversation()
    talk.reply_started("r1", "u1")
    reply = talk.replies["r1"]
    reply.add("a1", 0, "First ", 0)
    reply.add("a1", 0, "part.", 100)
    reply.add("a2", 0, "Second part.", 0)
    reply.add("a3", 0, "   ", 0)
    reply.finished = True
    spans = (HeardSpan("r1", "a1", 0, 1000, 1000), HeardSpan("r1", "a2", 0, 0, 1000), HeardSpan("r9", "a3", 0, 9, 9))
    assert reply.text == "First part. Second part."
    assert reply.heard(spans) == "First part."
    assert [(item["item_id"], item["heard_ms"]) for item in reply.items(spans)] == [
        ("a1", 1000),
        ("a2", 0),
        ("a3", None),
    ]


def test_sound_that_was_cut_off_before_its_first_word_was_heard_all_the_same():
    reply = SpokenReply("r1", "u1")
    told = reply.items((HeardSpan("r1", "a", 0, 100, 100),))
    assert told == [{"item_id": "a", "content_index": 0, "text": "", "heard_ms": 100}]
    assert reply.heard((HeardSpan("r1", "a", 0, 100, 100),)) == ""


def test_a_part_that_was_heard_out_keeps_all_its_words_while_the_next_part_still_grows():
    reply = SpokenReply("r1", "u1")
    reply.add("a", 0, "The first part.", 0)
    reply.add("b", 0, "The second", 0)
    spans = (HeardSpan("r1", "a", 0, 700, 700), HeardSpan("r1", "b", 0, 0, 300))
    assert reply.heard(spans) == "The first part."


def test_a_summary_takes_the_place_of_the_older_part_and_the_conversation_goes_on():
    talk = Conversation((UserTurn("u1", "two loaves"), AssistantTurn("r1", "Two loaves.", 900)))
    older = tuple(talk.items)
    talk.user_turn("u2", "and milk")
    talk.condense(older, "The user wants two loaves.")
    talk.reply_ended("r2", "And milk.", 600)
    assert talk.history == (
        Summary("The user wants two loaves."),
        UserTurn("u2", "and milk"),
        AssistantTurn("r2", "And milk.", 600),
    )
    talk.shorten(1, 4.0)
    assert len(talk.history) == 3, "the newest turn stays whatever the size"


def test_words_that_come_after_their_turn_was_summed_up_do_not_look_like_a_new_turn():
    talk = Conversation((UserTurn("u1", ""), AssistantTurn("r1", "Two loaves.", 900), UserTurn("u2", "and milk")))
    talk.condense(talk.items[:2], "The user wants two loaves.")
    talk.words("u1", "two loaves")
    talk.words("u2", "and milk, please")
    assert talk.history == (Summary("The user wants two loaves."), UserTurn("u2", "and milk, please"))


def test_what_was_heard_of_some_replies_can_be_asked_for():
    talk = Conversation((AssistantTurn("r1", "Hello.", 400), UserTurn("u1", "hi"), AssistantTurn("r2", "Hi.", 200)))
    assert talk.said({"r2", "r3"}) == [AssistantTurn("r2", "Hi.", 200)]


def test_only_the_newest_pictures_are_kept():
    talk = Conversation()
    talk.user_turn("u1", "look")
    for number in range(9):
        talk.showed(UserImage(f"image-{number}", "image/png", b"png"))
    assert [item.turn_id for item in talk.history] == ["u1", *(f"image-{number}" for number in range(1, 9))]
