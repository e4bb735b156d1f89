"""The bakery, tested: `pip install 'voiceloop[local]' pytest pytest-asyncio`, then `pytest test_bakery.py` here."""

import pytest
from bakery import agent

from voiceloop import testing


@pytest.mark.asyncio
async def test_an_order_is_looked_up_and_told():
    async with testing.converse(agent) as c:
        await c.says("where is order 7")
        c.called("order_status", order_id=7)
        c.said_like("leaves today")


@pytest.mark.asyncio
async def test_whoever_talks_over_the_answer_is_answered_next():
    async with testing.converse(agent, audio=True) as c:
        await c.says("where is order 7", heard_s=0.2)
        await c.says("where is order 8")
        c.said_like("order 8")
        assert "Order 7 leaves today." not in c.said
