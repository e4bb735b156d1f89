"""Every dialect we may begin with at every kind of server: found out, and mended in one round trip at most."""

import base64
import re

import pytest

from journeys.journey import Journey, dialects, wires
from journeys.virtual.test_races import NOON, ONE, TOOLS, asked, calls
from voiceloop.agent import Agent
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Fail, Quirks, Send, Vanish, Wait

BETA_MODEL = "gpt-4o-realtime-preview"
GA_MODEL = "gpt-realtime"
STARTS = [("auto", BETA_MODEL, "beta"), ("auto", GA_MODEL, "ga"), ("beta", GA_MODEL, "beta"), ("ga", BETA_MODEL, "ga")]
"""What is set, the model, and the dialect that this begins with."""
BARE = (Send({"type": "session.created", "session": {"id": "sess_1", "model": "m"}}),)


def in_beta_shape(event):
    return event["type"] == "session.update" and "modalities" in event["session"]


SERVERS = {
    # What the server is, and the dialects it speaks.
    "strict beta": (Quirks(accepts=("beta",)), ("beta",)),
    "strict GA that refuses beta by name": (Quirks(accepts=("ga",)), ("ga",)),
    "strict GA that greets anybody": (Quirks(accepts=("ga",), refuses_by="form"), ("ga",)),
    "whatever is asked for": (Quirks(), ("beta", "ga")),
    "hybrid names": (Quirks(hybrid_names=True), ("beta", "ga")),
    "hybrid names, strict beta": (Quirks(accepts=("beta",), hybrid_names=True), ("beta",)),
    "hybrid names, strict GA": (Quirks(accepts=("ga",), refuses_by="form", hybrid_names=True), ("ga",)),
    "a relay that shows only 1006": (Quirks(greets=False, drops_at=in_beta_shape), ("ga",)),
    "beta, bare session": (Quirks(accepts=("beta",), greets=False, before_greeting=BARE), ("beta",)),
    "GA, bare session": (Quirks(accepts=("ga",), refuses_by="form", greets=False, before_greeting=BARE), ("ga",)),
    "beta, late greeting": (Quirks(accepts=("beta",), before_greeting=(Wait(3.0),)), ("beta",)),
    "GA, late greeting": (Quirks(accepts=("ga",), refuses_by="form", before_greeting=(Wait(3.0),)), ("ga",)),
    "GA, late refusal by name": (Quirks(accepts=("ga",), before_greeting=(Wait(1.0),)), ("ga",)),
    "beta, no greeting": (Quirks(accepts=("beta",), greets=False), ("beta",)),
    "GA, no greeting": (Quirks(accepts=("ga",), refuses_by="form", greets=False), ("ga",)),
    "beta, errors in words": (Quirks(accepts=("beta",), greets=False, string_errors=True), ("beta",)),
    "GA, errors in words": (Quirks(accepts=("ga",), refuses_by="form", greets=False, string_errors=True), ("ga",)),
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(("wanted", "model", "first"), STARTS)
@virtual_time
async def test_a_mismatch_costs_one_round_trip_at_most(server, wanted, model, first):
    quirks, spoken = SERVERS[server]
    talk = Journey(NOON, dialect=wanted, realtime={"model": model}, quirks=quirks, errors=None, complete=False)
    async with talk:
        if wanted != "auto" and first not in spoken:
            ended = await talk.ends()
        else:
            await asked(talk)
            assert (await talk.line("agent_said"))["heard_ms"] == 800
    updates = talk.gateway.got("session.update")
    if wanted != "auto" and first not in spoken:
        assert (ended.exit_status, talk.said("session_started")) == (5, [])
        assert (talk.network.attempts, len(updates)) in {(1, 0), (1, 1)}
        return
    assert talk.lines[0]["dialect"] == (first if first in spoken else spoken[0])
    assert talk.warnings() == []
    trips = max(talk.network.attempts, len(updates))
    assert trips <= 1 + (first not in spoken)
    assert [("OpenAI-Beta" in upgrade) for upgrade in talk.gateway.upgrades] == [first == "beta", False][
        : talk.network.attempts
    ]


@dialects
@virtual_time
async def test_later_updates_leave_out_what_a_strict_server_has_refused(dialect):
    refusal = Fail("unknown_parameter", "Unknown parameter: 'session.tool_choice'.", param="session.tool_choice")
    talk = Journey(NOON, dialect=dialect, agent=TOOLS, errors=1)
    talk.gateway.when("session.update", refusal)
    async with talk:
        await talk.session.update(instructions="Be long.", tools=TOOLS.tools)
        await asked(talk)
        await talk.line("agent_said")
    assert ["tool_choice" in event["session"] for event in talk.gateway.got("session.update")] == [True, False, False]


@dialects
@virtual_time
async def test_a_reconnected_session_begins_in_the_dialect_that_was_found(dialect):
    quirks = Quirks(accepts=(dialect,), refuses_by="form", greets=False)
    model = GA_MODEL if dialect == "beta" else BETA_MODEL
    async with Journey(NOON, dialect="auto", realtime={"model": model}, quirks=quirks, errors=1) as talk:
        talk.gateway.connection.outbox.put(Vanish())
        await talk.until(lambda: len(talk.gateway.connections) == 2)
        await asked(talk)
        await talk.line("agent_said")
    assert len(talk.gateway.connections[1].received) > 0
    assert len([event for event in talk.gateway.connections[1].received if event["type"] == "session.update"]) == 1


# What relays that decode every message insist on ----------------------------------------------------------------------

BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


@wires
@virtual_time
async def test_what_a_strict_relay_reads_has_the_types_it_expects(dialect, form):
    agent = Agent("Be brief.", tools=TOOLS.tools, voice="verse", vocabulary=["Zytglogge"])
    async with Journey(calls("clock", 0.1), NOON, ONE, dialect=dialect, form=form, agent=agent) as talk:
        await asked(talk)
        await talk.line("agent_said")
        await talk.session.say("One more thing.")
        await talk.line("agent_said", times=2)
    events = talk.gateway.received
    told = [event.get("session", event.get("response", {})) for event in events]
    assert {type(each["tool_choice"]) for each in told if "tool_choice" in each} == {str}
    sounds = [event["audio"] for event in events if event["type"] == "input_audio_buffer.append"]
    assert all(BASE64.fullmatch(sound) for sound in sounds)
    assert {len(base64.b64decode(sound)) for sound in sounds} == {960 if form == "pcm16" else 160}
    assert all("=" in sound for sound in sounds) == (form != "pcm16")
    assert all("sec-websocket-protocol" not in map(str.lower, upgrade) for upgrade in talk.gateway.upgrades)
    assert talk.gateway.garbage == []
