"""Which tiers may answer, and what they are made of."""

import pytest

from voiceloop.settings import Settings
from voiceloop.tiers import engines_for, tiers_of
from voiceloop.vocabulary import Tier

BACKEND = {"base_url": "http://127.0.0.1:1"}


def settings(**tiers):
    return Settings(backend=BACKEND, tiers=tiers)


@pytest.fixture
def installed(monkeypatch):
    """Let the models of this machine be there, or not."""

    def install(missing):
        monkeypatch.setattr("voiceloop.engines.device.device_missing", lambda: missing)

    return install


def test_all_tiers_answer_the_best_one_first(installed):
    installed("")
    assert tiers_of(settings()) == (Tier.REALTIME, Tier.REST, Tier.DEVICE)


def test_models_that_are_not_installed_are_left_out(installed):
    installed("pip install it")
    assert tiers_of(settings()) == (Tier.REALTIME, Tier.REST)


def test_the_order_is_the_users_and_a_tier_stands_in_it_once(installed):
    installed("")
    order = ["device", "realtime", "device"]
    assert tiers_of(settings(order=order)) == (Tier.DEVICE, Tier.REALTIME)


@pytest.mark.parametrize("engine", ["realtime", "rest", "device"])
def test_a_tier_that_is_named_answers_alone_installed_or_not(engine, installed):
    installed("pip install it")
    assert tiers_of(settings(engine=engine)) == (Tier(engine),)


def test_each_engine_is_of_its_tier(installed):
    installed("")
    engines = engines_for(settings())
    assert [(tier, engine.tier) for tier, engine in engines.items()] == [(tier, tier) for tier in Tier]


def test_rest_hurries_only_where_another_tier_can_go_on(installed):
    installed("pip install it")
    alone = engines_for(settings())[Tier.REST]
    installed("")
    before_another = engines_for(settings())[Tier.REST]
    assert before_another._deadlines.first_token_s < alone._deadlines.first_token_s
