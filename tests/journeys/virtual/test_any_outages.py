"""Whole conversations in which anything short goes wrong at any time, counted by samples."""

from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.outage_checks import of_agent_audio, of_ending, of_turns, of_user_speech
from journeys.outage_talk import Talk
from thorough import thorough
from voiceloop.testing.account import account_for
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.faults import Answer, Close, Cut, Freeze, Lag, Refuse, Reset, refusal

FAULTS = (
    (),
    (Close(1000),),
    (Close(1011, "internal error"),),
    (Close(4000, "private"),),
    (Reset(),),
    (Freeze(scope="open"),),
    (Freeze(for_s=1.0),),
    (Freeze(for_s=4.0),),
    (Reset(), Refuse(for_s=3.0)),
    (Reset(), Answer(refusal(503), for_s=2.0)),
    (Reset(), Answer(refusal(429), times=2)),
    (Cut("up", messages=1, inside=True),),
    (Cut("down", messages=1, inside=True),),
    (Lag(0.1, 0.05),),
)
EXCHANGES = st.lists(
    st.tuples(
        st.sampled_from(["hello", "think", "fetch", "tell", "recite", "both"]),
        st.integers(3, 15),  # words of 200 ms
        st.sampled_from(FAULTS),
        st.integers(0, 60),  # tenths of a second until it happens
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@settings(thorough, max_examples=thorough.max_examples // 20)
@given(EXCHANGES, st.sampled_from(["beta", "ga"]), st.sampled_from([0.0, 0.4, 1.5]))
def test_short_outages_at_any_time_lose_nothing_and_repeat_nothing(exchanges, dialect, words_after_s):
    run_virtual(hold(exchanges, dialect, words_after_s))


async def hold(exchanges, dialect, words_after_s):
    async with Talk(dialect, errors=None) as talk:
        talk.words_after_s = words_after_s
        for number, (name, words, faults, tenths, settles) in enumerate(exchanges):
            talk.says(f"{name}-{'abcd'[number]}", words * 200)
            await talk.passes(tenths / 10)
            # Sound is kept for 30 s: what had no words when one server was lost may be too old when the next one is.
            again = words_after_s and any(each[2] for each in exchanges[:number])
            talk.network.inject(*(() if again else faults))
            if settles or faults:  # what is said over the agent interrupts it; one outage at a time
                await talk.has_settled()
            else:
                await talk.passes(words / 5 + 1.0)
        await talk.has_settled()
        talk.says("hello-z", 800)
        await talk.has_settled()
    told = account_for(talk.line_device, talk.gateway)
    found = [*of_user_speech(told), *of_agent_audio(talk, told, whole=False), *of_turns(talk), *of_ending(talk, "")]
    called = [line["call_id"] for line in talk.said("tool_called")]
    finished = [line["call_id"] for line in talk.said("tool_finished")]
    assert sorted(called) == sorted(finished)
    assert found == [], "\n".join(found)
