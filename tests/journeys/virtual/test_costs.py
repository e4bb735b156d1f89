"""What conversations cost: told per turn and per session, warned of, and at the limit a polite end."""

import pytest

from journeys.journey import Journey, dialects
from voiceloop.agent import Agent
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import OMIT, Call, Reply, Spoken
from voiceloop.tools.tool import tool

MODEL = "gpt-realtime-of-a-maker-with-a-long-name-2026-11-22"
"""Looks like a key to whoever redacts a tape; prices must be found by it all the same."""

PRICES = f"""
currency = "USD"
date = 2026-11-22

[models."{MODEL}"]
text_input = 4
text_cached = 0.4
audio_input = 32
audio_cached = 0.4
text_output = 16
audio_output = 64

[models."whisper-1"]
minute = 0.006

[models.by-the-minute]
minute = 0.6
"""


def used(text=0, audio=0, cached=(0, 0), said=0, spoken=0):
    """What the server says that a reply used; `cached` is text and sound, both part of the input."""
    return {
        "total_tokens": text + audio + said + spoken,
        "input_tokens": text + audio,
        "output_tokens": said + spoken,
        "input_token_details": {
            "text_tokens": text,
            "audio_tokens": audio,
            "cached_tokens": sum(cached),
            "cached_tokens_details": {"text_tokens": cached[0], "audio_tokens": cached[1]},
        },
        "output_token_details": {"text_tokens": said, "audio_tokens": spoken},
    }


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "prices.toml"
    path.write_text(PRICES)
    return str(path)


def noon(audio_ms=1200, **tokens):
    return Reply((Spoken("It is noon.", audio_ms),), usage=used(**tokens))


def limited(**limits):
    return Agent(limits=limits)


# Told ----------------------------------------------------------------------------------------------------------------


@dialects
@virtual_time
async def test_each_turn_says_what_it_used_and_the_session_what_all_of_them_did(dialect, prices):
    replies = (
        noon(text=100, audio=20, said=10, spoken=60),
        noon(text=200, audio=90, cached=(64, 64), said=10, spoken=60),
    )
    talk = Journey(*replies, dialect=dialect, agent=limited(prices=prices), realtime={"model": MODEL})
    async with talk:
        for number in (1, 2):
            talk.user_says("what time is it", 2000)
            await talk.line("turn_metrics", number)
    first, second = talk.said("turn_metrics")
    assert first["tokens"] == {
        "input": 120,
        "output": 70,
        "cached": 0,
        "text_input": 100,
        "audio_input": 20,
        "text_output": 10,
        "audio_output": 60,
    }
    assert second["tokens"].items() >= {"input": 290, "cached": 128, "text_cached": 64, "audio_cached": 64}.items()
    assert first["transcription"] == second["transcription"] == {"seconds": 2}
    # (100 x 4 + 20 x 32 + 10 x 16 + 60 x 64) / 1e6 and 2 s of whisper-1
    assert (first["money"], first["currency"]) == (0.00524, "USD")
    # (136 x 4 + 64 x 0.4 + 26 x 32 + 64 x 0.4 + 10 x 16 + 60 x 64) / 1e6 and 2 s
    assert second["money"] == 0.005627
    usage = talk.said("session_ended")[0]["usage"]
    assert usage["tokens"]["input"] == 410
    assert usage["tokens"]["cached"] == 128
    assert usage["money"] == pytest.approx(0.00524 + 0.005627, abs=1e-6)
    assert usage["prices_of"] == "2026-11-22"


