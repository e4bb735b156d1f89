from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voiceloop.languages.marks import Marks, without_marks
from voiceloop.languages.shelf import english, language_for


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("**bold**, *light*, __both__, ~~gone~~, `code`", "bold, light, both, gone, code"),
        ("***all*** of it, 2 * 3 and 4*5", "all of it, 2 * 3 and 4*5"),
        ("a snake_case _word_", "a snake_case word"),
        ("# Title #\n### Part", "Title\nPart"),
        ("- one\n* two\n+ three\n• four\n  - five\n1. six\n2) seven", "one\ntwo\nthree\nfour\nfive\nsix\nseven"),
        ("- [ ] to do\n- [x] done", "to do\ndone"),
        ("> quoted\n> > - deeper", "quoted\ndeeper"),
        (r"1\. no list, snake\_case", "1. no list, snake_case"),
        ('[the page](https://x.org/a_(b) "title"), ![a cat](c.png)', "the page, a cat"),
        ("[text][ref] and [more]\n[ref]: https://x.org", "text and more\n"),
        ("True [1], also [2, 3] and [^note]. Said【4†source】 so[5](https://x.org).", "True, also and. Said so."),
        ("so \ue200cite\ue202turn0search1\ue201 it is", "so it is"),
        ("<https://x.org> <me@x.org>", "https://x.org me@x.org"),
        ('<b>bold</b>, H<sub>2</sub>O<br/>next <a href="x">link</a> &amp; 1 &lt; 2', "bold, H2O next link & 1 < 2"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        (r"\*not light\* and \$5", "not light and $5"),
        ("| Day | Sky |\n|---|:-:|\n| Mon | blue |", "Day, Sky\n---, :-:\nMon, blue"),
        ("A → B", "A, B"),
        ("$E = mc^2$ for $5 or $6, $$x_1$$", "E = mc^2 for $5 or $6, x_1"),
        ("one ```x = 1``` two", "one two"),
        ("ok 👍🏽 1️⃣ 👨‍👩‍👧 🇩🇪", "ok 1"),
        ("20 °C ≤ 5 € ™", "20 °C ≤ 5 € ™"),
        ("soft\u00adhyphen", "softhyphen"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_only_words_are_left(written, left):
    assert [line.split() for line in without_marks(written, english()).split("\n")] == [
        line.split() for line in left.split("\n")
    ]


def test_a_number_that_counts_is_no_mark_of_a_list():
    assert without_marks("22. November\n1. Anfang", language_for("de")) == "22. November\nAnfang"


def test_code_is_silent_however_many_pieces_it_takes():
    marks = Marks(english())
    pieces = [
        "See:",
        "\n```python",
        "\nprint('Hi.",
        " Ho.')",
        "\n# no heading",
        "\n```",
        "\nDone. ~~~",
        "\nx",
        "\n~~~ ok",
    ]
    assert [marks.without(piece).strip() for piece in pieces] == ["See:", "", "", "", "", "", "Done.", "", "ok"]


def test_thinking_that_a_server_left_in_is_silent():
    marks = Marks(english())
    assert [marks.without(piece) for piece in ["<think>Hm.", " No.", "</think> Yes."]] == ["", "", " Yes."]


def test_marks_of_a_line_count_only_where_a_line_begins():
    marks = Marks(english())
    assert marks.without("- one costs 5.").strip() == "one costs 5."
    assert marks.without(" - 3 more").strip() == "- 3 more"
    assert marks.without("\n- two").strip() == "two"


def test_stress_may_be_cut_in_two():
    marks = Marks(english())
    assert marks.without("It is **very,") + marks.without(" very** good, [see") + marks.without(" this](x.y).") == (
        "It is very, very good, see this."
    )


@example(["~[~"])
@example(["~*~"])
@example(["~\u200d~"])
@given(st.lists(st.text("ab1 *_`#>|[]()<!-~\n\\.&;👍\u200d\ue200", max_size=12), max_size=12))
def test_anything_can_be_stripped_of_its_marks(pieces):
    marks = Marks(english())
    for piece in pieces:
        left = marks.without(piece)
        assert not set(left) & set("`[]👍\ue200\0|")
        assert "~~" not in left
