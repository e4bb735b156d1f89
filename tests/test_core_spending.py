"""What a session costs and when that ends it, stepped without a loop."""

from datetime import date
from decimal import Decimal

from conversation import Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Profile
from voiceloop.prices import PriceList
from voiceloop.vocabulary import HeardSpan, Outcome, ReplyStatus, Usage


def test_money_is_announced_and_ends_the_session_by_the_hand_of_time_alone():
    prices = PriceList("USD", date(2026, 11, 22), {"model": {"minute": Decimal("0.06")}})
    talk = Talk(Profile(money_limit=Decimal(1), prices=prices)).after(799.0)
    assert talk.said("warning") == []
    assert [line["detail"] for line in talk.after(2.0).said("warning")] == ["0.8 of 1 USD are spent"]
    assert talk.after(200.0).ended == do.EndSession("money_limit")
    assert talk.said("session_ended")[0]["usage"] == {
        "minutes": 16.667,
        "money": 1.0,
        "currency": "USD",
        "prices_of": "2026-11-22",
    }


def test_a_turn_that_was_interrupted_is_told_when_its_cancelled_reply_has_said_what_it_used():
    talk = Talk().user_turn().playing()
    talk.heard(on.SpeechStarted("u2", talk.now - 100)).after(1.2)
    assert talk.said("agent_said")[0]["interrupted"]
    assert talk.said("turn_metrics") == []
    talk.heard(on.ReplyFinished("r1", ReplyStatus.CANCELLED, usage=Usage(90, 20))).user_turn("u2")
    (told,) = talk.said("turn_metrics")
    assert (told["turn_id"], told["tokens"]["input"]) == ("u1", 90)


def test_a_turn_with_a_tool_is_told_with_what_all_its_replies_used():
    talk = Talk().user_turn().heard(on.ReplyStarted("r1"))
    talk.tool_call()
    talk.heard(on.ReplyFinished("r1", ReplyStatus.COMPLETED, usage=Usage(90, 20)), on.PlaybackFinished("r1", ()))
    talk.heard(on.ToolFinished("c1", Outcome.OK, "noon"))
    assert talk.said("turn_metrics") == []
    talk.playing("r2", ask_id="ask-1").heard(on.ReplyFinished("r2", ReplyStatus.COMPLETED, usage=Usage(130, 10)))
    (told,) = talk.played("r2").said("turn_metrics")
    assert (told["tokens"]["input"], told["tokens"]["output"]) == (220, 30)


def test_a_turn_whose_reply_called_a_tool_and_said_nothing_is_told_too():
    talk = Talk().user_turn(text="goodbye").heard(on.ReplyStarted("r1"))
    talk.tool_call(name="end_conversation")
    talk.heard(on.ReplyFinished("r1", ReplyStatus.COMPLETED, usage=Usage(90, 20)), on.PlaybackFinished("r1", ()))
    talk.heard(on.ToolFinished("c1", Outcome.CANCELLED, ""), on.EndAsked("bye"))
    assert [line["tokens"]["input"] for line in talk.said("turn_metrics")] == [90]


def test_what_a_cough_made_the_engine_say_is_the_sessions():
    talk = Talk().user_turn().playing().heard(on.SpeechStarted("u2", 3.0)).after(0.1)
    talk.heard(on.SpeechStopped("u2", 3.1), on.TurnCommitted("u2"), on.ReplyStarted("r2"))
    talk.heard(on.ReplyFinished("r2", ReplyStatus.CANCELLED, usage=Usage(50, 5)))
    talk.heard(on.ReplyFinished("r1", ReplyStatus.COMPLETED, usage=Usage(90, 10))).played("r1")
    assert [(line["turn_id"], line["tokens"]["input"]) for line in talk.said("turn_metrics")] == [("u1", 90)]
    talk.heard(on.EndAsked("bye"))
    assert talk.said("session_ended")[0]["usage"]["tokens"]["input"] == 140


def test_what_was_being_played_at_the_end_is_in_the_sessions_usage():
    talk = Talk().user_turn().playing()
    talk.flushes = (HeardSpan("r1", "r1-a", 0, 400, 2000),)
    talk.heard(on.EndAsked("bye"))
    audio = {"input_s": 0.0, "output_s": 2.0, "played_s": 0.4}
    assert talk.said("turn_metrics")[0]["audio"] == audio
    assert talk.said("session_ended")[0]["usage"] == {"minutes": 0.025, "audio": audio, "prices_of": None}
