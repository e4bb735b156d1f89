"""A session's own life and the face it shows to an application."""

import asyncio
import io

import pytest

from plainly import Engine, session, told
from voiceloop.agent import Agent
from voiceloop.errors import (
    MisuseError,
    SessionEndedError,
)
from voiceloop.events import EngineLost, ReplyStarted, ToolCalled
from voiceloop.session import Ended, profile_of
from voiceloop.settings import (
    AudioSettings,
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
from voiceloop.vocabulary import AssistantTurn, Cause, Encoding, ToolCall, UserTurn

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


# What others are told ------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_engine_is_told_who_speaks_and_in_which_form():
    @tool
    def clock() -> str:
        """The time."""
        return "noon"

    who = Agent("Be brief.", language="de", vocabulary=["Brezel"], tools=[clock])
    settings = Settings(audio=AudioSettings(format=Encoding.G711_ULAW))
    engine = Engine()
    line = NumberedLine()
    async with session(engine, agent=who, settings=settings, line=line):
        pass
    seed = engine.seed
    assert (seed.instructions, seed.language) == ("Be brief.\nSprich Deutsch.", "de")
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
async def test_a_line_that_counts_its_mishaps_tells_them_at_the_end():
    class Card(NumberedLine):
        mishaps = {"underruns": 2, "overruns": 0}  # noqa: RUF012

    async with session(line=Card()) as talk:
        pass
    [ended] = [line async for line in talk if line.event == "session_ended"]
    assert ended.fields["card"] == {"underruns": 2, "overruns": 0}
    async with session(line=NumberedLine()) as talk:
        pass
    [ended] = [line async for line in talk if line.event == "session_ended"]
    assert "card" not in ended.fields


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
    assert (profile.interrupt_after_s, profile.silence_s) == (0.4, 0.7)
    assert (profile.reply_start_s, profile.ask_after_s) == (8.0, 2.0)
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
