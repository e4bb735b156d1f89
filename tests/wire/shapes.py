"""Server events as servers write them, by hand, beside what they mean. No codec of ours had a part in the JSON."""

# ruff: noqa: UP031 - JSON is full of braces, so percent signs mark the gaps
from __future__ import annotations

from voiceloop.vocabulary import AudioFormat, Encoding, ToolSpec, Usage
from voiceloop.wire import server
from voiceloop.wire.items import (
    CallItem,
    CallOutputItem,
    Logprob,
    MessageItem,
    OtherItem,
    Part,
    RateLimit,
    Response,
    Spot,
    WireError,
)
from voiceloop.wire.session_fields import SessionFields, Transcription, TurnDetection

BETA_SESSION = """{
  "id": "sess_1", "object": "realtime.session", "expires_at": 1700000000, "model": "gpt-4o-realtime-preview",
  "modalities": ["audio", "text"], "instructions": "Be brief.", "voice": "alloy",
  "input_audio_format": "pcm16", "output_audio_format": "g711_ulaw", "input_audio_noise_reduction": null,
  "input_audio_transcription": {"model": "whisper-1", "language": "en"},
  "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200,
                     "create_response": true, "interrupt_response": true},
  "tools": [{"type": "function", "name": "lamp", "description": "switch", "parameters": {"type": "object"}}],
  "tool_choice": "auto", "temperature": 0.8, "max_response_output_tokens": "inf", "client_secret": null}"""
BETA_SESSION_MEANS = SessionFields(
    id="sess_1",
    expires_at_s=1700000000,
    model="gpt-4o-realtime-preview",
    modality="audio",
    instructions="Be brief.",
    voice="alloy",
    input_format=AudioFormat(),
    output_format=AudioFormat(Encoding.G711_ULAW, 8000),
    noise_reduction=None,
    transcription=Transcription("whisper-1", language="en"),
    turn_detection=TurnDetection("server_vad", 0.5, 300, 200, create_response=True, interrupt_response=True),
    tools=(ToolSpec("lamp", "switch", {"type": "object"}),),
    tool_choice="auto",
    temperature=0.8,
    max_output_tokens="inf",
    dialect="beta",
)
GA_SESSION = """{
  "type": "realtime", "object": "realtime.session", "id": "sess_2", "model": "gpt-realtime", "expires_at": 1800000000,
  "output_modalities": ["audio"], "instructions": "", "tools": [], "tool_choice": "auto", "max_output_tokens": 4096,
  "tracing": "auto", "prompt": null, "truncation": "auto", "parallel_tool_calls": true, "reasoning": {"effort": "low"},
  "include": ["item.input_audio_transcription.logprobs"],
  "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": null,
                      "noise_reduction": {"type": "near_field"},
                      "turn_detection": {"type": "semantic_vad", "eagerness": "low", "create_response": false,
                                         "interrupt_response": false, "idle_timeout_ms": null}},
            "output": {"format": {"type": "audio/pcma"}, "voice": {"id": "voice_x"}, "speed": 1.25}}}"""
GA_SESSION_MEANS = SessionFields(
    kind="realtime",
    id="sess_2",
    model="gpt-realtime",
    expires_at_s=1800000000,
    modality="audio",
    instructions="",
    voice="voice_x",
    speed=1.25,
    input_format=AudioFormat(),
    output_format=AudioFormat(Encoding.G711_ALAW, 8000),
    noise_reduction={"type": "near_field"},
    transcription=None,
    turn_detection=TurnDetection("semantic_vad", eagerness="low", create_response=False, interrupt_response=False),
    tools=(),
    tool_choice="auto",
    parallel_tool_calls=True,
    max_output_tokens=4096,
    tracing="auto",
    include=("item.input_audio_transcription.logprobs",),
    truncation="auto",
    prompt=None,
    reasoning={"effort": "low"},
    dialect="ga",
)
SPOT = '"event_id": "event_1", "response_id": "r1", "item_id": "a1", "output_index": 1, "content_index": 2'
HERE = Spot("r1", "a1", 1, 2)
CALL_SPOT = '"event_id": "event_1", "response_id": "r1", "item_id": "f1", "output_index": 1'
THERE = Spot("r1", "f1", 1, 0)
USER_ITEM = """{"id": "u1", "object": "realtime.item", "type": "message", "status": "completed", "role": "user",
  "content": [{"type": "input_audio", "transcript": null}]}"""
USER_MEANS = MessageItem("u1", "user", (Part("input_audio"),), "completed")
CALL_ITEM = """{"id": "f1", "object": "realtime.item", "type": "function_call", "status": "completed",
  "call_id": "call_1", "name": "lamp", "arguments": "{\\"on\\":true}"}"""
