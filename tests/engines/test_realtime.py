"""The realtime engine between its port and a scripted server, on virtual time."""

import asyncio
from base64 import b64decode

import pytest

from engines.desk import Desk
from voiceloop.commands import AskReply, CancelReply, SendText
from voiceloop.engines.coding import encoder
from voiceloop.engines.realtime import RealtimeEngine, factory
from voiceloop.errors import SettingsError
from voiceloop.events import EngineLost, EngineReady, ReplyAudioStarted, ReplyFinished, ReplyStarted, SpeechStarted
from voiceloop.settings import BackendSettings, Settings
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.numbers import Run, numbered, runs
from voiceloop.testing.script import Close, Fail, Quirks, Reply, Send, Spoken, Stall
from voiceloop.vocabulary import AudioFormat, Cause, Tier, Traits, UserTurn

dialects = pytest.mark.parametrize("dialect", ["beta", "ga"])
FRAME = 480
BETA_MODEL = "gpt-4o-realtime-preview"


def hears(desk, frames, first=0):
    """Captured frames, numbered from `first` on; tells how many were taken."""
    rate = desk.settings.audio.wire.rate_hz
    size = rate // 50
    return sum(
        desk.engine.hear(numbered(number * size, size), number * size) for number in range(first, first + frames)
    )


# The way there -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://api.dgrid.ai", "wss://api.dgrid.ai/v1/realtime?model=m"),
        ("https://api.dgrid.ai/v1", "wss://api.dgrid.ai/v1/realtime?model=m"),
        ("https://api.dgrid.ai/v1/", "wss://api.dgrid.ai/v1/realtime?model=m"),
        ("http://127.0.0.1:8765/", "ws://127.0.0.1:8765/v1/realtime?model=m"),
        ("wss://proxy.test/dgrid/v1", "wss://proxy.test/dgrid/v1/realtime?model=m"),
    ],
)
@virtual_time
async def test_the_base_url_becomes_the_realtime_address(base_url, url):
    async with Desk(base_url=base_url, model="m") as desk:
        assert desk.urls == [url]


@virtual_time
async def test_without_a_key_no_authorization_is_sent():
    async with Desk() as desk:
        assert "Authorization" not in desk.gateway.upgrades[0]
    async with Desk(key="sk-secret") as desk:
        assert desk.gateway.upgrades[0]["Authorization"] == "Bearer sk-secret"


def test_without_a_base_url_there_is_nothing_to_open():
    with pytest.raises(SettingsError, match="DGRID_BASE_URL"):
        RealtimeEngine(Settings())


def test_the_entry_point_makes_an_engine_of_the_settings():
    settings = Settings(backend=BackendSettings(base_url="https://api.dgrid.ai"))
    assert isinstance(factory({}, settings), RealtimeEngine)


@dialects
@virtual_time
async def test_it_is_ready_when_the_server_has_confirmed_the_session(dialect):
    async with Desk(dialect=dialect, model="m") as desk:
        assert desk.events == [EngineReady(Tier.REALTIME, "m", Traits(), dialect, transcription_model="whisper-1")]
        session = desk.gateway.expect("session.update", times=1)[0]["session"]
        assert session["instructions"] == "Be brief."


@virtual_time
async def test_nobody_there_is_reported_and_not_raised():
    desk = Desk()
    desk.network.is_up = False
    async with desk:
        (lost,) = desk.events
        assert lost.cause is Cause.UNREACHABLE


@virtual_time
async def test_an_address_that_is_none_is_reported_too():
    async def dial(url, **options):
        raise SettingsError("the realtime address is not a ws:// or wss:// URL: check the base URL")

    desk = Desk(base_url="ftp://files.test")
    desk._dial = dial
    desk.engine = RealtimeEngine(desk.settings, dial=dial)
    async with desk:
        assert "check the base URL" in desk.events[0].detail


