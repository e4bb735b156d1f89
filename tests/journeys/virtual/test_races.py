"""The races that a client of the realtime protocol must survive, each on the wire of a scripted server.

Numbered as in our protocol notes. What the turn machine decides in them stands in `tests/turn/test_races.py`.
"""

import asyncio

import pytest

from journeys.journey import Journey, dialects, spoken_words
from journeys.virtual.test_manual_turns import MANUAL, plays
from voiceloop.agent import Agent
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.script import Call, Fail, Handle, Quirks, Reply, Spoken, Vanish, Wait
from voiceloop.tools.tool import tool
from voiceloop.vocabulary import AssistantTurn, UserTurn

STORY = "Once upon a time there was a fox who lived in a wood and had no friends at all."
NOON = Reply((Spoken("It is noon.", 800),))
ONE = Reply((Spoken("It is one.", 700),))
ASKING = {"turn": {"replies": "client"}}


def story(audio_ms=4000, **more):
    return Reply((Spoken(STORY, audio_ms),), **more)


async def asked(talk, text="what time is it", duration_ms=800):
    await talk.passes(0.5)
    talk.user_says(text, duration_ms)


async def hearing_the_story(talk, after_s=1.0):
    await asked(talk, "tell me a story")
    await talk.line("agent_speech_started")
    await talk.passes(after_s)


def types(talk):
    return [event["type"] for event in talk.gateway.received if event["type"] != "input_audio_buffer.append"]


@tool
async def clock(after_s: float) -> str:
    """Tells the time after a while."""
    await asyncio.sleep(after_s)
    return "noon"


@tool(survives_interruption=True)
async def sturdy(after_s: float) -> str:
    """Goes on when the user interrupts."""
    await asyncio.sleep(after_s)
    return "done"


TOOLS = Agent(tools=[clock, sturdy])


def calls(name, after_s):
    return Reply((), (Call(name, f'{{"after_s": {after_s}}}'),))


@dialects
@virtual_time
async def test_race_01_a_cancel_that_finds_nothing_active_is_no_news(dialect):
    async with Journey(story(pace=1.5), NOON, dialect=dialect, latency_s=0.1, errors=1) as talk:
        await asked(talk, "tell me a story")
        await talk.until(lambda: talk.gateway.connection.replies and talk.gateway.connection.replies[0].over)
        await talk.session.interrupt()  # the end of the reply is on its way
        await asked(talk)
        await talk.line("agent_said", times=2)
    (error,) = talk.gateway.errors
    assert error["error"]["code"] == "response_cancel_not_active"
    assert talk.warnings() == []
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_race_02_after_a_cancel_the_next_reply_is_asked_for_when_the_cancelled_one_is_over(dialect):
    slow_to_stop = story(pace=1.5, ignores_cancel=True)
    async with Journey(slow_to_stop, NOON, dialect=dialect, realtime=ASKING) as talk:
        await hearing_the_story(talk)
        await talk.session.send_text("no, the time")
        await talk.passes(0.5)
        assert types(talk).count("response.create") == 1
        await talk.line("agent_said", times=2)
    assert types(talk).index("response.cancel") < len(types(talk)) - 1 - types(talk)[::-1].index("response.create")
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_race_03_a_reply_given_up_before_it_was_created_is_cancelled_by_its_id_and_never_heard(dialect):
    ghost = story(created_after_s=1.0)
    async with Journey(ghost, NOON, dialect=dialect, realtime=ASKING, errors=None) as talk:
        await asked(talk)
        await talk.until(lambda: talk.gateway.got("response.create"))
        await talk.session.interrupt()
        assert talk.gateway.got("response.cancel") == []  # there is nothing yet that a cancel could mean
        await talk.passes(2.0)
        await asked(talk)
        await talk.line("agent_said")
    talk.gateway.expect("response.cancel", times=1, response_id="resp_1")
    assert spoken_words(talk.lines)[-1] == "It is noon."
    assert len(talk.said("agent_said")) == 1


