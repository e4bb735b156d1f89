"""Figures in words, for voices that are given words only."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.errors import DeviceError
from voiceloop.languages.shelf import language_for
from voiceloop_local.models.aloud import read_aloud
from voiceloop_local.models.spoken import clauses

pytest.importorskip("babel", reason="figures are read with Babel: pip install 'voiceloop[languages]'")
pytest.importorskip("num2words", reason="figures are read with num2words: pip install 'voiceloop[languages]'")
GERMAN, CHINESE, ARABIC = map(language_for, ("de", "zh", "ar"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Es ist 15:12 Uhr.", "Es ist fünfzehn Uhr zwölf."),
        ("Es ist 1:00 Uhr.", "Es ist ein Uhr."),
        ("10:30 bis 11:45", "zehn Uhr dreißig bis elf Uhr fünfundvierzig"),
        ("der 22. November 2026", "der zweiundzwanzigste November zweitausendsechsundzwanzig"),
        ("am 3. Mai 1984", "am dritten Mai neunzehnhundertvierundachtzig"),
        ("am 22.11.2026", "am zweiundzwanzigsten November zweitausendsechsundzwanzig"),
        ("2026-11-22", "zweiundzwanzigste November zweitausendsechsundzwanzig"),
        ("12,50 € oder 3 EUR, €5", "zwölf Euro und fünfzig Cent oder drei Euro, fünf Euro"),
        ("1 CHF", "ein Schweizer Franken"),
        (
            "5 km, 20 °C, 30 %, 1,5 kg",
            "fünf Kilometer, zwanzig Grad Celsius, dreißig Prozent, eins Komma fünf Kilogramm",
        ),
        ("1 h, 1 km", "eine Stunde, ein Kilometer"),
        ("1.234,5 und 3,14", "eintausendzweihundertvierunddreißig Komma fünf und drei Komma eins vier"),
        ("-3 Grad", "minus drei Grad"),
        ("Code 0042", "Code null null vier zwei"),
        ("z. B. **fett** usw.", "zum Beispiel fett und so weiter."),
        ("jo.do@my-mail.org", "jo Punkt do ät my Bindestrich mail Punkt org"),
        ("Das Ergebnis ist 84.", "Das Ergebnis ist vierundachtzig."),
        ("!!! \U0001f600", ""),
    ],
)
def test_german_figures_are_read_as_germans_read_them(written, said):
    assert read_aloud(written, GERMAN) == said


def test_what_a_library_does_not_know_stays_as_it_is_written():
    assert read_aloud("现在是15:12。", CHINESE) == "现在是15点12分。"
    assert read_aloud("5 km", CHINESE) == "5 km"
    assert read_aloud("2026-11-22", CHINESE) == "2026年11月22日"


def test_arabic_has_its_own_words_and_plurals():
    assert read_aloud("5 km", ARABIC) == "خمسة كيلومترات"
    assert "خمسة عشر" in read_aloud("15:12", ARABIC)


@given(st.sampled_from([GERMAN, CHINESE, ARABIC]), st.text(alphabet="0123456789.,:€%$ -kmUhr今٫\nMai", max_size=60))
def test_any_figures_can_be_read(language, text):
    assert all(line.strip() for line in read_aloud(text, language).splitlines())


@pytest.mark.parametrize("package", ["babel", "num2words"])
def test_without_the_extra_the_error_names_it(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DeviceError, match=rf"German speech needs the package {package}.*voiceloop\[languages\]"):
        read_aloud("5", GERMAN)


def test_text_without_spaces_is_cut_at_its_own_commas():
    text = "你好，我是你的助手，今天天气很好，我们可以一起出去走走，然后去公园看看花，最后回家吃饭休息。第二句。"
    cut = [clause.text for clause in clauses(text, CHINESE)]
    assert cut[0] == "你好，我是你的助手，"
    assert cut[-1] == "第二句。"
    assert "".join(cut) == text


def test_a_long_german_sentence_is_cut_before_a_conjunction():
    text = "Ich kann dir sagen, wie spät es ist und welcher Tag heute ist, aber das Wetter weiß ich leider nicht immer."
    first, *rest = clauses(text, GERMAN)
    assert len(first.text) <= 60
    assert f"{first.text} {' '.join(clause.text for clause in rest)}" == text
