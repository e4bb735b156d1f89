"""What servers write that keep to neither dialect, beside what it means."""

# ruff: noqa: UP031 - JSON is full of braces, so percent signs mark the gaps
from __future__ import annotations

from voiceloop.vocabulary import AudioFormat, Encoding
from voiceloop.wire import server
from voiceloop.wire.items import Logprob, Part, Response, Spot, WireError
from voiceloop.wire.session_fields import SessionFields, TurnDetection
from wire.shapes import HERE, SPOT

HYBRID = [
    (
        '{"type": "response.content_part.added", %s, "part": {"type": "output_text", "text": "Hi"}}' % SPOT,
        server.PartAdded(HERE, Part("text", text="Hi")),
    ),
    # Odd company inside lists and maps.
    (
        '{"type": "conversation.item.input_audio_transcription.delta", "item_id": "u1", "logprobs": ["odd", {}]}',
        server.InputTranscriptDelta("u1", 0, "", (Logprob("", 0.0),)),
    ),
    (
        '{"type": "conversation.item.input_audio_transcription.completed", "item_id": "u1", "languages": ["en", 7]}',
        server.InputTranscriptDone("u1", 0, "", ("en",)),
    ),
    (
        '{"type": "response.created", "response": {"id": "r1", "metadata": {"ask_id": "ask-1", "n": 4}}}',
        server.ResponseCreated(Response("r1", metadata={"ask_id": "ask-1"})),
    ),
    # xAI leaves indexes out, and `part`, and sends empty usage.
    (
        '{"type": "response.output_audio_transcript.delta", "response_id": "r1", "item_id": "a1", "delta": "Hi"}',
        server.TranscriptDelta(Spot("r1", "a1"), "Hi"),
    ),
    ('{"type": "response.content_part.done", %s}' % SPOT, server.PartDone(HERE, Part(""))),
    (
        '{"type": "response.done", "response": {"id": "r1", "status": "completed", "usage": {}, "output": [null]}}',
        server.ResponseDone(Response("r1", "completed")),
    ),
    # A relay's status details are words, its usage is null.
    (
        '{"type": "response.done","response":{"id": "r1", "status": "failed", "status_details": "no", "usage": null}}',
        server.ResponseDone(Response("r1", "failed", "no")),
    ),
    (
        """{"type": "response.done", "response": {"id": "r1", "status": "cancelled",
        "status_details": {"type": "cancelled", "reason": "turn_detected"}}}""",
        server.ResponseDone(Response("r1", "cancelled", "turn_detected")),
    ),
    (
        """{"type": "response.done", "response": {"id": "r1", "status": "failed",
        "status_details": {"type": "failed", "error": "out of luck"}}}""",
        server.ResponseDone(Response("r1", "failed", error=WireError(message="out of luck"))),
    ),
    # vLLM: the error is a string with its code beside it, and a session without a session object.
    (
        '{"type": "error", "error": "Unknown event: x", "code": "unknown_event"}',
        server.ErrorRaised(WireError(code="unknown_event", message="Unknown event: x")),
    ),
    ('{"type": "session.created", "id": "sess-1", "created": 1}', server.SessionCreated(SessionFields())),
    # Others have no error object at all, or a numeric code in it.
    ('{"type": "error", "message": "bad", "code": 7}', server.ErrorRaised(WireError(code="7", message="bad"))),
    (
        '{"type": "error", "error": {"code": 429, "message": "slow down", "param": true}}',
        server.ErrorRaised(WireError(code="429", message="slow down")),
    ),
    # speaches: beta with fields of its own.
    (
        """{"type": "session.created", "session": {"id": "s", "modalities": ["text"], "voice": "af_heart",
        "speech_model": "kokoro", "turn_detection": {"type": "server_vad", "threshold": 0.6}}}""",
        server.SessionCreated(
            SessionFields(
                id="s",
                modality="text",
                voice="af_heart",
                turn_detection=TurnDetection("server_vad", 0.6),
                dialect="beta",
            )
        ),
    ),
    # LiteLLM's own spelling of G.711; Qwen-Omni's sample_rate.
    (
        """{"type": "session.updated", "session": {"audio": {
        "input": {"format": {"type": "audio/G711-ulaw", "rate": 8000}},
        "output": {"format": {"type": "pcm", "sample_rate": 16000}}}}}""",
        server.SessionUpdated(
            SessionFields(
                input_format=AudioFormat(Encoding.G711_ULAW, 8000),
                output_format=AudioFormat(Encoding.PCM16, 16000),
                dialect="ga",
            )
        ),
    ),
    # Values of the wrong type are as good as missing.
    (
        """{"type": "session.updated", "session": {"id": 5, "modalities": "audio", "instructions": 3, "voice": {},
        "input_audio_format": "mp3", "output_audio_format": {"type": "audio/pcm", "rate": 0},
        "input_audio_transcription": "x", "turn_detection": 1, "tools": {}, "tool_choice": {}, "include": 3,
        "temperature": "hot", "expires_at": true, "max_output_tokens": null}}""",
        server.SessionUpdated(SessionFields(output_format=AudioFormat(), dialect="beta")),
    ),
    (
        '{"type": "input_audio_buffer.speech_started", "item_id": null, "audio_start_ms": -20}',
        server.InputSpeechStarted("", 0),
    ),
    (
        '{"type": "input_audio_buffer.speech_stopped", "item_id": 4, "audio_end_ms": 12.7}',
        server.InputSpeechStopped("4", 12),
    ),
    ('{"type": "response.audio.delta", "delta": "AAE"}', server.AudioDelta(Spot("", ""), b"\x00\x01")),
]
