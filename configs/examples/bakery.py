"""A bakery's telephone voice: one tool, twenty lines. Run it with `python bakery.py` or `voiceloop talk bakery.py`."""

import voiceloop


@voiceloop.tool(phrases=["where is order {order_id}"])
async def order_status(order_id: int) -> str:
    """Where an order is.

    order_id: the number on the receipt
    """
    return f"Order {order_id} leaves today."


agent = voiceloop.Agent(
    instructions="You work at a bakery.", greeting="Hello, how can I help?", language="en", tools=[order_status]
)

if __name__ == "__main__":
    voiceloop.run(agent)