@dialects
@virtual_time
async def test_race_04_an_ask_that_meets_the_servers_own_reply_leaves_it_the_only_one(dialect):
    late = Reply((Spoken("It is noon.", 800),), created_after_s=3.5)
    async with Journey(late, ONE, dialect=dialect, errors=None) as talk:
        await asked(talk)
        await talk.line("agent_said")
        await asked(talk, "and now")
        await talk.line("agent_said", times=2)
        await talk.passes(5.0)
    assert {error["error"]["code"] for error in talk.gateway.errors} == {"conversation_already_has_active_response"}
    assert spoken_words(talk.lines) == ["what time is it", "It is noon.", "and now", "It is one."]
    assert talk.warnings() == []


@dialects
@virtual_time
async def test_race_05_an_output_during_a_reply_is_sent_at_once_and_followed_up_after_it(dialect):
    async with Journey(story(pace=1.0), NOON, dialect=dialect, agent=TOOLS) as talk:
        await hearing_the_story(talk)
        run = talk.gateway.connection.replies[0]
        for _, step in run._call(Call("clock", '{"after_s": 0.2}')):
            step()
        await talk.until(lambda: "conversation.item.create" in types(talk))
        assert not run.over
        assert "response.create" not in types(talk)
        await talk.line("agent_said", times=2)
    assert [line["heard_ms"] for line in talk.said("agent_said")] == [4000, 800]
    talk.gateway.expect("response.create", times=1)


@dialects
@virtual_time
async def test_race_06_a_result_that_comes_while_the_user_speaks_talks_over_nobody(dialect):
    async with Journey(calls("sturdy", 2.0), NOON, dialect=dialect, agent=TOOLS) as talk:
        await asked(talk)
        await talk.line("tool_called")
        await talk.passes(1.0)
        talk.user_says("by the way what time is it", 2500)
        await talk.line("tool_finished")
        await talk.passes(0.1)
        assert types(talk)[-1] == "conversation.item.create"
        assert "response.create" not in types(talk)
        await talk.line("agent_said")
        await talk.passes(5.0)
    talk.gateway.expect("response.create", times=0)  # the server's answer to the new turn knows the result
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_race_07_nothing_is_cut_beyond_the_sound_that_came(dialect):
    async with Journey(story(pace=0.5), NOON, dialect=dialect) as talk:
        await hearing_the_story(talk, after_s=1.0)  # half of it is silence: the sound comes too slowly
        await talk.session.interrupt()
        item = talk.gateway.connection.replies[0].items[0]
        await asked(talk)
        await talk.line("agent_said", times=2)
    for cut in talk.gateway.got("conversation.item.truncate"):
        assert cut["audio_end_ms"] <= item.audio_ms
    assert talk.heard_ms[item.item_id] <= item.audio_ms


@dialects
@virtual_time
async def test_race_08_a_reply_without_sound_yet_is_deleted_and_not_cut(dialect):
    async with Journey(story(audio_after_s=0.5, pace=1.0), NOON, dialect=dialect) as talk:
        await asked(talk)
        await talk.until(lambda: talk.gateway.connection.replies and talk.gateway.connection.replies[0].items)
        await talk.session.interrupt()
        await asked(talk)
        await talk.line("agent_said")
        assert talk.gateway.connection.replies[0].items[0].item_id not in talk.gateway.connection.conversation.order
    talk.gateway.expect("conversation.item.truncate", times=0)
    assert spoken_words(talk.lines) == ["what time is it"] * 2 + ["It is noon."]


@dialects
@virtual_time
async def test_race_09_a_reply_that_was_heard_to_its_end_is_not_cut(dialect):
    async with Journey(NOON, ONE, dialect=dialect) as talk:
        await asked(talk)
        await talk.line("agent_speech_stopped")
        await talk.session.interrupt()
        talk.user_says("and now", 800)
        await talk.line("agent_said", times=2)
    talk.gateway.expect("conversation.item.truncate", times=0)
    talk.gateway.expect("conversation.item.delete", times=0)
    talk.gateway.expect("response.cancel", times=0)