CALL_MEANS = CallItem("f1", "call_1", "lamp", '{"on":true}', "completed")
RESPONSE = """{"object": "realtime.response", "id": "r1", "status": "failed", "conversation_id": "conv_1",
  "status_details": {"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded"}},
  "output": [{"id": "a1", "object": "realtime.item", "type": "message", "status": "incomplete", "role": "assistant",
              "content": [{"type": "%s", "transcript": "Hel"}]}],
  "metadata": {"ask_id": "ask-1"},
  "usage": {"total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
            "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "cached_tokens": 64,
                                    "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0}},
            "output_token_details": {"text_tokens": 30, "audio_tokens": 91}}}"""
RESPONSE_MEANS = Response(
    "r1",
    "failed",
    error=WireError("server_error", "rate_limit_exceeded"),
    output=(MessageItem("a1", "assistant", (Part("audio", transcript="Hel"),), "incomplete"),),
    conversation_id="conv_1",
    metadata={"ask_id": "ask-1"},
    usage=Usage(
        132,
        121,
        64,
        13,
        91,
        {
            "total_tokens": 253,
            "input_text_tokens": 119,
            "input_audio_tokens": 13,
            "input_cached_tokens": 64,
            "cached_text_tokens": 64,
            "output_text_tokens": 30,
            "output_audio_tokens": 91,
        },
    ),
)