@virtual_time
async def test_a_refusal_is_reported_with_its_cause():
    gateway = ScriptedGateway(key="another")
    async with Desk(gateway, key="sk-wrong-0123456789") as desk:
        (lost,) = desk.events
        assert lost.cause is Cause.BAD_KEY
        assert "sk-wrong" not in lost.detail


@virtual_time
async def test_the_other_dialect_is_dialled_and_the_next_connection_begins_with_it():
    gateway = ScriptedGateway(quirks=Quirks(accepts=("ga",)))
    async with Desk(gateway, dialect="auto", model=BETA_MODEL) as desk:
        assert desk.ready.dialect == "ga"
        assert desk.network.attempts == 2
        assert desk.of(EngineLost) == []
        second = desk.engine.fresh(2)
        await second.open(desk.seed, desk)
        await desk.until(lambda: len(desk.of(EngineReady)) == 2)
        assert desk.network.attempts == 3
        await second.close(0.5)


@virtual_time
async def test_the_record_goes_over_and_nothing_is_obeyed_before_the_engine_is_ready():
    gateway = ScriptedGateway()
    desk = Desk(gateway)
    desk.recordings["u2"] = b"\1\0" * 480
    desk.engine.recall((UserTurn("u0", "before anything was opened"),), "")
    desk.engine.obey(SendText("t0", "before anything was opened"))
    async with desk:
        desk.engine.recall((UserTurn("u1", "Hello."), UserTurn("u2", ""), UserTurn("u3", "")), "")
        desk.engine.obey(SendText("t1", "afterwards"))
        await gateway.until(lambda: len(gateway.got("conversation.item.create")) == 3)
        parts = [event["item"]["content"][0] for event in gateway.got("conversation.item.create")]
    assert [part.get("text") for part in parts] == ["Hello.", None, "afterwards"]
    assert b64decode(parts[1]["audio"]) == b"\1\0" * 480


@virtual_time
async def test_a_server_that_refuses_beta_and_stays_is_left_before_it_is_dialled_again():
    gateway = ScriptedGateway()
    gateway.when("session.update", Fail("beta_api_shape_disabled", "use GA"))
    desk = Desk(gateway, dialect="auto", model=BETA_MODEL)
    desk.network.latency_s = 0.05
    async with desk:
        assert desk.ready.dialect == "ga"
        first, second = gateway.connections
        assert first.closed == (1000, "")
        assert second.closed is None
    assert desk.of(EngineLost) == []


# Sound to the server -------------------------------------------------------------------------------------------------


@virtual_time
async def test_sound_is_refused_until_the_session_is_configured():
    desk = Desk(ScriptedGateway(quirks=Quirks(greets=False)))
    assert hears(desk, 1) == 0
    async with asyncio.TaskGroup() as group:
        desk.group = group
        opening = group.create_task(desk.engine.open(desk.seed, desk))
        await asyncio.wait([opening])
        assert hears(desk, 1) == 0
        await desk.until(lambda: desk.of(EngineReady))
        assert hears(desk, 1) == 1
        await desk.engine.close(0.5)


@dialects
@pytest.mark.parametrize("form", ["pcm16", "g711_ulaw", "g711_alaw"])
@virtual_time
async def test_every_sample_reaches_the_server_once_and_in_order(dialect, form):
    async with Desk(dialect=dialect, form=form) as desk:
        assert hears(desk, 50) == 50
        hearing = desk.gateway.connection.hearing
        await desk.gateway.until(lambda: hearing.clock_ms >= 1000)
        if form == "pcm16":
            assert runs(bytes(hearing.pcm)) == [Run(0, 0, 24_000)]
        assert hearing.clock_ms == 1000


@virtual_time
async def test_a_full_buffer_refuses_and_a_refused_frame_is_sent_once_when_there_is_room():
    async with Desk() as desk:
        desk.network.hold()
        taken = hears(desk, 1000)
        assert 0 < taken < 1000
        assert hears(desk, 1, first=taken) == 0
        desk.network.release()
        await asyncio.sleep(0.1)
        assert hears(desk, 1, first=taken) == 1
        await asyncio.sleep(0.1)
        assert runs(bytes(desk.gateway.connection.hearing.pcm)) == [Run(0, 0, (taken + 1) * FRAME)]


