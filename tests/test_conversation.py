from voiceloop.conversation import Conversation, SpokenReply
from voiceloop.vocabulary import AssistantTurn, HeardSpan, ToolCall, ToolOutput, UserTurn


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


def test_a_part_that_was_heard_out_keeps_all_its_words_while_the_next_part_still_grows():
    reply = SpokenReply("r1", "u1")
    reply.add("a", 0, "The first part.", 0)
    reply.add("b", 0, "The second", 0)
    spans = (HeardSpan("r1", "a", 0, 700, 700), HeardSpan("r1", "b", 0, 0, 300))
    assert reply.heard(spans) == "The first part."
