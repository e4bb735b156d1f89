"""The plainest engine there is, and a session with it."""

from __future__ import annotations

import asyncio

from voiceloop.agent import Agent
from voiceloop.events import EngineReady, ReplyFinished, ReplyStarted, ReplyTextArrived
from voiceloop.session import Session
from voiceloop.vocabulary import ReplyStatus, Tier, Traits


class Engine:
    """Ready after `after_s`, or lost; what it hears and is told is kept."""

    tier = Tier.REALTIME

    def __init__(self, *, after_s=0.1, lost=None, breaks=None, closes_in_s=0.0):
        self.after_s = after_s
        self.lost = lost
        self.breaks = breaks
        self.closes_in_s = closes_in_s
        self.obeyed = []
        self.closed = 0
        self.seed = None

    async def open(self, seed, port):
        self.seed, self.port = seed, port
        await asyncio.sleep(self.after_s)
        if self.breaks is not None:
            raise self.breaks
        self.port.happened(self.lost or EngineReady(Tier.REALTIME, "model", Traits(), "ga"))

    def fresh(self, connection):
        return self

    def recall(self, items, open_turn):
        self.recalled = list(items)

    def hear(self, pcm, first_sample):
        return True

    def obey(self, command):
        self.obeyed.append(command)

    def says(self, text, reply_id="r1", ask_id="ask-1"):
        self.port.happened(ReplyStarted(reply_id, ask_id))
        self.port.happened(ReplyTextArrived(reply_id, "item", 0, text))
        self.port.happened(ReplyFinished(reply_id, ReplyStatus.COMPLETED))

    async def close(self, within_s):
        self.closed += 1
        await asyncio.sleep(self.closes_in_s)


def session(engine=None, **more):
    return Session(more.pop("agent", None) or Agent(), engine=engine or Engine(), **more)


def told(lines):
    return [line.event for line in lines]
