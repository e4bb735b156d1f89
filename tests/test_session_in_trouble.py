"""What keeps a session from opening, and what must not happen to it but does."""

import asyncio
from importlib.util import find_spec
from pathlib import Path

import pytest

from plainly import Engine, session, told
from voiceloop.agent import Agent
from voiceloop.errors import (
    DeviceError,
    RefusedError,
    SessionEndedError,
    SettingsError,
    UnreachableError,
    UsageError,
)
from voiceloop.events import EngineLost
from voiceloop.session import Ended, Session
from voiceloop.settings import (
    BackendSettings,
    Settings,
)
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.line import NumberedLine
from voiceloop.vocabulary import Cause


class BrokenLine(NumberedLine):
    """A device that cannot be opened."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    async def open(self, *_):
        raise self.error


# What keeps it from opening ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "error", "status"),
    [(Cause.BAD_KEY, RefusedError, 4), (Cause.UNREACHABLE, UnreachableError, 5)],
)
@virtual_time
async def test_a_server_that_cannot_be_used_is_raised_where_the_session_is_opened(cause, error, status):
    talk = session(Engine(lost=EngineLost(cause, "the server said no")))
    with pytest.raises(error, match="the server said no"):
        async with talk:
            pytest.fail("it was opened")
    assert (await talk.end()).exit_status == status


@virtual_time
async def test_a_wake_word_that_only_loading_shows_to_be_wrong_is_raised_and_the_line_closed(tmp_path):
    shipped = Path(find_spec("pymicro_wakeword").origin).parent / "models"
    (tmp_path / "alexa.tflite").write_bytes((shipped / "alexa.tflite").read_bytes())
    (tmp_path / "mine.json").write_text('{"model": "alexa.tflite"}')
    line, wrong = NumberedLine(), Settings(audio={"wake_word": str(tmp_path / "mine.json")})
    talk = session(line=line, settings=wrong)
    with pytest.raises(SettingsError, match="no microWakeWord model of version 2"):
        async with talk:
            pytest.fail("it was opened")
    assert (await talk.end()).exit_status == 3
    assert not line.is_open


@pytest.mark.parametrize(
    ("error", "status"), [(DeviceError("no microphone: plug one in"), 6), (UsageError("a.wav is empty"), 2)]
)
@virtual_time
async def test_a_line_that_cannot_be_opened_is_raised_with_its_own_exit_status(error, status):
    engine = Engine()
    talk = session(engine, line=BrokenLine(error))
    with pytest.raises(type(error), match=str(error)):
        async with talk:
            pytest.fail("it was opened")
    assert await talk.end() == Ended("line_lost", status, str(error))
    assert engine.closed == 1


@virtual_time
async def test_an_end_before_it_was_open_is_no_failure():
    talk = session(Engine(after_s=5.0))
    asyncio.get_running_loop().call_later(1.0, talk.request_end, "interrupted")
    with pytest.raises(SessionEndedError, match="interrupted"):
        async with talk:
            pytest.fail("it was opened")


@virtual_time
async def test_giving_up_on_opening_leaves_nothing_running():
    engine = Engine(after_s=60.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0), session(engine):
            pytest.fail("it was opened")
    assert engine.closed == 1


@virtual_time
async def test_giving_up_on_closing_leaves_nothing_running_either():
    engine = Engine(closes_in_s=60.0)
    lines = []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0), session(engine, on_line=lines.append):
            pass
    assert told(lines)[-1] == "session_ended"


def test_without_a_base_url_there_is_no_session():
    with pytest.raises(SettingsError, match="DGRID_BASE_URL"):
        Session(Agent(), settings=Settings())


def test_with_one_the_session_speaks_realtime():
    Session(Agent(), settings=Settings(backend=BackendSettings(base_url="https://api.dgrid.ai")))


# What must not happen ------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_task_that_breaks_ends_the_session_politely_and_is_raised_as_it_was():
    lines = []
    engine = Engine(breaks=ZeroDivisionError("oops"))
    with pytest.raises(ZeroDivisionError, match="oops"):
        await session(engine, on_line=lines.append).run()
    assert told(lines) == ["session_ended"]
    assert lines[0].fields["reason"] == "failed"
    assert engine.closed == 1


@virtual_time
async def test_an_application_that_breaks_on_a_line_ends_the_session_with_its_error():
    lines = []

    def scribe(line):
        lines.append(line)
        if line.event == "user_said":
            raise OSError("disk full")

    engine = Engine()
    talk = session(engine, on_line=scribe)
    obeyed = []

    async def hold():
        async with talk:
            await talk.send_text("hello")
            obeyed.extend(engine.obeyed)  # what was decided beside the line was carried out
            await talk.end()

    with pytest.raises(OSError, match="disk full"):
        await hold()
    assert obeyed
    assert told([line async for line in talk])[-1] == "session_ended"


@virtual_time
async def test_a_core_that_breaks_for_good_still_ends_in_one_line():
    engine = Engine()
    lines = []
    talk = session(engine, on_line=lines.append)

    def broken(event, now):
        raise ZeroDivisionError

    async def hold():
        async with talk:
            talk._driver.core.step = broken
            await talk.say("hello")
            await talk.end()

    with pytest.raises(ZeroDivisionError):
        await hold()
    assert told(lines) == ["session_started", "session_ended"]
    assert engine.closed == 1


class StickyLine(NumberedLine):
    """A device that makes trouble when it is closed."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    async def close(self, within_s):
        await super().close(within_s)
        await asyncio.sleep(0.1)
        raise self.error


@virtual_time
async def test_trouble_in_closing_one_thing_keeps_nothing_else_open():
    engine = Engine(closes_in_s=0.3)
    lines = []
    with pytest.raises(OSError, match="stuck"):
        async with session(engine, line=StickyLine(OSError("stuck")), on_line=lines.append):
            pass
    assert engine.closed == 1
    assert told(lines)[-1] == "session_ended"


@virtual_time
async def test_a_line_that_cannot_finish_its_file_does_not_change_how_the_session_ended():
    async with session(line=StickyLine(UsageError("the disk is full"))) as talk:
        assert await talk.end("done") == Ended("done")


@virtual_time
async def test_a_second_mistake_does_not_hide_the_first():
    talk = session(Engine(breaks=ZeroDivisionError("first")), line=StickyLine(ValueError("second")))
    with pytest.raises(ZeroDivisionError, match="first"):
        await talk.run()
