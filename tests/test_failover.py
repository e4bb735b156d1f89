"""Who answers when an engine was lost, and when a better one is tried again."""

from pathlib import Path

import pytest

from voiceloop.failover import PATIENCE_S, TABLE, Action, Failover, GiveUp, Health, Move
from voiceloop.vocabulary import Cause, Phase, Tier

ALL = (Tier.REALTIME, Tier.REST, Tier.DEVICE)
WAITED_FOR = (Phase.THINKING, Phase.TOOL_RUNNING)
CURABLE = [cause for cause in Cause if TABLE[cause][Phase.IDLE] is not Action.LEAVE]


def serving(order=ALL, within_s=60.0):
    """A session that the best tier has answered for a minute, at 100 s."""
    failover = Failover(order, within_s, seed=7)
    failover.serves(order[0], 40.0, proven=True)
    failover.answers(41.0)
    return failover


def test_every_cause_has_an_answer_in_every_phase():
    assert TABLE.keys() == set(Cause)
    assert all(row.keys() == set(Phase) for row in TABLE.values())


@pytest.mark.parametrize("cause", Cause)
def test_who_is_waited_for_is_never_waited_for_longer_than_who_is_not(cause):
    waits = {phase: PATIENCE_S[action] for phase, action in TABLE[cause].items()}
    assert max(waits[phase] for phase in WAITED_FOR) <= waits[Phase.IDLE] <= 1.0


def test_a_drop_is_mended_at_once_and_the_next_tier_answers_after_a_second():
    assert serving().lost(Tier.REALTIME, Cause.DROP, Phase.THINKING, 100.0) == Move(
        100.0, Tier.REST, 101.0, begins=True
    )


def test_an_engine_that_is_refused_while_an_answer_is_due_has_a_quarter_of_a_second():
    failover = serving()
    failover.lost(Tier.REALTIME, Cause.DROP, Phase.THINKING, 100.0)
    move = failover.lost(Tier.REALTIME, Cause.UNREACHABLE, Phase.THINKING, 100.01)
    assert (move.next_tier, move.fall_at_s, move.begins) == (Tier.REST, pytest.approx(100.26), False)
    assert 100.01 < move.reopen_at_s < 100.3


def test_after_a_dead_wire_whoever_is_ready_first_answers_the_one_who_waits():
    move = serving().lost(Tier.REALTIME, Cause.DEAD_WIRE, Phase.THINKING, 100.0)
    assert move == Move(100.0, Tier.REST, 100.0, begins=True)


def test_a_model_that_was_too_slow_is_not_asked_again_before_another_has_answered():
    move = serving().lost(Tier.REALTIME, Cause.SLOW_MODEL, Phase.THINKING, 100.0)
    assert move == Move(None, Tier.REST, 100.0, begins=True)


@pytest.mark.parametrize("cause", [Cause.QUOTA, Cause.BAD_KEY, Cause.BAD_MODEL, Cause.SETTINGS])
def test_what_no_time_cures_is_left_for_good(cause):
    failover = serving()
    assert failover.lost(Tier.REALTIME, cause, Phase.IDLE, 100.0) == Move(None, Tier.REST, 100.0, begins=True)
    assert failover.health(Tier.REALTIME) is Health.UNSUPPORTED
    failover.serves(Tier.REST, 100.1, proven=False)
    assert failover.above(Tier.REST) == ()


