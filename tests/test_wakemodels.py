"""Which wake words there are is known without loading a model, and what is none is told with the nearest right name."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from voiceloop.errors import DeviceError, SettingsError
from voiceloop.wakemodels import WAKE_WORDS, check_wake_word, model_file

ALL = "okay_nabu, hey_jarvis, hey_mycroft, alexa"


def test_the_wake_words_that_are_told_are_those_of_the_package():
    inside = Path(find_spec("pymicro_wakeword").origin).parent / "models"
    assert sorted(WAKE_WORDS) == sorted(path.stem for path in inside.glob("*.json"))
    for name in WAKE_WORDS:
        assert model_file(name) == inside / f"{name}.json"


def test_no_wake_word_is_never_wrong(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    check_wake_word(None)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("nabu", "okay_nabu"), ("Hey Jarvis", "hey_jarvis"), ("hey-mycroft", "hey_mycroft"), ("Alexa", "alexa")],
)
def test_a_name_that_is_nearly_right_is_told_the_right_one(wrong, right):
    with pytest.raises(SettingsError) as told:
        check_wake_word(wrong)
    assert str(told.value) == (
        f"audio.wake_word = '{wrong}': did you mean {right}? Else name one of {ALL},"
        " or the .json file of a microWakeWord model"
    )
    assert told.value.path == ("audio", "wake_word")


def test_a_name_that_is_like_none_is_told_which_there_are():
    with pytest.raises(SettingsError, match=f"'computer': name one of {ALL}, or the .json file"):
        check_wake_word("computer")


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    with pytest.raises(DeviceError, match=r"voiceloop\[wake\]"):
        check_wake_word("okay_nabu")


@pytest.mark.parametrize("told", ["", "[]", "{}", '{"model": "gone.tflite"}'])
def test_a_file_that_is_no_model_is_refused(tmp_path, told):
    (tmp_path / "mine.json").write_text(told)
    with pytest.raises(SettingsError, match=r"mine\.json is not"):
        check_wake_word(str(tmp_path / "mine.json"))


def test_half_a_model_is_refused_before_the_library_crashes_on_it(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps({"model": "mine.tflite"}))
    (tmp_path / "mine.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    with pytest.raises(SettingsError, match="no whole TensorFlow Lite model"):
        check_wake_word(str(tmp_path / "mine.json"))


def test_to_know_a_wake_word_neither_numpy_nor_its_package_is_loaded():
    program = (
        "import sys; from voiceloop.wakemodels import check_wake_word; check_wake_word('alexa');"
        "print([name for name in ('numpy', 'pymicro_wakeword', 'difflib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
