"""What an engine gets out of scripted services, called as it calls them."""

from __future__ import annotations

import asyncio
import functools

import pytest

from voiceloop.dgrid.chat_answer import Ended, Said, Stop
from voiceloop.engines.services.seams import Question
from voiceloop.errors import BackendError, RefusedError, UnreachableError
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.faults import Refuse, refusal
from voiceloop.testing.numbers import Run, numbered, runs
from voiceloop.testing.script import Call, NoAnswer, Reply, Spoken, Stall, Vanish
from voiceloop.testing.service_faults import Garbled
from voiceloop.testing.service_log import Ending
from voiceloop.testing.services import ScriptedServices
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec, UserTurn

RATE_HZ = 24_000
SECOND = numbered(0, RATE_HZ)
STORY = Reply((Spoken("One two three four. Five six seven eight.", 4000),))


def question(*items, **more):
    return Question("Be kind.", items or (UserTurn("t", "hello"),), **more)


def now():
    return asyncio.get_running_loop().time()


async def ask(services, *items, **more):
    async with services.services.chat(question(*items, **more)) as deltas:
        return [delta async for delta in deltas]


async def speak(services, text):
    async with services.services.speak(text, RATE_HZ) as chunks:
        return [chunk async for chunk in chunks]


async def keep(answer, pieces):
    async with asyncio.timeout(9.0), answer as stream:
        async for piece in stream:
            pieces.append(piece)


def within(seconds):
    """The engine has deadlines; nothing here waits for longer."""

    def decorated(test):
        @virtual_time
        @functools.wraps(test)
        async def bounded(*given):
            async with asyncio.timeout(seconds):
                await test(*given)

        return bounded

    return decorated


# Answers -----------------------------------------------------------------------------------------------------------


