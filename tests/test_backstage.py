"""What engine and line reach of their session."""

import asyncio
import contextlib
import threading

import pytest

import voiceloop.wakeword
from voiceloop.backstage import Backstage
from voiceloop.errors import SettingsError, UsageError
from voiceloop.events import LineEnded, LineLost, LineOpened, SayAsked
from voiceloop.settings import AudioSettings
from voiceloop.testing.clock import virtual_time


class Listening:
    """Stands in for ledger and hearing."""

    rate_hz = 24_000
    take = "ears"
    key = None


@pytest.fixture
def events():
    return []


@pytest.fixture
def failures():
    return []


@pytest.fixture
def listening():
    return Listening()


@pytest.fixture
def backstage(events, failures, listening):
    return Backstage(events.append, failures.append, listening, listening, AudioSettings())


def test_what_happens_is_told_as_it_is(backstage, events):
    backstage.happened(SayAsked("hello"))
    assert events == [SayAsked("hello")]


def test_a_line_reports_its_end_and_its_loss(backstage, events):
    backstage.input_ended()
    backstage.lost("the caller hung up")
    assert events == [LineEnded(), LineLost("the caller hung up")]


class Doorway:
    """A line that opens, or does not."""

    def __init__(self, failure=None):
        self.failure = failure
        self.given = ()
        self.entered = threading.Event()

    async def open(self, *given):
        self.given = given
        self.entered.set()
        if self.failure is not None:
            raise self.failure


@pytest.mark.parametrize("captions_only", [True, False])
async def test_an_open_line_is_told_and_hears_through_the_session(backstage, events, listening, captions_only):
    line, opened = Doorway(), asyncio.Event()
    await backstage.open_line(line, opened, captions_only=captions_only)
    assert line.given == (listening.take, listening, listening.rate_hz, backstage)
    assert opened.is_set()
    assert events == [LineOpened(captions_only)]


class Waking:
    """Ears that wait for a wake word, the model of which is loaded by `load`."""

    def __init__(self, load):
        self.load = load


def with_wake_word(monkeypatch, events, listening, load):
    monkeypatch.setattr(voiceloop.wakeword, "wake_ears", lambda *_, **__: Waking(load))
    return Backstage(events.append, pytest.fail, listening, listening, AudioSettings(wake_word="alexa"))


async def test_a_line_opens_while_its_wake_word_is_loaded_and_is_told_open_after_that(events, listening, monkeypatch):
    """Loading waits for the open line, which never came if it kept the loop from opening it."""
    loaded = []
    backstage = with_wake_word(monkeypatch, events, listening, lambda: loaded.append(line.entered.wait(5.0)))
    line, opened = Doorway(), asyncio.Event()
    await backstage.open_line(line, opened, captions_only=False)
    assert loaded == [True]
    assert isinstance(line.given[0], Waking)
    assert events == [LineOpened(captions_only=False)]


async def test_a_wake_word_that_cannot_be_loaded_loses_the_line_with_its_status(events, listening, monkeypatch):
    def load():
        raise SettingsError("no model of version 2")

    opened = asyncio.Event()
    await with_wake_word(monkeypatch, events, listening, load).open_line(Doorway(), opened, captions_only=False)
    assert not opened.is_set()
    assert events == [LineLost("no model of version 2", 3)]


async def test_without_a_line_there_is_nothing_to_open(backstage, events):
    opened = asyncio.Event()
    await backstage.open_line(None, opened, captions_only=True)
    assert opened.is_set()
    assert events == [LineOpened(captions_only=True)]


async def test_a_line_that_does_not_open_is_lost_with_its_status(backstage, events):
    opened = asyncio.Event()
    await backstage.open_line(Doorway(UsageError("no such file")), opened, captions_only=False)
    assert not opened.is_set()
    assert events == [LineLost("no such file", 2)]


def test_before_the_session_runs_nothing_is_started(backstage):
    started = []

    async def work():
        started.append(True)

    backstage.spawn("early", work())
    assert started == []


@virtual_time
async def test_a_task_carries_its_name_and_ends_with_the_session(backstage):
    names = []

    async def work():
        names.append(asyncio.current_task().get_name())
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        backstage.group = group
        backstage.spawn("engine", work())
        await asyncio.sleep(0.1)
        await backstage.stop(0.2)
        backstage.spawn("late", work())
    assert names == ["engine"]


@virtual_time
async def test_stopping_gives_a_task_time_to_tidy_up_but_no_more_than_allowed(backstage):
    tidied = []

    async def work(seconds):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(seconds)
            tidied.append(seconds)

    async with asyncio.TaskGroup() as group:
        backstage.group = group
        backstage.spawn("quick", work(0.1))
        backstage.spawn("slow", work(3.0))
        await asyncio.sleep(0)
        before = asyncio.get_running_loop().time()
        await backstage.stop(0.2)
        assert asyncio.get_running_loop().time() - before == pytest.approx(0.2)
        assert tidied == [0.1]
    assert tidied == [0.1, 3.0]


@virtual_time
async def test_stopping_with_nothing_running_takes_no_time(backstage):
    before = asyncio.get_running_loop().time()
    await backstage.stop(5.0)
    assert asyncio.get_running_loop().time() == before


@virtual_time
async def test_a_task_that_breaks_is_told_and_nothing_new_is_started_in_the_ending_group(backstage, failures):
    error = ZeroDivisionError("oops")

    async def work():
        raise error

    with contextlib.suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            backstage.group = group
            backstage.spawn("broken", work())
            try:
                await asyncio.sleep(1)
            finally:
                assert failures == [error]
                backstage.spawn("late", work())
    assert failures == [error]
