from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.audio import g711
from voiceloop.vocabulary import Encoding
from voiceloop_local.realtime.coding import DELTA_MS, DeltaCutter, from_wire, to_wire


@given(st.lists(st.binary(max_size=9000), max_size=20))
def test_no_sample_is_lost_however_chunks_come(chunks):
    cutter = DeltaCutter(Encoding.PCM16)
    deltas = [delta for chunk in chunks for delta in cutter.feed(chunk)]
    assert all(cutter.ms(delta) in (40, DELTA_MS) for delta in deltas)
    whole = b"".join(chunks)
    assert b"".join(deltas + cutter.drain()) == whole[: len(whole) // 2 * 2]
    assert cutter.drain() == []


@pytest.mark.parametrize("encoding", [Encoding.G711_ULAW, Encoding.G711_ALAW])
def test_telephone_deltas_have_a_third_of_the_samples(encoding, fakes):
    cutter = DeltaCutter(encoding)
    deltas = [*cutter.feed(fakes.tone(1000)), *cutter.drain()]
    wire = b"".join(cutter.wire(delta) for delta in deltas)
    assert len(wire) == 8000
    assert cutter.ms(deltas[0]) == 40
    assert len(from_wire(encoding, wire)) == 16_000


def test_a_recording_is_brought_to_the_wires_rate(fakes):
    assert to_wire(Encoding.PCM16, b"\x01\x02", 24_000) == b"\x01\x02"
    assert len(to_wire(Encoding.G711_ULAW, fakes.tone(300), 24_000)) == 2400
    assert len(to_wire(Encoding.PCM16, fakes.tone(300, 8000), 8000)) == 14_400
    tone = fakes.tone(100, 8000)
    assert to_wire(Encoding.G711_ALAW, tone, 8000) == g711.encode_alaw(tone)
