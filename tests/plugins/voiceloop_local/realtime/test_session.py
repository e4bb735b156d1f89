"""Whole sessions against an in-memory client, on virtual time."""

from __future__ import annotations

import asyncio

from voiceloop.testing.clock import virtual_time
from voiceloop_local.seams import Say


class Thinks:
    def __init__(self, *thoughts):
        self.thoughts = thoughts
        self.asked = []

    async def think(self, instructions, items, tools, say, language="en"):
        self.asked.append((instructions, list(items), [tool.name for tool in tools], say))
        for thought in self.thoughts:
            if isinstance(thought, Exception):
                raise thought
            yield thought


@virtual_time
async def test_a_typed_turn_is_answered_in_the_order_the_protocol_promises(visiting):
    async with visiting() as visit:
        done = await visit.reply_to("Hi you")
    assert visit.types[:2] == ["session.created", "conversation.created"]
    assert [kind for kind in visit.types[2:] if not kind.endswith(".delta")] == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert visit.transcript() == "You said: Hi you."
    assert done["response"]["status"] == "completed"
    assert done["response"]["output"][0]["content"] == [{"type": "output_audio", "transcript": "You said: Hi you."}]
    assert done["response"]["usage"]["total_tokens"] > 0
    ids = [event["event_id"] for event in visit.events]
    assert len(set(ids)) == len(ids)


@virtual_time
async def test_beta_gets_its_own_names(visiting):
    async with visiting(ga=False) as visit:
        await visit.reply_to("Hi you")
    assert "conversation.item.done" not in visit.types
    assert [kind for kind in visit.types[2:] if not kind.endswith(".delta")] == [
        "conversation.item.created",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert visit.transcript("response.audio_transcript.delta") == "You said: Hi you."
    assert visit.events[0]["session"]["modalities"] == ["audio", "text"]
    assert visit.events[-1]["response"]["output"][0]["content"][0]["type"] == "audio"


@virtual_time
async def test_what_was_not_heard_leaves_the_context(visiting):
    brain = Thinks(Say("Alpha beta gamma delta epsilon zeta."))
    async with visiting(brain=brain) as visit:
        done = await visit.reply_to("go")
        item_id = done["response"]["output"][0]["id"]
        visit.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=5000, event_id="t1")
        error = (await visit.until("error"))["error"]
        assert error["message"] == "Audio content of 2160ms is already shorter than 5000ms"
        assert error["event_id"] == "t1"
        visit.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=900)
        await visit.until("conversation.item.truncated", item_id=item_id, audio_end_ms=900)
        visit.send("conversation.item.retrieve", item_id=item_id)
        shown = (await visit.until("conversation.item.retrieved"))["item"]["content"][0]
        assert shown["transcript"] is None
        assert len(shown["audio"]) == 900 * 48 * 4 // 3
        await visit.reply_to("more")
    _, items, _, _ = brain.asked[1]
    assert items[1].text == "Alpha beta"
    assert items[1].heard_ms == 900


@virtual_time
async def test_bad_frames_are_refused_and_the_session_lives(visiting):
    async with visiting() as visit:
        for frame, code in [
            ("{not json", "invalid_json"),
            ("[" * 100_000, "invalid_json"),
            (b"\x00\x01", "invalid_message"),
            ("[]", "invalid_event"),
            ('{"event_id": "x"}', "missing_required_parameter"),
            ('{"type": "nonsense"}', "invalid_value"),
            ('{"type": 7}', "invalid_value"),
            ('{"type": "response.create", "respnse": {}}', "unknown_parameter"),
            ('{"type": "input_audio_buffer.append", "audio": "***"}', "invalid_value"),
            ('{"type": "input_audio_buffer.append"}', "missing_required_parameter"),
            ('{"type": "input_audio_buffer.commit"}', "input_audio_buffer_commit_empty"),
        ]:
            visit.raw(frame)
            assert (await visit.until("error"))["error"]["code"] == code
        assert (await visit.reply_to("still there?"))["response"]["status"] == "completed"


@virtual_time
async def test_a_session_update_is_whole_or_not_at_all(visiting):
    async with visiting() as visit:
        visit.send("session.update", event_id="u1", session={"type": "realtime", "instructions": "x", "temperature": 1})
        error = (await visit.until("error"))["error"]
        assert (error["code"], error["param"], error["event_id"]) == (
            "unknown_parameter",
            "session.temperature",
            "u1",
        )
        visit.send("session.update", session={"type": "realtime"})
        assert (await visit.until("session.updated"))["session"]["instructions"] != "x"


@virtual_time
async def test_the_voice_is_fixed_once_it_was_heard(visiting):
    async with visiting(ga=False, voice="ash") as visit:
        await visit.reply_to("hi")
        visit.send("session.update", session={"voice": "sage"})
        assert (await visit.until("error"))["error"]["code"] == "cannot_update_voice"


@virtual_time
async def test_the_session_ends_after_its_time_and_says_so(visiting):
    async with visiting(minutes=0.5) as visit:
        error = await visit.until("error")
        await visit.serving
        assert visit.events[0]["session"]["expires_at"] == 1030
    assert error["error"]["code"] == "session_expired"
    assert visit.peer.closed == (1001, "Your session hit the maximum duration of 0.5 minutes.")


@virtual_time
async def test_a_client_that_leaves_ends_everything(visiting):
    async with visiting() as visit:
        visit.type_in("tell me a story")
        visit.send("response.create")
        await visit.until("response.output_audio.delta")
        visit.leave()
        await asyncio.wait_for(visit.serving, 1)


@virtual_time
async def test_a_client_that_stops_reading_is_dropped(visiting):
    async with visiting() as visit:
        visit.peer.stuck = True
        visit.send("session.update", session={"type": "realtime"})
        await asyncio.wait_for(visit.serving, 25)


@virtual_time
async def test_a_deleted_item_is_gone(visiting):
    brain = Thinks(Say("ok"))
    async with visiting(brain=brain) as visit:
        visit.type_in("secret", item_id="mine")
        visit.send("conversation.item.delete", item_id="mine")
        await visit.until("conversation.item.deleted", item_id="mine")
        visit.send("conversation.item.delete", item_id="mine")
        assert (await visit.until("error"))["error"]["code"] == "item_delete_invalid_item_id"
        await visit.reply_to("public")
    assert [item.text for item in brain.asked[0][1]] == ["public"]


@virtual_time
async def test_a_flood_of_answers_nobody_reads_ends_the_session(visiting):
    async with visiting() as visit:
        visit.peer.stuck = True
        for _ in range(5000):
            visit.raw("nonsense")
        await asyncio.wait_for(visit.serving, 1)