@within(5.0)
async def test_the_words_are_those_of_the_samples_that_came():
    services = ScriptedServices()
    services.will_hear(Run(0, 0, RATE_HZ), "what time is it")
    began = now()
    assert (await services.services.transcribe(SECOND, RATE_HZ)).text == "what time is it"
    assert now() - began == pytest.approx(services.times.transcribe_s)
    assert (await services.services.transcribe(numbered(0, RATE_HZ // 2), RATE_HZ)).text == "what time"
    assert (await services.services.transcribe(bytes(9_600), RATE_HZ)).text == ""
    assert [asked.text for asked in services.recognitions] == ["what time is it", "what time", ""]


@within(5.0)
async def test_sound_that_nobody_told_about_says_hello_and_silence_nothing():
    services = ScriptedServices()
    assert (await services.services.transcribe(SECOND, RATE_HZ)).text == "hello"
    assert (await services.services.transcribe(bytes(9_600), RATE_HZ)).text == ""


@within(5.0)
async def test_an_answer_is_written_word_by_word_and_ends():
    services = ScriptedServices(Reply((Spoken("It is"), Spoken("noon.")), (Call("bell", '{"times": 12}'),)))
    began = now()
    *said, call, end = await ask(services)
    assert "".join(each.text for each in said) == "It is noon. "
    assert (call.name, call.arguments) == ("bell", '{"times": 12}')
    assert end.completion.text == "It is noon. "
    assert end.completion.stop is Stop.TOOLS
    assert end.completion.tool_calls == (ToolCall(call.call_id, "bell", '{"times": 12}'),)
    assert now() - began == pytest.approx(services.times.first_token_s + 4 * services.times.word_s)


@within(9.0)
async def test_a_reply_brings_its_own_times():
    services = ScriptedServices(Reply((Spoken("Well.", 1000),), created_after_s=1.0, audio_after_s=0.5, pace=2.0))
    began = now()
    await ask(services)
    assert now() - began == pytest.approx(1.5 + services.times.first_token_s + services.times.word_s)
    began = now()
    chunks = await speak(services, "Well.")
    assert len(chunks) == 10
    assert now() - began == pytest.approx(services.times.first_audio_s + 9 * 0.05)


@within(9.0)
async def test_sentences_are_numbered_on():
    services = ScriptedServices(STORY)
    await ask(services)
    first, second = [b"".join(await speak(services, text)) for text in ("One two three four.", "five six")]
    assert [(run.number, run.samples) for run in runs(first + second)] == [(0, 72_000)]
    assert [asked.span for asked in services.sentences] == [(0, 48_000), (48_000, 72_000)]


@within(9.0)
async def test_a_brain_is_told_what_was_asked():
    told = []
    services = ScriptedServices(brain=lambda asked: told.append(asked) or Reply())
    tool = ToolSpec("find", "Finds.", {})
    call, output = ToolCall("c", "find", "{}"), ToolOutput("c", "in the oven")
    await ask(services, UserTurn("1", "where is it"), tools=(tool,))
    await ask(services, UserTurn("1", "where is it"), call, output)
    await ask(services, UserTurn("1", "where"), call, output, AssistantTurn("r", "There.", None), UserTurn("2", "why"))
    await ask(services, UserTurn("1", "where"), call, output, AssistantTurn("r", "There", None))
    await ask(services, UserTurn("1", ""), speech=SECOND, speech_rate_hz=RATE_HZ)
    assert [(asked.text, asked.outputs) for asked in told] == [
        ("where is it", ()),
        ("", ("in the oven",)),
        ("why", ()),
        ("", ("in the oven",)),
        ("hello", ()),
    ]
    assert told[0].tools == (tool,)


# Faults ------------------------------------------------------------------------------------------------------------

ENDS = {
    "refused": (Refuse(), UnreachableError),
    "401": (refusal(401), RefusedError),
    "429": (refusal(429), UnreachableError),
    "500": (refusal(500), UnreachableError),
    "garbled": (Garbled(), UnreachableError),
}


@pytest.mark.parametrize("fault", ENDS)
def test_what_fails_at_once_raises_what_rest_services_raise(fault):
    how, kind = ENDS[fault]

    @within(30.0)
    async def test():
        services = ScriptedServices(STORY)
        services.break_(how=how)
        for request in (services.services.transcribe(SECOND, RATE_HZ), ask(services), speak(services, "Well.")):
            with pytest.raises(kind):
                await request
        assert [asked.ending for asked in services.asked] == [Ending.FAILED] * 3
        assert services.answers.left == 1  # an answer that nobody got is still to come
        services.mend()
        assert (await ask(services))[-1].completion.stop is Stop.END

    test()


@pytest.mark.parametrize("how", [NoAnswer(), Stall()])
def test_what_stalls_brings_nothing_more_until_it_is_left(how):
    @within(60.0)
    async def test():
        services = ScriptedServices(STORY)
        services.break_(how=how)
        for request in (services.services.transcribe(SECOND, RATE_HZ), ask(services), speak(services, "One two.")):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(10.0):
                    await request
        assert [asked.ending for asked in services.asked] == [Ending.LEFT] * 3

    test()


@within(30.0)
async def test_a_stream_stalls_in_its_middle():
    services = ScriptedServices(STORY, seed=3)
    services.break_("chat", "speak", how=Stall())
    written, sounded = [], []
    with pytest.raises(TimeoutError):
        await keep(services.services.chat(question()), written)
    with pytest.raises(TimeoutError):
        await keep(services.services.speak("One two three four.", RATE_HZ), sounded)
    assert 0 < len(written) <= 8
    assert all(isinstance(delta, Said) for delta in written)
    assert 0 < services.sentences[0].samples == len(b"".join(sounded)) // 2 < 48_000


@within(30.0)
async def test_a_stream_that_breaks_off_ends_chat_as_truncated_and_speech_as_an_error():
    services = ScriptedServices(STORY)
    services.break_("chat", "speak", how=Vanish())
    *said, end = await ask(services)
    assert isinstance(end, Ended)
    assert end.completion.stop is Stop.TRUNCATED
    assert end.completion.text == "".join(each.text for each in said)
    assert 0 < len(said) <= 8
    with pytest.raises(UnreachableError, match="dropped"):
        await speak(services, "One two three four.")
    assert [asked.ending for asked in services.asked] == [Ending.FAILED, Ending.FAILED]


@within(30.0)
async def test_a_reply_that_never_begins_is_waited_for():
    services = ScriptedServices(Reply(created_after_s=None))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(8.0):
            await ask(services)


@within(30.0)
async def test_opening_asks_for_the_models():
    services = ScriptedServices()
    async with services(seed=None) as opened:
        assert (opened.model, opened.transcription_model) == ("scripted-chat", "scripted-ears")
    services.break_("models", how=refusal(401))
    with pytest.raises(RefusedError):
        async with services(seed=None):
            pass
    services.break_("models", how=NoAnswer())
    with pytest.raises(BackendError, match="5 s"):
        async with services(seed=None):
            pass
    assert services.summary() == "models answered, models failed, models failed"
