"""Sessions whose engine has scripted services, alone and after a realtime connection that did not come back."""

from __future__ import annotations

import asyncio

import pytest

from voiceloop.agent import Agent
from voiceloop.engines.base import Seed
from voiceloop.errors import MisuseError
from voiceloop.events import EngineLost, EngineReady
from voiceloop.session import Session
from voiceloop.testing.account import account_for
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.faults import Refuse, Reset, refusal
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.memory import MemoryNetwork
from voiceloop.testing.script import Call, Reply, Spoken, Vanish
from voiceloop.testing.service_log import Ending
from voiceloop.testing.services import ScriptedServices
from voiceloop.testing.spans import Span
from voiceloop.testing.voices import numbers_are_speech
from voiceloop.tools.tool import tool
from voiceloop.vocabulary import AudioFormat, Tier, ToolCall, ToolOutput

SECOND = 24_000
NOON = Reply((Spoken("It is noon.", 600),))


class Conversation:
    """`async with Conversation(engine, servers) as talk`: a session on a numbered line, and its transcript."""

    def __init__(self, engine, *servers, agent=None):
        self.line = NumberedLine()
        self.lines = []
        self.servers = servers
        take = self.lines.append
        self.session = Session(
            agent or Agent(), line=self.line, engine=engine, on_line=lambda line: take(line.as_dict())
        )

    async def __aenter__(self):
        await self.session.__aenter__()
        await asyncio.sleep(1.0)
        return self

    async def __aexit__(self, *error):
        await self.session.__aexit__(*error)

    async def hears(self, text, duration_ms, then_s=8.0):
        self.servers[0].will_hear(self.line.say(duration_ms), text)
        await asyncio.sleep(then_s)

    def told(self, event, field):
        return [line[field] for line in self.lines if line["event"] == event]

    @property
    def account(self):
        return account_for(self.line, *self.servers)


class Port:
    """What an engine is given of a session."""

    def __init__(self):
        self.events = []
        self.happened = self.events.append
        self.group = None

    def spawn(self, name, work):
        self.group.create_task(work, name=name)


@numbers_are_speech()
@virtual_time
async def test_a_question_is_heard_answered_and_spoken():
    services = ScriptedServices(NOON)
    async with Conversation(services.engine(), services) as talk:
        await talk.hears("what time is it", 1200)
        told = talk.account
    assert talk.told("user_said", "text") == ["what time is it"]
    assert talk.told("agent_said", "heard_text") == ["It is noon."]
    assert talk.told("agent_said", "heard_ms") == [600]
    assert [(turn.text, turn.spans) for turn in told.turns] == [("what time is it", (Span(0, 28_800),))]
    assert told.said == told.turns[0].spans
    assert told.spoken == told.heard == (Span(0, 14_400),)
    assert told.lost == told.twice == told.unsent == told.pending == told.played_twice == told.never_played == ()
    assert told.strange == 0
    services.assert_complete()


@numbers_are_speech()
@virtual_time
async def test_a_tool_is_called_and_has_one_output():
    @tool
    async def find_bread(order: str) -> str:
        """Where a bread is.

        order: its number
        """
        return f"bread {order} is in the oven"

    services = ScriptedServices(
        Reply((), (Call("find_bread", '{"order": "7"}'),)), brain=lambda asked: Reply((Spoken(asked.outputs[0]),))
    )
    async with Conversation(services.engine(), services, agent=Agent(tools=[find_bread])) as talk:
        await talk.hears("where is bread seven", 1200)
    assert talk.told("agent_said", "heard_text") == ["bread 7 is in the oven"]
    calls = [item for item in services.history if isinstance(item, ToolCall)]
    assert [call.name for call in calls] == ["find_bread"]
    assert services.history[-1] == ToolOutput(calls[0].call_id, "bread 7 is in the oven")
    services.assert_complete()


@numbers_are_speech()
@virtual_time
async def test_speech_that_realtime_did_not_live_to_hear_out_is_answered_over_rest():
    gateway = ScriptedGateway(default=NOON, listens=True)
    services = ScriptedServices(beside=gateway)
    network = MemoryNetwork(gateway, latency_s=0.02)
    async with Conversation({Tier.REALTIME: network.engine(), Tier.REST: services.engine()}, gateway, services) as talk:
        await talk.hears("tell me what time it is now please", 2000, then_s=1.1)
        network.inject(Reset(), Refuse())
        await asyncio.sleep(10.0)
        await talk.hears("thank you", 800)
        told = talk.account
    assert talk.told("user_said", "text") == ["tell me what time it is now please", "thank you"]
    assert talk.told("agent_said", "heard_text") == ["It is noon.", "It is noon."]
    assert [turn.spans for turn in told.turns] == [(Span(0, 2 * SECOND),), (Span(2 * SECOND, 67_200),)]
    assert told.lost == told.twice == told.played_twice == told.never_played == ()
    assert told.strange == 0
    first, second = told.appended
    assert 0 < first[-1].end < 2 * SECOND  # realtime had a part of it,
    assert second[0] == Span(0, 2 * SECOND)  # and services all


