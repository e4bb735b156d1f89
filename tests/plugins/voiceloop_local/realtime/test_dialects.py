"""Both dialects' readers and what they show; the shapes are those of the two stock clients' types."""

from __future__ import annotations

import pytest

from voiceloop_local.realtime.beta import BetaDialect
from voiceloop_local.realtime.checks import ClientEventError
from voiceloop_local.realtime.config import SessionConfig
from voiceloop_local.realtime.ga import GaDialect

BETA, GA = BetaDialect(), GaDialect()
BARE = SessionConfig("m")
TOOL = {"type": "function", "name": "lamp", "description": "switch", "parameters": {"type": "object"}}


def new_id(prefix):
    return f"{prefix}_new"


def read(dialect, config=BARE, *, has_spoken=False, **fields):
    raw = fields if dialect is BETA else {"type": "realtime", **fields}
    return dialect.read_session(config, raw, has_spoken=has_spoken)


def refused(work):
    with pytest.raises(ClientEventError) as error:
        work()
    return error.value.code, error.value.param


FULL_BETA = {
    "modalities": ["text"],
    "instructions": "",
    "voice": "ash",
    "speed": 1.25,
    "input_audio_format": "g711_ulaw",
    "output_audio_format": "g711_alaw",
    "input_audio_noise_reduction": {"type": "far_field"},
    "input_audio_transcription": {"model": "whisper-1", "language": "en", "prompt": "p"},
    "turn_detection": {
        "type": "semantic_vad",
        "eagerness": "low",
        "create_response": False,
        "interrupt_response": True,
    },
    "tools": [TOOL],
    "tool_choice": "required",
    "temperature": 1.1,
    "max_response_output_tokens": 77,
    "tracing": "auto",
}
FULL_GA = {
    "output_modalities": ["text"],
    "instructions": "",
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu"},
            "noise_reduction": {"type": "far_field"},
            "transcription": {"model": "whisper-1", "language": "en", "prompt": "p"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.7,
                "prefix_padding_ms": 100,
                "silence_duration_ms": 300,
                "idle_timeout_ms": 6000,
                "create_response": False,
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcma"}, "voice": "cedar", "speed": 1.25},
    },
    "tools": [TOOL],
    "tool_choice": {"type": "function", "name": "lamp"},
    "max_output_tokens": 77,
    "tracing": "auto",
    "truncation": "disabled",
    "include": ["item.input_audio_transcription.logprobs"],
    "prompt": None,
    "parallel_tool_calls": True,
    "reasoning": {"effort": "low"},
}


@pytest.mark.parametrize(("dialect", "full"), [(BETA, FULL_BETA), (GA, FULL_GA)])
def test_what_is_set_is_shown(dialect, full):
    shown = dialect.show_session(read(dialect, **full), "sess", 99)
    assert {name: shown[name] for name in full} == full
    assert (shown["id"], shown["object"], shown["model"], shown["expires_at"]) == ("sess", "realtime.session", "m", 99)


@pytest.mark.parametrize(("dialect", "full"), [(BETA, FULL_BETA), (GA, FULL_GA)])
def test_what_is_absent_stays_and_null_switches_off(dialect, full):
    config = read(dialect, **full)
    assert read(dialect, config) == config
    if dialect is BETA:
        off = {"turn_detection": None, "input_audio_transcription": None, "input_audio_noise_reduction": None}
    else:
        off = {"audio": {"input": {"turn_detection": None, "transcription": None, "noise_reduction": None}}}
    quiet = read(dialect, config, tools=[], **off)
    assert (quiet.turns, quiet.transcription, quiet.noise_reduction, quiet.tools) == (None, None, None, ())
    shown = dialect.show_session(quiet, "s", 1)
    inputs = shown if dialect is BETA else shown["audio"]["input"]
    assert inputs["turn_detection"] is None


