"""What tokens and minutes cost, and what has no price."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.prices import KINDS, Cost, PriceList, by_price
from voiceloop.vocabulary import Usage
from voiceloop.wire.items import read_usage

TALKS = {"text_input": "4", "text_cached": "0.4", "audio_input": "32", "audio_cached": "0.4", "text_output": "16"}
TALKS |= {"audio_output": "64"}


def prices(**models):
    lists = {name: {kind: Decimal(price) for kind, price in given.items()} for name, given in models.items()}
    return PriceList("USD", date(2026, 11, 22), lists)


def reply(text=0, audio=0, cached=None, said=0, spoken=0, **more):
    """What a server tells of a reply; `cached` is a number, or numbers by modality."""
    details = {"text_tokens": text, "audio_tokens": audio}
    if isinstance(cached, dict):
        details |= {"cached_tokens": sum(cached.values()), "cached_tokens_details": cached}
    elif cached:
        details["cached_tokens"] = cached
    return read_usage(
        {
            "input_tokens": text + audio,
            "output_tokens": said + spoken,
            "input_token_details": details,
            "output_token_details": {"text_tokens": said, "audio_tokens": spoken},
            **more,
        }
    )


# Each token has one price --------------------------------------------------------------------------------------------


def test_what_comes_out_of_the_cache_is_not_paid_for_as_new_too():
    usage = reply(text=100, audio=200, cached={"text_tokens": 64, "audio_tokens": 128}, said=10, spoken=50)
    assert by_price(usage) == {
        "text_input": 36,
        "text_cached": 64,
        "audio_input": 72,
        "audio_cached": 128,
        "text_output": 10,
        "audio_output": 50,
    }


def test_where_only_text_came_in_the_cached_part_was_text():
    assert by_price(reply(text=100, cached=64)) == {"text_input": 36, "text_cached": 64}


def test_a_cached_part_of_text_or_sound_has_no_kind_and_so_has_the_rest():
    assert by_price(reply(text=60, audio=40, cached=20)) == {"input of untold kind": 100}


def test_what_the_server_does_tell_of_its_cache_is_kept():
    usage = reply(text=60, audio=40, cached={"text_tokens": 60})
    assert by_price(usage) == {"audio_input": 40, "text_cached": 60}


def test_tokens_whose_modality_nobody_told_are_not_guessed():
    assert by_price(Usage(input_tokens=90, output_tokens=10, cached_tokens=30)) == {
        "input of untold kind": 90,
        "output of untold kind": 10,
    }


def test_a_cache_larger_than_the_input_is_no_more_than_the_input():
    assert by_price(reply(text=10, cached={"text_tokens": 64})) == {"text_cached": 10}
    assert by_price(reply(text=10, cached=64)) == {"text_cached": 10}


counts = st.integers(0, 5000)
modalities = st.fixed_dictionaries({"text_tokens": counts, "audio_tokens": counts, "image_tokens": counts})


@given(modalities, st.one_of(counts, modalities), st.integers(0, 100), counts, counts)
def test_every_token_is_in_one_place_whatever_a_server_tells(taken_in, cached, untold, said, spoken):
    into = sum(taken_in.values()) + untold
    details = {**taken_in, "cached_tokens": cached if isinstance(cached, int) else sum(cached.values())}
    if isinstance(cached, dict):
        details["cached_tokens_details"] = cached
    out = {"text_tokens": said, "audio_tokens": spoken}
    told = {"input_tokens": into, "output_tokens": said + spoken}
    split = by_price(read_usage({**told, "input_token_details": details, "output_token_details": out}))
    assert sum(tokens for kind, tokens in split.items() if "output" not in kind) == into
    assert sum(tokens for kind, tokens in split.items() if "output" in kind) == said + spoken
    assert all(tokens > 0 for tokens in split.values())


# Money ---------------------------------------------------------------------------------------------------------------


def test_a_reply_costs_the_sum_of_its_kinds_to_the_last_digit():
    usage = reply(text=100, audio=200, cached={"text_tokens": 64, "audio_tokens": 128}, said=10, spoken=50)
    # 36 x 4 + 64 x 0.4 + 72 x 32 + 128 x 0.4 + 10 x 16 + 50 x 64, each for a million
    assert prices(m=TALKS).cost("m", usage) == Cost(Decimal("0.0058848"))


def test_a_model_that_is_not_in_the_list_costs_nobody_knows_what():
    assert prices(m=TALKS).cost("other", reply(text=1)) == Cost(None, ("other",))
    assert prices(m=TALKS).cost("other", Usage()) == Cost(None)


def test_what_a_list_leaves_out_is_named_and_the_rest_is_counted():
    only_text = {"text_input": "4"}
    assert prices(m=only_text).cost("m", reply(text=1_000_000, spoken=9)) == Cost(Decimal(4), ("m: audio_output",))
    assert prices(m=only_text).cost("m", reply(spoken=9)) == Cost(None, ("m: audio_output",))


def test_a_price_of_nothing_is_a_price():
    assert prices(m={"text_input": "0"}).cost("m", reply(text=9)) == Cost(Decimal(0))


def test_transcription_is_paid_for_by_the_minute_where_the_server_counts_seconds():
    assert prices(w={"minute": "0.006"}).cost("w", Usage(seconds=90.0)) == Cost(Decimal("0.009"))
    assert prices(w={"text_output": "5"}).cost("w", Usage(seconds=90.0)) == Cost(None, ("w: minute",))


@pytest.mark.parametrize(("given", "a_minute", "only"), [({"minute": "0.05"}, "0.05", True), (TALKS, "0", False)])
def test_a_model_may_be_paid_for_by_the_minute_alone(given, a_minute, only):
    listed = prices(m=given)
    assert (listed.a_minute("m"), listed.only_by_the_minute("m")) == (Decimal(a_minute), only)
    assert (listed.a_minute("other"), listed.only_by_the_minute("other")) == (0, False)


def test_a_list_fits_a_tape():
    listed = prices(m=TALKS)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(listed)), PriceList) == listed
    assert set(TALKS) < set(KINDS)
