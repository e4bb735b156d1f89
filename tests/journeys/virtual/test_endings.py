"""The end, wherever it comes: one last line, everything closed within a second, what was heard written down."""

import asyncio

import pytest

from journeys.journey import Journey, dialects, wires
from voiceloop.agent import Agent
from voiceloop.settings import LimitSettings
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Call, Close, Fail, Reply, Spoken, Stall, Vanish
from voiceloop.tools.tool import tool
from voiceloop.turn.phase import phase_of
from voiceloop.vocabulary import Phase

STORY = "Once upon a time there was a fox who lived in a wood."


@tool
async def slow() -> str:
    """Takes its time."""
    await asyncio.sleep(15)
    return "done"


@tool
async def stubborn() -> str:
    """Does not heed its first cancellation."""
    try:
        await asyncio.sleep(15)
    except asyncio.CancelledError:
        await asyncio.sleep(0.3)
    return "done"


# Ctrl-C in every phase -----------------------------------------------------------------------------------------------


async def idle(talk):
    await talk.passes(0.7)


async def user_speaking(talk):
    await talk.passes(0.5)
    talk.user_says("tell me", 3000)
    await talk.line("user_speech_started")
    await talk.passes(0.4)


async def thinking(talk):
    await talk.passes(0.5)
    talk.user_says("tell me a story", 800)
    await talk.line("user_said")


async def tool_running(talk):
    await thinking(talk)
    await talk.line("tool_called")
    await talk.passes(0.2)


async def agent_speaking(talk):
    await thinking(talk)
    await talk.line("agent_speech_started")
    await talk.passes(1.234)


SPEAKS = Reply((Spoken(STORY, 6000),), pace=1.5)
THINKS = Reply((Spoken(STORY, 6000),), created_after_s=5.0)
PHASES = [
    (Phase.IDLE, idle, ()),
    (Phase.USER_SPEAKING, user_speaking, ()),
    (Phase.THINKING, thinking, (THINKS,)),
    (Phase.TOOL_RUNNING, tool_running, (Reply((), (Call("slow"),)),)),
    (Phase.TOOL_RUNNING, tool_running, (Reply((), (Call("stubborn"),)),)),
    (Phase.AGENT_SPEAKING, agent_speaking, (SPEAKS,)),
    (Phase.AUDIO_QUEUED, agent_speaking, (Reply((Spoken(STORY, 6000),)),)),
]
phases = pytest.mark.parametrize(("phase", "reach", "replies"), PHASES, ids=[each[0] for each in PHASES])


def check_end(talk, phase, reason):
    assert talk.lines[-1]["event"] == "session_ended"
    assert talk.lines[-1]["reason"] == reason
    assert not talk.line_device.is_open
    assert talk.gateway.connection.closed is not None
    if phase in {Phase.AGENT_SPEAKING, Phase.AUDIO_QUEUED}:
        said = talk.said("agent_said")[0]
        assert said["interrupted"] is True
        assert 1200 <= said["heard_ms"] <= 1260
        assert STORY.startswith(said["heard_text"])
        assert talk.said("agent_speech_stopped")
    if phase is Phase.TOOL_RUNNING:
        assert talk.said("tool_finished")[0]["outcome"] == "cancelled"


@dialects
@phases
@virtual_time
async def test_the_end_is_polite_and_quick_in_every_phase(dialect, phase, reach, replies):
    loop = asyncio.get_running_loop()
    agent = Agent(tools=[slow, stubborn])
    async with Journey(*replies, dialect=dialect, agent=agent, complete=False) as talk:
        await reach(talk)
        assert phase_of(talk.session._driver.core.machine) is phase
        began = loop.time()
        talk.session.request_end("interrupted")
        talk.session.request_end("again")
        ended = await talk.ends()
        assert loop.time() - began < 1.0
    assert (ended.reason, ended.exit_status) == ("interrupted", 0)
    assert talk.gateway.connection.closed[0] == 1000
    check_end(talk, phase, "interrupted")


@dialects
@phases
@virtual_time
async def test_a_cancelled_session_closes_everything_before_it_raises(dialect, phase, reach, replies):
    agent = Agent(tools=[slow, stubborn])
    async with Journey(*replies, dialect=dialect, agent=agent, complete=False) as talk:
        await reach(talk)
        began = asyncio.get_running_loop().time()
        talk.runner.cancel()
        await asyncio.wait([talk.runner])
        assert talk.runner.cancelled()
        assert asyncio.get_running_loop().time() - began < 1.0
    check_end(talk, phase, "cancelled")


