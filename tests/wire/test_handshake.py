from __future__ import annotations

import pytest

from voiceloop.events import EngineComplained, EngineReady
from voiceloop.settings import TurnSettings
from voiceloop.vocabulary import (
    AssistantTurn,
    AudioFormat,
    Cause,
    Encoding,
    Tier,
    ToolCall,
    ToolOutput,
    ToolSpec,
    Traits,
    UserTurn,
)
from voiceloop.wire.protocol import RealtimeProtocol, SessionConfig, State
from wire.talk import GA_CREATED, Talk, greeted, lost, ready

LAMP = ToolSpec("lamp", "switch", {"type": "object", "properties": {}})
FULL = SessionConfig(
    "gpt-realtime",
    transcription_model="whisper-1",
    instructions="Be brief.",
    tools=(LAMP,),
    voice="marin",
    language="de-CH",
    vocabulary=("Zytglogge", "Rösti"),
)
READY = EngineReady(Tier.REALTIME, "gpt-realtime", Traits(), "ga", transcription_model="whisper-1")


# The way to READY -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "dialect", "path", "headers"),
    [
        ("gpt-realtime", "ga", "/v1/realtime?model=gpt-realtime", {}),
        ("openai/gpt-4o-realtime", "beta", "/v1/realtime?model=openai/gpt-4o-realtime", {"OpenAI-Beta": "realtime=v1"}),
        ("odd &model=x", "ga", "/v1/realtime?model=odd%20%26model%3Dx", {}),
    ],
)
def test_the_upgrade_names_the_model_and_in_beta_the_beta_header(model, dialect, path, headers):
    assert RealtimeProtocol(SessionConfig(model), dialect, auto=True).handshake() == (path, headers)


def test_nothing_is_sent_before_the_server_greets():
    talk = Talk()
    assert talk.protocol.state is State.CONNECTING
    assert talk.protocol.deadline() is None
    talk.connect()
    assert talk.protocol.state is State.CONFIGURING
    assert talk.sent() == []
    assert talk.protocol.expire(0.1) == []


def test_a_ga_session_update_says_everything_aloud():
    _, update = greeted(FULL)
    assert update == {
        "type": "session.update",
        "event_id": "vl_1",
        "session": {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": "Be brief.",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "whisper-1", "language": "de", "prompt": "Zytglogge, Rösti"},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "prefix_padding_ms": 300,
                        "silence_duration_ms": 500,
                        "create_response": True,
                        "interrupt_response": False,
                    },
                },
                "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"},
            },
            "tools": [
                {
                    "type": "function",
                    "name": "lamp",
                    "description": "switch",
                    "parameters": {"type": "object", "properties": {}},
                }
            ],
            "tool_choice": "auto",
        },
    }


def test_a_beta_session_update_is_flat():
    config = SessionConfig(
        "gpt-4o-realtime-preview",
        transcription_model="whisper-1",
        instructions="Be brief.",
        format=AudioFormat(Encoding.G711_ULAW, 8000),
        language="auto",
        turn=TurnSettings(detection="semantic_vad", eagerness="high", replies="client"),
    )
    _, update = greeted(config, "beta")
    assert update["session"] == {
        "modalities": ["text", "audio"],
        "instructions": "Be brief.",
        "input_audio_format": "g711_ulaw",
        "output_audio_format": "g711_ulaw",
        "input_audio_transcription": {"model": "whisper-1"},
        "turn_detection": {
            "type": "semantic_vad",
            "eagerness": "high",
            "create_response": False,
            "interrupt_response": False,
        },
        "tools": [],
    }


def test_manual_turns_switch_detection_off_and_say_so_in_the_traits():
    config = SessionConfig("m", turn=TurnSettings(detection="manual"), transcription_model=None, modality="text")
    talk, update = greeted(config)
    assert update["session"]["audio"]["input"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "turn_detection": None,
    }
    assert update["session"]["output_modalities"] == ["text"]
    (told,) = talk.says("session.updated", session={"type": "realtime"})
    assert told.traits == Traits(ends_turns=False, starts_replies=False, stops_on_speech=False, keeps_audio=False)


def test_the_engine_is_ready_once_the_session_is_updated():
    talk, _ = greeted(FULL)
    assert talk.says("session.updated", session=GA_CREATED) == [READY]
    assert talk.protocol.state is State.READY
    assert talk.protocol.deadline() is None
    assert talk.says("session.updated", session=GA_CREATED) == []


def test_what_the_server_says_is_in_force_decides_the_traits_and_formats():
    talk, _ = greeted(FULL)
    effective = {
        "type": "realtime",
        "audio": {
            "input": {
                "format": {"type": "audio/pcmu"},
                "turn_detection": {"type": "server_vad", "create_response": False},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 16000}},
        },
    }
    (told,) = talk.says("session.updated", session=effective)
    assert told.traits == Traits(starts_replies=False)
    assert talk.protocol.input_format == AudioFormat(Encoding.G711_ULAW, 8000)
    assert talk.protocol.output_format == AudioFormat(Encoding.PCM16, 16000)


