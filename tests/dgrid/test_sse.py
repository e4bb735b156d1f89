from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.dgrid import sse
from voiceloop.dgrid.sse import EventReader, ServerSentEvent, TooLongError

Event = ServerSentEvent


def read(*chunks):
    reader = EventReader()
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return events + reader.end()


def test_a_blank_line_ends_an_event():
    reader = EventReader()
    assert reader.feed(b"data: one\n") == []
    assert reader.feed(b"\ndata: two\n\nda") == [Event("one"), Event("two")]
    assert reader.feed(b"ta:three\n\n") == [Event("three")]
    assert reader.end() == []


def test_several_data_lines_are_one_text():
    assert read(b"data: one\ndata:\ndata:  two\n\n") == [Event("one\n\n two")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_will_do(end):
    assert read(end.join([b"event: a", b"data: 1", b"", b"data: 2", b"", b""])) == [Event("1", "a"), Event("2")]


def test_comments_ids_and_unknown_fields_are_left_out():
    stream = b": PING\n\nid: 7\nretry: 10\nmood: good\ndata: 1\n: PING\nalone\n\n"
    assert read(stream) == [Event("1")]


def test_a_name_without_data_is_no_event_and_goes_to_no_other():
    assert read(b"event: ping\n\ndata: 1\n\n") == [Event("1")]


def test_data_that_is_empty_is_an_event():
    assert read(b"data\n\n") == [Event("")]


def test_what_stands_without_its_end_comes_last():
    assert read(b"data: 1\n\ndata: [DONE]") == [Event("1"), Event("[DONE]")]
    assert read(b"data: 1\nevent: x\n") == [Event("1", "x")]
    assert read(b"data: 1\r") == [Event("1")]


def test_a_byte_order_mark_is_no_part_of_the_first_field():
    assert read(b"\xef\xbb", b"\xbfdata: 1\n\n") == [Event("1")]


def test_letters_cut_in_two_are_whole_again_and_broken_ones_are_marked():
    letters = "data: Grüße 🎉\n\n".encode()
    assert read(*(bytes([byte]) for byte in letters)) == [Event("Grüße 🎉")]
    assert read(b"data: \xff\n\n") == [Event("\N{REPLACEMENT CHARACTER}")]


def test_one_json_object_in_place_of_a_stream_is_one_event():
    document = {"a": ["data: 1\n\n", 2]}
    (event,) = read(*(bytes([byte]) for byte in b"\r\n " + json.dumps(document, indent=2).encode()))
    assert json.loads(event.data) == document


def test_the_elements_of_an_array_are_events_as_soon_as_they_are_whole():
    reader = EventReader()
    assert reader.feed(b'\r\n [{"data": 1') == []
    assert reader.feed(b'}\r\n,"data: ') == [Event('{"data": 1}')]
    assert reader.feed(b'2", [3') == [Event('"data: 2"')]
    assert reader.end() == [Event("[3")]


@pytest.mark.parametrize("nothing", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xef", b": PING\n\n", b"<html>\n\n"])
def test_an_answer_that_holds_nothing_gives_nothing(nothing):
    assert read(nothing) == []


# Bounds


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(sse, "LONGEST", 30)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "endless",
    [
        b"data: " + b"x" * 25,
        b"data: 12345\n" * 3,
        b"x" * 31,
        b'{"a": "' + b"x" * 30,
        b'["' + b"x" * 30,
        b'["' + b"x" * 30 + b'"]',
    ],
)
def test_a_line_an_event_or_a_document_without_end_is_refused(endless):
    for chunks in ([endless], [bytes([byte]) for byte in endless]):
        with pytest.raises(TooLongError, match="longer than 30 bytes"):
            read(*chunks)


@pytest.mark.usefixtures("short")
def test_a_stream_as_such_has_no_bound():
    assert read(b": a comment of 24 bytes\n" * 9 + b"data: 123456789\n\n" * 9) == [Event("123456789")] * 9


def test_ten_mebibytes_are_read_in_small_pieces_in_no_time():
    line = b"data: " + b"x" * (sse.LONGEST - 6)
    reader = EventReader()
    for start in range(0, len(line), 4096):
        reader.feed(line[start : start + 4096])
    (event,) = reader.feed(b"\n\n")
    assert len(event.data) == sse.LONGEST - 6


# However it is cut

LINES = st.sampled_from(
    [
        b"data: ",
        b"data:",
        b"data",
        b"event: e",
        b": c",
        b"",
        b"\xc3",
        b"\xbc",
        b"{",
        b"[",
        b"}]",
        b"[DONE]",
        b" ",
        b"\xef\xbb\xbf",
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b""])
STREAMS = st.lists(st.tuples(LINES, ENDS)).map(lambda parts: b"".join(line + end for line, end in parts))


@given(STREAMS | st.binary(), st.data())
def test_the_same_bytes_are_the_same_events_however_they_arrive(stream, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(*chunks) == read(stream)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))), ENDS.filter(bool))
def test_what_is_written_is_read(texts, end):
    written = end.join(f"data: {text}".encode() + end for text in texts) + end
    assert read(written) == [Event(text) for text in texts]


STREAM = (
    "event: a\r\ndata: {\"ü\": 1}\r\n\r\n: PING\n\ndata: one\ndata: two\n\ndata: [DONE]\n\n".encode()
)  # fmt: skip


def test_a_stream_that_breaks_off_anywhere_gives_its_whole_events_and_one_piece_at_most():
    whole = read(STREAM)
    assert whole == [Event('{"ü": 1}', "a"), Event("one\ntwo"), Event("[DONE]")]
    for cut in range(len(STREAM)):
        found = read(STREAM[:cut])
        ended = found[:-1] if found and found[-1] != whole[len(found) - 1] else found
        assert ended == whole[: len(ended)]
        assert len(found) - len(ended) in (0, 1)
