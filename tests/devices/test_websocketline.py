from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.websocketline import MAX_WAITING, Outgoing, WebSocketLine
from voiceloop.errors import MisuseError
from voiceloop.testing.clock import run_virtual, virtual_time
from voiceloop.testing.numbers import CYCLE, numbered, runs
from voiceloop.vocabulary import HeardSpan

RATE = 24_000


class Client:
    """A web client, the line it is, and the ledger behind it, on virtual time."""

    def __init__(self, rate_hz=RATE, session_hz=RATE):
        self.session_hz = session_hz
        self.overflows = 0
        self.outgoing = Outgoing(self._overflowed)
        self.warnings = []
        self.line = WebSocketLine(rate_hz, self.outgoing, lambda code, _: self.warnings.append(code))
        self.events = []
        self.ledger = Ledger(session_hz, self.events.append)
        self.heard = bytearray()
        self.firsts = []
        self.sound = bytearray()
        self.told = []

    def _overflowed(self):
        self.overflows += 1

    def _ears(self, pcm, first_sample):
        self.firsts.append(first_sample)
        assert first_sample == len(self.heard) // 2, "captured sound has no gaps"
        self.heard += pcm

    async def __aenter__(self):
        await self.line.open(self._ears, self.ledger, self.session_hz, None)
        await self.reads()
        return self

    async def __aexit__(self, *_):
        await self.line.close(1.0)

    async def reads(self):
        """Take all that waits."""
        while self.outgoing._waiting:
            message = await self.outgoing.take()
            if isinstance(message, bytes):
                self.sound += message
            else:
                self.told.append(json.loads(message))

    async def passes(self, seconds):
        until = asyncio.get_running_loop().time() + seconds
        while (left := until - asyncio.get_running_loop().time()) > 1e-9:
            await asyncio.sleep(min(left, 0.01))
            await self.reads()

    def says(self, reply_id, ms, number=1):
        self.ledger.put(reply_id, "item", 0, numbered(number, ms * self.session_hz // 1000))

    @property
    def samples(self):
        return len(self.sound) // 2


# Sound to the client --------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_client_gets_one_stream_in_real_time_silence_included():
    async with Client() as client:
        assert client.told == [{"type": "ready", "rate": RATE}]
        await client.passes(0.1)
        client.says("r1", 200)
        await client.passes(0.9)
    assert client.samples == pytest.approx(RATE, abs=480)
    (run,) = runs(bytes(client.sound))
    assert (run.number, run.samples) == (1, 4800)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
@virtual_time
async def test_the_client_chooses_its_rate(rate_hz):
    tone = (8000 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE)).astype("<i2").tobytes()
    async with Client(rate_hz) as client:
        client.ledger.put("r1", "item", 0, tone)
        await client.passes(1.1)
    heard = np.frombuffer(bytes(client.sound), "<i2")
    assert len(heard) == pytest.approx(1.1 * rate_hz, rel=0.02)
    loudest = np.abs(np.fft.rfft(heard[: rate_hz // 2].astype(float))).argmax() * 2
    assert loudest == pytest.approx(440, abs=2)


def test_other_rates_are_refused():
    with pytest.raises(MisuseError, match="take one of 8000, 16000, 24000, 48000"):
        WebSocketLine(44_100, Outgoing(print), print)


@virtual_time
async def test_a_line_opens_once():
    async with Client() as client:
        with pytest.raises(MisuseError, match="opened before"):
            await client.line.open(print, client.ledger, RATE, None)


# What was heard -------------------------------------------------------------------------------------------------------


@virtual_time
async def test_without_acknowledgements_each_block_sounds_after_the_one_before():
    async with Client() as client:
        client.says("r1", 100)
        await client.passes(0.02)
        assert not client.line.played().exact
        begun = client.line.played().sample
        await client.passes(0.015)
        assert client.line.played().sample - begun == pytest.approx(0.015 * RATE, abs=1)
        await client.passes(0.2)
        client.ledger.seal("r1")
    assert [type(event).__name__ for event in client.events] == ["PlaybackStarted", "PlaybackFinished"]


@virtual_time
async def test_sound_that_waits_for_a_slow_client_is_not_taken_for_heard():
    async with Client() as client:
        client.says("r1", 2000)
        await asyncio.sleep(1.0)  # the socket takes nothing
        assert client.line.played().sample == 0
        await client.passes(0.02)
        assert client.line.played().sample == pytest.approx(RATE, abs=960)


@virtual_time
async def test_what_the_client_says_it_played_counts():
    async with Client(48_000) as client:
        client.line.acknowledge(0)
        client.says("r1", 1000)
        await client.passes(0.5)
        assert client.events == []
        client.line.acknowledge(9_600)
        assert client.line.played().exact
        assert client.line.played().sample == 4_800
        client.line.acknowledge(4_800)  # overtaken
        assert client.line.played().sample == 4_800
        assert client.ledger.heard("r1")[0].heard_ms == pytest.approx(200, abs=20)


@virtual_time
async def test_no_more_is_heard_than_was_sent():
    async with Client() as client:
        client.says("r1", 1000)
        await client.passes(0.5)
        client.line.acknowledge(10**12)
        assert client.line.played().sample == client.samples


@virtual_time
async def test_a_client_that_stops_acknowledging_is_estimated_so_that_replies_end():
    async with Client() as client:
        client.says("r1", 1000)
        client.ledger.seal("r1")
        await client.passes(0.5)
        client.line.acknowledge(100)
        await client.passes(1.9)
        assert client.ledger.playing == "r1"
        await client.passes(0.2)
        assert client.ledger.idle
    assert client.warnings == ["playback_estimated"]


# Barge-in -------------------------------------------------------------------------------------------------------------


def flush(client):
    spans = client.ledger.flush()
    client.line.flush(client.ledger.generation)
    return spans


@virtual_time
async def test_a_flush_takes_back_what_was_not_sent_and_tells_the_client_to_drop_the_rest():
    async with Client() as client:
        client.says("r1", 2000)
        await client.passes(0.5)
        sent = client.samples
        await asyncio.sleep(0.3)  # waits in the queue
        client.ledger.ack(client.line.played().sample)
        (span,) = flush(client)
        assert span.heard_ms == pytest.approx(500, abs=20)
        client.says("r2", 100, number=500_000)
        await client.passes(0.2)
    assert client.told[-1] == {"type": "flush", "generation": 1, "sample": sent}
    old, new = runs(bytes(client.sound))
    assert old.samples == pytest.approx(sent, abs=480)
    assert (new.number, new.samples) == (500_000 % CYCLE, 2_400)


@virtual_time
async def test_after_a_flush_acknowledgements_count_the_same_stream():
    async with Client(8_000) as client:
        client.says("r1", 2000)
        await client.passes(0.5)
        client.line.acknowledge(2_000)
        flush(client)
        await client.reads()
        start = client.told[-1]["sample"]
        client.says("r2", 1000)
        await client.passes(0.5)
        client.line.acknowledge(3_000)  # of the time before: already on its way when the flush came
        assert client.ledger.heard("r2")[0].heard_ms == 0
        client.line.acknowledge(start + 8_000 // 4)
        assert client.ledger.heard("r2")[0].heard_ms == pytest.approx(250, abs=21)
        assert isinstance(client.ledger.heard("r2")[0], HeardSpan)


# Sound from the client ------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_client_is_heard_at_once_and_whole_however_it_cuts_its_messages():
    async with Client() as client:
        pcm = numbered(1, 4_800)
        for at in range(0, len(pcm), 77):
            client.line.hear(pcm[at : at + 77])
        assert bytes(client.heard) == pcm


@virtual_time
async def test_what_comes_before_the_line_is_open_is_dropped():
    client = Client()
    client.line.hear(bytes(100))
    async with client:
        assert client.heard == b""
        assert client.line.ahead_s == 0.0


@virtual_time
async def test_a_muted_client_is_silence_on_the_same_clock():
    async with Client() as client:
        await client.passes(2.0)
        assert len(client.heard) // 2 == pytest.approx(1.8 * RATE, abs=480)
        client.line.hear(numbered(1, 480))
        await client.passes(1.0)
        (run,) = runs(bytes(client.heard))
        assert run.at == pytest.approx(1.8 * RATE, abs=960)
        assert len(client.heard) // 2 == pytest.approx(2.8 * RATE, abs=480)


@virtual_time
async def test_late_sound_is_heard_after_all():
    async with Client() as client:
        await client.passes(1.0)
        client.line.hear(numbered(1, RATE))
        assert sum(run.samples for run in runs(bytes(client.heard))) == RATE
        assert client.line.ahead_s == pytest.approx(0.8, abs=0.03)
        await client.passes(1.0)
        assert client.line.ahead_s == pytest.approx(-0.2, abs=0.03)


@pytest.mark.parametrize(("rate_hz", "session_hz"), [(48_000, 24_000), (8_000, 24_000), (16_000, 8_000)])
@virtual_time
async def test_the_session_hears_its_own_rate(rate_hz, session_hz):
    tone = (8000 * np.sin(np.arange(rate_hz) * 2 * np.pi * 440 / rate_hz)).astype("<i2").tobytes()
    async with Client(rate_hz, session_hz) as client:
        for at in range(0, len(tone), rate_hz // 25):
            client.line.hear(tone[at : at + rate_hz // 25])
            await client.passes(0.02)
    heard = np.frombuffer(bytes(client.heard), "<i2")[: session_hz // 2].astype(float)
    assert np.abs(np.fft.rfft(heard)).argmax() * 2 == pytest.approx(440, abs=2)


@virtual_time
async def test_after_closing_nothing_comes_any_more():
    async with Client() as client:
        await client.passes(0.1)
    heard, sound = len(client.heard), client.samples
    client.line.hear(bytes(960))
    await client.passes(0.5)
    assert (len(client.heard), client.samples) == (heard, sound)


@virtual_time
async def test_cancelling_while_it_opens_leaves_no_clock_running():
    client = Client()
    opening = asyncio.get_running_loop().create_task(client.line.open(print, client.ledger, RATE, None))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])
    await client.passes(0.2)
    assert client.told == []
    assert client.samples == 0


# Messages that wait ---------------------------------------------------------------------------------------------------


async def test_messages_come_in_order_and_end():
    outgoing = Outgoing(print)
    outgoing.put("a")
    outgoing.put(b"bb")
    assert outgoing.waiting_bytes == 2
    outgoing.close()
    outgoing.put("late")
    assert [await outgoing.take() for _ in range(3)] == ["a", b"bb", None]


async def test_who_waits_for_a_message_gets_the_next_one():
    outgoing = Outgoing(print)
    asyncio.get_running_loop().call_soon(outgoing.put, "a")
    assert await outgoing.take() == "a"


@virtual_time
async def test_a_client_that_reads_nothing_for_five_seconds_is_given_up_once():
    async with Client() as client:
        await asyncio.sleep(10.0)
        assert client.overflows == 1
        await client.reads()
    assert client.samples == (MAX_WAITING) * 480


# In any order ---------------------------------------------------------------------------------------------------------

STEPS = st.one_of(
    st.tuples(st.just("passes"), st.sampled_from([0.005, 0.02, 0.3, 2.5])),
    st.tuples(st.just("says"), st.integers(1, 400)),
    st.tuples(st.just("hears"), st.integers(0, 4000)),
    st.tuples(st.just("acks"), st.integers(-10, 200_000)),
    st.tuples(st.just("flushes"), st.none()),
    st.tuples(st.just("stalls"), st.sampled_from([0.1, 1.0])),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25), st.sampled_from([(24_000, 24_000), (8_000, 24_000), (48_000, 8_000)]))
def test_whatever_a_client_does_no_more_is_heard_than_was_sent(steps, rates):
    run_virtual(whatever_a_client_does(steps, *rates))


async def whatever_a_client_does(steps, rate_hz, session_hz):
    reply = 0
    async with Client(rate_hz, session_hz) as client:
        for what, value in steps:
            match what:
                case "passes":
                    await client.passes(value)
                case "stalls":
                    await asyncio.sleep(value)
                case "says":
                    client.says(f"r{reply}", value)
                case "hears":
                    client.line.hear(bytes(value))
                case "acks":
                    client.line.acknowledge(value)
                case _:
                    reply += 1
                    for span in flush(client):
                        assert 0 <= span.heard_ms <= span.received_ms
            await client.reads()
            sent_s, elapsed_s = client.samples / rate_hz, client.ledger.position / session_hz
            assert client.line.played().sample <= client.ledger.position
            assert sent_s <= elapsed_s + 0.001
            heard_ms = sum(span.heard_ms for span in client.ledger.heard(f"r{reply}"))
            assert heard_ms <= 1000 * sent_s + 2
            assert client.line.ahead_s >= -0.23
