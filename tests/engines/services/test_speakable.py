from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.engines.services.sentences import SentenceCutter
from voiceloop.engines.services.speakable import Speakable, figures_of, speakable
from voiceloop.languages.shelf import english, known_languages, language_for

ANSWER = """## Berlin today
It's **sunny and [warm](https://x.org/z)**, e.g. 20 °C [1]. 😀 Great!

| Day | Walk |
|-----|:----:|
| Mon | 5 m |

```python
print("Hello. World")
```
1. Go *out*
2. Use `my_map` or <b>ask</b> jo@x.org.
See https://www.example.com/a/b?c=d#e.
"""


def read_out(text, language):
    """What is said of a text that streams in, by what was written of it."""
    cutter, speak = SentenceCutter(language), Speakable(language)
    pieces = [piece for character in text for piece in cutter.feed(character)] + cutter.end()
    return {piece: speak(piece) for piece in pieces}


def test_an_answer_full_of_marks_is_read_as_words():
    said = read_out(ANSWER, english())
    assert "".join(said) == ANSWER.rstrip()
    assert [words for words in said.values() if words] == [
        "Berlin today",
        "It's sunny and warm,",
        "for example 20 °C.",
        "Great!",
        "Day, Walk",
        "Mon, 5 meters",
        "Go out",
        "Use my map or ask jo at x dot org.",
        "See example dot com.",
    ]


def test_words_sound_as_they_were_told_to():
    speak = Speakable(english(), {"nginx": "engine x", "code": "chord"})
    assert speak("Start **nginx**!") == "Start engine x!"
    assert speak(" It is in `code`.") == "It is in chord."


def test_figures_are_words_where_the_libraries_are_installed():
    pytest.importorskip("babel", reason="figures are read with Babel: pip install 'voiceloop[languages]'")
    pytest.importorskip("num2words", reason="figures are read with num2words: pip install 'voiceloop[languages]'")
    assert speakable("Um **15:12** Uhr, z. B. 5 km.", language_for("de")) == (
        "Um fünfzehn Uhr zwölf, zum Beispiel fünf Kilometer."
    )


def test_figures_stay_where_the_libraries_are_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "babel", None)
    figures_of.cache_clear()
    assert speakable("Um **15:12** Uhr.", language_for("de")) == "Um 15:12 Uhr."
    figures_of.cache_clear()


@pytest.mark.parametrize("nothing", ["", " \n", "---", "```", "😀!", "|---|", "[1]"])
def test_what_has_no_words_is_not_said(nothing):
    assert speakable(nothing, english()) == ""


@given(st.sampled_from(known_languages()), st.text("ab1 *_`#>|[]()<!-~\n\\.,:/@&;👍好。", max_size=150))
def test_anything_can_be_said_and_no_mark_is(tag, text):
    for said in read_out(text, language_for(tag)).values():
        assert not set(said) & set("`[]|👍\n")
        assert said == said.strip()
