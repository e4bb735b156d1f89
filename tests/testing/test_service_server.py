"""Scripted services over real connections, asked by the clients that ask real ones."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from pydantic import SecretStr

from voiceloop.agent import Agent
from voiceloop.dgrid.client import Client, World
from voiceloop.dgrid.dialects import dialect
from voiceloop.dgrid.models import list_models
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.engines.rest import rest_engine
from voiceloop.engines.services.rest_chat import RestChat
from voiceloop.engines.services.rest_speak import RestSpeak
from voiceloop.engines.services.rest_transcribe import RestTranscribe
from voiceloop.engines.services.seams import Question, Services
from voiceloop.errors import BackendError, RefusedError, UnreachableError
from voiceloop.session import Session
from voiceloop.settings import BackendSettings, Settings
from voiceloop.testing.account import account_for
from voiceloop.testing.faults import Refuse, refusal
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import Run, numbered, runs
from voiceloop.testing.proxy import FaultProxy
from voiceloop.testing.script import Call, NoAnswer, Reply, Spoken, Stall, Vanish
from voiceloop.testing.service_faults import Garbled
from voiceloop.testing.service_log import Ending
from voiceloop.testing.services import ScriptedServices, ServiceTimes
from voiceloop.testing.spans import Span
from voiceloop.testing.voices import numbers_are_speech
from voiceloop.vocabulary import Tier, ToolSpec, UserTurn

pytestmark = pytest.mark.real

RATE_HZ = 24_000
QUICK = ServiceTimes(0.0, 0.0, 0.0, 0.0, 0.0)
NOON = Reply((Spoken("It is noon.", 600),), (Call("bell", "{}", "c1"),))
BELL = ToolSpec("bell", "Rings.", {"type": "object", "properties": {}})


def settings_for(base_url):
    return Settings(backend=BackendSettings(base_url=base_url, api_key=SecretStr("sk-of-a-test")))


async def at_once(_):
    """A pause between two attempts that takes no time."""


class Seen:
    """Servers and services of one kind: in memory, or asked over a connection."""

    def __init__(self, scripted, asked):
        self.scripted, self.asked = scripted, asked


@contextlib.asynccontextmanager
async def served(**script):
    """Scripted services, and the REST services that ask them over a connection."""
    gateway = ScriptedGateway(default=NOON)
    scripted = ScriptedServices(beside=gateway, times=QUICK, **script)
    server = ScriptedServer(gateway, services=scripted)
    async with server, Client(server.base_url, "sk-test", world=World(pause=at_once)) as client:
        parts = RestTranscribe(client, "ears"), RestChat(client, dialect("openai"), "chat"), RestSpeak(client, "voice")
        yield Seen(scripted, Services(*parts, "chat"))


async def ask(services):
    async with services.chat(Question("Be kind.", [UserTurn("t", "hello")], [BELL])) as deltas:
        return [delta async for delta in deltas]


async def speak(services, text="It is noon."):
    async with services.speak(text, RATE_HZ) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_all_three_answer_as_they_do_in_memory():
    async with served() as seen:
        seen.scripted.will_hear(Run(0, 0, RATE_HZ), "what time is it")
        heard = await seen.asked.transcribe(bytes(9_600) + numbered(0, RATE_HZ) + bytes(9_600), RATE_HZ)
        assert heard.text == "what time is it"
        answer = (await ask(seen.asked))[-1].completion
        assert answer.text.strip() == "It is noon."
        assert [(call.call_id, call.name) for call in answer.tool_calls] == [("c1", "bell")]
        assert [(run.number, run.samples) for run in runs(await speak(seen.asked))] == [(0, 14_400)]
        assert seen.scripted.recognitions[0].spans == (Span(0, RATE_HZ),)
        assert seen.scripted.questions[0].question.instructions == "Be kind."
    assert seen.scripted.summary() == "transcribe answered, chat answered, speak answered"


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        (refusal(401), RefusedError),
        (refusal(400), RefusedError),
        (refusal(500), UnreachableError),
        (Refuse(), UnreachableError),
        (Garbled(), BackendError),
    ],
    ids=lambda each: getattr(each, "status", None) or getattr(each, "__name__", type(each).__name__),
)
async def test_what_is_broken_raises_in_clients_what_it_raises_in_memory(how, kind):
    async with served() as seen:
        seen.scripted.break_("transcribe", "chat", "speak", how=how)
        for request in (seen.asked.transcribe(numbered(0, RATE_HZ), RATE_HZ), ask(seen.asked), speak(seen.asked)):
            with pytest.raises(kind):
                await request
        seen.scripted.mend()
        assert len(await speak(seen.asked, "Three more words.")) == 3 * 300 * 48


async def test_a_stream_breaks_off_in_its_middle():
    async with served() as seen:
        seen.scripted.break_("chat", how=Vanish())
        assert (await ask(seen.asked))[-1].completion.stop == "truncated"
        seen.scripted.break_("speak", how=Vanish(), times=1)
        with pytest.raises(UnreachableError):
            await speak(seen.asked, "a sentence that no reply holds")
        assert 0 < seen.scripted.sentences[0].samples < 6 * 7_200


@pytest.mark.parametrize("how", [NoAnswer(), Stall()])
async def test_who_stops_waiting_for_an_answer_is_seen_to_leave(how):
    async with served() as seen:
        seen.scripted.break_("chat", how=how)
        asking = asyncio.get_running_loop().create_task(ask(seen.asked))
        await seen.scripted.until(lambda: seen.scripted.questions)
        asking.cancel()
        await seen.scripted.until(lambda: seen.scripted.questions[0].ending is Ending.LEFT)


async def test_the_models_of_every_role_are_listed_unless_others_are_wanted():
    gateway = ScriptedGateway()
    services = ScriptedServices(beside=gateway)
    async with ScriptedServer(gateway, services=services, models=["only-one"]) as url:
        listed = await list_models(url.replace("ws:", "http:").removesuffix("/v1/realtime"))
    assert [each.id for each in listed] == ["only-one"]


async def test_what_is_not_offered_is_not_found():
    gateway = ScriptedGateway()
    server = ScriptedServer(gateway, services=ScriptedServices(beside=gateway))
    async with server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /v1/images HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert b" 404 " in await reader.readuntil(b"0\r\n\r\n")
        writer.close()


@numbers_are_speech()
def converses(make_engine, drops_after_s=None, agent=None):
    """One question over real connections, by way of a proxy; returns who said what, and the account.

    With `drops_after_s` realtime ends so long after the question began, for good.
    """

    async def talk():
        gateway = ScriptedGateway(default=Reply((Spoken("It is noon.", 600),)), listens=True)
        services = ScriptedServices(beside=gateway, times=QUICK)
        server, line, lines, answered = ScriptedServer(gateway, services=services), NumberedLine(), [], asyncio.Event()

        def take(told):
            lines.append(told.as_dict())
            if told.event == "agent_said":
                answered.set()

        async with asyncio.timeout(20.0), server, FaultProxy(server.port) as proxy:
            who = agent or Agent()
            settings = settings_for(proxy.through(server.base_url)).of(who.settings)
            async with Session(who, line=line, settings=settings, engine=make_engine(settings), on_line=take):
                gateway.will_hear(line.say(1200, at_ms=200), "what time is it")
                if drops_after_s is not None:
                    await asyncio.sleep(0.2 + drops_after_s)
                    gateway.refuse(503, for_s=60.0)
                    gateway.perform(Vanish())
                await answered.wait()
        said = [told.get("heard_text", told.get("text")) for told in lines if told["event"].endswith("_said")]
        return said, account_for(line, gateway, services), gateway, services

    return asyncio.run(talk())


def test_a_conversation_over_rest_loses_no_sample():
    said, told, gateway, services = converses(rest_engine)
    assert said == ["what time is it", "It is noon."]
    assert told.said == (Span(0, 28_800),)
    assert [turn.spans for turn in told.turns] == [told.said]
    assert told.lost == told.twice == told.played_twice == told.never_played == ()
    assert told.strange == 0
    assert gateway.connections == []
    services.assert_complete()


def test_a_realtime_conversation_passes_through_the_same_door():
    said, told, gateway, services = converses(RealtimeEngine)
    assert said == ["what time is it", "It is noon."]
    assert told.lost == told.twice == ()
    assert len(gateway.connections) == 1
    assert services.asked == []


def realtime_then_rest(settings):
    return {Tier.REALTIME: RealtimeEngine(settings), Tier.REST: rest_engine(settings)}


def test_what_realtime_did_not_live_to_hear_out_is_answered_over_rest_and_no_sample_is_lost():
    said, told, gateway, services = converses(realtime_then_rest, drops_after_s=0.6)
    assert said == ["what time is it", "It is noon."]
    assert len(gateway.connections) == 1
    assert 0 < told.appended[0][-1].end < 28_800
    assert [turn.spans for turn in told.turns] == [told.said] == [(Span(0, 28_800),)]
    assert told.lost == told.twice == told.played_twice == told.never_played == ()
    services.assert_complete()


def test_each_tier_speaks_with_the_voice_that_is_named_for_it():
    agent = Agent(voice={"realtime": "cedar", "rest": "nova"})
    said, _, gateway, services = converses(realtime_then_rest, drops_after_s=0.6, agent=agent)
    assert said == ["what time is it", "It is noon."]
    assert gateway.connections[0].session.fields["audio"]["output"]["voice"] == "cedar"
    assert [sentence.voice for sentence in services.sentences] == ["nova"]