@dialects
@virtual_time
async def test_sound_is_counted_as_the_server_took_it_and_the_listener_heard_it(dialect):
    async with Journey(noon(), noon(3000), dialect=dialect) as talk:
        await talk.passes(1.0)
        talk.user_says("what time is it", 2000)
        await talk.line("turn_metrics")
        talk.user_says("and now", 1000)
        await talk.line("agent_speech_started", 2)
        await talk.passes(1.0)
    first, second = (line["audio"] for line in talk.said("turn_metrics"))
    assert first["input_s"] == pytest.approx(3.5, abs=0.1)  # until the turn was handed over, silence and all
    assert (first["output_s"], first["played_s"]) == (1.2, 1.2)
    assert second["output_s"] == 3.0
    assert second["played_s"] == pytest.approx(1.0, abs=0.05)
    usage = talk.said("session_ended")[0]["usage"]
    assert usage["audio"]["input_s"] == pytest.approx(talk.lines[-1]["t"], abs=0.1)
    assert usage["audio"]["input_s"] > first["input_s"] + second["input_s"]
    assert usage["audio"]["output_s"] == 4.2
    assert usage["minutes"] == pytest.approx(talk.lines[-1]["t"] / 60, abs=0.002)


@dialects
@virtual_time
async def test_in_text_there_is_no_sound_to_count(dialect, prices):
    reply = Reply((Spoken("It is noon.", 0),), usage=used(text=1000, said=10))
    agent = limited(prices=prices)
    async with Journey(reply, dialect=dialect, agent=agent, text=True, realtime={"model": MODEL}) as talk:
        await talk.session.send_text("what time is it")
        told = await talk.line("turn_metrics")
    assert told["tokens"]["input"] == 1000
    assert told["money"] == 0.00416
    assert "audio" not in told
    assert "audio" not in talk.said("session_ended")[0]["usage"]


@dialects
@virtual_time
async def test_an_interrupted_reply_is_paid_for_by_the_turn_it_answered(dialect):
    story = Reply((Spoken("Once upon a time there was a fox.", 6000),), pace=1.5, usage=used(text=100, spoken=120))
    async with Journey(story, noon(text=300), dialect=dialect) as talk:
        talk.user_says("tell me a story", 800)
        await talk.line("agent_speech_started")
        await talk.passes(1.0)
        talk.user_says("what time is it", 1000)
        await talk.line("turn_metrics", 2)
    first, second = talk.said("turn_metrics")
    assert (first["tokens"]["input"], second["tokens"]["input"]) == (100, 300)
    assert first["audio"]["played_s"] < first["audio"]["output_s"]


@dialects
@virtual_time
async def test_a_turn_with_a_tool_has_both_replies_in_one_line(dialect):
    @tool
    def clock() -> str:
        """The time."""
        return "noon"

    asks = Reply((), (Call("clock"),), usage=used(text=100, said=20))
    async with Journey(asks, noon(text=150, spoken=60), dialect=dialect, agent=Agent(tools=[clock])) as talk:
        talk.user_says("what time is it", 1000)
        told = await talk.line("turn_metrics")
        await talk.passes(1.0)
    assert (told["tokens"]["input"], told["tokens"]["output"]) == (250, 80)
    assert len(talk.said("turn_metrics")) == 1


@dialects
@virtual_time
async def test_the_greeting_is_the_sessions_and_no_turns(dialect):
    hello = Reply((Spoken("Hello.", 500),), usage=used(text=50, spoken=25))
    async with Journey(hello, noon(text=100), dialect=dialect, agent=Agent(greeting="Hello.")) as talk:
        await talk.line("agent_said")
        talk.user_says("what time is it", 1000)
        told = await talk.line("turn_metrics")
    assert told["tokens"]["input"] == 100
    assert talk.said("session_ended")[0]["usage"]["tokens"]["input"] == 150


# Not known -----------------------------------------------------------------------------------------------------------


@dialects
@virtual_time
async def test_a_model_without_a_price_costs_nobody_knows_what_and_that_is_said(dialect, prices):
    agent = limited(prices=prices, money=1)
    async with Journey(noon(text=100), dialect=dialect, agent=agent, realtime={"model": "new"}) as talk:
        talk.user_says("what time is it", 2000)
        told = await talk.line("turn_metrics")
    assert told["unpriced"] == ["new"]
    assert told["money"] == 0.0002  # transcription has its price
    (warning,) = talk.said("warning")
    assert warning["code"] == "unpriced"
    assert warning["detail"] == "the price list of 2026-11-22 has nothing for new: money is counted without it"


