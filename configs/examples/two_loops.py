"""One agent, two threads, an event loop in each: two conversations that know nothing of each other."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bakery import agent

import voiceloop


async def ask(text: str) -> str:
    """Hold a conversation of one typed turn; returns the agent's last words."""
    async with voiceloop.Session(agent) as session:
        await session.send_text(text)
        session.input_ended()
        said = [line.fields["text"] async for line in session if line.event == "agent_said"]
    return said[-1]


def main(*questions: str) -> list[str]:
    """Ask each question on a loop of its own, all at once."""
    with ThreadPoolExecutor(len(questions)) as threads:
        return list(threads.map(lambda text: asyncio.run(ask(text)), questions))


if __name__ == "__main__":
    print(*main("where is order 7", "where is order 8"), sep="\n")
