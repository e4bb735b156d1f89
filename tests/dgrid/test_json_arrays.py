from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.dgrid.json_arrays import ArrayCutter


def cut(*chunks):
    cutter = ArrayCutter()
    elements = [element for chunk in chunks for element in cutter.feed(chunk)]
    return elements, cutter.end()


def test_an_object_comes_as_soon_as_its_brace_is_closed():
    cutter = ArrayCutter()
    assert cutter.feed(b'[{"a": 1') == []
    assert cutter.held_bytes == 7
    assert cutter.feed(b"}") == [b'{"a": 1}']
    assert cutter.feed(b'\r\n,\r\n{"b": [{}]}\n]') == [b'{"b": [{}]}']
    assert cutter.end() == b""


def test_signs_in_texts_cut_nothing():
    text = json.dumps([{"a": '}],{["'}, '\\"],', "\\"]).encode()
    assert [json.loads(element) for element in cut(text)[0]] == json.loads(text)


def test_an_escape_may_be_cut_in_two():
    assert cut(b'["\\', b'"]', b'", 1]') == ([b'"\\"]"', b"1"], b"")


@pytest.mark.parametrize("nothing", [b"", b"[", b"[]", b"[ \r\n ]", b"[,]"])
def test_nothing_is_no_element(nothing):
    assert cut(nothing) == ([], b"")


@pytest.mark.parametrize(("array", "rest"), [(b'[{"a":1},{"b"', b'{"b"'), (b"[1, 2", b"2"), (b'["x', b'"x')])
def test_what_breaks_off_is_left(array, rest):
    assert cut(array)[1] == rest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(JSON), st.data())
def test_what_is_written_is_read_however_it_is_cut(array, data):
    text = json.dumps(array, ensure_ascii=False).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    elements, rest = cut(*(text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)))
    assert ([json.loads(element) for element in elements], rest) == (array, b"")


@given(st.binary(), st.data())
def test_any_bytes_are_the_same_however_they_are_cut(text, data):
    at = data.draw(st.integers(0, len(text)))
    assert cut(b"[" + text[:at], text[at:]) == cut(b"[" + text)


def test_ten_mebibytes_are_read_in_small_pieces_in_no_time():
    text, cutter = b'[{"data": "' + b"x" * 10 * 1024 * 1024 + b'"}', ArrayCutter()
    pieces = [cutter.feed(text[start : start + 4096]) for start in range(0, len(text), 4096)]
    assert [len(element) for piece in pieces for element in piece] == [len(text) - 1]
