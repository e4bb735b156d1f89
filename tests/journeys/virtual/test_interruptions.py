"""The user speaks while the agent does: what was heard is known to the sample, everywhere."""

import pytest

from journeys.journey import Journey, dialects, spoken_words, wires
from voiceloop.agent import Agent
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.script import Reply, Send, Spoken
from voiceloop.vocabulary import AssistantTurn

STORY = "Once upon a time there was a fox who lived in a wood and had no friends at all."


def story(audio_ms=6000, **more):
    return Reply((Spoken(STORY, audio_ms),), **more)


NOON = Reply((Spoken("It is noon.", 800),))

paces = pytest.mark.parametrize(
    "more", [{}, {"pace": 1.5, "late_ms": 600}], ids=["sent at once", "still being sent, late audio follows"]
)


async def told_to_stop(talk, after_s=1.7):
    """The user asks for a story and interrupts it; returns what the transcript says of the story."""
    await talk.passes(0.5)
    talk.user_says("tell me a story", 800)
    await talk.line("agent_speech_started")
    await talk.passes(after_s)
    talk.user_says("stop what time is it", 1000)
    await talk.line("agent_said", times=2)
    return talk.said("agent_said")[0]


@wires
@paces
@virtual_time
async def test_the_server_is_told_to_the_millisecond_what_was_heard(dialect, form, more):
    async with Journey(story(**more), NOON, dialect=dialect, form=form) as talk:
        said = await told_to_stop(talk)
    cut = talk.gateway.expect("conversation.item.truncate", times=1)[0]
    played_ms = talk.heard_ms[cut["item_id"]]
    assert cut["audio_end_ms"] == pytest.approx(played_ms, abs=1.0)
    assert cut["content_index"] == 0
    assert said["heard_ms"] == cut["audio_end_ms"]
    assert said["interrupted"] is True
    assert STORY.startswith(said["heard_text"])
    assert 0 < len(said["heard_text"]) < len(STORY)
    assert talk.session.history[1] == AssistantTurn(said["reply_id"], said["heard_text"], said["heard_ms"])
    talk.gateway.expect("response.cancel", times=1 if more else 0)
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_on_a_speaker_that_lags_only_what_sounded_counts(dialect):
    async with Journey(story(), NOON, dialect=dialect, line=NumberedLine(latency_ms=130)) as talk:
        said = await told_to_stop(talk)
    cut = talk.gateway.expect("conversation.item.truncate", times=1)[0]
    assert cut["audio_end_ms"] == pytest.approx(talk.heard_ms[cut["item_id"]], abs=1.0)
    assert said["heard_ms"] == cut["audio_end_ms"]


