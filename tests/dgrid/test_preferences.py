from __future__ import annotations

from datetime import date

import pytest

from voiceloop.dgrid import preferences as module
from voiceloop.dgrid.preferences import ROLES, Role, preferences

REALTIME = Role("realtime", ("best", "maker/best", "good"), ("*realtime*",), ("*whisper*",))


def test_the_best_preferred_model_that_is_listed_is_taken():
    assert REALTIME.choose(["other", "good", "maker/best"]) == "maker/best"


def test_a_model_newer_than_the_file_is_taken_by_its_shape():
    assert REALTIME.choose(["chat", "Maker/Realtime-9", "realtime-10"]) == "Maker/Realtime-9"


def test_a_preferred_model_wins_over_a_likely_one():
    assert REALTIME.choose(["realtime-9", "good"]) == "good"


def test_what_only_looks_alike_is_never_taken():
    assert REALTIME.choose(["realtime-whisper", "chat"]) is None
    assert not REALTIME.fits("realtime-whisper")


def test_without_a_list_the_first_preference_is_tried():
    assert REALTIME.first == "best"


def test_the_shipped_file_has_every_role_and_no_preference_twice():
    known = preferences()
    assert known.date >= date(2026, 11, 22)
    assert f"{known.date:%Y-%m}" in known.file
    assert tuple(known.roles) == ROLES
    for role in known.roles.values():
        assert len(set(role.prefer)) == len(role.prefer) > 0


@pytest.mark.parametrize("role", ROLES)
def test_every_preference_of_the_shipped_file_fits_its_own_role_alone(role):
    roles = preferences().roles
    for model in roles[role].prefer:
        assert [name for name in ROLES if roles[name].fits(model)] == [role]


@pytest.mark.parametrize(
    ("model", "role"),
    [
        ("openai/gpt-realtime-3", "realtime"),
        ("gpt-4o-realtime-preview-2025-06-03", "realtime"),
        ("gpt-realtime-whisper", None),
        ("gpt-live-transcribe", None),
        ("openai/gpt-4o-transcribe-diarize", None),
        ("groq/whisper-large-v3", "transcription"),
        ("anthropic/claude-opus-5", "chat"),
        ("qwen/qwen3-tts", "speech"),
        ("google/gemini-embedding-001", "embedding"),
        ("gemini-2.0-flash-preview-image-generation", "image"),
        ("cohere/rerank-v4", None),
    ],
)
def test_models_that_the_file_does_not_name_are_told_by_their_shape(model, role):
    found = [name for name, wanted in preferences().roles.items() if wanted.fits(model)]
    assert found == ([] if role is None else [role])


def test_the_newest_file_wins(tmp_path, monkeypatch):
    shipped = (module.DATA / preferences().file).read_text("utf-8")
    (tmp_path / "models-2026-11.toml").write_text(shipped)
    (tmp_path / "models-2027-02.toml").write_text(shipped.replace("2026-11-22", "2027-02-01"))
    monkeypatch.setattr(module, "DATA", tmp_path)
    assert preferences.__wrapped__().date == date(2027, 2, 1)