def test_defaults_are_openais():
    beta, ga = BETA.show_session(BARE, "s", 1), GA.show_session(BARE, "s", 1)
    assert beta["modalities"] == ["audio", "text"]
    assert beta["max_response_output_tokens"] == "inf"
    assert beta["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "create_response": True,
        "interrupt_response": True,
    }
    assert ga["audio"]["input"]["turn_detection"] == beta["turn_detection"] | {"idle_timeout_ms": None}
    assert ga["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}
    assert ga["output_modalities"] == ["audio"]
    assert "temperature" not in ga


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"foo": 1}, "unknown_parameter", "session.foo"),
        ({"type": "realtime"}, "unknown_parameter", "session.type"),
        ({"audio": {}}, "unknown_parameter", "session.audio"),
        ({"output_modalities": ["text"]}, "unknown_parameter", "session.output_modalities"),
        ({"modalities": ["audio"]}, "invalid_value", "session.modalities"),
        ({"voice": 1}, "invalid_type", "session.voice"),
        ({"temperature": 2}, "invalid_value", "session.temperature"),
        ({"speed": 9}, "invalid_value", "session.speed"),
        ({"input_audio_format": "mp3"}, "invalid_value", "session.input_audio_format"),
        ({"turn_detection": {"type": "x"}}, "invalid_value", "session.turn_detection.type"),
        (
            {"turn_detection": {"type": "server_vad", "eagerness": "low"}},
            "unknown_parameter",
            "session.turn_detection.eagerness",
        ),
        (
            {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}},
            "unknown_parameter",
            "session.turn_detection.idle_timeout_ms",
        ),
        ({"input_audio_transcription": {"model": 1}}, "invalid_type", "session.input_audio_transcription.model"),
        (
            {"input_audio_transcription": {"keywords": []}},
            "unknown_parameter",
            "session.input_audio_transcription.keywords",
        ),
        ({"max_response_output_tokens": 0}, "invalid_value", "session.max_response_output_tokens"),
        ({"max_response_output_tokens": "lots"}, "invalid_value", "session.max_response_output_tokens"),
        ({"model": "other"}, "invalid_value", "session.model"),
        ({"tool_choice": "sometimes"}, "invalid_value", "session.tool_choice"),
        ({"tool_choice": 1}, "invalid_type", "session.tool_choice"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "invalid_value", "session.tools[0].type"),
        ({"tools": [{"name": "a", "parameters": 1}]}, "invalid_type", "session.tools[0].parameters"),
        ({"tools": [{"name": "a", "description": 1}]}, "invalid_type", "session.tools[0].description"),
        ({"tools": [TOOL | {"meta": {}}]}, "unknown_parameter", "session.tools[0].meta"),
    ],
)
def test_beta_refuses(fields, code, param):
    assert refused(lambda: read(BETA, **fields)) == (code, param)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"modalities": ["text"]}, "unknown_parameter", "session.modalities"),
        ({"voice": "ash"}, "unknown_parameter", "session.voice"),
        ({"type": "transcription"}, "invalid_value", "session.type"),
        ({"output_modalities": ["text", "audio"]}, "invalid_value", "session.output_modalities"),
        ({"audio": {"in": {}}}, "unknown_parameter", "session.audio.in"),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}, "invalid_value", None),
        ({"audio": {"input": {"format": "pcm16"}}}, "invalid_type", "session.audio.input.format"),
        ({"audio": {"input": {"format": {}}}}, "missing_required_parameter", "session.audio.input.format.type"),
        ({"audio": {"output": {"voice": {"id": 1}}}}, "invalid_type", "session.audio.output.voice.id"),
        ({"audio": {"output": {"voice": 3}}}, "invalid_type", "session.audio.output.voice"),
        (
            {"audio": {"input": {"transcription": {"keywords": [1]}}}},
            "invalid_type",
            "session.audio.input.transcription.keywords",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 10}}}},
            "invalid_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
        ({"tool_choice": {"type": "mcp"}}, "invalid_value", "session.tool_choice.type"),
        ({"tool_choice": {"type": "function"}}, "missing_required_parameter", "session.tool_choice.name"),
    ],
)
def test_ga_refuses(fields, code, param):
    found = refused(lambda: read(GA, **fields))
    assert found == (code, param or "session.audio.input.format.rate")


def test_ga_wants_the_type():
    assert refused(lambda: GA.read_session(BARE, {}, has_spoken=False)) == (
        "missing_required_parameter",
        "session.type",
    )


def test_the_model_may_be_named_again():
    assert read(BETA, model="m") == read(GA, model="m") == BARE


def test_tracing_is_switched_on_once():
    traced = read(GA, tracing="auto")
    assert read(GA, traced, tracing="auto").tracing == "auto"
    assert refused(lambda: read(GA, traced, tracing={"group_id": "x"})) == ("invalid_value", "session.tracing")


def test_the_voice_is_fixed_after_it_was_heard():
    assert refused(lambda: read(BETA, voice="ash", has_spoken=True)) == ("cannot_update_voice", "session.voice")
    audio = {"output": {"voice": {"id": "voice_1"}}}
    assert read(GA, audio=audio).voice == {"id": "voice_1"}
    found = refused(lambda: read(GA, audio=audio, has_spoken=True))
    assert found == ("cannot_update_voice", "session.audio.output.voice")
    assert read(BETA, voice="alloy", has_spoken=True).voice == "alloy"


def test_a_token_limit_can_be_lifted_again():
    limited = read(BETA, max_response_output_tokens=5)
    assert read(BETA, limited, max_response_output_tokens="inf").max_output_tokens == "inf"
