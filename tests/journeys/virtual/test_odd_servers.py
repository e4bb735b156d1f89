"""Servers that leave things out, swap them, invent them or never say them: the conversation goes on."""

import json

import pytest

from journeys.journey import Journey, dialects, spoken_words, wires
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import OMIT, Close, Fail, Quirks, Reply, Send, Spoken, Vanish

NOON = Reply((Spoken("It is noon.", 800),))
LEFT_OUT = frozenset({"output_index", "content_index", "part", "event_id"})


async def one_turn(talk, text="what time is it"):
    await talk.passes(0.5)
    talk.user_says(text, 800)
    return await talk.line("agent_said")


@dialects
@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(hybrid_names=True),
        Quirks(omits=LEFT_OUT),
        Quirks(metadata_echoed=False),
        Quirks(truncate_confirmed=False),
        Quirks(string_errors=True),
        Quirks(greets=False),
        Quirks(confirms_updates=False),
        Quirks(after_greeting=(Send({"type": "vendor.session.ready", "n": 1}), Send({"type": ""}))),
        Quirks(odd_deltas=True),
    ],
)
@virtual_time
async def test_a_turn_goes_well_whatever_the_server_leaves_out(dialect, quirks):
    async with Journey(NOON, dialect=dialect, quirks=quirks) as talk:
        said = await one_turn(talk)
    assert said["heard_ms"] == 800
    assert spoken_words(talk.lines) == ["what time is it", "It is noon."]


@dialects
@pytest.mark.parametrize("usage", [{}, None, OMIT, "none", {"input_tokens": None}])
@virtual_time
async def test_token_counts_may_be_anything_or_nothing(dialect, usage):
    async with Journey(Reply((Spoken("It is noon.", 800),), usage=usage), dialect=dialect) as talk:
        assert (await one_turn(talk))["heard_ms"] == 800


@wires
@virtual_time
async def test_words_that_come_after_all_sound_are_still_said(dialect, form):
    late = Reply((Spoken("It is noon.", 800),), transcript_last=True)
    async with Journey(late, dialect=dialect, form=form) as talk:
        assert (await one_turn(talk))["text"] == "It is noon."


@dialects
@virtual_time
async def test_events_nobody_knows_change_nothing(dialect):
    async with Journey(NOON, dialect=dialect) as talk:
        for payload in ({"type": "vendor.emotion", "joy": 0.9}, {"type": 7}, {"no": "type"}):
            talk.gateway.perform(Send(payload))
        said = await one_turn(talk)
    assert said["heard_ms"] == 800
    assert talk.warnings() == []


@dialects
@pytest.mark.parametrize(
    "frame", ["{", "", "[]", "null", '"text"', "\x00", '{"type":', '{"type":"response.created"}'], ids=repr
)
@virtual_time
async def test_a_frame_that_is_no_event_is_passed_over(dialect, frame):
    async with Journey(NOON, dialect=dialect, complete=False) as talk:
        await talk.passes(0.5)
        if "created" not in frame:
            talk.gateway.perform(Send(frame))
            assert (await one_turn(talk))["heard_ms"] == 800
        else:  # a reply without a name may be anybody's; nobody must wait for it for ever
            talk.gateway.perform(Send(frame))
            await talk.passes(30)
    assert "failed" not in talk.ended.reason


@dialects
@virtual_time
async def test_an_event_in_a_binary_frame_counts_and_noise_in_one_does_not(dialect):
    async with Journey(NOON, dialect=dialect) as talk:
        talk.gateway.perform(Send(b"\x00\xff\xfe"), Send(json.dumps({"type": "vendor.x"}).encode()))
        assert (await one_turn(talk))["heard_ms"] == 800


@dialects
@virtual_time
async def test_sound_in_frames_of_several_megabytes_is_played_whole(dialect):
    big = Reply((Spoken("A very long story.", 30_000),), delta_ms=15_000, padding_bytes=2 * 2**20)
    async with Journey(big, dialect=dialect) as talk:
        said = await one_turn(talk)
    assert said["heard_ms"] == 30_000


