from __future__ import annotations

import pytest

from voiceloop.languages.readable import addresses, amounts, said, tidied
from voiceloop.languages.shelf import english, language_for

LONG = "a-very-long-name-of-a-machine-in-some-cloud.example.com"


@pytest.mark.parametrize(
    ("tag", "written", "spoken"),
    [
        ("en", "see https://www.example.com/a?b=c.", "see example dot com."),
        ("en", "see (https://example.com/a_b), HTTP://EXAMPLE.COM.", "see (example dot com), EXAMPLE dot COM."),
        ("en", "at https://en.wikipedia.org/wiki/Berlin_(city).", "at en dot wikipedia dot org."),
        (
            "en",
            "at https://me:secret@example.com:8080/#x!",  # pragma: allowlist secret
            "at example dot com colon 8080!",
        ),
        ("en", "www.example.com/x/ or example.com", "example dot com or example.com"),
        ("en", f"go to https://{LONG}/x, now", "go to a link, now"),
        ("en", "mailto:jo.do@my-mail.org.", "jo dot do at my dash mail dot org."),
        ("en", "@someone and a @ b", "@someone and a @ b"),
        ("de", f"https://bücher.de oder https://{LONG}", "bücher Punkt de oder ein Link"),
        (
            "es",
            "en https://www.ejemplo.es o jo@mi-correo.org",
            "en ejemplo punto es o jo arroba mi guion correo punto org",
        ),
        ("fr", f"sur https://exemple.fr ou https://{LONG}", "sur exemple point fr ou un lien"),
        ("zh", "在https://example.com/abc。很好，jo@x.cn好", "在example点com。很好，jo at x点cn好"),
    ],
)
def test_addresses_are_said_as_people_say_them(tag, written, spoken):
    assert addresses(written, language_for(tag)) == spoken


def test_amounts_are_in_full_where_voices_read_them_wrongly():
    assert amounts("12.50 € for 10 m, 24/7, code 0042") == "€12.50 for 10 meters, twenty-four seven, code 0 0 4 2"


def test_abbreviations_are_in_full():
    assert said("e.g. this", english()) == "for example this"
    assert said("z. B. das", language_for("de")) == "zum Beispiel das"
    assert said("El Sr. Gil y la Dra. Ruiz, p. ej., etc.", language_for("es")) == (
        "El señor Gil y la doctora Ruiz, por ejemplo, etcétera."
    )
    assert said("M. Hugo et Mme Sand, c.-à-d. eux, etc.", language_for("fr")) == (
        "monsieur Hugo et madame Sand, c'est-à-dire eux, et cetera."
    )


def test_lines_without_words_go():
    assert tidied(" a   b \n --- \n\n c") == "a b\nc"
