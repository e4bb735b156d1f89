"""Whole conversations with services that work and fail as they like: all end soundly, and go on where they can."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from engines.cascade.fakes import Answer
from engines.cascade.talk import Talk
from thorough import thorough
from voiceloop.agent import Agent
from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.testing.clock import run_virtual

DROPPED = RequestFailedError("the line broke", Failure(Kind.DROPPED, status=200))
REFUSED = RequestRefusedError("this is refused", Failure(Kind.REFUSED))
STORY = "Once upon a time there was a fox. He lived in a wood and had no friends at all. One day he met a hen."
RECORDINGS = ["time_question.wav", "two_questions.wav", "cough.wav", "interruption.wav", "silence.wav"]

troubles = st.sampled_from([DROPPED, REFUSED])
answers = st.builds(
    Answer,
    text=st.sampled_from(["", "It is noon.", "Let me see. One moment.", STORY]),
    calls=st.sampled_from([(), (), (("look", "{}"),), (("look", "{}"), ("look", "{"))]),
    first_s=st.sampled_from([0.0, 0.3, 3.0]),
    word_s=st.sampled_from([0.0, 0.05, 0.3]),
    stop=st.sampled_from([Stop.END, Stop.END, Stop.END, Stop.LENGTH, Stop.TRUNCATED]),
    thinks=st.sampled_from(["", "Hm."]),
    error=st.one_of(st.none(), st.none(), troubles),
    hangs=st.sampled_from([False, False, False, False, True]),
)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("plays"), st.sampled_from(RECORDINGS)),
        st.tuples(st.just("types"), st.just("hello")),
        st.tuples(st.just("says"), st.just("The tea is ready. Come and have some.")),
        st.tuples(st.just("interrupts"), st.none()),
    ),
    max_size=6,
)
waits = st.lists(st.sampled_from([0.0, 0.05, 0.4, 1.3, 4.0, 12.0]), min_size=6, max_size=6)


async def look() -> str:
    """Look something up."""
    await asyncio.sleep(0.7)
    return "found"


async def happens(talk, what, with_):
    match what:
        case "plays":
            talk.plays(with_)
        case "types":
            await talk.session.send_text(with_)
        case "says":
            await talk.session.say(with_)
        case _:
            await talk.session.interrupt()


async def held(happened, waited, script):
    async with Talk(agent=Agent(tools=[look], greeting="Good morning."), **script) as talk:
        for (what, with_), wait_s in zip(happened, waited, strict=False):
            await happens(talk, what, with_)
            await talk.passes(wait_s)
        # Whatever happened, the services are well from here on.
        for left in (talk.services.words, talk.services.answers, talk.services.speech):
            left.clear()
        await talk.passes(90.0)
        before = len(talk.said("agent_said"))
        await talk.session.send_text("are you there")
        await talk.passes(10.0)
        assert [line["heard_text"] for line in talk.said("agent_said")[before:]] == ["I see."]
    return talk


scripts = st.fixed_dictionaries(
    {
        "words": st.lists(st.one_of(st.sampled_from(["hello", "", "what time is it"]), troubles), max_size=6),
        "answers": st.lists(answers, max_size=6),
        "speech": st.lists(st.one_of(st.none(), st.none(), troubles, st.just(b"")), max_size=8),
        "transcribe_s": st.sampled_from([0.05, 0.4, 2.0]),
        "first_chunk_s": st.sampled_from([0.05, 0.6]),
        "chunk_s": st.sampled_from([0.0, 0.01, 0.12]),
    }
)


def goes_on(happened, waited, script):
    talk = run_virtual(held(happened, waited, script))
    assert talk.ended.reason == "script over"


@settings(thorough, max_examples=thorough.max_examples // 20)
@given(happenings, waits, scripts)
def test_every_conversation_goes_on(happened, waited, script):
    goes_on(happened, waited, script)
