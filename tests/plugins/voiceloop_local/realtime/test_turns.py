"""What becomes of the user's audio, seen by a client in memory on virtual time."""

from __future__ import annotations

import asyncio
import base64

import pytest

from voiceloop.audio import g711
from voiceloop.errors import BackendError
from voiceloop.testing.clock import virtual_time


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
    first, heard = transcriber.heard
    assert first == (0, 8000, "de", ())  # has the models of the language loaded before they are needed
    assert heard[:3] == (1000, 8000, "de")
    assert heard[3][0] == "Brezel"
    assert "Auf Wiedersehen." in heard[3]
    assert "response.created" not in visit.types


@pytest.mark.parametrize("ga", [True, False])
@virtual_time
async def test_a_prompt_is_a_list_of_words_to_expect(visiting, fakes, ga):
    transcriber = fakes.transcriber()
    transcription = {"model": "whisper-1", "prompt": "Siobhan, Kowalczyk,"}
    flat = {"input_audio_transcription": transcription, "turn_detection": None}
    nested = {"type": "realtime", "audio": {"input": {"transcription": transcription, "turn_detection": None}}}
    async with visiting(transcriber=transcriber, ga=ga, **(nested if ga else flat)) as visit:
        visit.append(fakes.tone(1000))
        visit.send("input_audio_buffer.commit")
        await visit.until("conversation.item.input_audio_transcription.completed")
    assert tuple(transcriber.heard[-1][3][:2]) == ("Siobhan", "Kowalczyk")


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


@virtual_time
async def test_whoever_speaks_in_time_is_not_asked_again(visiting, fakes):
    turns = {"type": "server_vad", "idle_timeout_ms": 5000, "create_response": False}
    async with visiting(type="realtime", audio={"input": {"turn_detection": turns}}) as visit:
        await visit.reply_to("hi")
        await visit.hear(fakes.silence(3000) + fakes.tone(600) + fakes.silence(9000))
        visit.send("response.create")
        await visit.until("response.created")
    assert "input_audio_buffer.timeout_triggered" not in visit.types
