"""G.711 against an independent implementation, exhaustively, and against the standard's own properties."""

from __future__ import annotations

import warnings
from array import array

import pytest

from voiceloop.audio import g711
from voiceloop.vocabulary import Encoding

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    audioop = pytest.importorskip("audioop", reason="audioop-lts brings audioop to Python 3.13 and later")

EVERY_SAMPLE = array("H", range(65536)).tobytes()
EVERY_CODE = bytes(range(256))


def test_mu_law_encodes_every_sample_like_the_reference():
    assert g711.encode_ulaw(EVERY_SAMPLE) == audioop.lin2ulaw(EVERY_SAMPLE, 2)


def test_a_law_encodes_every_sample_like_the_reference():
    assert g711.encode_alaw(EVERY_SAMPLE) == audioop.lin2alaw(EVERY_SAMPLE, 2)


def test_mu_law_decodes_every_code_like_the_reference():
    assert g711.decode_ulaw(EVERY_CODE) == audioop.ulaw2lin(EVERY_CODE, 2)


def test_a_law_decodes_every_code_like_the_reference():
    assert g711.decode_alaw(EVERY_CODE) == audioop.alaw2lin(EVERY_CODE, 2)


def test_codes_survive_the_round_trip_but_for_the_two_zeros_of_mu_law():
    assert g711.encode_alaw(g711.decode_alaw(EVERY_CODE)) == EVERY_CODE
    there_and_back = g711.encode_ulaw(g711.decode_ulaw(EVERY_CODE))
    assert [code for code in EVERY_CODE if there_and_back[code] != code] == [0x7F]
    assert there_and_back[0x7F] == 0xFF


def test_full_scale_and_silence_have_the_standards_codes():
    extremes = array("h", [32767, -32768, 0]).tobytes()
    assert g711.encode_ulaw(extremes) == bytes([0x80, 0x00, 0xFF])
    assert g711.encode_alaw(extremes) == bytes([0xAA, 0x2A, 0xD5])


@pytest.mark.parametrize("encoding", list(Encoding))
def test_the_encoding_chooses_the_law(encoding):
    data = g711.encode(EVERY_SAMPLE, encoding)
    expected = {
        Encoding.PCM16: EVERY_SAMPLE,
        Encoding.G711_ULAW: audioop.lin2ulaw(EVERY_SAMPLE, 2),
        Encoding.G711_ALAW: audioop.lin2alaw(EVERY_SAMPLE, 2),
    }
    assert data == expected[encoding]
    assert g711.encode(g711.decode(data, encoding), encoding) == data


def test_nothing_is_nothing():
    assert g711.encode_ulaw(b"") == g711.decode_ulaw(b"") == g711.encode_alaw(b"") == g711.decode_alaw(b"") == b""
