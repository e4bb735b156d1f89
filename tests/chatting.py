"""Gateways whose brain is a stand-in, for the chat dialects on real sockets."""

from __future__ import annotations

from voiceloop_local.gateway import Gateway
from voiceloop_local.scripted import ScriptedBrain

KEY = "sk-planted"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
"""The arguments of a tool."""


class Thinks:
    """A brain with these thoughts; an exception among them is raised."""

    def __init__(self, *thoughts):
        self.thoughts = thoughts
        self.asked = None

    async def think(self, instructions, items, tools, say, language="en"):
        self.asked = (instructions, list(items), list(tools), say, language)
        for thought in self.thoughts:
            if isinstance(thought, Exception):
                raise thought
            yield thought


def served(fakes, brain=None, heard="what is up"):
    """A gateway that can be used in `async with`; its recogniser hears `heard`."""
    return Gateway("127.0.0.1", 0, KEY, fakes.transcriber(heard, takes_s=0), fakes.speaker(0), brain or ScriptedBrain())
