from __future__ import annotations

from voiceloop.engines.cascade.record import MOST_ENTRIES, STILL_RUNNING, UNWRITTEN, Due, Record, Words
from voiceloop.vocabulary import (
    AssistantTurn,
    HeardSpan,
    Summary,
    ToolCall,
    ToolOutput,
    UserImage,
    UserTurn,
)

STORY = "Once upon a time there was a fox."
A, B = ToolCall("a", "weather", "{}"), ToolCall("b", "time", "{}")


def heard(heard_ms, received_ms, *, index=0, reply_id="reply-1"):
    return HeardSpan(reply_id, "item-1", index, heard_ms, received_ms)


def spoken(record, turn_id, text):
    turn = record.spoken(turn_id)
    turn.words, turn.text = Words.KNOWN, text
    return turn


def shown(record):
    return [getattr(item, "text", None) or getattr(item, "output", None) or item.name for item in record.question()]


# What was said -------------------------------------------------------------------------------------------------------


def test_words_stand_where_their_turn_was_handed_over():
    record = Record()
    turn = record.spoken("turn-1")
    record.says("reply-1", 0, "Hello.")
    turn.words, turn.text = Words.KNOWN, "hi"
    assert record.question() == (UserTurn("turn-1", "hi"), AssistantTurn("reply-1", "Hello.", None))


def test_a_turn_without_words_and_a_reply_that_said_nothing_are_not_shown():
    record = Record()
    spoken(record, "turn-1", "")
    record.says("reply-1", 0, "")
    assert record.question() == ()


def test_sentences_are_joined():
    record = Record()
    record.says("reply-1", 0, "Hello.")
    record.says("reply-1", 1, " How are")
    record.says("reply-1", 1, " you?")
    assert shown(record) == ["Hello. How are you?"]


def test_a_turn_that_was_not_meant_is_gone():
    record = Record()
    record.add(UserTurn("typed-1", "hi"))
    record.says("reply-1", 0, "Hello.")
    record.forget("typed-1")
    assert shown(record) == ["Hello."]


def test_what_is_too_much_goes_oldest_first_and_the_summary_last():
    record = Record()
    record.begin([Summary("so far"), *[UserTurn(f"t{number}", f"{number}") for number in range(MOST_ENTRIES)]])
    assert shown(record)[:2] == ["so far", "1"]
    plain = Record()
    plain.begin([UserTurn(f"t{number}", f"{number}") for number in range(MOST_ENTRIES + 1)])
    assert shown(plain)[0] == "1"


def test_of_nine_pictures_the_oldest_is_forgotten():
    record = Record()
    for number in range(9):
        record.add(UserImage(f"image-{number}", "image/png", b""))
    assert [item.turn_id for item in record.question()] == [f"image-{number}" for number in range(1, 9)]


# What was heard ------------------------------------------------------------------------------------------------------


def test_an_interrupted_sentence_is_kept_as_far_as_it_was_heard():
    record = Record()
    record.says("reply-1", 0, STORY)
    record.says("reply-1", 1, "He was alone.")
    record.trim(heard(900, 2000))
    record.trim(heard(0, 500, index=1))
    assert shown(record) == ["Once upon a time"]


def test_a_finished_reply_is_measured_by_the_length_of_its_last_sentence():
    growing, over = Record(), Record()
    for record in (growing, over):
        record.says("reply-1", 0, STORY)
    over.ended("reply-1", 1, whole=True)
    for record in (growing, over):
        record.trim(heard(1000, 1000))
    assert shown(over) == [STORY]
    assert shown(growing) == ["Once upon a time"]  # more sound of it was to come


def test_sentences_that_had_no_sound_are_gone_with_the_reply():
    record = Record()
    record.says("reply-1", 0, "Hello.")
    record.says("reply-1", 1, "How are you?")
    record.ended("reply-1", 1, whole=False)
    assert shown(record) == ["Hello."]


def test_words_that_are_read_need_no_sound():
    record = Record()
    record.says("reply-1", 0, "Hello.")
    record.ended("reply-1", None, whole=True)
    assert shown(record) == ["Hello."]


def test_nothing_happens_to_a_reply_that_another_engine_gave():
    record = Record()
    record.begin([AssistantTurn("reply-1", "Hello.", 400)])
    record.trim(heard(0, 1000))
    record.ended("reply-1", 0, whole=True)
    assert shown(record) == ["Hello."]


def test_nothing_happens_to_a_part_that_is_not_there():
    record = Record()
    record.says("reply-1", 0, "Hello.")
    record.trim(heard(0, 1000, index=3))
    assert shown(record) == ["Hello."]