@numbers_are_speech()
@virtual_time
async def test_what_realtime_has_answered_is_in_the_history_that_services_are_shown():
    gateway = ScriptedGateway(default=NOON, listens=True)
    services = ScriptedServices(beside=gateway)
    network = MemoryNetwork(gateway, latency_s=0.02)
    async with Conversation(
        {Tier.REALTIME: network.engine(), Tier.DEVICE: services.engine(Tier.DEVICE)}, gateway, services
    ) as talk:
        await talk.hears("what time is it", 1000)
        network.inject(Reset(), Refuse())
        await asyncio.sleep(3.0)
        await talk.hears("and what day", 1000)
        told = talk.account
    assert [(turn.text, turn.spans) for turn in told.turns] == [
        ("what time is it", (Span(0, SECOND),)),
        ("and what day", (Span(SECOND, 2 * SECOND),)),
    ]
    assert [item.text for item in services.history] == ["what time is it", "It is noon.", "and what day"]
    assert told.spoken == (Span(0, 28_800),)
    assert told.heard == (Span(0, 14_400), Span(14_400, 28_800))
    assert told.lost == told.twice == ()


@numbers_are_speech()
@virtual_time
async def test_three_servers_one_after_the_other_hold_one_conversation():
    gateway = ScriptedGateway(default=NOON, listens=True)
    rest, device = ScriptedServices(beside=gateway), ScriptedServices(beside=gateway)
    network = MemoryNetwork(gateway, latency_s=0.02)
    tiers = {Tier.REALTIME: network.engine(), Tier.REST: rest.engine(), Tier.DEVICE: device.engine(Tier.DEVICE)}
    async with Conversation(tiers, gateway, rest, device) as talk:
        await talk.hears("one", 800, then_s=3.0)
        network.inject(Reset(), Refuse())
        await asyncio.sleep(1.0)
        await talk.hears("two", 800, then_s=4.0)
        rest.break_("chat", how=refusal(401))
        await talk.hears("three", 800, then_s=6.0)
        told = talk.account
    assert talk.told("user_said", "text") == ["one", "two", "three"]
    assert talk.told("agent_said", "heard_text") == ["It is noon."] * 3
    assert [item.text for item in device.history] == ["one", "It is noon.", "two", "It is noon.", "three"]
    assert [(turn.text, turn.spans) for turn in told.turns] == [
        ("one", (Span(0, 19_200),)),
        ("two", (Span(19_200, 38_400),)),
        ("three", (Span(38_400, 57_600),)),
    ]
    assert told.spoken == (Span(0, 3 * 14_400),)
    assert told.lost == told.twice == told.played_twice == told.never_played == ()
    device.assert_complete()


@numbers_are_speech()
@virtual_time
async def test_a_question_that_fails_once_is_asked_again():
    services = ScriptedServices(default=NOON)
    services.break_("chat", how=refusal(500), times=1)
    async with Conversation(services.engine(), services) as talk:
        await talk.hears("what time is it", 1200)
    assert talk.told("agent_said", "heard_text") == ["It is noon."]
    assert [asked.ending for asked in services.questions] == [Ending.FAILED, Ending.ANSWERED]


@numbers_are_speech()
@virtual_time
async def test_a_voice_that_breaks_off_while_it_speaks_is_not_made_up_for():
    services = ScriptedServices(default=Reply((Spoken("One two three four.", 4000),), pace=1.0))
    async with Conversation(services.engine(), services) as talk:
        talk.servers[0].will_hear(talk.line.say(800), "count")
        await services.until(lambda: services.sentences, 9.0)
        await asyncio.sleep(1.5)
        services.drop("speak")
        await asyncio.sleep(0.2)
        assert services.sentences[0].ending is Ending.FAILED
        services.break_("speak", how=Vanish(), times=1)
        await asyncio.sleep(9.0)
        told = talk.account
    assert told.played_twice == ()
    assert told.strange == 0


@numbers_are_speech()
@virtual_time
async def test_a_chat_model_may_listen_itself():
    services = ScriptedServices(default=NOON, listens=True)
    async with Conversation(services.engine(), services) as talk:
        await talk.hears("what time is it", 1000)
        told = talk.account
    assert services.recognitions == []
    assert [turn.spans for turn in told.turns] == [(Span(0, SECOND),)]
    assert told.lost == told.twice == ()


@pytest.mark.parametrize("endpoint", ["transcribe", "chat", "speak"])
def test_what_an_engine_rehearses_takes_nothing_of_the_script_and_is_no_part_of_the_conversation(endpoint):
    @virtual_time
    async def test():
        services = ScriptedServices(NOON)
        for broken in (True, False):
            services.mend()
            if broken:
                services.break_(endpoint, how=refusal(500))
            port = Port()
            async with asyncio.TaskGroup() as group:
                port.group = group
                engine = services.engine()
                await engine.open(Seed("Be kind.", (), AudioFormat(), rehearse=endpoint), port)
                await engine.close(1.0)
            assert [type(event) for event in port.events] == [EngineLost if broken else EngineReady]
        assert [asked.endpoint for asked in services.rehearsals] == [endpoint] * 2
        assert services.recognitions == services.questions == services.sentences == []
        assert services.answers.left == 1

    test()


def test_a_sentence_that_a_reply_holds_is_no_rehearsal():
    @numbers_are_speech()
    @virtual_time
    async def test():
        services = ScriptedServices(Reply((Spoken("OK.", 400),)))
        async with Conversation(services.engine(), services) as talk:
            await talk.hears("all right", 800)
        assert talk.told("agent_said", "heard_ms") == [400]
        assert services.rehearsals == []

    test()


def test_a_script_is_given_to_one_of_two_servers():
    with pytest.raises(MisuseError, match="share one script"):
        ScriptedServices(NOON, beside=ScriptedGateway())


@virtual_time
async def test_what_is_missing_is_told():
    services = ScriptedServices(NOON)
    with pytest.raises(AssertionError, match="1 replies to come; asked: "):
        services.assert_complete()
