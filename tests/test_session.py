"""A session's own life and the face it shows to an application."""

import asyncio
import io

import pytest

from voiceloop.agent import Agent
from voiceloop.errors import (
    DeviceError,
    MisuseError,
    RefusedError,
    SessionEndedError,
    SettingsError,
    UnreachableError,
    UsageError,
)
from voiceloop.events import EngineLost, EngineReady, ReplyFinished, ReplyStarted, ReplyTextArrived, ToolCalled
from voiceloop.session import Ended, Session, profile_of
from voiceloop.settings import (
    AudioSettings,
    BackendSettings,
    IdleSettings,
    LimitSettings,
    RealtimeSettings,
    Settings,
    TurnSettings,
)
from voiceloop.tape import TapeWriter
from voiceloop.telling import MAX_UNREAD_LINES
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.line import NumberedLine
from voiceloop.tools.tool import tool
from voiceloop.vocabulary import AssistantTurn, Cause, Encoding, ReplyStatus, Tier, ToolCall, Traits, UserTurn


class Engine:
    """Ready after `after_s`, or lost; what it hears and is told is kept."""

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


class BrokenLine(NumberedLine):
    """A device that cannot be opened."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    async def open(self, *_):
        raise self.error


def session(engine=None, **more):
    return Session(more.pop("agent", None) or Agent(), engine=engine or Engine(), **more)


def told(lines):
    return [line.event for line in lines]


# A whole life --------------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_session_is_opened_talked_to_listened_to_and_ended():
    engine = Engine()
    async with session(engine) as talk:
        await talk.send_text("hello")
        assert engine.obeyed[0].text == "hello"
        assert not talk.settled
        engine.says("Hi there.")
        assert talk.settled
        assert list(talk.history) == [UserTurn("typed-1", "hello"), AssistantTurn("r1", "Hi there.", None)]
        assert await talk.end("done") == Ended("done")
    lines = [line async for line in talk]
    assert told(lines) == ["session_started", "user_said", "agent_said", "turn_metrics", "session_ended"]
    assert lines[-1].fields["reason"] == "done"
    assert engine.closed == 1


@virtual_time
async def test_lines_can_be_read_while_they_are_written():
    engine = Engine()
    async with session(engine) as talk:
        read = []
        async for line in talk:
            read.append(line.event)
            if line.event == "session_started":
                await talk.send_text("hello")
                asyncio.get_running_loop().call_later(1.0, engine.says, "Hi.")
            if line.event == "agent_said":
                talk.request_end("enough")
    assert read == ["session_started", "user_said", "agent_said", "turn_metrics", "session_ended"]
    assert [line async for line in talk] == []


@virtual_time
async def test_of_too_many_unread_lines_the_oldest_are_dropped():
    engine = Engine()
    async with session(engine) as talk:
        for number in range(MAX_UNREAD_LINES):
            await talk.send_text(str(number))
            engine.says("Hm.", f"r{number}", f"ask-{number + 1}")
    lines = [line async for line in talk]
    assert len(lines) == MAX_UNREAD_LINES
    assert lines[-1].event == "session_ended"


@virtual_time
async def test_a_session_run_by_hand_returns_how_it_ended_and_writes_each_line_once():
    lines = []
    talk = session(on_line=lines.append)
    asyncio.get_running_loop().call_later(2.0, talk.request_end, "bye")
    assert await talk.run() == Ended("bye")
    assert told(lines) == ["session_started", "session_ended"]


@virtual_time
async def test_leaving_the_block_ends_the_session_and_an_error_in_it_is_its_reason():
    lines = []
    async with session(on_line=lines.append):
        pass
    assert lines[-1].fields["reason"] == "left"
    with pytest.raises(ZeroDivisionError):
        async with session(on_line=lines.append):
            raise ZeroDivisionError
    assert lines[-1].fields["reason"] == "failed"


@virtual_time
async def test_a_session_runs_once():
    talk = session()
    async with talk:
        with pytest.raises(MisuseError, match="runs once"):
            await talk.run()
    with pytest.raises(MisuseError, match="runs once"):
        async with talk:
            pytest.fail("it was opened again")


@virtual_time
async def test_what_is_asked_of_a_session_that_has_ended_is_refused():
    async with session() as talk:
        pass
    for ask in (talk.say("x"), talk.send_text("x"), talk.interrupt()):
        with pytest.raises(SessionEndedError, match="left"):
            await ask
    talk.request_end("again")
    talk.input_ended()
    assert await talk.end() == Ended("left")


@virtual_time
async def test_what_is_asked_of_a_session_that_does_not_run_is_refused():
    talk = session()
    for ask in (talk.say("x"), talk.send_text("x"), talk.interrupt(), talk.end()):
        with pytest.raises(MisuseError, match=r"session\.run"):
            await ask
    with pytest.raises(MisuseError):
        talk.input_ended()


@virtual_time
async def test_an_end_asked_for_before_the_session_runs_ends_it_at_once():
    engine = Engine()
    talk = session(engine)
    talk.request_end("interrupted")
    assert await talk.run() == Ended("interrupted")
    assert engine.closed == 1


@virtual_time
async def test_an_end_that_is_waited_for_elsewhere_comes_when_everything_is_over():
    talk = session()
    async with asyncio.TaskGroup() as group:
        runner = group.create_task(talk.run())
        await asyncio.sleep(1)
        assert await talk.end("bye") == Ended("bye")
    assert runner.result() == Ended("bye")


@virtual_time
async def test_a_tool_may_end_the_session_it_runs_in():
    @tool
    async def hang_up() -> str:
        """Hang up."""
        await talk.end("hung up")
        return "never"

    engine = Engine()
    async with session(engine, agent=Agent(tools=[hang_up])) as talk:
        engine.port.happened(ReplyStarted("r1"))
        engine.port.happened(ToolCalled("r1", ToolCall("c1", "hang_up", "{}")))
        async for _ in talk:
            pass
    assert await talk.end() == Ended("hung up")


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


@virtual_time
async def test_a_second_mistake_does_not_hide_the_first():
    talk = session(Engine(breaks=ZeroDivisionError("first")))
    original = talk._close

    async def close():
        talk._fail(ValueError("second"))
        await original()

    talk._close = close
    with pytest.raises(ZeroDivisionError, match="first"):
        await talk.run()


# What others are told ------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_engine_is_told_who_speaks_and_in_which_form():
    @tool
    def clock() -> str:
        """The time."""
        return "noon"

    who = Agent("Be brief.", language="de", voice="marin", vocabulary=["Brezel"], tools=[clock])
    settings = Settings(audio=AudioSettings(format=Encoding.G711_ULAW))
    engine = Engine()
    line = NumberedLine()
    async with session(engine, agent=who, settings=settings, line=line):
        pass
    seed = engine.seed
    assert (seed.instructions, seed.language, seed.voice) == ("Be brief.", "de", "marin")
    assert seed.vocabulary == ("Brezel",)
    assert [spec.name for spec in seed.tools] == ["clock"]
    assert seed.format.rate_hz == line.rate_hz == 8000
    assert seed.modality == "audio"
    assert not line.is_open


@virtual_time
async def test_without_a_line_the_engine_is_asked_for_text():
    engine = Engine()
    async with session(engine):
        pass
    assert engine.seed.modality == "text"


@virtual_time
async def test_the_newest_frame_is_there_for_a_level_meter():
    line = NumberedLine()
    async with session(line=line) as talk:
        assert talk.newest_frame == b""
        line.say(1000)
        await asyncio.sleep(0.1)
        assert len(talk.newest_frame) == 960


@virtual_time
async def test_a_tape_begins_with_the_profile_and_is_closed_at_the_end(tmp_path):
    path = tmp_path / "a.tape"
    tape = TapeWriter(path)
    async with session(tape=tape, agent=Agent(greeting="Hello.")):
        pass
    first, *steps = path.read_text().splitlines()
    assert '"greeting":"Hello."' in first
    assert '"EndSession"' in steps[-1]
    tape.step(0.0, EngineLost(Cause.DROP, ""), [])  # closed: nothing more is written
    assert len(path.read_text().splitlines()) == 1 + len(steps)


def test_the_profile_is_what_agent_and_settings_say():
    @tool(survives_interruption=True)
    def sturdy() -> str:
        """Goes on."""
        return ""

    who = Agent(
        greeting="Hello.",
        greeting_interruptible=False,
        idle=IdleSettings(prompt="There?", goodbye="Bye.", after_s=7),
        limits=LimitSettings(minutes=2, tool_rounds=3),
        tools=[sturdy],
    )
    settings = Settings(
        realtime=RealtimeSettings(
            turn=TurnSettings(interrupt_after_ms=400, silence_ms=700),
            reply_start_timeout_s=4,
            transcription_model=None,
        )
    )
    profile = profile_of(who, settings)
    assert (profile.greeting, profile.greeting_interruptible) == ("Hello.", False)
    assert (profile.idle_prompt, profile.idle_goodbye, profile.idle_after_s) == ("There?", "Bye.", 7)
    assert (profile.limit_s, profile.tool_rounds, profile.survivors) == (120, 3, ("sturdy",))
    assert (profile.interrupt_after_s, profile.silence_s, profile.reply_start_s) == (0.4, 0.7, 4)
    assert profile.transcribes is False


def test_an_agent_that_is_told_nothing_has_a_profile_without_words():
    profile = profile_of(Agent(), Settings())
    assert (profile.greeting, profile.idle_prompt, profile.idle_goodbye) == ("", "", "")


@virtual_time
async def test_a_tape_in_memory_is_not_closed():
    stream = io.StringIO()
    async with session(tape=TapeWriter(stream)):
        pass
    assert stream.getvalue()
