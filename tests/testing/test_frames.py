from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode

from voiceloop.testing.frames import FrameSplitter, close_frame

REQUEST = b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def frame(size, *, opcode=Opcode.TEXT, fin=True, mask=False):
    """A frame as the websockets library writes it."""
    return Frame(opcode, b"x" * size, fin=fin).serialize(mask=mask)


def fed(data, size):
    """The kinds of whole frames that are found when the bytes come `size` at a time."""
    splitter = FrameSplitter()
    pieces = [piece for at in range(0, len(data), size) for piece in splitter.split(data[at : at + size])]
    assert b"".join(part for part, _ in pieces) == data
    return splitter, pieces


@pytest.mark.parametrize("size", [1, 3, 7, 100, 1_000_000])
@pytest.mark.parametrize("mask", [False, True])
def test_messages_are_told_from_their_parts_and_from_control_frames(size, mask):
    sizes = (0, 1, 125, 126, 65_535, 65_536)
    data = REQUEST if mask else SWITCHED
    data += b"".join(frame(each, mask=mask) for each in sizes)
    data += frame(10, opcode=Opcode.PING, mask=mask) + frame(50, fin=False, mask=mask)
    data += frame(50, opcode=Opcode.CONT, mask=mask) + frame(9, opcode=Opcode.BINARY, mask=mask)
    splitter, pieces = fed(data, size)
    assert [kind for _, kind in pieces].count("message") == len(sizes) + 2
    assert splitter.is_between


def test_whole_frames_are_whole_pieces():
    data = SWITCHED + frame(200) + frame(3, opcode=Opcode.PONG) + frame(70_000)
    _, pieces = fed(data, 10**6)
    assert [(len(part), kind) for part, kind in pieces] == [
        (len(SWITCHED), "other"),
        (204, "message"),
        (5, "other"),
        (70_010, "message"),
    ]


def test_nothing_can_be_put_into_a_frame():
    splitter = FrameSplitter()
    assert not splitter.is_between
    list(splitter.split(SWITCHED))
    assert splitter.is_between
    for part in (frame(200)[:1], frame(200)[1:3], frame(200)[3:100]):
        list(splitter.split(part))
        assert not splitter.is_between
    list(splitter.split(frame(200)[100:]))
    assert splitter.is_between


@pytest.mark.parametrize("start", [b"\x16\x03\x01\x02", b"hello", b"HTTP/1.1 503 Busy\r\n\r\nbody", b"GE", b"HT\r\n"])
def test_what_is_no_websocket_is_passed_on_as_it_is(start):
    splitter, pieces = fed(start + b"and so on" * 1000, 50)
    assert splitter.state == "opaque"
    assert {kind for _, kind in pieces} == {"other"}


def test_a_head_without_end_is_given_up():
    assert fed(b"GET " + b"x" * 70_000, 1000)[0].state == "opaque"


@given(st.binary(max_size=300), st.integers(1, 40))
def test_no_byte_is_lost_whatever_comes(data, size):
    fed(data, size)
    fed(SWITCHED + data, size)


def test_a_close_frame_is_one():
    assert close_frame(4000, "no") == Frame(Opcode.CLOSE, Close(4000, "no").serialize()).serialize(mask=False)
    assert len(close_frame(1000, "x" * 500)) == 127
