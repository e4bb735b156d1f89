"""Recognition, with ears that are told what to hear."""

import asyncio
from contextlib import suppress

import pytest

from modelfakes import FakeTranscriber
from voiceloop.engines.services.seams import Transcript
from voiceloop.errors import DeviceError, RefusedError, UnreachableError
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import ToolSpec
from voiceloop_local.models.pending import RequestError
from voiceloop_local.services.listening import LocalTranscribe
from voiceloop_local.services.tongue import Tongue

SECOND = bytes(16_000)
CLOCK = ToolSpec("get_time", "Sagt die Zeit.\nExamples: wie spät ist es", {})


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
@virtual_time
async def test_words_come_with_their_language(rate_hz):
    ears = FakeTranscriber("what time is it")
    transcribe = LocalTranscribe(ears, Tongue("en"), ("Ada",), (CLOCK,))
    assert await transcribe(bytes(2 * rate_hz), rate_hz) == Transcript("what time is it", "en")
    assert ears.heard == [(1000, rate_hz, "en", ("Ada",))]


@virtual_time
async def test_in_other_languages_what_people_ask_the_tools_for_is_expected():
    ears = FakeTranscriber("wie spät ist es")
    await LocalTranscribe(ears, Tongue("de"), ("Ada",), (CLOCK,))(SECOND, 8_000)
    _, _, language, expected = ears.heard[0]
    assert language == "de"
    assert expected[:2] == ("Ada", "Wie spät ist es?")


@virtual_time
async def test_auto_listens_for_the_language_first():
    ears = FakeTranscriber("wie spät ist es", languages=[("de", 0.9)])
    assert await LocalTranscribe(ears, Tongue("auto"))(SECOND, 8_000) == Transcript("wie spät ist es", "de")


@pytest.mark.parametrize(
    ("error", "told"), [(DeviceError("it is gone"), UnreachableError), (RequestError("too many"), RefusedError)]
)
@virtual_time
async def test_ears_that_fail_are_told_apart_from_a_turn_that_is_no_use(error, told):
    with pytest.raises(told, match=str(error)):
        await LocalTranscribe(FakeTranscriber(error), Tongue("en"))(SECOND, 8_000)


@virtual_time
async def test_it_can_be_cancelled():
    asked = asyncio.get_running_loop().create_task(LocalTranscribe(FakeTranscriber(), Tongue("en"))(SECOND, 8_000))
    await asyncio.sleep(0.1)
    asked.cancel()
    with suppress(asyncio.CancelledError):
        await asked
    assert asked.cancelled()
