"""Which engine hears and obeys, with engines that do nothing by themselves."""

import pytest

from voiceloop.commands import AskReply, CommitTurn, ForgetTurn, SendText, UpdateEngine
from voiceloop.engines.base import Seed
from voiceloop.events import (
    EngineLost,
    EngineReady,
    ReplyStarted,
    SpeechStarted,
    SpeechStopped,
    StandbyLost,
    StandbyReady,
    TurnCommitted,
)
from voiceloop.hearing import Hearing
from voiceloop.settings import TurnSettings
from voiceloop.switchboard import Switchboard
from voiceloop.testing.numbers import numbered
from voiceloop.vocabulary import AudioFormat, Cause, Tier, Traits, UserTurn

RATE = 24_000
FRAME = 480
READY = EngineReady(Tier.REALTIME, "m", Traits(), "ga")
LOST = EngineLost(Cause.DROP, "closed with 1006", silent_s=0.2)
RECORD = (UserTurn("u1", "Hello."),)


class Engine:
    """Writes down what it is told; the test speaks for it."""

    def __init__(self, made, connection=1):
        self.made = made
        self.connection = connection
        self.takes = True
        self.told = []
        self.heard = []
        self.closed = []
        made.append(self)

    def fresh(self, connection):
        return Engine(self.made, connection)

    async def open(self, seed, port):
        self.seed, self.port = seed, port

    def hear(self, pcm, first_sample):
        if self.takes:
            self.heard.append(first_sample)
        return self.takes

    def recall(self, items, open_turn):
        self.told.append(("recall", items, open_turn))

    def obey(self, command):
        self.told.append(command)

    async def close(self, within_s):
        self.closed.append(within_s)


class Bench:
    """A switchboard, its hearing, and the engines it made."""

    def __init__(self, turn=None):
        self.events = []
        self.sounds = []
        self.engines = []
        self.hearing = Hearing(RATE, turn or TurnSettings(), self.events.append)
        self.board = Switchboard(
            {Tier.REALTIME: Engine(self.engines)},
            Seed("Be brief.", (), AudioFormat()),
            self.hearing,
            audio=self._audio,
            happened=self.events.append,
            spawn=self._spawn,
        )
        self.frames = 0

    def _audio(self, *sound):
        self.sounds.append(sound)
        return True

    def _spawn(self, _name, work):
        """Every task of these engines is over at once."""
        with pytest.raises(StopIteration):
            work.send(None)

    def live(self):
        """The first engine is ready and knows the record."""
        self.board.open(Tier.REALTIME)
        self.engines[0].port.happened(READY)
        self.board.recall((), "")
        self.events.clear()
        return self

    def captures(self, frames):
        for number in range(self.frames, self.frames + frames):
            self.hearing.take(numbered(number * FRAME, FRAME), number * FRAME)
        self.frames += frames


# One engine ----------------------------------------------------------------------------------------------------------


def test_an_engine_hears_and_obeys_nothing_before_it_knows_the_record():
    bench = Bench()
    bench.board.open(Tier.REALTIME)
    (engine,) = bench.engines
    bench.captures(2)
    bench.board.obey(AskReply("ask-1"))
    engine.port.happened(READY)
    bench.board.obey(AskReply("ask-1"))
    bench.captures(2)
    assert (engine.heard, engine.told) == ([], [])
    bench.board.recall(RECORD, "")
    bench.board.obey(AskReply("ask-1"))
    bench.captures(1)
    assert engine.told == [("recall", RECORD, ""), AskReply("ask-1")]
    assert engine.heard == [4 * FRAME]
    assert bench.events == [READY]


def test_before_any_engine_is_opened_nothing_is_obeyed_and_nothing_recalled():
    bench = Bench()
    bench.board.obey(AskReply("ask-1"))
    bench.board.recall(RECORD, "")
    assert bench.engines[0].told == []


def test_the_record_goes_over_once():
    bench = Bench().live()
    bench.board.recall(RECORD, "")
    assert bench.engines[0].told == [("recall", (), "")]


def test_what_an_engine_tells_is_told_and_its_sound_is_played():
    bench = Bench().live()
    port = bench.engines[0].port
    port.happened(ReplyStarted("r1"))
    assert port.audio("r1", "a1", 0, b"\0\0") is True
    assert bench.events == [ReplyStarted("r1")]
    assert bench.sounds == [("r1", "a1", 0, b"\0\0")]


def test_a_turn_bears_how_much_was_heard_and_is_there_as_sound():
    bench = Bench().live()
    bench.captures(100)
    port = bench.engines[0].port
    for event in (SpeechStarted("u1", 0.5), SpeechStopped("u1", 1.0), TurnCommitted("u1")):
        port.happened(event)
    assert bench.events[-1] == TurnCommitted("u1", heard_s=2.0)
    assert bench.board.heard_s == 2.0
    assert len(port.speech("u1")) == 2 * RATE * 9 // 10
    bench.board.obey(ForgetTurn("u1"))
    assert port.speech("u1") == b""


def test_a_commit_waits_for_the_sound_before_it_and_other_commands_do_not():
    bench = Bench().live()
    (engine,) = bench.engines
    engine.takes = False
    bench.captures(3)
    bench.board.obey(CommitTurn("turn-1"))
    bench.board.obey(SendText("typed-1", "hello"))
    engine.takes = True
    bench.captures(1)
    assert engine.told[1:] == [SendText("typed-1", "hello"), CommitTurn("turn-1")]