@virtual_time
async def test_a_refused_frame_is_converted_once():
    form = {"format": {"type": "audio/pcm", "rate": 24_000}}
    gateway = ScriptedGateway()
    gateway.when(
        "session.update",
        Send({"type": "session.updated", "session": {"type": "realtime", "audio": {"input": form, "output": form}}}),
    )
    async with Desk(gateway, form="g711_ulaw") as desk:
        desk.network.hold()
        taken = 0
        while hears(desk, 1, first=taken):
            taken += 1
        for _ in range(5):
            assert hears(desk, 1, first=taken) == 0
        desk.network.release()
        await asyncio.sleep(0.1)
        assert hears(desk, 5, first=taken) == 5
        await asyncio.sleep(0.1)
    convert = encoder(8000, AudioFormat())
    expected = b"".join(convert(numbered(number * 160, 160)) for number in range(taken + 5))
    assert bytes(gateway.connection.hearing.pcm) == expected


@virtual_time
async def test_the_servers_times_count_on_the_capture_clock_gaps_included():
    async with Desk() as desk:
        hears(desk, 50, first=500)  # the line had been open for 10 s
        hears(desk, 100, first=650)  # 2 s were lost
        desk.gateway.heard_speech(1500, 1900)
        hears(desk, 50, first=750)
        await desk.until(lambda: desk.of(SpeechStarted))
        assert desk.of(SpeechStarted)[0].at_s == pytest.approx(10.0 + 2.0 + 1.5)


# Sound and words from the server -------------------------------------------------------------------------------------


@dialects
@pytest.mark.parametrize("form", ["pcm16", "g711_ulaw"])
@virtual_time
async def test_a_reply_is_told_and_its_sound_goes_straight_to_the_port(dialect, form):
    gateway = ScriptedGateway(Reply((Spoken("It is noon.", 500),)))
    async with Desk(gateway, dialect=dialect, form=form) as desk:
        desk.engine.obey(AskReply("ask-1"))
        await desk.until(lambda: desk.of(ReplyFinished))
        assert desk.of(ReplyStarted) == [ReplyStarted("resp_1", "ask-1")]
        (first,) = desk.of(ReplyAudioStarted)
        assert {sound[:3] for sound in desk.sounds} == {(first.reply_id, first.item_id, 0)}
        assert sum(len(sound[3]) for sound in desk.sounds) == desk.settings.audio.wire.rate_hz


@dialects
@virtual_time
async def test_a_server_that_insists_on_its_own_format_is_converted_both_ways(dialect):
    pcm = {"input_audio_format": "pcm16", "output_audio_format": "pcm16", "modalities": ["audio", "text"]}
    if dialect == "ga":
        form = {"format": {"type": "audio/pcm", "rate": 24_000}}
        pcm = {"type": "realtime", "audio": {"input": form, "output": form}}
    gateway = ScriptedGateway(Reply((Spoken("It is noon.", 500),)))
    gateway.when("session.update", Send({"type": "session.updated", "session": pcm}))
    async with Desk(gateway, dialect=dialect, form="g711_ulaw") as desk:
        hears(desk, 50)
        hearing = gateway.connection.hearing
        await gateway.until(lambda: hearing.clock_ms >= 990)
        assert hearing.clock_ms == pytest.approx(1000, abs=5)
        desk.engine.obey(AskReply("ask-1"))
        await desk.until(lambda: desk.of(ReplyFinished))
        assert sum(len(sound[3]) for sound in desk.sounds) / 2 / 8000 == pytest.approx(0.5, abs=0.005)


