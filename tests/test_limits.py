"""How near a session is to its limits: told once each, and looked at again in time."""

from datetime import date
from decimal import Decimal

from voiceloop import events as on
from voiceloop.limits import Limits, Stage, Verdict, Watch
from voiceloop.prices import PriceList
from voiceloop.spending import Spending
from voiceloop.vocabulary import ReplyStatus, Usage

HOUR = 3600.0


def watched(limits, **models):
    """A session that begins at 100, with a model "m" that a list of prices may know."""
    lists = {name: {kind: Decimal(price) for kind, price in given.items()} for name, given in models.items()}
    spending = Spending(PriceList("EUR", date(2026, 11, 22), lists) if lists else None)
    spending.engine("m", "", 99.0)
    spending.happened(on.LineOpened(), 100.0)
    return spending, Watch(limits, spending)


def spend(spending, tokens, status=ReplyStatus.COMPLETED):
    usage = Usage(input_tokens=tokens, details={"input_text_tokens": tokens}) if tokens else Usage()
    spending.happened(on.ReplyFinished("r", status, usage=usage), 101.0)


def test_before_the_line_is_open_no_time_passes():
    watch = Watch(Limits(60.0), Spending())
    assert (watch.verdicts(9e9), watch.next_look_s(9e9)) == ([], None)


# Minutes -------------------------------------------------------------------------------------------------------------


def test_four_fifths_of_the_time_and_all_of_it():
    _, watch = watched(Limits(600.0))
    assert watch.next_look_s(100.0) == 580.0
    assert watch.verdicts(579.9) == []
    assert watch.verdicts(580.0) == [Verdict("time", Stage.NEAR, "8 of 10 minutes are over")]
    assert watch.next_look_s(580.0) == 700.0
    assert watch.verdicts(700.0) == [Verdict("time", Stage.OVER, "10 of 10 minutes are over")]
    assert watch.next_look_s(700.0) is None


def test_when_to_look_is_told_once():
    _, watch = watched(Limits(600.0))
    assert [watch.next_look_s(now) for now in (100.0, 111.1, 222.2)] == [580.0, None, None]


def test_the_rounding_errors_of_a_clock_delay_nothing():
    spending = Spending()
    spending.happened(on.LineOpened(), 12345.678901234)
    watch = Watch(Limits(90.1), spending)
    assert watch.next_look_s(12345.678901234) == 12417.759
    assert [verdict.stage for verdict in watch.verdicts(12417.759)] == [Stage.NEAR]


# Tokens --------------------------------------------------------------------------------------------------------------


def test_tokens_are_input_and_output_of_all_replies():
    spending, watch = watched(Limits(HOUR, tokens=1000))
    spend(spending, 790)
    assert watch.verdicts(101.0) == []
    spending.happened(on.ReplyFinished("r", ReplyStatus.COMPLETED, usage=Usage(50, 50, cached_tokens=50)), 102.0)
    assert watch.verdicts(102.0) == [Verdict("token", Stage.NEAR, "890 of 1000 tokens are used")]
    assert watch.verdicts(103.0) == []


def test_who_passes_both_stages_in_one_go_is_told_of_both():
    spending, watch = watched(Limits(HOUR, tokens=1000))
    spend(spending, 5000)
    assert [verdict.stage for verdict in watch.verdicts(101.0)] == [Stage.NEAR, Stage.OVER]


def test_what_transcription_takes_is_not_the_models():
    spending, watch = watched(Limits(HOUR, tokens=10))
    spending.happened(on.UserTranscribed("u1", "hello", Usage(500, 500)), 101.0)
    assert watch.verdicts(101.0) == []


# Money ---------------------------------------------------------------------------------------------------------------


def test_money_is_watched_to_the_millionth():
    spending, watch = watched(Limits(HOUR, money=Decimal("0.05")), m={"text_input": "4"})
    spend(spending, 9_999)
    assert watch.verdicts(101.0) == []
    spend(spending, 1)
    assert watch.verdicts(101.0) == [Verdict("money", Stage.NEAR, "0.04 of 0.05 EUR are spent")]
    spend(spending, 2_500)
    assert watch.verdicts(101.0) == [Verdict("money", Stage.OVER, "0.05 of 0.05 EUR are spent")]


def test_money_that_minutes_cost_runs_out_though_nothing_happens():
    spending, watch = watched(Limits(HOUR, money=Decimal(1)), m={"minute": "0.06", "text_input": "100"})
    assert watch.next_look_s(100.0) == 900.0  # 0.8 at 0.001 a second
    spend(spending, 1000)  # 0.1: the same as 100 s
    assert watch.next_look_s(150.0) == 800.0
    assert watch.verdicts(799.9) == []
    assert watch.verdicts(800.0) == [Verdict("money", Stage.NEAR, "0.8 of 1 EUR are spent")]
    assert watch.next_look_s(800.0) == 1000.0
    assert [verdict.stage for verdict in watch.verdicts(1000.0)] == [Stage.OVER]
    assert watch.next_look_s(1000.0) == 2980.0  # what comes next is the time


def test_a_price_that_no_clock_divides_well_is_not_missed():
    _, watch = watched(Limits(HOUR, money=Decimal("0.1")), m={"minute": "0.07"})
    look_at_s = watch.next_look_s(100.0)
    assert look_at_s is not None
    assert [verdict.stage for verdict in watch.verdicts(look_at_s)] == [Stage.NEAR]


def test_money_without_prices_is_no_limit():
    spending, watch = watched(Limits(HOUR, money=Decimal("0.01")))
    spend(spending, 10**9)
    assert watch.verdicts(101.0) == []


# What cannot be counted ----------------------------------------------------------------------------------------------


def test_a_model_without_prices_is_told_as_soon_as_it_answers():
    _, watch = watched(Limits(HOUR), other={"text_input": "4"})
    assert watch.notes() == [
        ("unpriced", "the price list of 2026-11-22 has nothing for m: money is counted without it"),
    ]
    assert watch.notes() == []


def test_a_kind_without_a_price_is_told_when_it_is_used():
    spending, watch = watched(Limits(HOUR), m={"audio_input": "4"})
    assert watch.notes() == []
    spend(spending, 5)
    spend(spending, 5)
    assert [detail.partition(":")[0] for _, detail in watch.notes()] == [
        "the price list of 2026-11-22 has nothing for m"
    ]


def test_a_reply_of_which_nothing_is_told_matters_where_there_is_a_limit():
    for limits, told in ((Limits(HOUR), []), (Limits(HOUR, tokens=9), ["usage_untold"])):
        spending, watch = watched(limits)
        spend(spending, 0)
        assert [code for code, _ in watch.notes()] == told
    spending, watch = watched(Limits(HOUR, money=Decimal(1)), m={"text_input": "4"})
    spend(spending, 0)
    assert [code for code, _ in watch.notes()] == ["usage_untold"]


# News for the core ---------------------------------------------------------------------------------------------------


def test_news_are_warnings_and_the_first_limit_that_is_used_up_ends_the_session():
    spending, watch = watched(Limits(600.0, tokens=100), other={"text_input": "4"})
    spend(spending, 90)
    assert [code for code, _ in watch.news(101.0)] == ["unpriced", "token_limit_near"]
    assert watch.over == ""
    spend(spending, 10)
    assert watch.news(102.0) == []
    assert watch.over == "token_limit"
    assert [code for code, _ in watch.news(9e9)] == ["time_limit_near"]
    assert watch.over == "token_limit"
