import asyncio

import pytest

from voiceloop.errors import DeviceError, LanguageError
from voiceloop_local.models.pending import Pending, RequestError
from voiceloop_local.models.protocol import Chunk, Failed, Identified, Lacking, Spoken, Transcribed


async def test_a_transcription_is_handed_over_once():
    pending = Pending()
    words = pending.transcript(1)
    pending.answer(Transcribed(1, "hello"), b"")
    pending.answer(Transcribed(1, "again"), b"")
    assert await words == "hello"
    assert len(pending) == 0


async def test_a_language_is_handed_over_with_its_probability():
    pending = Pending()
    language, failing = pending.language(3), pending.language(4)
    pending.answer(Identified(3, "de", 0.75), b"")
    pending.answer(Failed(4, "no model"), b"")
    pending.answer(Identified(9, "en", 1.0), b"")
    assert await language == ("de", 0.75)
    with pytest.raises(DeviceError, match="no model"):
        await failing
    assert len(pending) == 0


async def test_a_language_that_lacks_something_is_told_apart():
    pending = Pending()
    words = pending.transcript(1)
    pending.answer(Lacking(1, "pip install it"), b"")
    with pytest.raises(LanguageError, match="pip install it") as failed:
        await words
    assert isinstance(failed.value, RequestError)


async def test_a_speech_is_handed_over_in_pieces_until_its_end():
    pending = Pending()
    speech = pending.speech(2)
    pending.answer(Chunk(2), b"one")
    pending.answer(Spoken(2), b"")
    pending.answer(Chunk(2), b"late")
    pending.answer(Spoken(2), b"")
    assert [speech.get_nowait() for _ in range(speech.qsize())] == [b"one", None]


async def test_what_is_forgotten_is_dropped():
    pending = Pending()
    pending.speech(1)
    pending.transcript(2)
    assert pending.forget(1)
    assert pending.forget(2)
    assert not pending.forget(2)
    pending.answer(Failed(1, "late"), b"")


async def test_an_answer_for_somebody_who_was_cancelled_is_dropped():
    pending = Pending()
    pending.transcript(1).cancel()
    pending.transcript(2).cancel()
    pending.answer(Transcribed(1, "late"), b"")
    pending.answer(Failed(2, "late"), b"")
    assert len(pending) == 0


async def test_everybody_is_told_of_a_failure():
    pending = Pending()
    words, speech = pending.transcript(1), pending.speech(2)
    pending.fail_all("the process ended")
    with pytest.raises(DeviceError, match="the process ended"):
        await asyncio.wait_for(words, 1)
    assert str(speech.get_nowait()) == "the process ended"


async def test_a_request_that_fails_is_told_apart_from_a_process_that_does():
    pending = Pending()
    refused, lost = pending.transcript(1), pending.transcript(2)
    pending.answer(Failed(1, "no words"), b"")
    pending.fail_all("it crashed")
    with pytest.raises(RequestError, match="no words"):
        await refused
    with pytest.raises(DeviceError, match="it crashed") as crashed:
        await lost
    assert not isinstance(crashed.value, RequestError)