@dialects
@pytest.mark.parametrize("delta", ["AAA", "!!!!", "", None, 7, "AAAA AAAA"], ids=repr)
@virtual_time
async def test_sound_that_is_no_proper_base64_breaks_nothing(dialect, delta):
    name = "response.output_audio.delta" if dialect == "ga" else "response.audio.delta"
    spot = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}
    noon = Reply((Spoken("It is noon.", 800),), pace=2.0)
    async with Journey(noon, dialect=dialect, complete=False) as talk:
        await talk.passes(0.5)
        talk.user_says("what time is it", 800)
        await talk.until(lambda: talk.gateway.connection.replies)
        talk.gateway.perform(Send({"type": name, **spot, "delta": delta}))
        said = await talk.line("agent_said")
    assert said["heard_ms"] >= 800


@dialects
@virtual_time
async def test_swapped_transcripts_are_told_in_the_order_of_the_turns(dialect):
    async with Journey(NOON, NOON, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("the first", 800, transcribed_after_s=5.0)
        await talk.line("agent_said")
        talk.user_says("the second", 800)
        await talk.line("user_said", times=2)
    assert [line["text"] for line in talk.said("user_said")] == ["the first", "the second"]
    assert [item.text for item in talk.session.history if hasattr(item, "turn_id")] == ["the first", "the second"]


@dialects
@virtual_time
async def test_a_turn_whose_words_never_come_holds_nobody_up_for_long(dialect):
    async with Journey(NOON, NOON, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("never written down", 800, transcribed_after_s=None)
        await talk.line("agent_said")
        talk.user_says("the second", 800)
        said = await talk.line("user_said")
    assert said["text"] == "the second"
    assert said["t"] < 15


@dialects
@virtual_time
async def test_a_failed_transcription_is_a_warning_and_the_turn_is_answered(dialect):
    async with Journey(NOON, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("mumble", 800, transcription_fails=True)
        await talk.line("agent_said")
    assert talk.said("user_said") == []
    assert talk.warnings() == ["transcription_failed"]


@dialects
@virtual_time
async def test_a_reply_that_fails_without_an_error_is_tried_once_more(dialect):
    failed = Reply((), status="failed")
    async with Journey(failed, NOON, dialect=dialect) as talk:
        assert (await one_turn(talk))["text"] == "It is noon."
    talk.gateway.expect("response.create", times=1)


@dialects
@virtual_time
async def test_a_reply_that_keeps_failing_is_a_warning_and_the_user_can_go_on(dialect):
    failed = Reply((), status="failed")
    async with Journey(failed, failed, NOON, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("what time is it", 800)
        warned = await talk.line("warning")
        assert warned["code"] == "reply_failed"
        assert "rate_limit_exceeded" in warned["detail"]
        assert talk.session.settled
        talk.user_says("what time is it", 800)
        assert (await talk.line("agent_said"))["text"] == "It is noon."


@dialects
@virtual_time
async def test_a_reply_cut_short_by_the_server_is_told_as_far_as_it_was_heard(dialect):
    short = Reply((Spoken("It is", 500),), status="incomplete")
    async with Journey(short, dialect=dialect) as talk:
        said = await one_turn(talk)
    assert (said["heard_ms"], said["heard_text"]) == (500, "It is")
    assert talk.warnings() == ["reply_incomplete"]


@dialects
@virtual_time
async def test_a_server_that_owes_a_reply_and_starts_none_is_asked(dialect):
    never = Reply(created_after_s=None)
    async with Journey(never, NOON, dialect=dialect, realtime={"reply_start_timeout_s": 2.0}) as talk:
        assert (await one_turn(talk))["text"] == "It is noon."
    talk.gateway.expect("response.create", times=1)


@dialects
@virtual_time
async def test_a_reply_that_is_never_created_is_asked_for_on_the_next_connection_and_then_reported(dialect):
    never = [Reply(created_after_s=None)] * 2
    settings = {"reply_start_timeout_s": 2.0, "turn": {"replies": "client"}}
    async with Journey(*never, NOON, dialect=dialect, realtime=settings, listens=True, complete=False) as talk:
        await talk.passes(0.5)
        talk.line_device.say(800)
        assert (await talk.line("warning", times=2))["code"] == "no_reply"
        await talk.passes(0.5)
        assert talk.session.settled
        talk.line_device.say(800)
        assert (await talk.line("agent_said"))["text"] == "It is noon."
    assert talk.warnings() == ["engine_lost_slow_model", "no_reply"]
    assert talk.network.attempts == 3
    talk.gateway.expect("response.create", times=3)


@dialects
@virtual_time
async def test_a_reply_whose_end_never_comes_can_be_talked_over(dialect):
    endless = Reply((Spoken("It is noon.", 800),), ends=False)
    async with Journey(endless, NOON, dialect=dialect, realtime={"reply_start_timeout_s": 2.0}) as talk:
        await talk.passes(0.5)
        talk.user_says("what time is it", 800)
        await talk.passes(5.0)
        talk.user_says("are you there", 1000)
        await talk.line("agent_said", times=2)
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_a_turn_that_ends_during_another_reply_is_answered_after_it(dialect):
    story = Reply((Spoken("Once upon a time.", 3000),), pace=0.5, ignores_cancel=True)
    async with Journey(story, NOON, dialect=dialect, quirks=Quirks(queues_replies=True)) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_speech_started")
        talk.user_says("no, the time", 1000)
        await talk.line("agent_said", times=2)
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@pytest.mark.parametrize(
    ("code", "warnings"),
    [("server_error", 1), (None, 1), ("rate_limit_exceeded", 1), ("conversation_already_has_active_response", 0)],
)
@virtual_time
async def test_an_error_that_is_about_nothing_of_ours_is_a_warning_unless_it_is_a_lost_race(dialect, code, warnings):
    async with Journey(NOON, dialect=dialect, errors=1) as talk:
        talk.gateway.perform(Fail(code, "something went wrong"))
        assert (await one_turn(talk))["heard_ms"] == 800
    assert len(talk.warnings()) == warnings


@dialects
@virtual_time
async def test_an_ask_that_is_refused_because_another_reply_runs_is_asked_again(dialect):
    async with Journey(NOON, dialect=dialect, errors=1, realtime={"turn": {"replies": "client"}}) as talk:
        talk.gateway.when("response.create", Fail("conversation_already_has_active_response", "already has one"))
        assert (await one_turn(talk))["heard_ms"] == 800


@dialects
@virtual_time
async def test_a_field_the_server_does_not_know_is_left_out_and_the_rest_stands(dialect):
    param = "session.tool_choice"
    talk = Journey(NOON, dialect=dialect, errors=1)
    talk.gateway.when("session.update", Fail("unknown_parameter", f"Unknown parameter: '{param}'.", param=param))
    async with talk:
        assert (await one_turn(talk))["heard_ms"] == 800


@dialects
@pytest.mark.parametrize("cut", [Vanish(), Close(1011, "internal error")], ids=repr)
@virtual_time
async def test_a_reply_that_is_cut_off_is_played_as_far_as_it_came_and_asked_for_again(dialect, cut):
    broken = Reply((Spoken("Once upon a time.", 3000),), pace=1.0, cut_after_ms=1500, cut=cut)
    async with Journey(broken, NOON, dialect=dialect, complete=False) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800)
        await talk.line("agent_said", times=2)
    first, again = talk.said("agent_said")
    assert first["heard_ms"] == 1500
    assert again["text"] == "It is noon."
    assert [item.text for item in talk.session.history] == ["tell me a story", first["heard_text"], "It is noon."]


@dialects
@virtual_time
async def test_a_server_that_nothing_reaches_for_a_while_hears_everything_when_it_can_be_reached_again(dialect):
    async with Journey(NOON, dialect=dialect, listens=True, complete=False) as talk:
        await talk.passes(0.5)
        talk.network.hold()
        talk.gateway.will_hear(talk.line_device.say(800), "what time is it")
        await talk.passes(10)
        talk.network.release()
        assert (await talk.line("agent_said"))["heard_ms"] == 800
    assert talk.said("user_said")[0]["text"] == "what time is it"
    assert talk.warnings() == ["engine_lost_dead_wire"]
