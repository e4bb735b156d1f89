"""Questions put to stand-ins for the models."""

from __future__ import annotations

import pytest

from chatting import Thinks
from voiceloop.clips import to_wav
from voiceloop.errors import DeviceError
from voiceloop.vocabulary import AssistantTurn, UserTurn
from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.inner import Ask, Called, Ended, Picture, Reason, Recorded, Turn, Words
from voiceloop_local.rest.inner_thinking import BLIND, Settled, pieces, settle
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.scripted import ScriptedBrain
from voiceloop_local.seams import Call, Say

RATE_HZ = 16_000


def turn(*parts):
    return Turn("t", parts)


def ask(*entries, **fields):
    return Ask("m", "Be brief.", entries or [turn("Hi")], **fields)


async def told(brain, question=None, instead=None):
    question = question or ask()
    settled = Settled([UserTurn("t", "Hi")], "en", Spent(3), instead)
    return [piece async for piece in pieces(brain, question, settled)]


def text_of(found):
    return "".join(piece.text for piece in found if isinstance(piece, Words))


@pytest.fixture
def speech(fakes):
    quiet = fakes.silence(500, RATE_HZ)
    return to_wav(quiet + fakes.tone(1000, RATE_HZ) + quiet, RATE_HZ)


# Listening -----------------------------------------------------------------------------------------------------------


async def test_recordings_become_words_beside_typed_ones(fakes, speech):
    ears = fakes.transcriber("how are you", takes_s=0)
    settled = await settle(ears, ask(turn("Hello,", Recorded(speech, "p"), Picture())), "en")
    assert settled.items == [UserTurn("t", "Hello, how are you")]
    assert settled.read.audio == 20
    assert settled.instead is None
    assert ears.heard[0][2] == "en"


async def test_without_a_language_the_turns_tell_it(fakes, speech):
    typed = await settle(fakes.transcriber(), ask(turn("Wie ist das Wetter und was ist die Uhrzeit?")), "auto")
    assert typed.language == "de"
    ears = fakes.transcriber("guten Tag", takes_s=0, languages=[("de", 0.9)])
    spoken = await settle(ears, ask(turn(Recorded(speech, "p"))), "auto")
    assert (spoken.language, ears.heard[0][2]) == ("de", "de")


async def test_a_picture_alone_is_answered_honestly(fakes):
    settled = await settle(fakes.transcriber(), ask(turn(Picture())), "en")
    assert (settled.items, settled.instead) == ([], BLIND)
    found = await told(Thinks(Say("A cat.")), instead=settled.instead)
    assert text_of(found) == BLIND


async def test_a_picture_that_was_talked_about_is_passed_over(fakes):
    entries = [turn(Picture()), AssistantTurn("a", BLIND, None), turn("It is a cat")]
    settled = await settle(fakes.transcriber(), ask(*entries), "en")
    assert settled.items == [AssistantTurn("a", BLIND, None), UserTurn("t", "It is a cat")]
    assert settled.instead is None


async def test_silence_is_not_answered_by_the_brain(fakes):
    quiet = to_wav(fakes.silence(700, RATE_HZ), RATE_HZ)
    settled = await settle(fakes.transcriber(), ask(turn(Recorded(quiet, "p"))), "de")
    assert settled.items == []
    assert settled.instead
    assert settled.instead != (await settle(fakes.transcriber(), ask(turn("")), "en")).instead


async def test_what_is_no_recording_is_named_by_its_field(fakes):
    with pytest.raises(ApiProblem) as problem:
        await settle(fakes.transcriber(), ask(turn(Recorded(b"a letter", "messages[0].x"))), "en")
    assert (problem.value.status, problem.value.param) == (400, "messages[0].x")


# Thinking ------------------------------------------------------------------------------------------------------------


async def test_the_brain_is_asked_in_its_own_terms():
    brain = Thinks(Say("Hello."))
    await told(brain)
    assert brain.asked == ("Be brief.", [UserTurn("t", "Hi")], [], None, "en")
    assert text_of(await told(ScriptedBrain())) == "You said: Hi."


async def test_sentences_come_word_by_word_a_space_apart():
    found = await told(Thinks(Say("One two."), Say("Three.")))
    assert found[:-1] == [Words("One"), Words(" two."), Words(" Three.")]
    assert found[-1] == Ended(Reason.FINISHED, Spent(3), Spent(4))


async def test_calls_come_with_ids_of_their_own():
    *_, first, second, end = await told(Thinks(Say("Well."), Call("lamp", '{"on":true}'), Call("lamp", "")))
    assert isinstance(first, Called)
    assert (first.arguments, second.arguments) == ('{"on":true}', "{}")
    assert first.call_id != second.call_id
    assert end.reason is Reason.CALLS


async def test_only_as_many_calls_as_are_wanted():
    found = await told(Thinks(Call("lamp", "{}"), Call("clock", "{}")), ask(most_calls=1))
    assert [piece.name for piece in found[:-1]] == ["lamp"]


async def test_a_named_text_ends_the_thinking():
    found = await told(Thinks(Say("One. STOP Two."), AssertionError("too far")), ask(stops=["STOP"]))
    assert text_of(found) == "One. "
    assert (found[-1].reason, found[-1].stop) == (Reason.STOP_TEXT, "STOP")


async def test_too_long_an_answer_is_cut():
    found = await told(Thinks(Say("One two three.")), ask(most_tokens=1))
    assert (text_of(found), found[-1].reason) == ("One ", Reason.LENGTH)


async def test_words_kept_back_come_before_a_call():
    found = await told(Thinks(Say("to be S"), Call("lamp", "{}")), ask(stops=["STOP"]))
    assert text_of(found) == "to be S"
    assert isinstance(found[-2], Called)


@pytest.mark.parametrize("failure", [DeviceError("no model"), TimeoutError()])
async def test_a_brain_that_fails_is_the_gateways_fault(failure):
    with pytest.raises(ApiProblem) as problem:
        await told(Thinks(Say("One."), failure))
    assert problem.value.status == 503
