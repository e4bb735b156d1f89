"""How soon a cascade answers and falls silent, against scripted delays on virtual time."""

from __future__ import annotations

import pytest

from engines.cascade.fakes import Answer
from engines.cascade.talk import Talk
from engines.cascade.timing import Delays, first_audio_s, lets_go_s
from voiceloop.testing.clock import run_virtual, virtual_time

DELAYS = [Delays(), Delays(1.2, 0.8, 0.05, 0.6), Delays(0.05, 0.1, 0.01, 0.05), Delays(0.3, 2.0, 0.1, 0.2)]


@pytest.mark.parametrize("delays", DELAYS)
def test_first_sound_comes_hardly_later_than_it_must(delays):
    assert run_virtual(first_audio_s(delays)) <= 1.15 * delays.unavoidable_s


@pytest.mark.parametrize("delays", DELAYS)
def test_recognition_costs_less_where_it_begins_before_the_turn_is_over(delays):
    gained_s = min(0.28, delays.transcribe_s)  # of the hang-over of 500 ms, after a pause of 200
    assert run_virtual(first_audio_s(delays, hangover_ms=500)) <= 1.15 * (delays.unavoidable_s - gained_s)


@pytest.mark.parametrize("delays", DELAYS)
def test_a_session_adds_nothing_to_it(delays):
    @virtual_time
    async def held():
        async with Talk(delays.services()) as talk:
            await talk.passes(1.0)
            talk.plays("time_question.wav")
            await talk.line("agent_said")
        return talk.said("turn_metrics")[0]

    metrics = held()
    took_s = (metrics["first_audio_ms"] - metrics["end_of_turn_ms"]) / 1000
    assert took_s <= 1.15 * (delays.unavoidable_s - min(0.28, delays.transcribe_s))


@pytest.mark.parametrize("delays", DELAYS)
def test_an_interruption_closes_every_request_at_once(delays):
    took_s, requests = run_virtual(lets_go_s(delays))
    assert took_s <= 0.1
    assert requests >= 2


@virtual_time
async def test_after_an_interruption_nothing_of_the_reply_is_heard():
    answer = Answer("Once upon a time there was a fox. He lived in a wood and had no friends at all. " * 3, word_s=0.3)
    async with Talk(words=["tell me a story"], answers=[answer], chunk_s=0.1) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.until(lambda: len(talk.services.spoken) > 1)
        await talk.session.interrupt()
        played_ms = talk.played_ms()
        await talk.passes(3.0)
        assert talk.played_ms() == pytest.approx(played_ms, abs=21)