def test_an_engine_may_run_tasks():
    bench = Bench().live()
    done = []

    async def work():
        done.append(True)

    bench.engines[0].port.spawn("work", work())
    assert done == [True]


# From one engine to the next -----------------------------------------------------------------------------------------


def test_a_lost_engine_is_told_once_closed_and_heard_no_more():
    bench = Bench().live()
    (engine,) = bench.engines
    engine.port.happened(LOST)
    engine.port.happened(LOST)
    engine.port.happened(ReplyStarted("r1"))
    bench.board.obey(AskReply("ask-1"))
    bench.captures(3)
    assert bench.events == [LOST]
    assert engine.closed == [0.5]
    assert engine.port.audio("r1", "a1", 0, b"\0\0") is False
    assert (engine.heard, engine.told, bench.sounds) == ([], [("recall", (), "")], [])


def test_the_next_engine_is_a_fresh_one_and_hears_what_the_lost_one_did_not():
    bench = Bench().live()
    bench.captures(50)
    bench.engines[0].port.happened(SpeechStarted("u1", 0.5))
    bench.engines[0].port.happened(LOST)
    bench.captures(50)
    bench.board.open(Tier.REALTIME)
    first, second = bench.engines
    assert second.connection == 2
    second.port.happened(READY)
    bench.board.recall(RECORD, "u1")
    assert second.told == [("recall", RECORD, "u1")]
    assert second.heard[0] == RATE // 5
    bench.captures(1)
    assert second.heard[-1] == 100 * FRAME
    assert len(first.heard) == 50


def test_an_engine_that_was_lost_before_the_record_came_gets_none():
    bench = Bench()
    bench.board.open(Tier.REALTIME)
    (engine,) = bench.engines
    engine.port.happened(READY)
    engine.port.happened(LOST)
    bench.board.recall(RECORD, "")
    assert engine.told == []
    assert engine.closed == [0.5]


def test_opening_another_engine_closes_what_there_is():
    bench = Bench().live()
    bench.board.prepare(Tier.REALTIME)
    bench.board.open(Tier.REALTIME)
    first, standby, third = bench.engines
    assert (first.closed, standby.closed, third.closed) == ([0.5], [0.5], [])
    for engine in (first, standby):
        engine.port.happened(READY)
    assert bench.events == []
    third.port.happened(READY)
    assert bench.events == [READY]


def test_what_was_changed_meanwhile_is_told_after_the_record():
    bench = Bench().live()
    bench.board.prepare(Tier.REALTIME)
    bench.board.seed = Seed("Be long.", (), AudioFormat())
    bench.engines[1].port.happened(READY)
    bench.board.switch(Tier.REALTIME)
    bench.board.recall(RECORD, "")
    assert bench.engines[1].told == [("recall", RECORD, ""), UpdateEngine("Be long.", ())]


# The standby ---------------------------------------------------------------------------------------------------------


def test_a_standby_is_ready_beside_the_engine_in_use_and_takes_over():
    bench = Bench().live()
    bench.board.prepare(Tier.REALTIME)
    first, standby = bench.engines
    standby.port.happened(READY)
    bench.board.obey(AskReply("ask-1"))
    bench.captures(2)
    assert bench.events == [StandbyReady(READY)]
    assert (standby.heard, standby.told) == ([], [])
    bench.board.switch(Tier.REALTIME)
    bench.board.recall(RECORD, "")
    bench.captures(1)
    assert standby.told == [("recall", RECORD, "")]
    assert standby.heard[-1] == 2 * FRAME
    assert first.closed == [0.5]
    first.port.happened(ReplyStarted("r9"))
    standby.port.happened(ReplyStarted("r1"))
    assert bench.events == [StandbyReady(READY), ReplyStarted("r1")]


def test_a_standby_that_is_lost_leaves_the_engine_in_use_alone():
    bench = Bench().live()
    bench.board.prepare(Tier.REALTIME)
    first, standby = bench.engines
    standby.port.happened(LOST)
    assert bench.events == [StandbyLost(Cause.DROP, "closed with 1006")]
    assert (first.closed, standby.closed) == ([], [0.5])
    bench.captures(1)
    assert first.heard == [0]


def test_a_standby_says_nothing_but_that_it_is_ready_or_lost():
    bench = Bench().live()
    bench.board.prepare(Tier.REALTIME)
    bench.engines[1].port.happened(ReplyStarted("r9"))
    assert bench.events == []


def test_a_second_standby_takes_the_place_of_the_first():
    bench = Bench().live()
    bench.board.prepare(Tier.REALTIME)
    bench.board.prepare(Tier.REALTIME)
    _, first, second = bench.engines
    first.port.happened(READY)
    assert bench.events == []
    assert (first.closed, second.closed) == ([0.5], [])


def test_a_standby_takes_over_from_an_engine_that_is_gone():
    bench = Bench().live()
    bench.board.prepare(Tier.REALTIME)
    first, standby = bench.engines
    standby.port.happened(READY)
    first.port.happened(LOST)
    bench.board.switch(Tier.REALTIME)
    bench.board.recall((), "")
    assert first.closed == [0.5]
    assert standby.told == [("recall", (), "")]


# The end -------------------------------------------------------------------------------------------------------------


async def test_all_engines_are_closed_at_the_end():
    bench = Bench().live()
    bench.board.prepare(Tier.REALTIME)
    await bench.board.close(0.3)
    assert [engine.closed for engine in bench.engines] == [[0.3], [0.3]]


async def test_an_engine_that_was_never_opened_is_closed_too():
    bench = Bench()
    await bench.board.close(0.3)
    assert bench.engines[0].closed == [0.3]
