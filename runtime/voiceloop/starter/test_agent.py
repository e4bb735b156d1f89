"""Conversations with the agent, held without sound, network or models: `python -m pytest`."""

import asyncio

from agent import agent

from voiceloop import testing


def test_an_order_is_looked_up_and_told():
    async def talk():
        async with testing.converse(agent) as c:
            await c.says("where is order 7")
            c.called("order_status", order_id=7)
            c.said_like("leaves today")

    asyncio.run(talk())


def test_an_order_that_does_not_exist_is_told_too():
    async def talk():
        async with testing.converse(agent) as c:
            await c.says("where is order 99")
            c.said_like("no order 99")

    asyncio.run(talk())


def test_whoever_talks_over_the_answer_is_answered_next():
    async def talk():
        async with testing.converse(agent, audio=True) as c:
            await c.says("when do you open", heard_s=0.5)
            await c.says("where is order 8")
            c.said_like("in the oven")

    asyncio.run(talk())
