"""What a session uses, by turn and altogether: a bookkeeper who is told what happened."""

from datetime import date
from decimal import Decimal

import pytest

from voiceloop import events as on
from voiceloop.prices import PriceList
from voiceloop.spending import Spending
from voiceloop.vocabulary import Cause, HeardSpan, ReplyStatus, Usage

PRICES = PriceList(
    "USD",
    date(2026, 11, 22),
    {
        "m": {"text_input": Decimal(4), "text_cached": Decimal("0.4"), "text_output": Decimal(16)},
        "w": {"minute": Decimal("0.006")},
        "t": {"text_output": Decimal(5), "audio_input": Decimal(3)},
        "by-the-minute": {"minute": Decimal("0.05")},
    },
)


class Books:
    """A session's books, and what is written into them."""

    def __init__(self, prices=PRICES, model="m", transcription="w"):
        self.spending = Spending(prices)
        self.spending.engine(model, transcription, 99.0)
        self.happened(on.LineOpened())

    def happened(self, *events, now=100.0):
        for event in events:
            self.spending.happened(event, now)
        return self

    def begins(self, reply_id, turn_id):
        self.spending.reply_started(reply_id, turn_id)
        return self

    def replied(self, turn_id, usage, reply_id="r1", status=ReplyStatus.COMPLETED):
        return self.begins(reply_id, turn_id).happened(on.ReplyFinished(reply_id, status, usage=usage))

    def turn(self, turn_id="u1"):
        return self.spending.turn(turn_id)

    def session(self, now=160.0):
        return self.spending.session(now)


def text(read, said, cached=0):
    details = {"input_text_tokens": read, "output_text_tokens": said, "cached_text_tokens": cached}
    return Usage(read, said, cached, details=details)


# Tokens --------------------------------------------------------------------------------------------------------------


def test_a_turn_has_the_tokens_of_all_its_replies_by_modality():
    sound = {"input_text_tokens": 60, "input_audio_tokens": 40, "output_text_tokens": 5, "output_audio_tokens": 20}
    books = Books(None).replied("u1", Usage(100, 25, 0, 40, 20, sound), "r1").replied("u1", text(200, 10, 64), "r2")
    assert books.turn()["tokens"] == {
        "input": 300,
        "output": 35,
        "cached": 64,
        "text_input": 260,
        "audio_input": 40,
        "text_output": 15,
        "audio_output": 20,
        "text_cached": 64,
    }


def test_some_counts_stand_in_every_account_and_the_others_where_they_were_told():
    books = Books(None).replied("u1", Usage(input_tokens=7, details={"input_image_tokens": 7}))
    assert books.turn()["tokens"] == {
        "input": 7,
        "output": 0,
        "cached": 0,
        "audio_input": 0,
        "image_input": 7,
        "audio_output": 0,
    }


def test_the_session_has_the_tokens_of_all_turns_and_of_what_the_agent_said_by_itself():
    books = Books(None).replied("", text(10, 1), "greeting").replied("u1", text(20, 2), "r1")
    books.replied("u2", text(30, 3), "r2")
    assert books.turn("u2")["tokens"]["input"] == 30
    assert books.session()["tokens"]["input"] == 60
    assert books.session()["tokens"]["output"] == 6


def test_of_a_reply_without_usage_nothing_is_known_and_that_is_said():
    books = Books(None).replied("u1", Usage())
    assert books.turn() == {"untold_replies": 1}
    assert books.session() == {"minutes": 1.0, "untold_replies": 1, "prices_of": None}


def test_a_reply_that_failed_without_usage_is_not_missed():
    assert Books().replied("u1", Usage(), status=ReplyStatus.FAILED).turn() == {}


def test_a_turn_that_used_nothing_has_no_account():
    assert Books().happened(on.SpeechStarted("u1", 1.0)).turn() == {}


def test_an_account_is_closed_when_it_is_told_and_what_comes_later_is_the_sessions():
    books = Books(None).replied("u1", text(10, 1))
    assert books.turn()["tokens"]["input"] == 10
    books.replied("u1", text(20, 1), "r2")
    assert books.turn() == {}
    assert books.session()["tokens"]["input"] == 30


def test_what_a_cough_used_is_the_sessions():
    books = Books(None).replied("u1", text(10, 1))
    books.spending.forget("u1")
    assert books.replied("u1", text(10, 1), "r2").turn() == {}
    assert books.session()["tokens"]["input"] == 20


def test_a_reply_nobody_saw_begin_is_the_sessions():
    books = Books(None).happened(on.ReplyFinished("ghost", ReplyStatus.COMPLETED, usage=text(10, 1)))
    assert books.session()["tokens"]["input"] == 10


# When an account is complete -----------------------------------------------------------------------------------------


def test_while_a_reply_runs_its_turn_may_become_dearer():
    books = Books().begins("r1", "u1").begins("r2", "u2")
    assert [books.spending.in_doubt(turn) for turn in ("u1", "u2", "u3")] == [True, True, False]
    books.happened(on.ReplyFinished("r1", ReplyStatus.CANCELLED))
    assert [books.spending.in_doubt(turn) for turn in ("u1", "u2")] == [False, True]


def test_of_an_engine_that_is_lost_nothing_more_will_be_told():
    books = Books().begins("r1", "u1").happened(on.EngineLost(Cause.DROP, "gone"))
    assert not books.spending.in_doubt("u1")


# Transcription -------------------------------------------------------------------------------------------------------


def test_transcription_is_counted_apart_in_tokens_or_seconds():
    books = Books(None).happened(on.UserTranscribed("u1", "hello", Usage(12, 3)))
    books.happened(on.UserTranscribed("u1", "world", Usage(seconds=2.5)))
    assert books.turn() == {"transcription": {"input": 12, "output": 3, "seconds": 2.5}}