@dialects
@virtual_time
async def test_the_agent_is_ducked_as_soon_as_speech_is_reported_and_silent_when_it_lasts(dialect):
    async with Journey(story(), NOON, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_speech_started")
        await talk.passes(1.7)
        talk.user_says("stop, what time is it", 1000)
        onset = await talk.line("user_speech_started", times=2)
        told_s = talk.network.latency_s * 2 + 0.02  # there and back, and the block that carries it
        await talk.line("agent_said", times=2)
    ducked_s = talk.line_device.speaker.volumes[1][0] / talk.line_device.rate_hz
    assert talk.line_device.speaker.volumes[1][1] == 0.25
    assert ducked_s <= onset["t"] + told_s + 0.001
    stopped = talk.said("agent_speech_stopped")[0]
    assert onset["t"] + 0.55 <= stopped["t"] <= onset["t"] + 0.7


@dialects
@paces
@virtual_time
async def test_of_several_items_the_heard_stay_the_current_is_cut_and_the_unheard_go(dialect, more):
    parts = Reply(
        (Spoken("The first part.", 1000), Spoken("The second part.", 1500), Spoken("The third.", 3000)), **more
    )
    async with Journey(parts, NOON, dialect=dialect) as talk:
        said = await told_to_stop(talk, after_s=1.4)
        items = talk.gateway.connection.replies[0].items
        order = talk.gateway.connection.conversation.order
        first, second = items[0], items[1]
        assert first.kept_ms is None
        assert first.item_id in order
        assert all(item.item_id not in order for item in items[2:])
    assert second.kept_ms == pytest.approx(talk.heard_ms[second.item_id], abs=1.0)
    assert talk.heard_ms[first.item_id] == 1000
    assert said["heard_ms"] == pytest.approx(1000 + second.kept_ms)
    assert said["heard_text"].startswith("The first part.")
    assert "third" not in said["heard_text"]


@dialects
@virtual_time
async def test_a_reply_of_which_nothing_was_heard_is_forgotten(dialect):
    async with Journey(story(audio_after_s=0.5), NOON, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.until(lambda: talk.gateway.connection.replies)
        await talk.passes(0.1)
        talk.user_says("no, what time is it", 1000)
        await talk.line("agent_said", times=2)
        item = talk.gateway.connection.replies[0].items[0]
        assert item.item_id not in talk.gateway.connection.conversation.order
    assert talk.heard_ms[item.item_id] == 0
    assert talk.said("agent_said")[0]["heard_text"] == ""
    talk.gateway.expect("conversation.item.truncate", times=0)


@dialects
@virtual_time
async def test_a_reply_heard_to_its_end_is_left_alone(dialect):
    async with Journey(story(1000), NOON, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_said")
        talk.user_says("what time is it", 1000)
        await talk.line("agent_said", times=2)
    talk.gateway.expect("conversation.item.truncate", times=0)
    talk.gateway.expect("conversation.item.delete", times=0)


@wires
@virtual_time
async def test_a_cough_ducks_the_agent_and_leaves_no_trace(dialect, form):
    async with Journey(story(4000, pace=1.5), dialect=dialect, form=form) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_speech_started")
        await talk.passes(1.0)
        talk.user_says("khm", 150)
        said = await talk.line("agent_said")
        assert len(talk.gateway.connection.conversation.order) == 2
    assert said["heard_ms"] == 4000
    assert said["interrupted"] is False
    assert spoken_words(talk.lines) == ["tell me a story", STORY]
    talk.gateway.expect("response.cancel", times=0)
    lasted_s = talk.said("agent_speech_stopped")[0]["t"] - talk.said("agent_speech_started")[0]["t"]
    assert lasted_s == pytest.approx(4.0, abs=0.03), "not a word is kept back or said twice"
    assert [volume for _, volume in talk.line_device.speaker.volumes] == [1.0, 0.25, 1.0]


WHO_ANSWERS = pytest.mark.parametrize("replies", ["server", "client"])


@dialects
@WHO_ANSWERS
@virtual_time
async def test_who_only_listens_does_not_stop_the_agent_and_is_not_answered(dialect, replies):
    async with Journey(
        story(4000), NOON, dialect=dialect, errors=None, complete=False, realtime={"turn": {"replies": replies}}
    ) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_speech_started")
        await talk.passes(1.0)
        talk.user_says("mm-hmm", 400)
        said = await talk.line("agent_said")
        await talk.passes(5.0)
        assert len(talk.gateway.connection.conversation.order) == 2
    assert said["heard_ms"] == 4000
    assert said["interrupted"] is False
    assert spoken_words(talk.lines) == ["tell me a story", STORY]
    assert [volume for _, volume in talk.line_device.speaker.volumes] == [1.0, 0.25, 1.0]


@dialects
@WHO_ANSWERS
@virtual_time
async def test_a_short_word_stops_the_agent_as_soon_as_it_is_understood_and_is_answered_once(dialect, replies):
    async with Journey(
        story(), NOON, NOON, dialect=dialect, errors=None, complete=False, realtime={"turn": {"replies": replies}}
    ) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_speech_started")
        await talk.passes(1.0)
        talk.user_says("stop", 400)
        said = await talk.line("agent_said")
        await talk.line("agent_said", times=2)
        await talk.passes(5.0)
    assert said["interrupted"] is True
    stopped_s = talk.said("agent_speech_stopped")[0]["t"] - talk.said("user_speech_stopped")[1]["t"]
    assert stopped_s < 1.5
    assert spoken_words(talk.lines)[-1] == "It is noon."
    assert len(talk.said("agent_said")) == 2


@dialects
@pytest.mark.parametrize("after_s", [0.0, 0.5], ids=["sent before the cancel", "cancelled in time"])
@virtual_time
async def test_what_a_server_answers_to_a_cough_is_neither_heard_nor_remembered(dialect, after_s):
    unasked = Reply((Spoken("Bless you.", 700),), audio_after_s=after_s)
    async with Journey(story(4000), unasked, dialect=dialect, errors=None) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_speech_started")
        await talk.passes(1.0)
        talk.user_says("khm", 150)
        said = await talk.line("agent_said")
        await talk.passes(1.0)
        kept = talk.gateway.connection.conversation.order
        assert len(kept) == 2, [talk.gateway.item(item_id).body for item_id in kept]
    assert said["heard_ms"] == 4000
    assert spoken_words(talk.lines) == ["tell me a story", STORY]


@dialects
@virtual_time
async def test_a_server_that_ignores_the_cancel_is_not_heard_any_more_and_answers_after_all(dialect):
    stubborn = story(5000, pace=1.2, ignores_cancel=True)
    async with Journey(stubborn, NOON, dialect=dialect) as talk:
        said = await told_to_stop(talk)
        cut = talk.gateway.expect("conversation.item.truncate")[-1]
    assert said["heard_ms"] == pytest.approx(talk.heard_ms[cut["item_id"]], abs=1.0)
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_a_server_that_stops_by_itself_is_believed_and_only_told_what_was_heard(dialect):
    own_mind = {"type": "server_vad", "silence_duration_ms": 500, "create_response": True, "interrupt_response": True}
    session = {"turn_detection": own_mind, "modalities": ["audio", "text"]}
    if dialect == "ga":
        session = {"type": "realtime", "audio": {"input": {"turn_detection": own_mind}}}
    talk = Journey(story(pace=1.5, late_ms=300), NOON, dialect=dialect, realtime={"transcription_model": None})
    talk.gateway.when("session.update", Send({"type": "session.updated", "session": session}))
    async with talk:
        said = await told_to_stop(talk)
    assert said["interrupted"] is True
    talk.gateway.expect("response.cancel", times=0)
    cut = talk.gateway.expect("conversation.item.truncate", times=1)[0]
    assert cut["audio_end_ms"] == pytest.approx(talk.heard_ms[cut["item_id"]], abs=1.0)


@dialects
@virtual_time
async def test_a_greeting_that_may_not_be_interrupted_is_said_to_its_end(dialect):
    agent = Agent(greeting="This call is recorded.", greeting_interruptible=False)
    greeting = Reply((Spoken("This call is recorded.", 2000),))
    async with Journey(greeting, NOON, dialect=dialect, agent=agent) as talk:
        await talk.line("agent_speech_started")
        await talk.passes(0.3)
        talk.user_says("what time is it", 900)
        await talk.line("agent_said", times=2)
    assert talk.said("agent_said")[0]["heard_ms"] == 2000
    assert talk.said("agent_said")[0]["interrupted"] is False
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_an_application_that_interrupts_stops_the_agent_at_once(dialect):
    async with Journey(story(), dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_speech_started")
        await talk.passes(1.234)
        await talk.session.interrupt()
        said = talk.said("agent_said")[0]
        await talk.passes(0.1)
        assert talk.session.settled
    cut = talk.gateway.expect("conversation.item.truncate", times=1)[0]
    assert said["heard_ms"] == cut["audio_end_ms"] == pytest.approx(talk.heard_ms[cut["item_id"]], abs=1.0)


@dialects
@pytest.mark.parametrize("after_ms", [1, 5, 15, 25])
@virtual_time
async def test_an_interruption_just_as_the_first_sample_sounds_leaves_nobody_speaking(dialect, after_ms):
    async with Journey(story(), dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.until(lambda: talk.gateway.connection.replies and talk.gateway.connection.replies[0].over)
        await talk.passes(0.01 + after_ms / 1000)
        await talk.session.interrupt()
        await talk.passes(0.1)
        assert talk.session.settled
    assert len(talk.said("agent_speech_started")) == len(talk.said("agent_speech_stopped"))
