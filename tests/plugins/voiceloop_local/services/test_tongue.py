"""Which language is spoken."""

from modelfakes import FakeTranscriber
from voiceloop.vocabulary import AssistantTurn, UserTurn
from voiceloop_local.services.tongue import Tongue

PCM = b"\1\0" * 100


async def test_a_language_that_is_set_is_spoken_whatever_is_said():
    ears, tongue = FakeTranscriber(languages=[("en", 0.9)]), Tongue("de")
    assert await tongue.told(PCM, 24_000, ears) == "de"
    assert tongue.read([UserTurn("1", "what time is it")]) == tongue.language == "de"
    assert ears.languages == [("en", 0.9)]


async def test_auto_believes_the_first_turn_and_then_two_that_agree():
    ears = FakeTranscriber(languages=[("de", 0.9), ("en", 0.9), ("de", 0.9), ("en", 0.9), ("en", 0.9)])
    tongue, told = Tongue("auto"), []
    for _ in range(5):
        told.append(await tongue.told(PCM, 24_000, ears))
        tongue.read(())
    assert told == ["de", "de", "de", "de", "en"]


async def test_a_turn_that_is_recognised_twice_counts_once():
    ears = FakeTranscriber(languages=[("de", 0.9), ("en", 0.9), ("en", 0.9)])
    tongue = Tongue("auto")
    await tongue.told(PCM, 24_000, ears)
    tongue.read(())
    assert [await tongue.told(PCM, 24_000, ears) for _ in range(2)] == ["de", "de"]


async def test_auto_answers_in_the_language_of_the_words():
    tongue = Tongue("auto")
    assert tongue.language == "en"
    assert tongue.read([UserTurn("1", "wie spät ist es"), AssistantTurn("r", "It is ten.", 900)]) == "de"
    assert tongue.language == "de"


async def test_what_was_said_before_another_model_was_lost_tells_the_language_of_the_next_turn():
    ears, tongue = FakeTranscriber(languages=[("en", 0.6)]), Tongue("auto")
    tongue.read([UserTurn("1", "wie spät ist es"), UserTurn("2", "und welcher Tag ist heute")])
    assert await tongue.told(PCM, 24_000, ears) == "de"
