"""Sentences at the rate of a session, with a speaker that is told what to sound like."""

import pytest

from modelfakes import SPOKEN_CHAR_MS, Voice
from voiceloop.errors import DeviceError, RefusedError, UnreachableError
from voiceloop.testing.clock import virtual_time
from voiceloop_local.models.pending import RequestError
from voiceloop_local.services.speaking import LocalSpeak
from voiceloop_local.services.tongue import Tongue

TEXT = "It is ten past four."


async def spoken(speaker, rate_hz=24_000, tag="en", voice=None):
    async with LocalSpeak(speaker, Tongue(tag), voice)(TEXT, rate_hz) as chunks:
        return [chunk async for chunk in chunks]


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
@virtual_time
async def test_a_sentence_is_as_long_at_any_rate(rate_hz):
    pcm = b"".join(await spoken(Voice(), rate_hz))
    samples = len(TEXT) * SPOKEN_CHAR_MS * rate_hz // 1000
    assert len(pcm) % 2 == 0
    assert abs(len(pcm) // 2 - samples) <= 1


@virtual_time
async def test_the_language_of_the_conversation_and_the_voice_that_is_set_are_asked_for():
    speaker = Voice()
    await spoken(speaker, tag="de", voice="heart")
    assert speaker.said == [(TEXT, "heart", "de")]


@virtual_time
async def test_a_sentence_sounds_before_it_is_whole_and_leaving_it_closes_the_speech():
    speaker = Voice(b"\1\0" * 240, b"\2\0" * 240)
    async with LocalSpeak(speaker, Tongue("en"))(TEXT, 24_000) as chunks:
        assert await anext(chunks) == b"\1\0" * 240
        assert not speaker.closed
    assert speaker.closed
    assert speaker.given == 1


@pytest.mark.parametrize(
    ("error", "told"), [(DeviceError("it is gone"), UnreachableError), (RequestError("unspeakable"), RefusedError)]
)
@virtual_time
async def test_a_voice_that_is_gone_is_told_apart_from_a_sentence_that_is_no_use(error, told):
    with pytest.raises(told, match=str(error)):
        await spoken(Voice(error=error))


@virtual_time
async def test_a_sentence_without_sound_is_refused():
    with pytest.raises(RefusedError, match="nothing in this sentence"):
        await spoken(Voice(b""))