def test_a_tier_that_was_overfilled_is_of_use_for_a_record_half_as_long_and_then_for_half_of_that():
    failover = serving()
    for tokens in (1000, 500, 250):
        failover.lost(Tier.REALTIME, Cause.BAD_MODEL, Phase.THINKING, 100.0)
        failover.overfilled(Tier.REALTIME, tokens)
        failover.shortened(tokens // 2 + 1)
        assert failover.above(Tier.REST) == ()
        failover.shortened(tokens // 2)
        assert failover.above(Tier.REST) == (Tier.REALTIME,)


def test_a_server_that_lacks_what_it_never_had_is_left_and_one_that_had_it_is_not():
    failover = Failover(ALL, 60.0)
    failover.serves(Tier.REALTIME, 1.0, proven=True)
    assert failover.lost(Tier.REALTIME, Cause.UNSUPPORTED_DIALECT, Phase.THINKING, 2.0).next_tier is Tier.REST
    assert failover.health(Tier.REALTIME) is Health.UNSUPPORTED
    failover = serving()
    failover.lost(Tier.REALTIME, Cause.UNSUPPORTED_DIALECT, Phase.THINKING, 100.0)
    assert failover.health(Tier.REALTIME) is Health.DEGRADED


def test_at_the_start_the_next_tier_answers_and_nothing_is_tried_twice():
    move = Failover(ALL, 60.0).lost(Tier.REALTIME, Cause.UNREACHABLE, Phase.IDLE, 1.0)
    assert (move.reopen_at_s, move.next_tier, move.begins) == (None, Tier.REST, True)


@pytest.mark.parametrize("cause", [Cause.BAD_KEY, Cause.SETTINGS])
def test_at_the_start_a_wrong_key_is_not_hidden(cause):
    assert Failover(ALL, 60.0).lost(Tier.REALTIME, cause, Phase.IDLE, 1.0) == GiveUp()


def test_a_tier_that_is_of_no_use_leads_to_whoever_is_left():
    failover = serving((Tier.REALTIME, Tier.REST))
    failover.lost(Tier.REALTIME, Cause.DROP, Phase.IDLE, 100.0)
    failover.serves(Tier.REST, 101.0, proven=False)
    assert failover.lost(Tier.REST, Cause.QUOTA, Phase.THINKING, 102.0).next_tier is Tier.REALTIME
    failover.refused(Tier.REALTIME, Cause.QUOTA, 103.0)
    assert failover.hopeless(103.0)


def test_the_last_tier_is_opened_again_until_there_has_been_no_answer_for_too_long():
    failover = serving((Tier.REALTIME, Tier.REST))
    failover.lost(Tier.REALTIME, Cause.UNREACHABLE, Phase.THINKING, 100.0)
    failover.serves(Tier.REST, 100.3, proven=False)
    now = 105.0
    while isinstance(move := failover.lost(Tier.REST, Cause.UNREACHABLE, Phase.THINKING, now), Move):
        assert move.next_tier is None
        assert now < 170.0
        failover.serves(Tier.REST, move.reopen_at_s, proven=False)
        now = move.reopen_at_s + 2.0
    assert now > 150.0


def test_an_engine_that_was_opened_again_in_vain_is_waited_for_no_longer():
    failover = serving()
    failover.lost(Tier.REALTIME, Cause.DROP, Phase.USER_SPEAKING, 100.0)
    failover.serves(Tier.REALTIME, 100.1, proven=True)
    move = failover.lost(Tier.REALTIME, Cause.DROP, Phase.USER_SPEAKING, 101.0)
    assert (move.fall_at_s, move.begins) == (101.25, False)


def test_the_page_shows_the_table_as_it_is():
    page = (Path(__file__).parents[1] / "docs" / "failover.md").read_text("utf-8")
    for cause, row in TABLE.items():
        assert f"| `{cause}` | {' | '.join(row[phase] for phase in Phase)} |" in page


# Health --------------------------------------------------------------------------------------------------------------


def test_what_is_known_of_a_tier():
    failover = Failover(ALL, 60.0)
    assert failover.health(Tier.REST) is Health.UNKNOWN
    failover.serves(Tier.REST, 1.0, proven=False)
    assert failover.health(Tier.REST) is Health.UNKNOWN
    failover.answers(2.0)
    assert failover.health(Tier.REST) is Health.OK
    failover.lost(Tier.REST, Cause.BUSY, Phase.THINKING, 3.0, "speak")
    assert (failover.health(Tier.REST), failover.failed_at(Tier.REST)) == (Health.DEGRADED, "speak")
    failover.refused(Tier.REST, Cause.UNREACHABLE, 4.0)
    assert failover.failed_at(Tier.REST) == "speak"
    failover.serves(Tier.REST, 5.0, proven=True)
    assert (failover.health(Tier.REST), failover.failed_at(Tier.REST)) == (Health.OK, "")


# Return --------------------------------------------------------------------------------------------------------------


def probes(failover, tier, until_s, now):
    """When a tier is tried that goes on failing at once."""
    found = []
    while (now := failover.probe_at_s(tier, now)) < until_s:
        found.append(now)
        failover.refused(tier, Cause.UNREACHABLE, now)
    return found


def test_a_tier_is_tried_every_second_for_half_a_minute_and_less_and_less_after_that():
    failover = serving()
    failover.lost(Tier.REALTIME, Cause.DROP, Phase.IDLE, 100.0)
    failover.serves(Tier.REST, 100.0, proven=False)
    found = [at_s - 100.0 for at_s in probes(failover, Tier.REALTIME, 500.0, 100.0)]
    assert found == [*range(1, 32), 33.0, 37.0, 45.0, 61.0, 93.0, 153.0, 213.0, 273.0, 333.0, 393.0]


def test_a_model_that_was_slow_has_time_to_recover():
    failover = serving()
    failover.lost(Tier.REALTIME, Cause.SLOW_MODEL, Phase.THINKING, 100.0)
    assert failover.probe_at_s(Tier.REALTIME, 100.0) == 105.0


def test_a_tier_that_is_lost_soon_after_its_return_stays_away_twice_as_long_each_time():
    failover, now, waits = serving(), 100.0, []
    for _ in range(8):
        failover.lost(Tier.REALTIME, Cause.DROP, Phase.IDLE, now)
        failover.serves(Tier.REST, now, proven=False)
        waits.append(failover.probe_at_s(Tier.REALTIME, now) - now)
        failover.serves(Tier.REALTIME, now + waits[-1], proven=True)
        now += waits[-1] + 10.0
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_a_tier_that_stayed_has_all_its_credit_again():
    failover, now = serving(), 100.0
    for steady_s, wait_s in ((10.0, 1.0), (10.0, 2.0), (31.0, 4.0), (31.0, 1.0)):
        failover.lost(Tier.REALTIME, Cause.DROP, Phase.IDLE, now)
        failover.serves(Tier.REST, now, proven=False)
        assert failover.probe_at_s(Tier.REALTIME, now) == now + wait_s
        failover.serves(Tier.REALTIME, now + wait_s, proven=True)
        now += wait_s + steady_s