@pytest.mark.parametrize(("created", "updated", "known"), [(7, None, 7), (None, 8, 8), (7, 8, 8), (None, None, None)])
def test_the_end_of_the_session_is_known_where_the_server_tells_it(created, updated, known):
    talk, _ = greeted(FULL, session={**GA_CREATED, "expires_at": created})
    talk.says("session.updated", session={**GA_CREATED, "expires_at": updated})
    assert talk.protocol.expires_at_s == known


def test_a_server_that_interrupts_by_itself_is_told_in_the_traits():
    talk, _ = greeted(FULL)
    detection = {"type": "server_vad", "create_response": True, "interrupt_response": True}
    (told,) = talk.says("session.updated", session={"audio": {"input": {"turn_detection": detection}}})
    assert told.traits == Traits(stops_on_speech=True)


def test_the_record_goes_over_as_items_the_server_can_hold():
    history = (
        UserTurn("item_user_1", "Lamp on."),
        UserTurn("item_silent", ""),
        ToolCall("call_1", "lamp", '{"on":true}'),
        ToolOutput("call_1", "done"),
        AssistantTurn("r0", "It is on.", 900),
        AssistantTurn("r1", "", 0),
    )
    talk = ready(SessionConfig("m", id_suffix="_s2"))
    talk.protocol.recall(history, {"item_silent": b"spoken"}, "")
    sent = talk.sent()
    assert [frame.get("item", frame.get("response")) for frame in sent] == [
        {
            "id": "vl_h0_s2",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Lamp on."}],
        },
        {
            "id": "vl_h1_s2",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_audio", "audio": "c3Bva2Vu"}],
        },
        {"type": "function_call", "call_id": "vl_call_1", "name": "lamp", "arguments": '{"on":true}'},
        {"type": "function_call_output", "call_id": "vl_call_1", "output": "done"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is on."}]},
    ]


def test_beta_history_spells_assistant_text_the_beta_way():
    talk = ready(SessionConfig("m"), "beta")
    talk.protocol.recall((AssistantTurn("r0", "Hi.", None),), {}, "")
    assert talk.sent()[0]["item"]["content"] == [{"type": "text", "text": "Hi."}]


# Servers that greet late, otherwise or never --------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["conversation.created", "ping", "session.updated"])
def test_another_early_event_stands_in_for_a_missing_greeting(first):
    talk = Talk()
    talk.connect()
    assert talk.says(first) == []
    assert talk.types() == ["session.update"]
    assert isinstance(talk.says("session.updated", session={})[0], EngineReady)


def test_a_server_that_waits_for_us_gets_the_update_unasked():
    talk = Talk()
    talk.connect()
    assert talk.waits(1.4) == []
    assert talk.sent() == []
    assert talk.waits(0.2) == []
    assert talk.types() == ["session.update"]
    assert isinstance(talk.says("session.updated", session={})[0], EngineReady)


def test_a_dead_server_is_given_up_when_the_configure_timeout_ends():
    talk = Talk()
    talk.connect()
    assert talk.waits(4.9) == []
    assert lost(talk.waits(0.2)) is Cause.DEAD_WIRE
    assert talk.protocol.state is State.LOST
    assert talk.protocol.deadline() is None


def test_a_late_greeting_starts_the_clock_anew():
    talk = Talk()
    talk.connect()
    talk.waits(4.0)
    assert talk.says("session.created", session=GA_CREATED) == []
    assert talk.types() == ["session.update"]
    assert talk.waits(4.9) == []
    assert talk.says("session.updated", session={}) != []


def test_a_server_that_greets_and_falls_silent_is_given_up():
    talk, _ = greeted(FULL)
    assert talk.waits(4.9) == []
    assert lost(talk.waits(0.2)) is Cause.DEAD_WIRE


def test_a_server_that_never_confirms_but_talks_is_taken_as_ready():
    talk, _ = greeted(FULL)
    talk.says("ping")
    talk.says("rate_limits.updated")
    assert talk.waits(5.1) == [READY]


def test_broken_frames_are_no_sign_of_life():
    talk, _ = greeted(FULL)
    talk.protocol.receive("{", 1.0)
    assert lost(talk.waits(5.1)) is Cause.DEAD_WIRE


@pytest.mark.parametrize("frame", ['{"type": "welcome", "room": "lobby"}', '{"error": "unknown command"}', "hello"])
def test_a_server_of_another_protocol_is_told_apart_from_a_silent_one(frame):
    talk = Talk()
    talk.connect()
    talk.protocol.receive(frame, 0.1)
    talk.waits(1.5)
    assert talk.types() == ["session.update"]
    talk.protocol.receive(frame, talk.now)
    told = talk.waits(5.1)
    assert lost(told) is Cause.UNSUPPORTED_DIALECT
    assert "neither realtime dialect" in told[0].detail


def test_one_message_of_the_protocol_is_enough_to_be_believed():
    talk = Talk()
    talk.connect()
    talk.says("welcome")
    talk.says("conversation.created", conversation={"id": "conv_1"})
    assert talk.waits(5.1) == [EngineReady(Tier.REALTIME, "gpt-realtime", Traits(), "ga")]


def test_a_server_that_only_complains_has_refused():
    talk, _ = greeted(FULL)
    assert talk.errs("odd_thing", "I will not.") == [EngineComplained("odd_thing", "odd_thing: I will not.")]
    told = talk.waits(5.1)
    assert lost(told) is Cause.REFUSED
    assert "I will not." in told[0].detail


def test_gpt_live_is_turned_away_by_name():
    talk = Talk()
    talk.connect()
    told = talk.says("session.started", session={})
    assert lost(told) is Cause.UNSUPPORTED_DIALECT
    assert "GPT-Live" in told[0].detail


# Updates that are refused ---------------------------------------------------------------------------------------------


def test_a_refused_field_is_left_out_and_the_rest_sent_again():
    talk, update = greeted(FULL)
    param = "session.audio.input.transcription.prompt"
    assert talk.errs("unknown_parameter", param=param, event_id=update["event_id"]) == []
    (again,) = talk.sent()
    assert again["event_id"] != update["event_id"]
    del update["session"]["audio"]["input"]["transcription"]["prompt"]
    assert again["session"] == update["session"]
    assert talk.says("session.updated", session=GA_CREATED) == [READY]


def test_a_field_named_only_in_words_is_left_out_too():
    talk, _ = greeted(FULL)
    talk.errs(None, "Unknown parameter: 'session.tools[0].parameters'.")
    assert "tools" not in talk.sent()[0]["session"]


def test_a_field_is_named_without_the_word_session():
    talk, update = greeted(FULL)
    talk.errs("invalid_value", param="tool_choice", event_id=update["event_id"])
    assert "tool_choice" not in talk.sent()[0]["session"]


def test_an_unknown_transcription_model_costs_the_transcription_not_the_session():
    talk, update = greeted(FULL)
    talk.errs("model_not_found", param="session.audio.input.transcription.model", event_id=update["event_id"])
    assert "transcription" not in talk.sent()[0]["session"]["audio"]["input"]
    (ready,) = talk.says("session.updated", session={"type": "realtime"})
    assert ready.transcription_model == ""


@pytest.mark.parametrize("dialect", ["beta", "ga"])
def test_a_voice_that_cannot_change_is_left_out(dialect):
    talk, _ = greeted(FULL, dialect)
    talk.errs("cannot_update_voice", "Cannot update a conversation's voice if assistant audio is present.")
    (again,) = talk.sent()
    session = again["session"]
    assert "voice" not in (session["audio"]["output"] if dialect == "ga" else session)


def test_each_error_about_an_older_update_is_let_pass():
    talk, update = greeted(FULL)
    talk.errs("unknown_parameter", param="session.tool_choice", event_id=update["event_id"])
    talk.sent()
    assert talk.errs("unknown_parameter", param="session.tools", event_id=update["event_id"]) == []
    assert talk.errs("unknown_parameter", param="session.tool_choice") == []
    assert talk.sent() == []


def test_an_update_refused_without_a_word_gets_smaller_until_it_fits_or_is_given_up():
    talk, update = greeted(FULL)
    dropped = []
    for _ in range(5):
        assert talk.errs("invalid_value", event_id=update["event_id"]) == []
        (again,) = talk.sent()
        dropped.append(len(str(update)) - len(str(again)))
        update = again
    assert all(size > 0 for size in dropped)
    assert set(update["session"]) == {"type", "output_modalities", "instructions", "audio", "tools", "tool_choice"}
    assert lost(talk.errs("invalid_value", "Nothing pleases me.", event_id=update["event_id"])) is Cause.REFUSED


def test_a_turn_detection_that_had_to_go_leaves_the_servers_defaults():
    talk, update = greeted(FULL)
    talk.errs("invalid_value", param="session.audio.input.turn_detection", event_id=update["event_id"])
    (told,) = talk.says("session.updated", session={"type": "realtime"})
    assert told.traits == Traits(stops_on_speech=True)


def test_an_error_about_something_else_is_reported_meanwhile():
    talk, _ = greeted(FULL)
    assert talk.errs("rate_limit_exceeded", "Slow down.") == [
        EngineComplained("rate_limit_exceeded", "rate_limit_exceeded: Slow down.")
    ]
    assert talk.says("session.updated", session=GA_CREATED) == [READY]


def test_an_error_before_the_greeting_does_not_disturb_it():
    talk = Talk()
    talk.connect()
    assert talk.errs("unknown_parameter", param="session.x") == [
        EngineComplained("unknown_parameter", "unknown_parameter")
    ]
    assert talk.sent() == []