@dialects
@virtual_time
async def test_without_a_price_file_there_is_no_money(dialect):
    async with Journey(noon(text=100), dialect=dialect) as talk:
        talk.user_says("what time is it", 2000)
        told = await talk.line("turn_metrics")
    usage = talk.said("session_ended")[0]["usage"]
    assert "money" not in told
    assert "money" not in usage
    assert usage["prices_of"] is None


@dialects
@virtual_time
async def test_a_server_that_does_not_tell_what_a_reply_used(dialect):
    silent = Reply((Spoken("It is noon.", 800),), usage=OMIT)
    async with Journey(silent, dialect=dialect, agent=limited(tokens=100)) as talk:
        talk.user_says("what time is it", 1000)
        told = await talk.line("turn_metrics")
    assert "tokens" not in told
    assert told["untold_replies"] == 1
    assert talk.warnings() == ["usage_untold"]


# Limits --------------------------------------------------------------------------------------------------------------


@dialects
@virtual_time
async def test_money_is_warned_of_at_four_fifths_and_the_last_word_is_heard(dialect, prices):
    agent = limited(prices=prices, money=0.1)
    replies = (noon(1000, text=10_000, spoken=640), noon(1000, spoken=100), noon(2000, text=5000))
    async with Journey(*replies, dialect=dialect, agent=agent, realtime={"model": MODEL}) as talk:
        talk.user_says("what time is it", 1000)
        await talk.line("agent_said")
        assert talk.warnings() == ["money_limit_near"]
        talk.user_says("and now", 1000)
        await talk.line("agent_said", 2)
        assert talk.said("session_ended") == []
        talk.user_says("and now", 1000)
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == ("money_limit", 0)
    assert [line["heard_ms"] for line in talk.said("agent_said")] == [1000, 1000, 2000]
    assert talk.said("agent_said")[2]["interrupted"] is False
    (warning,) = talk.said("warning")
    assert warning["detail"] == "0.08106 of 0.1 USD are spent"
    assert talk.said("session_ended")[0]["usage"]["money"] > 0.1


@dialects
@virtual_time
async def test_money_that_minutes_cost_ends_a_session_in_which_nothing_happens(dialect, prices):
    agent = limited(prices=prices, money=1.2)
    async with Journey(dialect=dialect, agent=agent, realtime={"model": "by-the-minute"}) as talk:
        ended = await talk.ends(within_s=130)
    assert ended.reason == "money_limit"
    (warning,) = talk.said("warning")
    assert (warning["code"], warning["t"]) == ("money_limit_near", pytest.approx(96, abs=0.1))
    assert talk.lines[-1]["t"] == pytest.approx(120, abs=0.1)
    assert talk.said("session_ended")[0]["usage"]["money"] == 1.2


@dialects
@virtual_time
async def test_tokens_that_are_used_up_by_a_reply_do_not_cut_it_short(dialect):
    async with Journey(noon(3000, text=900, spoken=150), dialect=dialect, agent=limited(tokens=1000)) as talk:
        talk.user_says("what time is it", 1000)
        ended = await talk.ends()
    assert ended.reason == "token_limit"
    assert talk.said("agent_said")[0]["heard_ms"] == 3000


@dialects
@virtual_time
async def test_a_reply_that_is_being_spoken_when_the_time_is_over_is_heard_to_its_end(dialect):
    story = Reply((Spoken("Once upon a time there was a fox.", 6000),))
    async with Journey(story, dialect=dialect, agent=limited(minutes=0.1)) as talk:
        await talk.passes(2.0)
        talk.user_says("tell me a story", 1000)
        ended = await talk.ends()
    assert ended.reason == "time_limit"
    assert talk.warnings() == ["time_limit_near"]
    assert talk.said("agent_said")[0]["heard_ms"] == 6000
    assert talk.lines[-1]["t"] > 8.0
