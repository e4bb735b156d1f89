"""What goes over from one connection to the next: words, sound, what is owed, and what was changed meanwhile."""

import asyncio

from journeys.journey import Journey
from voiceloop.agent import Agent
from voiceloop.testing.account import account_for
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.faults import Answer, Refuse, Reset, refusal
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.script import Call, Quirks, Reply, Spoken, Stall
from voiceloop.tools.tool import tool

STORY = "Once upon a time there was a fox who lived in a wood and was cold."
NOON = Reply((Spoken("It is noon.", 1200),))
ONE = Reply((Spoken("It is one.", 1200),))


def given(connection):
    """What a connection was told of the conversation: role or kind, and words or `sound`."""
    items = [event["item"] for event in connection.received if event["type"] == "conversation.item.create"]
    return [(item.get("role") or item["type"], words_of(item)) for item in items]


def words_of(item):
    part = (item.get("content") or [{}])[0]
    return part.get("text") or ("sound" if part.get("audio") else item.get("output", item.get("name", "")))


def asks(connection):
    return [event for event in connection.received if event["type"] == "response.create"]


@tool
async def clock() -> str:
    """Look at the clock, which takes a while."""
    await asyncio.sleep(4)
    return "noon"


@virtual_time
async def test_a_turn_whose_words_never_came_goes_over_as_sound_and_is_answered():
    slow = Quirks(transcribed_after_s=5.0)
    late = Reply((Spoken("It is noon.", 1200),), created_after_s=4.0)
    async with Journey(late, ONE, listens=True, quirks=slow, complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("user_speech_stopped")
        await talk.passes(1.5)
        talk.network.inject(Reset())
        said = await talk.line("agent_said")
        assert said["text"] == "It is one."
        assert given(talk.gateway.connections[1]) == [("user", "sound")]
        account = account_for(talk.line_device, talk.gateway)
        assert (account.lost, account.twice, account.pending) == ((), (), ())


@virtual_time
async def test_a_reply_that_was_cut_off_is_played_as_far_as_it_came_and_asked_again():
    async with Journey(Reply((Spoken(STORY, 6000),), pace=1.5), ONE, listens=True, complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_speech_started")
        await talk.passes(1)
        talk.network.inject(Reset())
        cut = await talk.line("agent_said")
        again = await talk.line("agent_said", 2)
        assert cut["heard_text"]
        assert STORY.startswith(cut["heard_text"])
        assert again["turn_id"] == cut["turn_id"]
        second = talk.gateway.connections[1]
        assert given(second) == [("user", "hello"), ("assistant", cut["heard_text"])]
        assert len(asks(second)) == 1
        assert account_for(talk.line_device, talk.gateway).never_played == ()


@virtual_time
async def test_a_cut_reply_that_the_user_interrupts_is_not_asked_again():
    async with Journey(Reply((Spoken(STORY, 6000),), pace=3), ONE, listens=True, complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_speech_started")
        await talk.passes(1)
        talk.network.inject(Reset())
        await talk.passes(0.5)
        talk.line_device.say(1500)
        cut = await talk.line("agent_said")
        await talk.line("agent_said", 2)
        assert cut["interrupted"]
        second = talk.gateway.connections[1]
        assert ("assistant", cut["heard_text"]) in given(second)
        assert asks(second) == []  # the server answers the new turn by itself


@virtual_time
async def test_a_tool_goes_on_and_the_next_connection_gets_its_output():
    calls = Reply((), (Call("clock"),))
    async with Journey(calls, NOON, listens=True, agent=Agent(tools=[clock]), complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("tool_called")
        await talk.passes(1)
        talk.network.inject(Reset())
        await talk.line("agent_said")
        assert [line["outcome"] for line in talk.said("tool_finished")] == ["ok"]
        first, second = talk.gateway.connections
        assert given(first) == []
        assert given(second) == [("user", "hello"), ("function_call", "clock"), ("function_call_output", "noon")]
        assert len(asks(second)) == 1


@virtual_time
async def test_a_model_that_hangs_behind_a_gateway_that_answers_pings_is_left_after_five_seconds():
    late = Reply((Spoken(STORY, 6000),), created_after_s=1.0)
    async with Journey(NOON, late, ONE, listens=True, complete=False, errors=None) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_said")
        talk.line_device.say(1000)
        stopped = await talk.line("user_said", 2)
        talk.gateway.perform(Stall(answers_pings=True))
        warned = await talk.line("warning")
        assert warned["code"] == "engine_lost_slow_model"
        assert 4.9 <= warned["t"] - stopped["t"] <= 5.2
        assert (await talk.line("agent_said", 2))["text"] == "It is one."


@virtual_time
async def test_a_slow_model_is_waited_for_as_long_as_it_usually_takes():
    slow = [Reply((Spoken("It is noon.", 600),), created_after_s=s) for s in (3.0, 4.0, 4.5, 7.5)]
    async with Journey(
        *slow, listens=True, complete=False, errors=None, realtime={"turn": {"replies": "client"}}
    ) as talk:
        for number in range(1, 5):
            talk.line_device.say(1000)
            await talk.line("agent_said", number)
        assert talk.warnings() == []
        assert len(talk.gateway.connections) == 1


@virtual_time
async def test_a_model_that_never_answers_a_turn_is_given_up_and_the_session_lives():
    hangs = Reply((), created_after_s=None)
    async with Journey(hangs, hangs, hangs, hangs, ONE, listens=True, complete=False, errors=None) as talk:
        talk.line_device.say(1000)
        await talk.until(lambda: "no_reply" in talk.warnings())
        await talk.until(lambda: talk.session.settled)
        assert not talk.runner.done()


@virtual_time
async def test_a_stalled_server_is_left_while_the_agent_still_speaks():
    async with Journey(Reply((Spoken(STORY, 9000),), pace=1.2), ONE, listens=True, complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_speech_started")
        await talk.passes(2)
        talk.gateway.perform(Stall())
        assert (await talk.line("warning"))["code"] == "engine_lost_dead_wire"
        assert (await talk.line("agent_said", 2))["text"] == "It is one."


@virtual_time
async def test_new_instructions_given_during_an_outage_reach_the_next_connection():
    async with Journey(NOON, ONE, listens=True, complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_said")
        talk.network.inject(Reset(), Refuse(for_s=2.0))
        await talk.passes(1)
        await talk.session.update(instructions="Speak like a sailor.")
        await talk.passes(3)
        last = [event for event in talk.gateway.connections[-1].received if event["type"] == "session.update"][-1]
        assert last["session"]["instructions"] == "Speak like a sailor."


@virtual_time
async def test_what_is_typed_during_an_outage_is_answered_after_it():
    async with Journey(NOON, ONE, text=True, complete=False) as talk:
        await talk.session.send_text("what time is it")
        await talk.line("agent_said")
        talk.network.inject(Reset(), Refuse(for_s=2.0))
        await talk.passes(1)
        await talk.session.send_text("and now")
        assert (await talk.line("agent_said", 2))["text"] == "It is one."
        assert given(talk.gateway.connections[1])[-1] == ("user", "and now")


@virtual_time
async def test_a_server_that_counts_its_ids_anew_confuses_nobody():
    calls = Reply((), (Call("clock"),))
    async with Journey(calls, NOON, text=True, complete=False, agent=Agent(tools=[clock])) as talk:
        await talk.session.send_text("what time is it")
        await talk.line("agent_said")
        assert talk.said("agent_said")[0]["reply_id"] == "resp_2"
        talk.gateway = talk.network.gateway = ScriptedGateway(calls, ONE)
        talk.network.inject(Reset())
        await talk.passes(1)
        await talk.session.send_text("and now")
        await talk.line("agent_said", 2)
        for event, name in (("agent_said", "reply_id"), ("tool_finished", "call_id")):
            assert len({line[name] for line in talk.said(event)}) == 2
        # The call that was replayed has a name that the server cannot come to, the one it made has the server's own.
        items = [event["item"] for event in talk.gateway.received if event["type"] == "conversation.item.create"]
        assert [item["call_id"] for item in items if item["type"] == "function_call_output"] == ["vl_call_1", "call_1"]
        assert talk.gateway.errors == []


@virtual_time
async def test_an_outage_that_does_not_end_ends_the_session_with_its_cause():
    async with Journey(NOON, listens=True, complete=False, realtime={"reconnect_within_s": 10.0}) as talk:
        talk.line_device.say(1000)
        said = await talk.line("agent_said")
        talk.network.inject(Reset(), Refuse())
        ended = await talk.ends()
        assert (ended.reason, ended.exit_status) == ("engine_lost_unreachable", 5)
        assert talk.said("session_ended")[0]["t"] - said["t"] <= 12
        assert talk.warnings() == ["engine_lost_drop", "engine_lost_unreachable"]
        assert talk.network.attempts <= 16


@virtual_time
async def test_an_account_without_quota_is_never_tried_twice():
    quota = refusal(429, "insufficient_quota")
    async with Journey(NOON, listens=True, complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_said")
        talk.network.inject(Reset(), Answer(quota))
        ended = await talk.ends()
        assert (ended.reason, ended.exit_status) == ("engine_lost_quota", 4)
        assert talk.network.attempts == 2


@virtual_time
async def test_a_session_is_rolled_over_between_two_turns_long_before_its_server_ends_it():
    async with Journey(NOON, ONE, listens=True, quirks=Quirks(session_lasts_s=60.0), complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_said")
        await talk.passes(50)
        first, second = talk.gateway.connections
        assert first.closed is not None
        assert second.closed is None
        assert given(second) == [("user", "hello"), ("assistant", "It is noon.")]
        talk.line_device.say(1000)
        await talk.line("agent_said", 2)
        assert talk.warnings() == []


@virtual_time
async def test_somebody_who_speaks_on_and_on_is_rolled_over_at_the_last_moment_without_a_lost_word():
    async with Journey(NOON, ONE, listens=True, quirks=Quirks(session_lasts_s=20.0), complete=False) as talk:
        talk.line_device.say(25_000)
        await talk.line("agent_said")
        account = account_for(talk.line_device, talk.gateway)
        assert (account.lost, account.twice, account.pending) == ((), (), ())
        assert len(talk.said("user_said")) == 1


@virtual_time
async def test_a_relay_that_lives_on_without_its_server_is_found_out_by_a_word_that_nobody_tells_of():
    async with Journey(NOON, ONE, listens=True, complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_said")
        talk.gateway.perform(Stall(answers_pings=True))
        await talk.passes(20)
        assert talk.warnings() == []  # nobody said anything, so nobody could know
        talk.line_device.say(1500)
        said_s = talk.session._driver.core.narrator.t(asyncio.get_running_loop().time())
        warned = await talk.line("warning")
        assert warned["code"] == "engine_lost_slow_model"
        assert warned["t"] - said_s < 9.0
        assert (await talk.line("agent_said", 2))["text"] == "It is one."
        account = account_for(talk.line_device, talk.gateway)
        assert (account.lost, account.twice, account.pending) == ((), (), ())


@virtual_time
async def test_a_relay_whose_server_dies_under_somebody_who_speaks_is_found_out_when_he_stops():
    async with Journey(NOON, ONE, listens=True, complete=False) as talk:
        talk.line_device.say(1000)
        await talk.line("agent_said")
        talk.line_device.say(3000)
        await talk.line("user_speech_started", 2)
        talk.gateway.perform(Stall(answers_pings=True))
        assert (await talk.line("agent_said", 2))["text"] == "It is one."
        assert talk.warnings() == ["engine_lost_slow_model"]
        account = account_for(talk.line_device, talk.gateway)
        assert (account.lost, account.twice, account.pending) == ((), (), ())


@virtual_time
async def test_noise_that_a_server_takes_for_none_costs_a_question_now_and_then_and_no_connection():
    async with Journey(NOON, complete=False) as talk:  # a server that hears no speech in it
        talk.line_device.say(60_000)
        await talk.passes(60)
        assert talk.warnings() == []
        assert len(talk.gateway.connections) == 1
        assert 2 <= len([event for event in talk.gateway.received if event["type"] == "session.update"]) <= 7
