"""A desk and its book: what it ordered, read like a conversation. Requests are answered by kind, oldest first."""

from __future__ import annotations

from voiceloop.commands import AskReply, CancelReply, CommitTurn, SendText
from voiceloop.dgrid.chat_answer import Completion, Ended, Said, Stop
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.desk import Desk
from voiceloop.engines.cascade.orders import (
    Arrived,
    AskChat,
    Drop,
    Failed,
    Finished,
    Play,
    Speak,
    Tell,
    TellSoFar,
    Transcribe,
    Trouble,
    WakeAt,
    Wrote,
)
from voiceloop.engines.cascade.tongue import Tongue
from voiceloop.engines.services.seams import Transcript
from voiceloop.events import ReplyFinished, ReplyTextArrived
from voiceloop.testing.numbers import numbered
from voiceloop.vocabulary import AudioFormat, Cause, ToolCall, Usage

RATE_HZ = 24_000
HANGOVER_MS = 500
DROPPED = Trouble(Cause.DROP, "the line broke")
REFUSED = Trouble(Cause.REFUSED, "the request is refused")
QUOTA = Trouble(Cause.QUOTA, "no money left")


def pcm(duration_ms):
    return numbered(0, duration_ms * RATE_HZ // 1000)


def quiet(duration_ms):
    return bytes(duration_ms * RATE_HZ // 1000 * 2)


class Book:
    def __init__(self, *, modality="audio", pronounce=None, tools=(), language="en", **more):
        seed = Seed("Be brief.", tools, AudioFormat(), pronounce=pronounce or {}, modality=modality)
        self.desk = Desk(seed, Tongue(language, seed.pronounce), hangover_ms=HANGOVER_MS, **more)
        self.now = 100.0
        self.events = []
        self.played = []
        """(reply, part, milliseconds) in the order of handing over."""
        self.running = {}
        """Requests by job."""
        self.dropped = []
        self.said_so_far = []
        """Words of turns that might have gone on."""
        self.wake_at = None
        self._sample = 0

    def do(self, orders):
        for order in orders:
            match order:
                case Tell(event):
                    self.events.append(event)
                case Play(reply_id, _, index, sound):
                    if not self.desk.is_cancelled(reply_id):
                        self.played.append((reply_id, index, len(sound) * 1000 // 2 // RATE_HZ))
                case Drop(job):
                    self.dropped.append(self.running.pop(job, None))
                case WakeAt(at_s):
                    self.wake_at = min(at_s, self.wake_at or at_s)
                case TellSoFar(text):
                    self.said_so_far.append(text)
                case _:
                    self.running[order.job] = order

    # What the session does

    def obey(self, command):
        self.do(self.desk.obey(command, self.now))

    def asks(self, ask_id="ask-1", say=None, **more):
        self.obey(AskReply(ask_id, say, **more))

    def types(self, text="hello", turn_id="typed-1"):
        self.obey(SendText(turn_id, text))
        self.asks()

    def cancels(self, reply_id="reply-1"):
        self.obey(CancelReply(reply_id))

    def hears(self, sound, first_sample=None):
        first = self._sample if first_sample is None else first_sample
        self.do(self.desk.hear(sound, first))
        self._sample = first + len(sound) // 2

    def hears_turn(self, speech_ms=1000):
        """The gate hands over speech and the silence after it, in frames."""
        for _ in range(speech_ms // 20):
            self.hears(pcm(20))
        for _ in range(HANGOVER_MS // 20):
            self.hears(quiet(20))

    def says(self, text="hello", turn_id="turn-1", speech_ms=1000):
        """The user speaks a turn that is recognised and answered."""
        self.hears_turn(speech_ms)
        self.obey(CommitTurn(turn_id))
        self.asks()
        self.recognised(text)

    # What the services do

    def of(self, kind):
        return [order for order in self.running.values() if isinstance(order, kind)]

    def comes(self, order, outcome):
        if not isinstance(outcome, Wrote | Arrived) or isinstance(getattr(outcome, "delta", None), Ended):
            self.running.pop(order.job, None)
        self.do(self.desk.outcome(order.job, outcome, self.now))

    def recognised(self, text, language=""):
        self.comes(self.of(Transcribe)[0], Transcript(text, language, Usage(seconds=1.0)))

    def writes(self, *texts):
        for text in texts:
            self.comes(self.of(AskChat)[0], Wrote(Said(text)))

    def thinks(self, delta):
        self.comes(self.of(AskChat)[0], Wrote(delta))

    def ends(self, text="", *calls, stop=Stop.END, usage=None):
        """The answer is complete; `text` stands for all of it."""
        made = tuple(ToolCall(f"call_{at}", name, "{}") for at, name in enumerate(calls))
        self.comes(self.of(AskChat)[0], Wrote(Ended(Completion(text=text, tool_calls=made, stop=stop, usage=usage))))

    def answers(self, text, *calls, **more):
        self.writes(text)
        self.ends(text, *calls, **more)

    def sounds(self, duration_ms=500, number=0):
        self.comes(self.of(Speak)[number], Arrived(pcm(duration_ms)))

    def spoken(self, duration_ms=500, number=0):
        """A sentence is spoken to its end."""
        order = self.of(Speak)[number]
        self.comes(order, Arrived(pcm(duration_ms)))
        self.comes(order, Finished())

    def fails(self, kind, trouble=DROPPED, number=0, after_s=0.0):
        self.comes(self.of(kind)[number], Failed(trouble, after_s))

    def passes(self, seconds):
        self.now += seconds
        if self.wake_at is not None and self.now >= self.wake_at:
            self.wake_at = None
            self.do(self.desk.woke(self.now))

    # What is seen

    def told(self, *kinds):
        return [event for event in self.events if isinstance(event, kinds)]

    @property
    def ended(self):
        """(status, detail) of each reply that is over."""
        return [(event.status.value, event.detail) for event in self.told(ReplyFinished)]

    @property
    def texts(self):
        return [(event.content_index, event.delta) for event in self.told(ReplyTextArrived)]

    @property
    def asked_to_speak(self):
        return [order.text for order in self.of(Speak)]

    @property
    def question(self):
        return self.of(AskChat)[0].question

    @property
    def shown(self):
        """What the chat model is shown."""
        return list(self.question.items)
