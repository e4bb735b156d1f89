from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from voiceloop.errors import SettingsError
from voiceloop.languages import shelf
from voiceloop.languages.language import parse_language
from voiceloop.languages.shelf import english, known_languages, language_for


def test_the_languages_with_a_data_file_are_known():
    assert known_languages() == ("ar", "de", "en", "es", "fr", "zh")


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("de", "German"),
        ("de-AT", "German"),
        ("DE_ch", "German"),
        ("gsw", "German"),
        (" en-US ", "English"),
        ("zh-Hans-CN", "Chinese"),
        ("cmn", "Chinese"),
        ("ar-EG", "Arabic"),
        ("es-MX", "Spanish"),
        ("es-419", "Spanish"),
        ("fr-CA", "French"),
    ],
)
def test_a_tag_leads_to_its_language_whatever_its_region(tag, name):
    assert language_for(tag).name == name


@pytest.mark.parametrize("tag", ["fi", "x", "", "german", "de--", "auto", "d\u00e9", "../en"])
def test_another_tag_is_an_error_that_names_it_and_what_is_known(tag):
    with pytest.raises(SettingsError, match="known are ar, de, en, es, fr, zh: choose one of them or auto") as error:
        language_for(tag)
    assert repr(tag) in str(error.value)


def test_there_is_one_object_of_each_language():
    assert language_for("en-GB") is language_for("en") is english()


def test_every_file_says_its_own_name():
    assert all(shelf._read(tag).tag == tag for tag in known_languages())


def test_threads_that_ask_at_once_get_the_same_object(monkeypatch):
    both_read = threading.Barrier(2, timeout=10)

    def parse(text, name):
        both_read.wait()
        return parse_language(text, name)

    monkeypatch.setattr(shelf, "_READ", {})
    monkeypatch.setattr(shelf, "parse_language", parse)
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(shelf._read, ["en", "en"])
    assert one is other


def test_threads_that_ask_at_once_get_their_languages():
    """In a process of its own, where nobody has asked before: what goes wrong here ends it."""
    program = """if True:
        import sys, threading
        sys.setswitchinterval(1e-6)
        from voiceloop.languages.shelf import language_for
        threads = [threading.Thread(target=language_for, args=(tag,)) for tag in ("en", "de", "fr", "en")]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    done = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait(30) for process in done] == [0, 0, 0, 0]