# Tools ---------------------------------------------------------------------------------------------------------------


def test_each_call_stands_with_its_output():
    record = Record()
    record.called([A, B])
    record.answered("b", "noon")
    record.answered("a", "rain")
    assert record.question() == (A, B, ToolOutput("a", "rain"), ToolOutput("b", "noon"))


def test_of_a_call_that_runs_the_model_is_told_so():
    record = Record()
    record.called([A, B])
    record.answered("b", "noon")
    assert shown(record) == ["weather", "time", STILL_RUNNING, "noon"]


def test_what_a_tool_found_stands_last_when_nobody_spoke_since():
    record = Record()
    spoken(record, "turn-1", "order status")
    record.called([A])
    spoken(record, "turn-2", "how are you")
    record.question()
    record.says("reply-2", 0, "Fine.")
    record.answered("a", "on its way")
    assert shown(record) == ["order status", "how are you", "Fine.", "weather", "on its way"]


def test_what_a_tool_found_stays_before_what_the_user_said_since():
    record = Record()
    spoken(record, "turn-1", "order status")
    record.called([A])
    spoken(record, "turn-2", "never mind")
    record.answered("a", "cancelled")
    assert shown(record) == ["order status", "weather", "cancelled", "never mind"]


def test_an_output_of_an_unknown_call_is_left_out():
    record = Record()
    record.answered("a", "rain")
    assert record.question() == ()


# Taking over ---------------------------------------------------------------------------------------------------------


def test_a_record_is_taken_over_in_the_form_that_models_take():
    record = Record()
    wordless = record.begin(
        [
            Summary("so far"),
            UserTurn("turn-1", "weather and time"),
            A,
            B,
            ToolOutput("a", "rain"),
            UserTurn("turn-2", "and"),
            ToolOutput("b", "noon"),
            A,
            AssistantTurn("reply-1", "Rain at noon.", 900),
        ]
    )
    assert wordless == []
    assert shown(record) == [
        *["so far", "weather and time", "weather", "time", "rain", "noon", "and"],
        *["weather", STILL_RUNNING, "Rain at noon."],
    ]


def test_turns_without_words_are_named_when_a_record_is_taken_over():
    record = Record()
    assert [turn.turn_id for turn in record.begin([UserTurn("turn-1", ""), UserTurn("turn-2", "hi")])] == ["turn-1"]
    assert record.due() is Due.WORDS


def test_a_call_comes_first_in_a_record():
    record = Record()
    record.begin([A, ToolOutput("a", "rain"), B])
    assert shown(record) == ["weather", "rain", "time", STILL_RUNNING]


# What a reply would answer -------------------------------------------------------------------------------------------


def test_words_that_are_still_to_come_are_waited_for():
    record = Record()
    record.spoken("turn-1")
    record.add(UserTurn("typed-1", "hi"))
    assert record.due() is Due.WORDS


def test_words_are_answered_and_so_is_a_conversation_without_any():
    record = Record()
    assert record.due() is Due.ANSWER
    spoken(record, "turn-1", "hi")
    assert record.due() is Due.ANSWER


def test_a_turn_without_words_is_not_answered():
    record = Record()
    spoken(record, "turn-1", "hi")
    record.says("reply-1", 0, "Hello.")
    spoken(record, "turn-2", "")
    assert record.due() is Due.NOTHING


def test_words_before_a_turn_without_any_are_answered():
    record = Record()
    spoken(record, "turn-1", "hi")
    spoken(record, "turn-2", "")
    assert record.due() is Due.ANSWER


def test_a_turn_that_could_not_be_recognised_calls_for_an_apology():
    record = Record()
    record.spoken("turn-1").words = Words.MISSING
    spoken(record, "turn-2", "")
    assert record.due() is Due.APOLOGY


def test_what_a_tool_found_is_answered_whatever_was_heard_since():
    record = Record()
    record.called([A])
    spoken(record, "turn-2", "")
    record.answered("a", "rain")
    assert record.due() is Due.ANSWER


# Models that listen themselves ---------------------------------------------------------------------------------------


def test_a_model_that_listens_hears_the_newest_turn_and_is_told_of_the_others():
    record = Record()
    for turn_id in ("turn-1", "turn-2"):
        record.spoken(turn_id).words = Words.UNWRITTEN
    assert record.due() is Due.ANSWER
    assert record.question() == (UserTurn("turn-1", UNWRITTEN), UserTurn("turn-2", ""))
    assert record.listened().turn_id == "turn-2"
