"""An endpoint of REST goes while realtime is away: the machine answers, and REST does again when it is mended."""

import asyncio

import pytest

from journeys import tier_services
from journeys.journey import tapes
from journeys.tier_checks import of_handover
from journeys.tier_talk import TierTalk
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.faults import Refuse, Reset
from voiceloop.testing.script import NoAnswer
from voiceloop.testing.voices import numbers_are_speech
from voiceloop.vocabulary import Tier

CELLS = tier_services.cells()


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_the_machine_goes_on(cell):
    """Several of them share a loop; the first one that is asked for holds them all."""
    outcome = tier_services.outcome_of(cell)
    tapes[:] = [lambda: outcome.tape]
    assert not outcome.problems, "\n".join(outcome.problems)


@numbers_are_speech()
@virtual_time
async def test_a_session_ends_with_the_reason_when_nobody_is_left_to_answer():
    async with TierTalk("ga", (Tier.REST, Tier.DEVICE)) as talk:
        talk.says("hello", 800)
        await talk.line("agent_said")
        struck_s = asyncio.get_running_loop().time()
        for services in talk.services.values():
            services.break_()
        talk.network.inject(Reset(), Refuse())
        ended = await talk.ends(90.0)
        took_s = asyncio.get_running_loop().time() - struck_s
    assert ended.exit_status == 5
    assert ended.reason == "engine_lost_unreachable"
    assert ended.detail
    assert 55 <= took_s <= 65


@numbers_are_speech()
@virtual_time
async def test_a_second_tier_that_hangs_while_it_is_opened_delays_the_third_by_a_second():
    async with TierTalk("ga", (Tier.REST, Tier.DEVICE)) as talk:
        talk.says("hello", 800)
        await talk.line("agent_said")
        talk.services[Tier.REST].break_(how=NoAnswer())
        talk.says("think", 1000)
        await talk.line("user_said", 2)
        talk.struck_s = asyncio.get_running_loop().time()
        talk.network.inject(Reset(), Refuse())
        await talk.has_settled()
    assert talk.tiers == ["device"]
    assert talk.handover_s is not None
    assert talk.said("agent_said")[-1]["heard_text"] == "That needed some thought."
    assert list(of_handover(talk, 1.5)) == []
