"""How soon a cascade answers and falls silent, against scripted delays on virtual time."""

import asyncio

import pytest

from engines.cascade.fakes import Answer
from engines.cascade.talk import Talk
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.testing.clock import virtual_time

STORY = "Once upon a time there was a fox. He lived in a wood and had no friends at all. One day he met a hen."
DROPPED = RequestFailedError("the server dropped the connection", Failure(Kind.DROPPED))
NO_MONEY = RequestRefusedError("the account's credit is used up", Failure(Kind.QUOTA))


@pytest.mark.parametrize(("transcribe_s", "first_s", "word_s"), [(0.4, 0.3, 0.02), (1.2, 0.8, 0.05), (0.05, 0.1, 0.01)])
def test_first_sound_comes_hardly_later_than_it_must(transcribe_s, first_s, word_s):
    first_chunk_s, words = 0.25, "The time is just noon. And a second sentence that takes a while to be written down."

    @virtual_time
    async def held():
        answer = Answer(words, first_s=first_s, word_s=word_s)
        script = {"transcribe_s": transcribe_s, "first_chunk_s": first_chunk_s}
        async with Talk(words=["what time is it"], answers=[answer], **script) as talk:
            await talk.passes(1.0)
            talk.plays("time_question.wav")
            await talk.line("agent_said")
        return talk.said("turn_metrics")[0]

    metrics = held()
    took_s = (metrics["first_audio_ms"] - metrics["end_of_turn_ms"]) / 1000
    unavoidable_s = transcribe_s + first_s + 5 * word_s + first_chunk_s
    assert took_s <= 1.15 * unavoidable_s


@virtual_time
async def test_an_interruption_closes_every_request_at_once():
    answer = Answer(STORY * 3, word_s=0.3)
    async with Talk(words=["tell me a story"], answers=[answer], chunk_s=0.1) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_speech_started")
        await talk.until(lambda: len(talk.services.spoken) > 1)
        open_before = talk.services.open
        began_s = asyncio.get_running_loop().time()
        await talk.session.interrupt()
        await talk.until(lambda: not talk.services.open)
        closed_s = max(seen.closed_s for seen in open_before)
        played_ms = talk.played_ms()
        await talk.passes(3.0)
        assert talk.played_ms() == pytest.approx(played_ms, abs=21)
    assert len(open_before) >= 2
    assert closed_s - began_s <= 0.1
