from __future__ import annotations

import sys

import pytest

from voiceloop.errors import DeviceError
from voiceloop.languages.figures import Figures
from voiceloop.languages.shelf import language_for
from voiceloop.tools.spoken import parse_number
from voiceloop.tools.utterance import readings

GERMAN = language_for("de")


@pytest.mark.parametrize(
    ("tag", "written", "read"),
    [
        (
            "de",
            "Am 3. Mai um 15:12 Uhr: 5 km für 12,50 €, -3 Grad.",
            "Am dritten Mai um fünfzehn Uhr zwölf: fünf Kilometer für zwölf Euro und fünfzig Cent, minus drei Grad.",
        ),
        (
            "es",
            "El 3/5/2026 a las 15:12 h, 5 km por 12,50 €, -3 grados.",
            ("El tres de mayo de dos mil veintiséis a las quince y doce, cinco kilómetros por doce euros con cincuenta "
            "céntimos, menos tres grados."),
        ),
        ("es", "Es la 1:05. 1 h, 1 km, 21 km, 31 euros, £1, 3,5 l, 5 %", (
            "Es la una y cinco. una hora, un kilómetro, veintiún kilómetros, treinta y un euros, una libra esterlina, "
            "tres coma cinco litros, cinco por ciento"
        )),
        ("es", "A las 21:00 en el 3.er piso, 2.ª puerta, 31/2/2026", (
            "A las veintiuna en el tercer piso, segunda puerta, treinta y uno/dos/dos mil veintiséis"
        )),
        (
            "fr",
            "Le 3/5/2026 à 15h12 : 5 km pour 12,50 €, -3 degrés.",
            ("Le trois mai deux mille vingt-six à quinze heures douze : cinq kilomètres pour douze euros et cinquante "
            "centimes, moins trois degrés."),
        ),
        ("fr", "Il est 1 h 05, puis 21:00. 1 h, 1 km, 21 minutes, £1, 3,5 l, 5 %", (
            "Il est une heure cinq, puis vingt et une heures. une heure, un kilomètre, vingt et une minutes, une livre "
            "sterling, trois virgule cinq litres, cinq pour cent"
        )),
        ("fr", "Le 1/5/2026, le 1er mai, au 2e étage, 12 000 habitants", (
            "Le premier mai deux mille vingt-six, le premier mai, au deuxième étage, douze mille habitants"
        )),
    ],
)  # fmt: skip
def test_figures_are_read_with_babel_and_num2words(tag, written, read):
    pytest.importorskip("babel", reason="figures are read with Babel: pip install 'voiceloop[languages]'")
    pytest.importorskip("num2words", reason="figures are read with num2words: pip install 'voiceloop[languages]'")
    assert " ".join(Figures(language_for(tag)).in_words(written).split()) == read  # French units are held together


@pytest.mark.parametrize("tag", ["de", "es", "fr"])
def test_a_number_that_is_said_is_understood_again(tag):
    num2words = pytest.importorskip(
        "num2words", reason="figures are read with num2words: pip install 'voiceloop[languages]'"
    )
    language = language_for(tag)
    for number in [*range(1, 130), *range(163, 10**6, 7919), 10**6, 2_000_005, 3 * 10**9]:
        spoken = num2words.num2words(number, lang=tag)
        heard = next(readings(spoken, language))[0].plain
        assert parse_number(heard.split(), language) == number, spoken


@pytest.mark.parametrize("package", ["babel", "num2words"])
def test_without_the_extra_the_error_names_it(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DeviceError, match=rf"German speech needs the package {package}.*voiceloop\[languages\]"):
        Figures(GERMAN)
