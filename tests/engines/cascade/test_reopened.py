"""A turn that goes on before its answer is heard: nothing of it is lost, and it is answered once, as a whole."""

import pytest

from engines.cascade.fakes import Answer
from engines.cascade.talk import Talk, recording
from voiceloop.testing.clock import virtual_time

HALVES = ("i would like to book a table for", "four people")


@pytest.mark.parametrize(("after_s", "word_s"), [(0.0, 2.0), (0.2, 2.0), (0.4, 2.0), (0.6, 2.0), (0.2, 0.4)])
@virtual_time
async def test_both_halves_are_answered_together_and_the_answer_to_the_first_is_never_heard(after_s, word_s):
    answers = [Answer(text) for text in ("For how many?", "A table for four.", "A table for four.")]
    async with Talk(words=[*HALVES, *HALVES], answers=answers) as talk:
        speech = recording("time_question.wav", talk.session.rate_hz)[6 * talk.session.rate_hz // 10 :]
        await talk.passes(1.0)
        talk.line_device.say_pcm(speech)
        await talk.line("user_speech_stopped")
        await talk.passes(after_s)
        talk.line_device.say_pcm(speech[: int(word_s * talk.session.rate_hz) * 2])
        await talk.passes(12.0)
    assert talk.asked()[-1] == [*HALVES]
    assert [line["heard_text"] for line in talk.said("agent_said") if line["heard_ms"]] == ["A table for four."]
    assert talk.played_ms() == pytest.approx(len("A table for four.") * 60)
