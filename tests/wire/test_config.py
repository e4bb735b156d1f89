from __future__ import annotations

import pytest

from voiceloop.settings import TurnSettings
from voiceloop.vocabulary import AssistantTurn, Summary, ToolCall, ToolOutput, Traits, UserImage, UserTurn
from voiceloop.wire.config import (
    SessionConfig,
    changed_fields,
    history_items,
    instructions_of,
    session_fields,
    traits_of,
)
from voiceloop.wire.items import CallItem, CallOutputItem, MessageItem, Part
from voiceloop.wire.session_fields import UNSET, Transcription, TurnDetection


@pytest.mark.parametrize(
    ("language", "told"), [("en", "en"), ("de-CH", "de"), ("EN-us", "en"), ("auto", UNSET), ("", UNSET)]
)
def test_recognition_is_told_the_language_without_its_region(language, told):
    fields = session_fields(SessionConfig("m", language=language, transcription_model="whisper-1"))
    assert fields.transcription == Transcription("whisper-1", told)


def test_recognition_is_told_the_words_to_expect():
    fields = session_fields(SessionConfig("m", vocabulary=("Ada", "Grace Hopper"), transcription_model="whisper-1"))
    assert fields.transcription.prompt == "Ada, Grace Hopper"


def test_without_a_transcription_model_transcription_is_not_mentioned():
    assert session_fields(SessionConfig("m", transcription_model=None)).transcription is UNSET


def test_the_model_is_told_how_words_sound():
    fields = session_fields(SessionConfig("m", instructions="Be brief.", pronounce={"DGrid": "dee grid"}))
    assert fields.instructions == 'Be brief.\n\nWhen you speak, say "DGrid" as "dee grid".'
    assert instructions_of("", {"DGrid": "dee grid"}).startswith("When you speak")
    assert changed_fields("Be long.", None, {"a": "b"}).instructions == 'Be long.\n\nWhen you speak, say "a" as "b".'
    assert changed_fields(None, (), {"a": "b"}).instructions is UNSET


@pytest.mark.parametrize("replies", ["server", "client"])
@pytest.mark.parametrize("detection", ["server_vad", "semantic_vad"])
def test_the_server_never_interrupts_and_replies_only_when_told_to(detection, replies):
    turn = session_fields(SessionConfig("m", turn=TurnSettings(detection=detection, replies=replies))).turn_detection
    assert turn.type == detection
    assert turn.create_response is (replies == "server")
    assert turn.interrupt_response is False


def test_manual_turns_clear_turn_detection():
    assert session_fields(SessionConfig("m", turn=TurnSettings(detection="manual"))).turn_detection is None


@pytest.mark.parametrize(
    ("detection", "traits"),
    [
        (None, Traits(ends_turns=False, starts_replies=False)),
        (UNSET, Traits(stops_on_speech=True)),
        (TurnDetection("server_vad"), Traits(stops_on_speech=True)),
        (TurnDetection("server_vad", create_response=False, interrupt_response=False), Traits(starts_replies=False)),
        (TurnDetection("semantic_vad", create_response=True, interrupt_response=False), Traits()),
    ],
)
def test_traits_follow_from_the_turn_detection_in_force(detection, traits):
    assert traits_of(detection, "audio") == traits


def test_a_written_reply_leaves_no_audio_to_trim():
    assert traits_of(None, "text").keeps_audio is False


def test_history_becomes_items_and_what_has_neither_words_nor_sound_is_left_out():
    summary = Summary("Ada ordered bread.")
    history = (
        summary,
        UserTurn("u1", "Hi"),
        UserTurn("u2", ""),
        UserTurn("u3", ""),
        AssistantTurn("r1", "Hello", 300),
        AssistantTurn("r2", "", 0),
        ToolCall("c1", "lamp", "{}"),
        ToolOutput("c1", "ok"),
        UserImage("image-1", "image/png", b"png"),
    )
    assert list(history_items(history, {"u2": b"", "u3": b"spoken"}, "_s2")) == [
        ("", MessageItem("", "system", (Part("input_text", text=summary.told),))),
        ("u1", MessageItem("vl_h1_s2", "user", (Part("input_text", text="Hi"),))),
        ("u3", MessageItem("vl_h3_s2", "user", (Part("input_audio", audio="c3Bva2Vu"),))),
        ("", MessageItem("", "assistant", (Part("text", text="Hello"),))),
        ("", CallItem("", "vl_c1", "lamp", "{}")),
        ("", CallOutputItem("", "vl_c1", "ok")),
        ("", MessageItem("", "user", (Part("input_image", image_url="data:image/png;base64,cG5n"),))),
    ]
