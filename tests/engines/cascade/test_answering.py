from __future__ import annotations

from engines.cascade.book import Book
from voiceloop.commands import SendToolOutput
from voiceloop.engines.cascade.answering import CallIds
from voiceloop.engines.cascade.orders import Speak
from voiceloop.events import ReplyStarted, ToolCalled
from voiceloop.vocabulary import ToolCall, ToolOutput


def test_a_call_keeps_its_name_where_no_other_has_it():
    call_id = CallIds("")
    assert [call_id(name) for name in ("a", "b", "a", "a")] == ["a", "b", "a_2", "a_3"]


def test_calls_of_different_connections_have_different_names():
    first, second = CallIds(""), CallIds("_s2")
    assert [first("call_0"), second("call_0"), second("call_0")] == ["call_0", "call_0_s2", "call_0_2_s2"]


def test_the_model_is_shown_its_own_ids_and_none_twice():
    book = Book(id_suffix="_s2")
    book.do(book.desk.recall([ToolCall("call_0", "clock", "{}"), ToolOutput("call_0", "noon")], str.encode))
    book.types()
    book.ends("", "clock", "clock")
    assert [event.call.call_id for event in book.told(ToolCalled)] == ["call_0_2_s2", "call_1_s2"]
    book.obey(SendToolOutput("call_1_s2", "one"))
    book.obey(SendToolOutput("call_0_2_s2", "two"))
    book.asks("ask-2")
    assert [item.call_id for item in book.shown if isinstance(item, ToolCall)] == ["call_0", "call_0_2", "call_1"]
    assert book.shown[-2:] == [ToolOutput("call_0_2", "two"), ToolOutput("call_1", "one")]


def test_ids_of_a_later_connection_end_in_its_number():
    book = Book(id_suffix="_s2")
    book.types()
    book.answers("Well.", "clock")
    assert book.told(ReplyStarted) == [ReplyStarted("reply-1_s2", "ask-1")]
    assert book.told(ToolCalled)[0].call.call_id == "call_0_s2"


def test_two_replies_at_once_do_not_get_in_each_others_way():
    book = Book()
    book.asks("ask-1", say="One.")
    book.asks("ask-2", say="Two.")
    book.spoken(100, number=1)
    book.cancels("reply-2")
    assert book.asked_to_speak == ["One."]
    book.spoken(100)
    assert [status for status, _ in book.ended] == ["completed", "completed"]
    assert book.played == [("reply-2", 0, 100), ("reply-1", 0, 100)]
    assert book.of(Speak) == []