@dialects
@virtual_time
async def test_a_server_that_does_not_answer_the_close_is_cut_off(dialect):
    async with Journey(dialect=dialect, complete=False) as talk:
        await talk.passes(0.5)
        talk.gateway.perform(Stall())
        await talk.passes(0.5)
        began = asyncio.get_running_loop().time()
        talk.session.request_end("interrupted")
        await talk.ends()
        assert 0.4 < asyncio.get_running_loop().time() - began < 1.0
    check_end(talk, Phase.IDLE, "interrupted")


@dialects
@pytest.mark.parametrize("wait_s", [0.0, 0.005, 0.015, 0.025, 0.035, 0.045])
@virtual_time
async def test_an_end_while_the_server_is_still_being_reached(dialect, wait_s):
    talk = Journey(dialect=dialect, complete=False)
    talk.runner = talk.session_task()
    await talk.passes(wait_s)
    talk.session.request_end("interrupted")
    ended = await talk.runner
    assert ended.reason == "interrupted"
    assert talk.lines[-1]["event"] == "session_ended"
    await talk.passes(1.0)
    assert all(connection.closed for connection in talk.gateway.connections)
    talk.check()


@dialects
@virtual_time
async def test_a_second_impatient_cancel_leaves_nothing_open(dialect):
    async with Journey(SPEAKS, dialect=dialect, complete=False) as talk:
        await agent_speaking(talk)
        talk.gateway.perform(Stall())
        talk.session.request_end("interrupted")
        await talk.passes(0.1)
        talk.runner.cancel()
        await asyncio.wait([talk.runner])
    assert not talk.line_device.is_open
    assert talk.gateway.connection.closed is not None


# The other side leaves -----------------------------------------------------------------------------------------------

REST = Reply((Spoken("Shall I go on?", 800),))


async def goes_on(talk, leave):
    """The server leaves in the middle of a story: it is played as far as it came, and asked for again."""
    await agent_speaking(talk)
    talk.gateway.perform(leave)
    await talk.line("agent_said", times=2)
    (warning,) = talk.said("warning")
    cut, again = talk.said("agent_said")
    assert 1200 <= cut["heard_ms"] <= 2000
    assert STORY.startswith(cut["heard_text"])
    assert (again["text"], again["heard_ms"]) == ("Shall I go on?", 800)
    assert again["turn_id"] == cut["turn_id"]
    return warning


@dialects
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1009, 1011, 1012, 1013, 1014, 3000, 4000, 4999])
@virtual_time
async def test_a_server_that_closes_is_dialled_again_with_one_clear_line(dialect, code):
    async with Journey(SPEAKS, REST, dialect=dialect, complete=False) as talk:
        warning = await goes_on(talk, Close(code, "because"))
    assert str(code) in warning["detail"]
    assert "\n" not in warning["detail"]
    assert talk.network.attempts == 2


@wires
@virtual_time
async def test_a_connection_that_breaks_without_a_word_is_opened_again(dialect, form):
    async with Journey(SPEAKS, REST, dialect=dialect, form=form, complete=False) as talk:
        warning = await goes_on(talk, Vanish())
    assert warning["code"] == "engine_lost_drop"
    assert "1006" in warning["detail"]


@dialects
@virtual_time
async def test_a_session_that_has_lasted_too_long_for_its_server_goes_on_in_the_next(dialect):
    async with Journey(SPEAKS, REST, dialect=dialect, complete=False) as talk:
        warning = await goes_on(talk, Fail("session_expired", "that is it"))
    assert warning["code"] == "engine_lost_session_cap"
    assert "that is it" in warning["detail"]


@dialects
@virtual_time
async def test_a_server_that_closes_over_the_key_ends_the_session_with_one_clear_line(dialect):
    async with Journey(SPEAKS, dialect=dialect, complete=False) as talk:
        await agent_speaking(talk)
        talk.gateway.perform(Close(1008, "because"))
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == ("engine_lost_bad_key", 4)
    assert "1008" in ended.detail
    assert "\n" not in ended.detail
    assert len(talk.said("warning")) == 1
    assert 1200 <= talk.said("agent_said")[0]["heard_ms"] <= 1300