# The same in both dialects.
BOTH = [
    (
        """{"type": "error", "event_id": "event_9", "error": {
        "type": "invalid_request_error", "code": "unknown_parameter",
        "message": "Unknown parameter: 'session.foo'.", "param": "session.foo", "event_id": "c-1"}}""",
        server.ErrorRaised(
            WireError(
                "invalid_request_error", "unknown_parameter", "Unknown parameter: 'session.foo'.", "session.foo", "c-1"
            )
        ),
    ),
    (
        '{"type": "error", "error": {"type": "invalid_request_error", "code": null, "message": "no", "param": null}}',
        server.ErrorRaised(WireError("invalid_request_error", message="no")),
    ),
    ('{"type": "session.created", "session": %s}' % BETA_SESSION, server.SessionCreated(BETA_SESSION_MEANS)),
    ('{"type": "session.created", "session": %s}' % GA_SESSION, server.SessionCreated(GA_SESSION_MEANS)),
    ('{"type": "session.updated", "session": %s}' % BETA_SESSION, server.SessionUpdated(BETA_SESSION_MEANS)),
    ('{"type": "session.updated", "session": %s}' % GA_SESSION, server.SessionUpdated(GA_SESSION_MEANS)),
    (
        '{"type": "conversation.created", "conversation": {"id": "conv_1", "object": "realtime.conversation"}}',
        server.ConversationCreated("conv_1"),
    ),
    (
        '{"type": "conversation.item.retrieved", "item": %s}' % USER_ITEM,
        server.ItemRetrieved(USER_MEANS),
    ),
    (
        '{"type": "conversation.item.truncated", "item_id": "a1", "content_index": 0, "audio_end_ms": 1500}',
        server.ItemTruncated("a1", 0, 1500),
    ),
    ('{"type": "conversation.item.deleted", "item_id": "a1"}', server.ItemDeleted("a1")),
    (
        """{"type": "conversation.item.input_audio_transcription.delta", "item_id": "u1", "content_index": 0,
        "delta": "Hel", "logprobs": [{"token": "Hel", "logprob": -0.5, "bytes": [72]}]}""",
        server.InputTranscriptDelta("u1", 0, "Hel", (Logprob("Hel", -0.5),)),
    ),
    (
        '{"type": "conversation.item.input_audio_transcription.delta", "item_id": "u1"}',
        server.InputTranscriptDelta("u1", 0, ""),
    ),
    (
        """{"type": "conversation.item.input_audio_transcription.completed", "item_id": "u1", "content_index": 0,
        "transcript": "Hello.", "usage": {"type": "duration", "seconds": 2}, "logprobs": null}""",
        server.InputTranscriptDone("u1", 0, "Hello.", usage=Usage(seconds=2)),
    ),
    (
        """{"type": "conversation.item.input_audio_transcription.completed", "item_id": "u1", "content_index": 0,
        "transcript": "\\n", "usage": {"type": "tokens", "input_tokens": 12, "output_tokens": 3, "total_tokens": 15},
        "languages": [{"code": "en"}, {"code": "de"}]}""",
        server.InputTranscriptDone("u1", 0, "\n", ("en", "de"), Usage(12, 3, details={"total_tokens": 15})),
    ),
    (
        """{"type": "conversation.item.input_audio_transcription.failed", "item_id": "u1", "content_index": 0,
        "error": {"type": "transcription_error", "code": "audio_unintelligible", "message": "What?", "param": null}}""",
        server.InputTranscriptFailed("u1", 0, WireError("transcription_error", "audio_unintelligible", "What?")),
    ),
    (
        '{"type": "input_audio_buffer.committed", "item_id": "u1", "previous_item_id": "a0"}',
        server.InputCommitted("u1", "a0"),
    ),
    (
        '{"type": "input_audio_buffer.committed", "item_id": "u1", "previous_item_id": null}',
        server.InputCommitted("u1"),
    ),
    ('{"type": "input_audio_buffer.cleared", "event_id": "event_2"}', server.InputCleared()),
    (
        '{"type": "input_audio_buffer.speech_started", "item_id": "u1", "audio_start_ms": 288}',
        server.InputSpeechStarted("u1", 288),
    ),
    (
        '{"type": "input_audio_buffer.speech_stopped", "item_id": "u1", "audio_end_ms": 2112}',
        server.InputSpeechStopped("u1", 2112),
    ),
    ('{"type": "response.done", "response": %s}' % (RESPONSE % "output_audio"), server.ResponseDone(RESPONSE_MEANS)),
    (
        '{"type": "response.output_item.added", "response_id": "r1", "output_index": 1, "item": %s}' % CALL_ITEM,
        server.OutputItemAdded("r1", 1, CALL_MEANS),
    ),
    (
        '{"type": "response.output_item.done", "response_id": "r1", "output_index": 1, "item": %s}' % CALL_ITEM,
        server.OutputItemDone("r1", 1, CALL_MEANS),
    ),
    (
        '{"type": "response.content_part.added", %s, "part": {"type": "audio", "transcript": ""}}' % SPOT,
        server.PartAdded(HERE, Part("audio")),
    ),
    (
        '{"type": "response.content_part.done", %s, "part": {"type": "text", "text": "Hi"}}' % SPOT,
        server.PartDone(HERE, Part("text", text="Hi")),
    ),
    (
        '{"type": "response.function_call_arguments.delta", %s, "call_id": "call_1", "delta": "{"}' % CALL_SPOT,
        server.ArgumentsDelta(THERE, "call_1", "{"),
    ),
    ('{"type": "output_audio_buffer.started", "response_id": "r1"}', server.OutputBufferChanged("r1", "started")),
    ('{"type": "output_audio_buffer.stopped", "response_id": "r1"}', server.OutputBufferChanged("r1", "stopped")),
    ('{"type": "output_audio_buffer.cleared", "response_id": "r1"}', server.OutputBufferChanged("r1", "cleared")),
    (
        """{"type": "rate_limits.updated", "rate_limits": [
        {"name": "requests", "limit": 1000, "remaining": 999, "reset_seconds": 60},
        {"name": "tokens", "limit": 50000, "remaining": 49950, "reset_seconds": 0.06}]}""",
        server.RateLimitsUpdated((RateLimit("requests", 1000, 999, 60), RateLimit("tokens", 50000, 49950, 0.06))),
    ),
]
BETA = [
    (
        '{"type": "response.function_call_arguments.done", %s, "call_id": "call_1", "arguments": "{}"}' % CALL_SPOT,
        server.ArgumentsDone(THERE, "call_1", "{}"),
    ),
    ('{"type": "response.created", "response": %s}' % (RESPONSE % "audio"), server.ResponseCreated(RESPONSE_MEANS)),
    (
        '{"type": "transcription_session.updated", "session": {"id": "s", "input_audio_format": "pcm16"}}',
        server.SessionUpdated(SessionFields(id="s", input_format=AudioFormat(), dialect="beta")),
    ),
    (
        '{"type": "conversation.item.created", "previous_item_id": "a0", "item": %s}' % USER_ITEM,
        server.ItemAdded(USER_MEANS, "a0"),
    ),
    ('{"type": "response.text.delta", %s, "delta": "Hi"}' % SPOT, server.TextDelta(HERE, "Hi")),
    ('{"type": "response.text.done", %s, "text": "Hi you"}' % SPOT, server.TextDone(HERE, "Hi you")),
    ('{"type": "response.audio.delta", %s, "delta": "AAEC"}' % SPOT, server.AudioDelta(HERE, b"\x00\x01\x02")),
    ('{"type": "response.audio.done", %s}' % SPOT, server.AudioDone(HERE)),
    ('{"type": "response.audio_transcript.delta", %s, "delta": "Hi"}' % SPOT, server.TranscriptDelta(HERE, "Hi")),
    ('{"type": "response.audio_transcript.done", %s, "transcript": "Hi"}' % SPOT, server.TranscriptDone(HERE, "Hi")),
]
GA = [
    (
        '{"type": "conversation.item.added", "previous_item_id": null, "item": %s}' % USER_ITEM,
        server.ItemAdded(USER_MEANS),
    ),
    (
        """{"type": "conversation.item.done", "previous_item_id": "f1", "item":
        {"type": "function_call_output", "id": "o1", "call_id": "call_1", "output": "ok", "status": "completed"}}""",
        server.ItemDone(CallOutputItem("o1", "call_1", "ok", "completed"), "f1"),
    ),
    (
        """{"type": "conversation.item.added",
        "item": {"type": "mcp_list_tools", "id": "m1", "server_label": "me", "tools": []}}""",
        server.ItemAdded(
            OtherItem("m1", "mcp_list_tools", {"type": "mcp_list_tools", "id": "m1", "server_label": "me", "tools": []})
        ),
    ),
    (
        """{"type": "conversation.item.input_audio_transcription.segment", "item_id": "u1", "content_index": 0,
        "id": "seg_1", "text": "Hello", "speaker": "A", "start": 0.5, "end": 1}""",
        server.InputTranscriptSegment("u1", 0, "seg_1", "Hello", "A", 0.5, 1),
    ),
    (
        """{"type": "input_audio_buffer.timeout_triggered", "item_id": "u1", "audio_start_ms": 13216,
        "audio_end_ms": 19232}""",
        server.InputIdle("u1", 13216, 19232),
    ),
    (
        '{"type": "input_audio_buffer.dtmf_event_received", "event": "9", "received_at": 1763605109}',
        server.DtmfReceived("9", 1763605109),
    ),
    ('{"type": "response.output_text.delta", %s, "delta": "Hi"}' % SPOT, server.TextDelta(HERE, "Hi")),
    ('{"type": "response.output_text.done", %s, "text": "Hi you"}' % SPOT, server.TextDone(HERE, "Hi you")),
    ('{"type": "response.output_audio.delta", %s, "delta": "AAEC"}' % SPOT, server.AudioDelta(HERE, b"\x00\x01\x02")),
    ('{"type": "response.output_audio.done", %s}' % SPOT, server.AudioDone(HERE)),
    (
        '{"type": "response.output_audio_transcript.delta", %s, "delta": "Hi"}' % SPOT,
        server.TranscriptDelta(HERE, "Hi"),
    ),
    (
        '{"type": "response.output_audio_transcript.done", %s, "transcript": "Hi"}' % SPOT,
        server.TranscriptDone(HERE, "Hi"),
    ),
    (
        '{"type": "response.function_call_arguments.done", %s, "call_id": "call_1", "name": "lamp", "arguments": "{}"}'
        % CALL_SPOT,
        server.ArgumentsDone(THERE, "call_1", "{}", "lamp"),
    ),
    ('{"type": "mcp_list_tools.in_progress", "item_id": "m1"}', server.McpListed("m1", "in_progress")),
    ('{"type": "mcp_list_tools.completed", "item_id": "m1"}', server.McpListed("m1", "completed")),
    ('{"type": "mcp_list_tools.failed", "item_id": "m1"}', server.McpListed("m1", "failed")),
    (
        '{"type": "response.mcp_call_arguments.delta", %s, "delta": "{", "obfuscation": "x"}' % CALL_SPOT,
        server.McpArgumentsDelta(THERE, "{"),
    ),
    (
        '{"type": "response.mcp_call_arguments.done", %s, "arguments": "{}"}' % CALL_SPOT,
        server.McpArgumentsDone(THERE, "{}"),
    ),
    (
        '{"type": "response.mcp_call.in_progress", "item_id": "m1", "output_index": 1}',
        server.McpCalled("m1", 1, "in_progress"),
    ),
    (
        '{"type": "response.mcp_call.completed", "item_id": "m1", "output_index": 1}',
        server.McpCalled("m1", 1, "completed"),
    ),
    ('{"type": "response.mcp_call.failed", "item_id": "m1", "output_index": 0}', server.McpCalled("m1", 0, "failed")),
]
# What the stock GA client's types can hold as well.
STOCK = [(frame, meaning) for frame, meaning in BOTH + GA if "input_audio_format" not in frame]
