from __future__ import annotations

import sys

import pytest

from voiceloop.errors import DeviceError
from voiceloop.languages.figures import Figures
from voiceloop.languages.shelf import language_for

GERMAN = language_for("de")


def test_figures_are_read_with_babel_and_num2words():
    pytest.importorskip("babel", reason="figures are read with Babel: pip install 'voiceloop[languages]'")
    pytest.importorskip("num2words", reason="figures are read with num2words: pip install 'voiceloop[languages]'")
    read = Figures(GERMAN).in_words("Am 3. Mai um 15:12 Uhr: 5 km für 12,50 €, -3 Grad.")
    assert read == (
        "Am dritten Mai um fünfzehn Uhr zwölf: fünf Kilometer für zwölf Euro und fünfzig Cent, minus drei Grad."
    )


@pytest.mark.parametrize("package", ["babel", "num2words"])
def test_without_the_extra_the_error_names_it(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DeviceError, match=rf"German speech needs the package {package}.*voiceloop\[languages\]"):
        Figures(GERMAN)
