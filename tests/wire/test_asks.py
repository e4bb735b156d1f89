from __future__ import annotations

from voiceloop.commands import AskReply
from voiceloop.events import ReplyStarted
from voiceloop.settings import TurnSettings
from voiceloop.wire.protocol import SessionConfig
from wire.talk import ready

CLIENT = SessionConfig("m", turn=TurnSettings(replies="client"))


def ask(talk, *ask_ids):
    for ask_id in ask_ids:
        talk.protocol.obey(AskReply(ask_id))
    return [frame["event_id"] for frame in talk.sent()]


def starts(talk, reply_id, **metadata):
    (told,) = talk.says("response.created", response={"id": reply_id, "metadata": metadata or None})
    assert isinstance(told, ReplyStarted)
    return told.ask_id


def test_metadata_names_the_ask():
    talk = ready()
    ask(talk, "ask-1", "ask-2")
    assert starts(talk, "r1", ask_id="ask-2") == "ask-2"
    assert starts(talk, "r2", ask_id="ask-1") == "ask-1"


def test_where_metadata_is_echoed_a_reply_without_it_is_the_servers():
    talk = ready()
    ask(talk, "ask-1", "ask-2")
    assert starts(talk, "r1", ask_id="ask-1") == "ask-1"
    assert starts(talk, "r2") == ""


def test_without_metadata_the_oldest_ask_is_answered_first():
    talk = ready()
    ask(talk, "ask-1", "ask-2")
    assert [starts(talk, "r1"), starts(talk, "r2"), starts(talk, "r3")] == ["ask-1", "ask-2", ""]


def test_a_turn_committed_since_makes_the_next_reply_the_servers():
    talk = ready()
    ask(talk, "ask-1")
    talk.says("input_audio_buffer.committed", item_id="u1")
    assert [starts(talk, "r1"), starts(talk, "r2")] == ["", "ask-1"]


def test_a_turn_committed_before_the_ask_does_not():
    talk = ready()
    talk.says("input_audio_buffer.committed", item_id="u1")
    ask(talk, "ask-1")
    assert starts(talk, "r1") == "ask-1"


def test_a_server_that_starts_no_replies_answers_asks_only():
    talk = ready(CLIENT)
    ask(talk, "ask-1")
    talk.says("input_audio_buffer.committed", item_id="u1")
    assert starts(talk, "r1") == "ask-1"


def test_a_reply_told_only_at_its_end_answers_its_ask_too():
    talk = ready()
    ask(talk, "ask-1")
    told = talk.says("response.done", response={"id": "r1", "metadata": {"ask_id": "ask-1"}})
    assert told[0] == ReplyStarted("r1", "ask-1")


def test_a_refused_ask_is_no_longer_waited_for():
    talk = ready()
    first, _ = ask(talk, "ask-1", "ask-2")
    assert talk.errs("conversation_already_has_active_response", event_id=first)[0].ask_id == "ask-1"
    assert starts(talk, "r1") == "ask-2"


def test_already_active_without_an_event_id_refuses_the_newest_ask():
    talk = ready()
    ask(talk, "ask-1", "ask-2")
    words = "Conversation already has an active response in progress: resp_1."
    assert talk.errs(None, words)[0].ask_id == "ask-2"
    assert talk.errs("conversation_already_has_active_response")[0].ask_id == "ask-1"
    assert talk.errs("conversation_already_has_active_response") == []


def test_an_error_about_another_event_refuses_nothing():
    talk = ready()
    ask(talk, "ask-1")
    assert talk.errs("conversation_already_has_active_response", event_id="vl_99") == []
    assert talk.errs("server_error")[0].ask_id == ""


def test_an_ask_sent_again_is_refused_under_its_new_event_id():
    talk = ready()
    first, second = ask(talk, "ask-1", "ask-2")
    talk.errs("invalid_type", param="response.metadata", event_id=first)
    (again,) = talk.sent()
    assert talk.errs("server_broke", event_id=again["event_id"])[0].ask_id == "ask-1"
    assert talk.errs("server_broke", event_id=second)[0].ask_id == "ask-2"
