"""Summaries on virtual time."""

import asyncio
import json

import pytest

from voiceloop.errors import RefusedError
from voiceloop.events import Summarised, SummaryFailed
from voiceloop.summarise import SUMMARY_WITHIN_S, sum_up
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import UserTurn

OLDER = (UserTurn("u1", "two loaves, please"),)


async def outcome(ask):
    told = []
    await sum_up(OLDER, "de", ask, told.append)
    (event,) = told
    return event


@virtual_time
async def test_the_older_part_is_shown_to_the_model_and_its_answer_told():
    asked = []

    async def chat(task, question):
        asked.append((task, question))
        return " The user wants two loaves.\n"

    assert await outcome(chat) == Summarised("The user wants two loaves.")
    ((task, question),) = asked
    assert "in German" in task
    assert json.dumps({"user": "two loaves, please"}) in question


@pytest.mark.parametrize("answer", ["", " \n"])
@virtual_time
async def test_an_empty_answer_is_none(answer):
    async def chat(_task, _question):
        return answer

    assert await outcome(chat) == SummaryFailed("the chat model wrote nothing")


@virtual_time
async def test_a_refusal_is_told():
    async def chat(_task, _question):
        raise RefusedError("no such model")

    assert await outcome(chat) == SummaryFailed("no such model")


@virtual_time
async def test_nobody_waits_for_a_silent_model_longer_than_the_deadline():
    async def chat(_task, _question):
        await asyncio.Event().wait()

    began_s = asyncio.get_running_loop().time()
    assert await outcome(chat) == SummaryFailed("no summary within 20 s")
    assert asyncio.get_running_loop().time() - began_s == SUMMARY_WITHIN_S