@virtual_time
async def test_a_cancelled_reply_is_reported_as_such():
    gateway = ScriptedGateway(Reply((Spoken("A story.", 5000),), pace=1.0))
    async with Desk(gateway) as desk:
        desk.engine.obey(AskReply("ask-1"))
        await desk.until(lambda: desk.of(ReplyAudioStarted))
        desk.engine.obey(CancelReply("resp_1"))
        await desk.until(lambda: desk.of(ReplyFinished))
        assert desk.of(ReplyFinished)[0].status == "cancelled"


# The end -------------------------------------------------------------------------------------------------------------


@dialects
@virtual_time
async def test_a_lost_connection_is_reported_once_and_nothing_is_sent_after_it(dialect):
    async with Desk(dialect=dialect) as desk:
        desk.gateway.perform(Close(1001, "going away"))
        await desk.until(lambda: desk.of(EngineLost))
        desk.engine.obey(AskReply("ask-1"))
        assert hears(desk, 1) == 0
        await asyncio.sleep(5)
        assert len(desk.of(EngineLost)) == 1
    desk.gateway.expect("response.create", times=0)


@virtual_time
async def test_closing_twice_or_before_opening_does_nothing_more():
    desk = Desk()
    await desk.engine.close(0.5)
    desk = Desk()
    async with desk:
        await desk.engine.close(0.5)
        await desk.engine.close(0.5)
    assert desk.of(EngineLost) == []
    assert desk.gateway.connection.closed == (1000, "")


@virtual_time
async def test_closing_a_dead_connection_takes_no_longer_than_allowed():
    async with Desk() as desk:
        desk.gateway.perform(Stall())
        await asyncio.sleep(0.1)
        before = asyncio.get_running_loop().time()
        await desk.engine.close(0.5)
        assert asyncio.get_running_loop().time() - before == pytest.approx(0.5)


@virtual_time
async def test_what_a_server_still_says_while_it_is_closed_is_not_reported():
    gateway = ScriptedGateway(Reply((Spoken("A story.", 5000),), pace=1.0))
    async with Desk(gateway) as desk:
        desk.network.latency_s = 0.1
        desk.engine.obey(AskReply("ask-1"))
        await desk.until(lambda: desk.of(ReplyAudioStarted))
        closing = desk.group.create_task(desk.engine.close(0.5))
        await asyncio.sleep(0)
        told = len(desk.events)
        await asyncio.wait([closing])
        assert len(desk.events) == told


@virtual_time
async def test_a_connection_that_opens_after_the_engine_was_closed_is_closed_at_once():
    desk = Desk()
    desk.network.latency_s = 0.1
    async with asyncio.TaskGroup() as group:
        desk.group = group
        opening = group.create_task(desk.engine.open(desk.seed, desk))
        await asyncio.sleep(0.05)
        await desk.engine.close(0.5)
        await asyncio.wait([opening])
    await asyncio.sleep(1)
    assert desk.gateway.connection.closed is not None
    assert desk.events == []


@virtual_time
async def test_cancelling_the_opening_leaves_no_connection():
    desk = Desk()
    desk.network.latency_s = 0.1
    async with asyncio.TaskGroup() as group:
        opening = group.create_task(desk.engine.open(desk.seed, desk))
        await asyncio.sleep(0.05)
        opening.cancel()
    await asyncio.sleep(1)
    assert desk.gateway.connections == []


@virtual_time
async def test_closing_while_the_other_dialect_is_dialled_leaves_nothing_open():
    gateway = ScriptedGateway(quirks=Quirks(accepts=("ga",)))
    desk = Desk(gateway, dialect="auto", model=BETA_MODEL)
    desk.network.latency_s = 0.1
    async with asyncio.TaskGroup() as group:
        desk.group = group
        group.create_task(desk.engine.open(desk.seed, desk))
        await gateway.until(lambda: gateway.connections)
        await asyncio.sleep(0.25)  # the refusal is here, the second dial under way
        await desk.engine.close(0.5)
    await asyncio.sleep(1)
    assert all(connection.closed for connection in gateway.connections)
    assert desk.of(EngineReady, EngineLost) == []