def test_a_server_that_tells_nothing_of_transcription():
    assert Books().happened(on.UserTranscribed("u1", "hello")).turn() == {}


def test_transcription_has_the_price_of_its_own_model():
    assert Books().happened(on.UserTranscribed("u1", "hi", Usage(seconds=60.0))).turn()["money"] == 0.006


def test_what_transcription_puts_out_is_text_told_or_not():
    heard = Usage(10_000, 2_000, audio_input_tokens=10_000, details={"input_audio_tokens": 10_000})
    books = Books(transcription="t").happened(on.UserTranscribed("u1", "hi", heard))
    assert books.turn()["money"] == 0.04


# Sound ---------------------------------------------------------------------------------------------------------------


def spans(*parts, reply_id="r1"):
    return tuple(HeardSpan(reply_id, f"i{n}", 0, heard, got) for n, (heard, got) in enumerate(parts))


def test_a_turn_has_the_sound_that_was_taken_since_the_turn_before():
    books = Books(None).happened(on.TurnCommitted("u1", heard_s=3.5), on.TurnCommitted("u2", heard_s=5.0))
    assert books.turn("u1") == {"audio": {"input_s": 3.5, "output_s": 0.0, "played_s": 0.0}}
    assert books.turn("u2")["audio"]["input_s"] == 1.5


def test_sound_that_was_given_and_what_was_heard_of_it():
    books = Books(None).begins("r1", "u1").happened(on.PlaybackFinished("r1", spans((1200, 1200))))
    books.begins("r2", "u2").happened(on.PlaybackFlushed(spans((500, 500), (250, 2000), reply_id="r2"), heard_s=9.0))
    assert books.turn("u1")["audio"] == {"input_s": 0.0, "output_s": 1.2, "played_s": 1.2}
    assert books.turn("u2")["audio"] == {"input_s": 0.0, "output_s": 2.5, "played_s": 0.75}
    assert books.session()["audio"] == {"input_s": 9.0, "output_s": 3.7, "played_s": 1.95}


def test_an_interruption_does_not_take_the_sound_from_the_turn_that_interrupts():
    books = Books(None).happened(on.PlaybackFlushed((), heard_s=2.0), on.TurnCommitted("u1", heard_s=4.0))
    assert books.turn("u1")["audio"]["input_s"] == 4.0


# Money ---------------------------------------------------------------------------------------------------------------


def test_a_turn_and_the_session_have_their_money_with_its_currency():
    books = Books().replied("u1", text(1000, 100, 500)).replied("u2", text(1000, 100), "r2")
    assert books.turn("u1").items() >= {"money": 0.0038, "currency": "USD"}.items()
    assert books.turn("u2")["money"] == 0.0056
    assert books.session().items() >= {"money": 0.0094, "currency": "USD", "prices_of": "2026-11-22"}.items()


def test_money_is_told_to_the_millionth_and_summed_before_it_is_rounded():
    books = Books()
    for number in range(10):
        books.replied(f"u{number}", text(0, 0, 0) if number else text(1, 0), f"r{number}")
        books.happened(on.ReplyFinished("x", ReplyStatus.COMPLETED, usage=text(100, 0, 99)))
    # 1 x 4 + 10 x (1 x 4 + 99 x 0.4) for a million: 0.00044
    assert books.session()["money"] == 0.00044


def test_without_a_list_there_is_no_money_and_that_is_said():
    books = Books(None).replied("u1", text(10, 1))
    assert "money" not in books.turn()
    assert books.session()["prices_of"] is None
    assert "money" not in books.session()


def test_a_model_without_a_price_has_no_money_and_is_named():
    books = Books(model="unknown").replied("u1", text(10, 1))
    assert books.turn()["unpriced"] == ["unknown"]
    session = books.session()
    assert session["unpriced"] == ["unknown"]
    assert "money" not in session


def test_what_has_a_price_is_counted_beside_what_has_none():
    books = Books().replied("u1", Usage(1000, 9, 0, 0, 9, {"input_text_tokens": 1000, "output_audio_tokens": 9}))
    assert books.turn().items() >= {"money": 0.004, "unpriced": ["m: audio_output"]}.items()


def test_a_model_that_is_paid_by_the_minute_costs_time_and_no_tokens():
    books = Books(model="by-the-minute").replied("u1", text(10**6, 10**6))
    turn = books.turn()
    assert "money" not in turn
    assert "unpriced" not in turn
    assert [books.session(now)["money"] for now in (160.0, 280.0)] == [0.05, 0.15]


def test_each_model_is_paid_for_the_minutes_it_was_there():
    books = Books(model="by-the-minute")
    books.spending.engine("m", "w", 160.0)
    assert books.session(now=400.0)["money"] == 0.05
    books.spending.engine("by-the-minute", "w", 400.0)
    assert books.session(now=460.0)["money"] == 0.1


def test_what_was_used_is_the_model_that_was_there_then():
    books = Books(model="unknown").replied("u1", text(10, 1))
    books.spending.engine("m", "w", 130.0)
    assert books.replied("u2", text(1000, 0), "r2").turn("u2")["money"] == 0.004


# Minutes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "minutes"), [(100.0, 0.0), (130.0, 0.5), (3700.0, 60.0)])
def test_minutes_count_from_when_the_line_was_open(now, minutes):
    assert Books(None).session(now)["minutes"] == minutes


def test_a_session_that_never_opened_its_line_had_no_minutes():
    assert Spending(PRICES).session(55.0) == {"minutes": 0.0, "prices_of": "2026-11-22"}
