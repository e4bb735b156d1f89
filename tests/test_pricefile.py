"""Price files: the good ones are read to the last digit, the others told with their line and what is right."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from voiceloop.errors import SettingsError
from voiceloop.pricefile import prices_of, read_prices
from voiceloop.prices import KINDS
from voiceloop.settings import LimitSettings

EXAMPLE = Path(__file__).parents[1] / "configs" / "prices-example.toml"
GOOD = """\
currency = "EUR"
date = 2026-11-22

[models."maker/talks-2.1"]
text_input = 0.1
audio_output = 64

[models.hears]
minute = 0.006
"""


def file(tmp_path, text):
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return path


def test_prices_are_what_stands_in_the_file_not_the_nearest_binary_number(tmp_path):
    prices = read_prices(file(tmp_path, GOOD))
    assert (prices.currency, prices.date) == ("EUR", date(2026, 11, 22))
    assert prices.models == {
        "maker/talks-2.1": {"text_input": Decimal("0.1"), "audio_output": Decimal(64)},
        "hears": {"minute": Decimal("0.006")},
    }


def test_the_example_is_read_and_shows_every_kind():
    prices = read_prices(EXAMPLE)
    assert {kind for kinds in prices.models.values() for kind in kinds} == set(KINDS)


MISTAKES = [
    (4, "text_inputt = 4", 5, "there is no price text_inputt, asked for maker/talks-2.1; did you mean text_input?"),
    (4, "words = 4", 5, "known here: text_input, text_cached, audio_input, audio_cached"),
    (4, "audio = 4", 5, "there is no price audio, asked for maker/talks-2.1; did you mean audio_"),
    (4, "per_minute = 4", 5, "did you mean minute?"),
    (5, 'text_cached = "4"', 6, "text_cached = '4' is wrong for maker/talks-2.1: it should be a number, 0 or more"),
    (5, "text_cached = -1", 6, "it should be a number, 0 or more"),
    (5, "text_cached = true", 6, "it should be a number, 0 or more"),
    (5, "text_cached = nan", 6, "it should be a number, 0 or more"),
    (5, "text_cached = inf", 6, "it should be a number, 0 or more"),
    (9, "[models.talks-2.5]\ntext_input = 4", 11, 'write [models."NAME"], with the quotes'),
    (9, "[models]\nother = 4", 11, 'models.other has no prices: write [models."NAME"], with the quotes'),
    (1, 'curency = "EUR"', 2, "there is no curency; did you mean currency?"),
    (9, "[model.talks]\ntext_input = 4", 11, "there is no model.talks.text_input; did you mean models?"),
    (1, "version = 4", 2, "there is no version; known here: currency, date, models"),
]


@pytest.mark.parametrize(("after", "line", "stands", "told"), MISTAKES, ids=[line for _, line, _, _ in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_what_is_right(tmp_path, after, line, stands, told):
    lines = GOOD.splitlines()
    path = file(tmp_path, "\n".join([*lines[:after], *line.splitlines(), *lines[after:]]))
    with pytest.raises(SettingsError) as error:
        read_prices(path)
    assert str(error.value).startswith(f"{path}, line {stands}: ")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('currency = "EUR"', "currency = 5", 'line 1: currency = 5 is wrong: it should be a text such as "USD"'),
        ('currency = "EUR"', 'currency = " "', "line 1: currency = ' ' is wrong"),
        ('currency = "EUR"', "", "there is no currency; configs/prices-example.toml shows one"),
        ("date = 2026-11-22", 'date = "soon"', "line 2: date = soon is wrong: it should be the day these prices"),
        ("date = 2026-11-22", "date = 2026-11-22T10:00:00", "line 2: date = 2026-11-22 10:00:00 is wrong"),
        ("date = 2026-11-22", "", "there is no date"),
        (GOOD[GOOD.index("[models") :], "", "there is no models"),
        ("64", "sixty-four", "not valid TOML"),
    ],
)
def test_a_list_says_in_what_and_since_when(tmp_path, right, wrong, told):
    with pytest.raises(SettingsError) as error:
        read_prices(file(tmp_path, GOOD.replace(right, wrong)))
    assert str(tmp_path / "prices.toml") in str(error.value)
    assert told in str(error.value)


def test_a_key_has_no_business_in_a_price_file(tmp_path):
    key = "sk-0123456789abcdef"  # pragma: allowlist secret
    with pytest.raises(SettingsError, match="holds a secret") as error:
        read_prices(file(tmp_path, GOOD.replace("EUR", key)))
    assert key not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(SettingsError, match=r"agent\.limits\.prices: cannot read the price file .*: No such file"):
        read_prices(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="it is not UTF-8 text"):
        read_prices(tmp_path / "bytes.toml")


# What an agent's limits name -----------------------------------------------------------------------------------------


def test_limits_may_name_prices_without_a_limit_of_money(tmp_path):
    path = file(tmp_path, GOOD)
    prices = prices_of(LimitSettings(prices=str(path)))
    assert prices is not None
    assert prices.currency == "EUR"
    assert prices_of(LimitSettings()) is None


def test_a_limit_of_money_needs_prices():
    with pytest.raises(SettingsError, match=r"agent\.limits\.money = 0\.5 needs prices: set agent\.limits\.prices"):
        prices_of(LimitSettings(money=0.5))
