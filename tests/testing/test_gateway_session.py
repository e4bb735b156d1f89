from __future__ import annotations

from voiceloop.testing.gateway_session import SessionConfig


def ga():
    return SessionConfig("ga", "s", "m")


def beta():
    return SessionConfig("beta", "s", "m")


def test_both_forms_begin_with_server_voice_activity_and_no_transcription():
    for session in (ga(), beta()):
        assert session.turn_detection["silence_duration_ms"] == 500
        assert session.turn_detection["create_response"] is True
        assert not session.transcribes
        assert not session.text_only
        assert not session.input_is_g711


def test_absent_fields_stay_and_groups_are_merged():
    session = ga()
    update = {"type": "realtime", "audio": {"input": {"turn_detection": None}, "output": {"voice": "cedar"}}}
    assert session.update(update, strict=True) is None
    assert session.turn_detection is None
    assert session.fields["audio"]["input"]["format"]["rate"] == 24_000
    assert session.fields["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "voice": "cedar",
        "speed": 1.0,
    }
    assert ga().turn_detection is not None


def test_partial_turn_detection_keeps_its_defaults():
    session = beta()
    session.update({"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}, strict=True)
    assert session.turn_detection["silence_duration_ms"] == 200
    assert session.turn_detection["prefix_padding_ms"] == 300


def test_one_unknown_field_refuses_the_whole_update():
    session = beta()
    refusal = session.update({"instructions": "x", "nonsense": 1}, strict=True)
    assert (refusal.code, refusal.param) == ("unknown_parameter", "session.nonsense")
    assert session.fields["instructions"] == ""
    assert session.updates == 0


def test_ga_wants_its_type():
    assert ga().update({"instructions": "x"}, strict=True).code == "missing_required_parameter"


def test_the_voice_is_fixed_once_it_was_heard():
    for session, update in (
        (ga(), {"type": "realtime", "audio": {"output": {"voice": "cedar"}}}),
        (beta(), {"voice": "echo"}),
    ):
        session.spoke = True
        assert session.update(update, strict=True).code == "cannot_update_voice"
    session = beta()
    session.spoke = True
    assert session.update({"voice": "alloy", "instructions": "x"}, strict=True) is None
    other = ga()
    other.spoke = True
    assert other.update({"type": "realtime", "instructions": "x"}, strict=True) is None


def test_formats_and_modalities_are_read_in_both_forms():
    old, new = beta(), ga()
    old.update(
        {"input_audio_format": "g711_alaw", "output_audio_format": "g711_ulaw", "modalities": ["text"]}, strict=True
    )
    pcmu = {"format": {"type": "audio/pcmu"}}
    new.update(
        {"type": "realtime", "output_modalities": ["text"], "audio": {"input": pcmu, "output": pcmu}}, strict=True
    )
    for session in (old, new):
        assert session.input_is_g711
        assert session.output_is_g711
        assert session.text_only


def test_transcription_is_on_once_a_model_is_named():
    old, new = beta(), ga()
    old.update({"input_audio_transcription": {"model": "w"}}, strict=True)
    new.update({"type": "realtime", "audio": {"input": {"transcription": {"model": "w"}}}}, strict=True)
    assert old.transcribes
    assert new.transcribes
