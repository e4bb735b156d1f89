"""The agent: what it knows, how it greets, what it can do. Run it with `voiceloop talk agent.py`."""

import voiceloop

ORDERS = {5: "is ready", 7: "leaves today", 8: "is still in the oven", 17: "was picked up yesterday"}


@voiceloop.tool(phrases=["where is order {order_id}", "what about order {order_id}"])
async def order_status(order_id: int) -> str:
    """Where an order is.

    order_id: the number on the receipt
    """
    if order_id not in ORDERS:
        return f"There is no order {order_id}."
    return f"Order {order_id} {ORDERS[order_id]}."


@voiceloop.tool(phrases=["when do you (open|close)", "what are your opening hours"])
async def opening_hours() -> str:
    """When the bakery is open."""
    return "We are open from seven to six, and on Sundays from eight to noon."


agent = voiceloop.Agent(
    instructions="You work at a bakery. Answer in one short sentence. Use the tools; never guess about an order.",
    greeting="Good morning, this is the bakery. How can I help?",
    language="en",
    tools=[order_status, opening_hours],
)

if __name__ == "__main__":
    voiceloop.run(agent)
