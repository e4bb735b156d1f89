import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.errors import DeviceError
from voiceloop_local.models.protocol import (
    Cancel,
    Chunk,
    Failed,
    FrameReader,
    Loaded,
    More,
    Ready,
    Report,
    Request,
    Speak,
    Spoken,
    Transcribe,
    Transcribed,
    Translate,
    encode,
)

ids = st.integers(0, 2**53)
words = st.text(max_size=40)
requests = st.one_of(
    st.builds(Transcribe, ids, st.integers(1, 192_000), words, st.lists(words, max_size=3).map(tuple)),
    st.builds(Translate, ids, st.integers(1, 192_000), words),
    st.builds(Speak, ids, words),
    st.builds(More, ids),
    st.builds(Cancel, ids),
)
reports = st.one_of(
    st.builds(Loaded, words, st.floats(0, 1e6)),
    st.just(Ready()),
    st.builds(Transcribed, ids, words),
    st.builds(Chunk, ids),
    st.builds(Spoken, ids),
    st.builds(Failed, ids, words),
)


def pieces(data, sizes):
    while data:
        size = sizes.pop() if sizes else len(data)
        yield data[:size]
        data = data[size:]


@pytest.mark.parametrize(("side", "messages"), [(Request, requests), (Report, reports)])
def test_what_is_written_is_read_however_the_pipe_cuts_it(side, messages):
    @given(st.lists(st.tuples(messages, st.binary(max_size=200)), max_size=5), st.lists(st.integers(1, 50)))
    def check(sent, sizes):
        reader = FrameReader(side)
        stream = b"".join(encode(message, payload) for message, payload in sent)
        assert [frame for piece in pieces(stream, sizes) for frame in reader.receive(piece)] == sent

    check()


def test_half_a_frame_is_no_frame_yet():
    frame = encode(Speak(1, "hello"))
    reader = FrameReader(Request)
    assert reader.receive(frame[:-1]) == []
    assert reader.receive(frame[-1:]) == [(Speak(1, "hello"), b"")]


def test_text_between_frames_is_noticed_at_once():
    with pytest.raises(DeviceError, match="do not understand each other"):
        FrameReader(Request).receive(b"Loading model, please wait")


@pytest.mark.parametrize("header", [b"{}", b"[]", b'{"type":"Unknown","id":1}', b"\xff", b'{"type":"Speak","id":"1"}'])
def test_a_header_that_is_no_message_is_refused(header):
    frame = len(header).to_bytes(4, "big") + bytes(4) + header
    with pytest.raises(DeviceError, match="differ in version"):
        FrameReader(Request).receive(frame)


def test_a_report_is_no_request():
    with pytest.raises(DeviceError):
        FrameReader(Request).receive(encode(Ready()))


def test_headers_are_plain_json():
    frame = encode(Transcribed(3, "hi"), b"pcm")
    assert msgspec.json.decode(frame[8:-3]) == {"type": "Transcribed", "id": 3, "text": "hi"}