@dialects
@virtual_time
async def test_a_server_that_does_not_come_back_is_waited_for_a_minute(dialect):
    async with Journey(SPEAKS, dialect=dialect, complete=False) as talk:
        await agent_speaking(talk)
        talk.network.is_up = False
        lost_at = asyncio.get_running_loop().time()
        talk.gateway.perform(Close(1011, "because"))
        ended = await talk.ends()
        assert 58 < asyncio.get_running_loop().time() - lost_at < 61
    assert (ended.reason, ended.exit_status) == ("engine_lost_unreachable", 5)
    assert [line["code"] for line in talk.said("warning")] == ["engine_lost_drop", "engine_lost_unreachable"]
    assert talk.network.attempts <= 32


@dialects
@pytest.mark.parametrize(
    ("code", "cause", "status"),
    [
        ("insufficient_quota", "quota", 4),
        ("invalid_api_key", "bad_key", 4),
        ("model_not_found", "bad_model", 4),
    ],
)
@virtual_time
async def test_an_error_that_ends_everything_says_which(dialect, code, cause, status):
    async with Journey(dialect=dialect, complete=False) as talk:
        await talk.passes(0.5)
        talk.gateway.perform(Fail(code, "that is it"))
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == (f"engine_lost_{cause}", status)
    assert "that is it" in ended.detail
    assert talk.gateway.connection.closed is not None


@wires
@virtual_time
async def test_a_caller_who_hangs_up_in_the_middle_of_a_reply(dialect, form):
    async with Journey(SPEAKS, dialect=dialect, form=form, complete=False) as talk:
        await agent_speaking(talk)
        talk.line_device.hang_up("the caller hung up")
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status, ended.detail) == ("line_lost", 6, "the caller hung up")
    check_end(talk, Phase.AGENT_SPEAKING, "line_lost")


@dialects
@virtual_time
async def test_a_mistake_of_ours_while_receiving_ends_the_session_and_is_raised(dialect, monkeypatch):
    def broken(frame, now):
        raise ZeroDivisionError("oops")

    talk = Journey(dialect=dialect, complete=False)
    talk.runner = talk.session_task()
    await talk.until(lambda: talk.line_device.is_open)
    monkeypatch.setattr(talk.engine._protocol, "receive", broken)
    talk.gateway.perform(Fail("x"))
    with pytest.raises(ZeroDivisionError, match="oops"):
        await talk.runner
    assert talk.lines[-1]["event"] == "session_ended"
    assert talk.gateway.connection.closed == (1000, "")
    talk.check()


# By itself -----------------------------------------------------------------------------------------------------------


@dialects
@virtual_time
async def test_an_input_that_is_over_is_answered_before_the_end(dialect):
    noon = Reply((Spoken("It is noon.", 3000),), created_after_s=1.0)
    async with Journey(noon, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("what time is it", 800)
        await talk.passes(0.9)
        talk.line_device.end_input()
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == ("input_ended", 0)
    assert talk.said("agent_said")[0]["heard_ms"] == 3000
    quiet_s = talk.lines[-1]["t"] - talk.said("agent_said")[0]["t"]
    assert quiet_s == pytest.approx(0.5 + 1.5, abs=0.05)


@dialects
@virtual_time
async def test_an_input_that_is_over_ends_a_silent_session_too(dialect):
    async with Journey(dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.line_device.end_input()
        await talk.ends(within_s=3.0)


@dialects
@virtual_time
async def test_an_input_that_is_over_is_waited_for_a_minute_at_most(dialect):
    endless = Reply((Spoken("and so on", 200_000),), pace=1.0)
    async with Journey(endless, dialect=dialect, complete=False) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me everything", 800)
        await talk.passes(1.0)
        talk.line_device.end_input()
        ended = await talk.ends()
    assert ended.reason == "input_ended"
    assert talk.lines[-1]["t"] == pytest.approx(61.5, abs=0.1)


@dialects
@virtual_time
async def test_a_session_has_a_longest_time(dialect):
    async with Journey(dialect=dialect, agent=Agent(limits=LimitSettings(minutes=2))) as talk:
        ended = await talk.ends(within_s=130)
    assert ended.reason == "time_limit"