@dialects
@virtual_time
async def test_race_10_sound_that_comes_after_the_cancel_is_not_heard(dialect):
    async with Journey(story(pace=1.2, late_ms=800), NOON, dialect=dialect, latency_s=0.1) as talk:
        await hearing_the_story(talk)
        await talk.session.interrupt()
        await asked(talk)
        await talk.line("agent_said", times=2)
    (cut,) = talk.gateway.expect("conversation.item.truncate", times=1)
    item = talk.gateway.connection.replies[0].items[0]
    assert talk.heard_ms[item.item_id] == pytest.approx(cut["audio_end_ms"], abs=1.0)
    assert item.audio_ms > cut["audio_end_ms"] + 800


@dialects
@virtual_time
async def test_race_11_a_commit_that_found_nothing_is_a_turn_that_was_not(dialect):
    empty = Fail("input_audio_buffer_commit_empty", "Error committing input audio buffer: buffer too small.")
    async with Journey(NOON, dialect=dialect, realtime=MANUAL, errors=2) as talk:
        talk.gateway.when("input_audio_buffer.commit", empty)
        await talk.passes(1.0)
        talk.gateway.perform(empty)  # and one about no commit of ours
        plays(talk, "two_questions.wav", "what time is it")
        await talk.line("agent_said")
    assert talk.warnings() == []
    assert spoken_words(talk.lines) == ["what time is it", "It is noon."]


