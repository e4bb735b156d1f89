"""Whole sessions against an in-memory client, on virtual time."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from voiceloop.audio import g711
from voiceloop.errors import BackendError
from voiceloop.testing.clock import virtual_time
from voiceloop_local.seams import Call, Say

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Thinks:
    def __init__(self, *thoughts):
        self.thoughts = thoughts
        self.asked = []

    async def think(self, instructions, items, tools, say):
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
async def test_a_text_only_reply_has_no_audio(visiting, fakes):
    speaker = fakes.speaker()
    async with visiting(speaker=speaker, type="realtime", output_modalities=["text"]) as visit:
        await visit.reply_to("Hi you")
    assert visit.transcript("response.output_text.delta") == "You said: Hi you."
    assert visit.audio() == b""
    assert not speaker.said


@virtual_time
async def test_audio_is_complete_and_leaves_at_most_three_times_as_fast_as_it_is_heard(visiting, fakes):
    async with visiting() as visit:
        await visit.reply_to("Tell me a story")
    deltas = [
        (at, len(event["delta"]) * 3 // 4 / 48_000)
        for at, event in zip(visit.peer.times, visit.events, strict=True)
        if event["type"] == "response.output_audio.delta"
    ]
    assert sum(seconds for _, seconds in deltas) > 8
    assert max(seconds for _, seconds in deltas) <= 0.1001
    sent = 0.0
    for at, seconds in deltas:
        assert sent <= 3.001 * (at - deltas[0][0]) + 1e-6
        sent += seconds


@virtual_time
async def test_words_never_trail_the_audio_that_says_them(visiting):
    async with visiting() as visit:
        await visit.reply_to("one two three four five six seven eight nine ten")
    spoken_ms, chars = 0.0, 0
    for event in visit.events:
        if event["type"] == "response.output_audio.delta":
            spoken_ms += len(event["delta"]) * 3 // 4 / 48
            assert chars * 60 >= spoken_ms - 400 or chars == len(visit.transcript())
        elif event["type"] == "response.output_audio_transcript.delta":
            chars += len(event["delta"])


@virtual_time
async def test_a_spoken_turn_is_answered_by_itself(visiting, fakes):
    transcriber = fakes.transcriber("what is up")
    update = {"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1", "language": "en"}}}}
    async with visiting(transcriber=transcriber, **update) as visit:
        await visit.hear(fakes.silence(1000) + fakes.tone(1500) + fakes.silence(700))
        await visit.until("response.done")
    kinds = [kind for kind in visit.types[3:] if not kind.endswith(".delta")]
    assert kinds[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    started = visit.of("input_audio_buffer.speech_started")[0]
    stopped = visit.of("input_audio_buffer.speech_stopped")[0]
    assert started["audio_start_ms"] == pytest.approx(700, abs=20)
    assert stopped["audio_end_ms"] == pytest.approx(3000, abs=40)
    assert started["item_id"] == stopped["item_id"]
    completed = visit.of("conversation.item.input_audio_transcription.completed")[0]
    assert completed["transcript"] == "what is up"
    assert completed["item_id"] == started["item_id"]
    assert completed["usage"]["seconds"] == pytest.approx(2.3, abs=0.05)
    assert visit.transcript() == "You said: what is up."


@virtual_time
async def test_recognition_starts_before_the_turn_has_ended_and_is_not_repeated(visiting, fakes):
    transcriber = fakes.transcriber(takes_s=0.45)
    async with visiting(transcriber=transcriber) as visit:
        await visit.hear(fakes.silence(500) + fakes.tone(1500))
        last_speech = asyncio.get_running_loop().time()
        await visit.hear(fakes.silence(900))
        await visit.until("response.output_audio.delta")
    assert len(transcriber.heard) == 1
    assert (
        visit.time_of("response.output_audio.delta") - last_speech < 0.8
    )  # 0.5 silence, recognition inside, 0.05 voice


@virtual_time
async def test_recognition_starts_again_when_the_user_goes_on(visiting, fakes):
    transcriber = fakes.transcriber(takes_s=0.1)
    async with visiting(transcriber=transcriber) as visit:
        talk = fakes.tone(800) + fakes.silence(360) + fakes.tone(800) + fakes.silence(700)
        await visit.hear(fakes.silence(500) + talk)
        await visit.until("response.done")
    assert len(visit.of("input_audio_buffer.committed")) == 1
    heard_ms = [ms for ms, *_ in transcriber.heard]
    assert len(heard_ms) == 2
    assert heard_ms[1] == pytest.approx(heard_ms[0] + 1160, abs=60)


@virtual_time
async def test_language_and_vocabulary_reach_recognition(visiting, fakes):
    transcriber = fakes.transcriber()
    transcription = {"model": "gpt-transcribe", "language": "de", "keywords": ["Brezel"]}
    audio = {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": None, "transcription": transcription}}
    async with visiting(transcriber=transcriber, type="realtime", audio=audio) as visit:
        visit.append(g711.encode_ulaw(fakes.tone(1000, 8000)))
        visit.send("input_audio_buffer.commit")
        await visit.until("conversation.item.input_audio_transcription.completed")
    assert transcriber.heard == [(1000, 8000, "de", ("Brezel",))]
    assert "response.created" not in visit.types


@pytest.mark.parametrize("encoding", ["g711_ulaw", "g711_alaw"])
@virtual_time
async def test_telephone_audio_goes_both_ways(visiting, fakes, encoding):
    update = {"input_audio_format": encoding, "output_audio_format": encoding}
    encode = g711.encode_ulaw if encoding == "g711_ulaw" else g711.encode_alaw
    decode = g711.decode_ulaw if encoding == "g711_ulaw" else g711.decode_alaw
    async with visiting(ga=False, **update) as visit:
        pcm = fakes.silence(600, 8000) + fakes.tone(1000, 8000) + fakes.silence(800, 8000)
        await visit.hear(encode(pcm), chunk_bytes=160)
        await visit.until("response.done")
    said = "You said: hello there."
    heard = decode(visit.audio("response.audio.delta"))
    assert len(heard) / 16 == pytest.approx(len(said) * 60, abs=2)
    assert max(abs(int.from_bytes(heard[n : n + 2], "little", signed=True)) for n in range(0, len(heard), 2)) > 6000


@virtual_time
async def test_speech_cancels_the_running_reply(visiting, fakes):
    async with visiting() as visit:
        visit.type_in("tell me a story")
        visit.send("response.create")
        await visit.until("response.output_audio.delta")
        await visit.hear(fakes.silence(100) + fakes.tone(400))
        done = await visit.until("response.done")
        count = len(visit.events)
        await asyncio.sleep(0.3)
        assert not [event for event in visit.events[count:] if event["type"].startswith("response.")]
    assert done["response"]["status"] == "cancelled"
    assert done["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert done["response"]["output"][0]["status"] == "incomplete"
    order = [visit.types.index(kind) for kind in ("input_audio_buffer.speech_started", "response.done")]
    assert order == sorted(order)


@virtual_time
async def test_without_interruption_a_turn_during_a_reply_brings_no_reply_of_its_own(visiting, fakes):
    turns = {"type": "server_vad", "interrupt_response": False, "create_response": True}
    async with visiting(type="realtime", audio={"input": {"turn_detection": turns}}) as visit:
        visit.type_in("tell me a story")
        visit.send("response.create")
        await visit.until("response.output_audio.delta")
        await visit.hear(fakes.silence(100) + fakes.tone(400) + fakes.silence(700))
        await visit.until("input_audio_buffer.committed")
        done = await visit.until("response.done")
        await asyncio.sleep(2)
    assert done["response"]["status"] == "completed"
    assert len(visit.of("response.created")) == 1


@virtual_time
async def test_with_create_response_off_the_client_answers(visiting, fakes):
    turns = {"type": "semantic_vad", "eagerness": "high", "create_response": False}
    async with visiting(type="realtime", audio={"input": {"turn_detection": turns}}) as visit:
        await visit.hear(fakes.silence(500) + fakes.tone(600) + fakes.silence(700))
        await visit.until("input_audio_buffer.committed")
        assert "response.created" not in visit.types
        visit.send("response.create")
        await visit.until("response.done")
    assert visit.transcript() == "You said: hello there."


@virtual_time
async def test_silence_taken_for_speech_is_answered_with_silence(visiting, fakes):
    async with visiting(transcriber=fakes.transcriber("")) as visit:
        await visit.hear(fakes.silence(500) + fakes.tone(600) + fakes.silence(700))
        done = await visit.until("response.done")
    assert done["response"]["status"] == "completed"
    assert done["response"]["output"] == []


@virtual_time
async def test_failed_recognition_is_reported_and_the_session_lives(visiting, fakes):
    transcriber = fakes.transcriber(BackendError("no ears"), "again")
    update = {"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    async with visiting(transcriber=transcriber, **update) as visit:
        await visit.hear(fakes.silence(500) + fakes.tone(600) + fakes.silence(700))
        failed = await visit.until("conversation.item.input_audio_transcription.failed")
        done = await visit.until("response.done")
        assert failed["error"]["message"] == "no ears"
        assert done["response"]["status"] == "failed"
        await visit.hear(fakes.silence(300) + fakes.tone(600) + fakes.silence(700))
        done = await visit.until("response.done")
    assert done["response"]["status"] == "completed"


@virtual_time
async def test_slow_recognition_fails_in_time(visiting, fakes):
    update = {"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    async with visiting(transcriber=fakes.transcriber(takes_s=500), **update) as visit:
        await visit.hear(fakes.silence(500) + fakes.tone(600) + fakes.silence(700))
        failed = await visit.until("conversation.item.input_audio_transcription.failed")
    assert "30 s" in failed["error"]["message"]


@virtual_time
async def test_a_tool_is_called_and_its_output_reported(visiting):
    async with visiting(type="realtime", tools=[WEATHER]) as visit:
        done = await visit.reply_to("Weather in Paris")
        [call] = done["response"]["output"]
        assert call["type"] == "function_call"
        assert call["status"] == "completed"
        assert json.loads(call["arguments"]) == {"city": "Weather in Paris"}
        deltas = visit.of("response.function_call_arguments.delta")
        assert "".join(event["delta"] for event in deltas) == call["arguments"]
        assert visit.of("response.function_call_arguments.done")[0]["name"] == "get_weather"
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        visit.send("conversation.item.create", item=output)
        visit.send("response.create")
        await visit.until("response.done")
    assert visit.transcript() == "The tool returned rain."


@virtual_time
async def test_one_reply_may_speak_and_call_twice(visiting):
    brain = Thinks(Say("One moment."), Call("a", "{}"), Call("b", "{}"))
    async with visiting(ga=False, brain=brain, modalities=["text"]) as visit:
        done = await visit.reply_to("go")
    kinds = [(item["type"], item.get("name")) for item in done["response"]["output"]]
    assert kinds == [("message", None), ("function_call", "a"), ("function_call", "b")]
    assert [event["output_index"] for event in visit.of("response.output_item.done")] == [0, 1, 2]
    assert "name" not in visit.of("response.function_call_arguments.done")[0]


@virtual_time
async def test_several_sayings_are_one_message(visiting):
    async with visiting(brain=Thinks(Say("One."), Say("Two. Three."))) as visit:
        done = await visit.reply_to("go")
    assert done["response"]["output"][0]["content"][0]["transcript"] == "One. Two. Three."


@virtual_time
async def test_exact_words_need_no_brain(visiting, fakes):
    brain, speaker = Thinks(), fakes.speaker()
    async with visiting(brain=brain, speaker=speaker, type="realtime", audio={"output": {"voice": "cedar"}}) as visit:
        visit.send("response.create", response={"instructions": "Say exactly this, and nothing else: Good day to you!"})
        await visit.until("response.done")
    assert speaker.said == [("Good day to you!", "cedar")]
    assert visit.transcript() == "Good day to you!"
    assert not brain.asked


@virtual_time
async def test_a_reply_takes_its_own_settings(visiting):
    brain = Thinks(Say("ok"))
    async with visiting(brain=brain, type="realtime", instructions="Be kind.", tools=[WEATHER]) as visit:
        visit.type_in("hello")
        settings = {
            "instructions": "Be brief.",
            "output_modalities": ["text"],
            "metadata": {"ask": "7"},
            "tool_choice": "none",
        }
        visit.send("response.create", response=settings)
        done = await visit.until("response.done")
        visit.send("response.create")
        await visit.until("response.done")
    created = visit.of("response.created")[0]["response"]
    assert created["metadata"] == done["response"]["metadata"] == {"ask": "7"}
    assert created["output_modalities"] == ["text"]
    assert created["status"] == "in_progress"
    assert [(instructions, tools) for instructions, _, tools, _ in brain.asked] == [
        ("Be brief.", []),
        ("Be kind.", ["get_weather"]),
    ]


@virtual_time
async def test_a_reply_aside_leaves_the_conversation_alone_and_runs_beside_another(visiting):
    async with visiting() as visit:
        visit.type_in("tell me a story")
        visit.send("response.create")
        await visit.until("response.output_audio.delta")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "classify"}]}
        settings = {"conversation": "none", "output_modalities": ["text"], "input": [item], "metadata": {"a": "b"}}
        visit.send("response.create", response=settings)
        done = await visit.until("response.done")
        assert done["response"]["conversation_id"] is None
        assert done["response"]["metadata"] == {"a": "b"}
        assert visit.transcript("response.output_text.delta") == "You said: classify."
        await visit.until("response.done")
    assert len(visit.of("conversation.item.added")) == 2


@virtual_time
async def test_an_aside_can_refer_to_items_and_be_cancelled(visiting):
    async with visiting() as visit:
        visit.type_in("tell me a story", item_id="mine")
        refer = {"conversation": "none", "input": [{"type": "item_reference", "id": "mine"}]}
        visit.send("response.create", response=refer)
        created = await visit.until("response.created")
        await visit.until("response.output_audio.delta")
        visit.send("response.cancel", event_id="c1")
        assert (await visit.until("error"))["error"]["code"] == "response_cancel_not_active"
        visit.send("response.cancel", response_id=created["response"]["id"])
        done = await visit.until("response.done")
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        refer["input"][0]["id"] = "other"
        visit.send("response.create", response=refer)
        assert (await visit.until("error"))["error"]["code"] == "invalid_value"


@virtual_time
async def test_only_one_reply_of_the_conversation_runs(visiting):
    async with visiting() as visit:
        visit.type_in("tell me a story")
        visit.send("response.create")
        await visit.until("response.created")
        visit.send("response.create", event_id="second")
        error = (await visit.until("error"))["error"]
        assert error["code"] == "conversation_already_has_active_response"
        assert error["event_id"] == "second"
        visit.send("response.cancel")
        await visit.until("response.done")
        visit.send("response.cancel")
        error = (await visit.until("error"))["error"]
        assert error["code"] == "response_cancel_not_active"
        assert error["message"] == "Cancellation failed: no active response found"
        assert (await visit.reply_to("still there?"))["response"]["status"] == "completed"


@virtual_time
async def test_a_reply_stops_at_its_token_limit(visiting):
    async with visiting(type="realtime", max_output_tokens=20) as visit:
        done = await visit.reply_to("tell me a story")
    assert done["response"]["status"] == "incomplete"
    assert done["response"]["status_details"]["reason"] == "max_output_tokens"
    assert done["response"]["usage"]["output_tokens"] < 40


@pytest.mark.parametrize("failure", [BackendError("the brain is off"), OSError("pipe")])
@virtual_time
async def test_a_failing_brain_fails_the_reply_only(visiting, failure):
    async with visiting(brain=Thinks(failure)) as visit:
        done = await visit.reply_to("hi")
        assert done["response"]["status"] == "failed"
        assert done["response"]["status_details"]["error"]["message"] == str(failure)
        assert (await visit.reply_to("hi"))["response"]["status"] == "failed"


@virtual_time
async def test_a_brain_that_never_answers_fails_the_reply_in_time(visiting):
    class Stuck:
        async def think(self, *_):
            await asyncio.sleep(10_000)
            yield Say("never")

    async with visiting(brain=Stuck()) as visit:
        visit.type_in("hi")
        visit.send("response.create")
        await visit.until("response.created")
        await asyncio.sleep(59)
        assert "response.done" not in visit.types
        done = await visit.until("response.done")
    assert done["response"]["status"] == "failed"


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
async def test_a_changed_format_keeps_the_clock_and_drops_the_buffer(visiting, fakes):
    async with visiting() as visit:
        await visit.hear(fakes.silence(1000))
        update = {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcma"}}}}
        visit.send("session.update", session=update)
        pcm = fakes.silence(500, 8000) + fakes.tone(500, 8000)
        await visit.hear(g711.encode_alaw(pcm), chunk_bytes=160)
        started = await visit.until("input_audio_buffer.speech_started")
    assert started["audio_start_ms"] == pytest.approx(1200, abs=20)


@virtual_time
async def test_cleared_audio_is_never_answered(visiting, fakes):
    async with visiting() as visit:
        await visit.hear(fakes.silence(500) + fakes.tone(600) + fakes.silence(300))
        visit.send("input_audio_buffer.clear")
        await visit.until("input_audio_buffer.cleared")
        await visit.hear(fakes.silence(1000))
    assert "input_audio_buffer.committed" not in visit.types


@virtual_time
async def test_replayed_user_audio_is_understood(visiting, fakes):
    async with visiting(transcriber=fakes.transcriber("from before")) as visit:
        part = {"type": "input_audio", "audio": base64.b64encode(fakes.tone(800)).decode()}
        visit.send("conversation.item.create", item={"type": "message", "role": "user", "content": [part]})
        visit.send("response.create")
        await visit.until("response.done")
    assert visit.transcript() == "You said: from before."


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
async def test_nobody_speaking_for_a_while_is_noticed(visiting, fakes):
    turns = {"type": "server_vad", "idle_timeout_ms": 5000}
    async with visiting(type="realtime", audio={"input": {"turn_detection": turns}}) as visit:
        await visit.reply_to("hi")
        done_at = asyncio.get_running_loop().time()
        await visit.hear(fakes.silence(8000))
        timeout = await visit.until("input_audio_buffer.timeout_triggered")
        await visit.until("response.created")
    assert visit.time_of("input_audio_buffer.timeout_triggered") - done_at == pytest.approx(5 + 13 * 0.06, abs=0.1)
    assert timeout["audio_start_ms"] == 0
    assert timeout["audio_end_ms"] == pytest.approx(5780, abs=40)
