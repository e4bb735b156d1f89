"""Faults at any moment of any conversation: whatever they hit, each sample of the user's is in one turn at the end.

In half of them the local gate ends the user's turns.
"""

import asyncio
import functools
import random
import traceback

import pytest

from journeys.journey import tapes
from journeys.outage_checks import of_agent_audio, of_turns, of_user_speech
from journeys.outage_talk import NOON, Talk
from journeys.outages import FAULTS, strike
from voiceloop.testing.account import account_for
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.voices import numbers_are_speech

SEEDS = range(40)
AT_ONCE = 20
LASTS_S = 24.0
KINDS = ("think", "fetch", "tell", "recite", "plain", "both")


async def ramble(seed):
    """Seven turns at any distance, over the agent or not; one to three faults; returns what is wrong, and the tape."""
    dice = random.Random(seed)
    turns = {"turn": {"detection": dice.choice(("server_vad", "manual"))}}
    talk = Talk(dice.choice(("beta", "ga")), latency_s=dice.choice((0.01, 0.05, 0.15)), errors=None, realtime=turns)
    talk.words_after_s = dice.choice((0.0, 0.3, 1.0))
    troubles = [trouble for trouble in FAULTS if not trouble.ends]
    found = []
    try:
        async with talk:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            for _ in range(dice.choice((1, 1, 2, 3))):
                loop.call_later(dice.uniform(0.5, LASTS_S), strike, talk, dice.choice(troubles))
            for number in range(7):
                talk.says(f"{dice.choice(KINDS)}-{number}-", dice.choice((600, 1000, 1600, 2400)))
                await talk.passes(dice.uniform(0.1, 5.0))
            await talk.passes(max(0.0, begun + LASTS_S + 1.0 - loop.time()))
            await talk.has_settled()
            talk.says("bye", 800)
            await talk.has_settled()
        told = account_for(talk.line_device, talk.gateway)
        found += [*of_user_speech(told), *of_agent_audio(talk, told, whole=False), *of_turns(talk)]
        if not talk.said("agent_said") or talk.said("agent_said")[-1]["heard_text"] != NOON.says[0].text:
            found.append("the last question was not answered")
        found += [str(line) for line in talk.said("warning") if not line["code"].startswith("engine_lost_")]
    except Exception as error:  # noqa: BLE001 - the others go on
        found.append("".join(traceback.format_exception(error)))
    return found, talk.tape


@functools.cache
def held(first):
    async def everyone():
        async with asyncio.TaskGroup() as group:
            return [group.create_task(ramble(seed)) for seed in range(first, first + AT_ONCE)]

    with numbers_are_speech():
        return [task.result() for task in run_virtual(everyone())]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_wherever_it_strikes(seed):
    first = seed // AT_ONCE * AT_ONCE
    found, tape = held(first)[seed - first]
    tapes[:] = [lambda: tape]
    assert not found, "\n".join(found)