@dialects
@virtual_time
async def test_race_12_words_of_two_turns_that_come_swapped_stand_in_the_order_of_the_turns(dialect):
    async with Journey(NOON, ONE, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("the first", 800, transcribed_after_s=4.5)
        await talk.line("agent_said")
        talk.user_says("the second", 800)
        await talk.line("user_said", times=2)
    turns = [item for item in talk.session.history if isinstance(item, UserTurn)]
    assert [turn.text for turn in turns] == ["the first", "the second"]
    assert [line["turn_id"] for line in talk.said("user_said")] == [turn.turn_id for turn in turns]


@dialects
@virtual_time
async def test_race_13_a_reply_that_fails_without_a_word_is_tried_once_more(dialect):
    async with Journey(Reply((), status="failed"), NOON, dialect=dialect) as talk:
        await asked(talk)
        await talk.line("agent_said")
    assert talk.gateway.errors == []
    assert talk.warnings() == []


@dialects
@virtual_time
async def test_race_14_a_reply_that_is_never_created_is_not_waited_for_for_ever(dialect):
    never = Reply(created_after_s=None)
    async with Journey(never, NOON, dialect=dialect, realtime={**ASKING, "reply_start_timeout_s": 2.0}) as talk:
        await asked(talk)
        said = await talk.line("agent_said")
    assert said["t"] < 10
    assert spoken_words(talk.lines) == ["what time is it", "It is noon."]


@dialects
@virtual_time
async def test_race_15_a_reply_cut_off_with_its_connection_is_kept_as_heard_and_asked_for_again(dialect):
    broken = story(pace=1.0, cut_after_ms=1500, cut=Vanish())
    async with Journey(broken, NOON, dialect=dialect) as talk:
        await asked(talk, "tell me a story")
        await talk.line("agent_said", times=2)
        contents = [(item.body.get("role"), item.text) for item in talk.gateway.connection.items]
    half, whole = (item for item in talk.session.history if isinstance(item, AssistantTurn))
    assert half.heard_ms == pytest.approx(1500, abs=100)
    assert STORY.startswith(half.text)
    assert contents == [("user", "tell me a story"), ("assistant", half.text), ("assistant", whole.text)]
    assert talk.warnings() == ["engine_lost_drop"]


@dialects
@virtual_time
async def test_race_16_speech_at_the_end_of_the_session_is_heard_whole_by_the_next(dialect):
    async with Journey(NOON, dialect=dialect, quirks=Quirks(session_lasts_s=60.0), listens=True, errors=None) as talk:
        await talk.passes(50.0)  # past the time at which a quiet moment is looked for; the agent has never spoken
        words = "one two three four five six seven eight nine ten eleven twelve"
        talk.gateway.will_hear(talk.line_device.say(12_000), words)
        await talk.line("agent_said")
    assert spoken_words(talk.lines) == [words, "It is noon."]


@dialects
@virtual_time
async def test_race_17_echo_that_the_server_takes_for_speech_does_not_make_the_agent_interrupt_itself(dialect):
    async with Journey(story(), ONE, ONE, dialect=dialect, errors=None, complete=False) as talk:
        await hearing_the_story(talk, after_s=0.5)
        for _ in range(2):
            talk.user_says("wood", 150)
            await talk.passes(1.0)
        await talk.line("agent_said")
        await talk.passes(1.0)
        assert len(talk.gateway.connection.conversation.order) == 2
    assert [(line["heard_ms"], line["interrupted"]) for line in talk.said("agent_said")] == [(4000, False)]
    assert spoken_words(talk.lines) == ["tell me a story", STORY]


def unconfigured(gateway: ScriptedGateway):
    """Whether a client event other than the session's update comes before the newest connection is configured."""

    def comes_too_early(event):
        told = [sent["type"] for sent in gateway.connection.sent]
        return event["type"] != "session.update" and "session.updated" not in told

    return comes_too_early


@dialects
@virtual_time
async def test_race_18_no_reply_is_asked_for_before_the_session_is_configured(dialect):
    hello = Reply((Spoken("Hello there.", 600),))
    talk = Journey(hello, dialect=dialect, agent=Agent(greeting="Hello there."))
    talk.gateway.quirks = Quirks(drops_at=unconfigured(talk.gateway))
    talk.gateway.when("session.update", Wait(2.0), Handle())
    async with talk:
        assert (await talk.line("agent_said"))["text"] == "Hello there."
    assert len(talk.gateway.connections) == 1


@dialects
@virtual_time
async def test_race_19_speech_before_the_session_is_configured_waits_for_it(dialect):
    async with Journey(NOON, dialect=dialect, listens=True) as talk:
        talk.gateway.quirks = Quirks(drops_at=unconfigured(talk.gateway))
        talk.gateway.when("session.update", Wait(2.0), Handle())
        await talk.passes(0.5)
        talk.gateway.perform(Vanish())
        await talk.passes(0.2)
        talk.gateway.will_hear(talk.line_device.say(1500), "what time is it")
        await talk.line("agent_said")
    assert len(talk.gateway.connections) == 2
    assert spoken_words(talk.lines) == ["what time is it", "It is noon."]


@dialects
@virtual_time
async def test_race_20_a_call_that_three_events_complete_runs_once(dialect):
    runs = []

    @tool
    async def lamp() -> str:
        """Switches the lamp."""
        runs.append("on")
        return "on"

    async with Journey(Reply((), (Call("lamp"),)), NOON, dialect=dialect, agent=Agent(tools=[lamp])) as talk:
        await asked(talk)
        await talk.line("agent_said")
    told = [event for event in talk.gateway.connection.sent if "call_1" in str(event) and "done" in event["type"]]
    assert len(told) >= 3
    assert runs == ["on"]
    talk.gateway.expect("response.create", times=1)


@dialects
@virtual_time
async def test_race_21_frames_of_several_megabytes_are_taken(dialect):
    big = Reply((Spoken("A long story.", 20_000),), delta_ms=10_000, padding_bytes=3 * 2**20)
    async with Journey(big, dialect=dialect) as talk:
        await asked(talk)
        assert (await talk.line("agent_said"))["heard_ms"] == 20_000


@dialects
@virtual_time
async def test_race_22_a_later_change_does_not_mention_the_voice(dialect):
    async with Journey(NOON, ONE, dialect=dialect, agent=Agent("Be brief.", voice="verse")) as talk:
        await asked(talk)
        await talk.line("agent_said")
        await talk.session.update(instructions="Be long.")
        await asked(talk)
        await talk.line("agent_said", times=2)
        assert talk.gateway.connection.session.fields["instructions"] == "Be long."
    first, later = talk.gateway.got("session.update")
    assert "verse" in str(first)
    assert "voice" not in str(later)
