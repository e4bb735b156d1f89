"""Between the session's samples and the form a server takes."""

import pytest

from voiceloop.audio.g711 import decode_ulaw, encode_alaw, encode_ulaw
from voiceloop.engines.coding import decoder, encoder
from voiceloop.testing.numbers import numbered
from voiceloop.vocabulary import AudioFormat, Encoding

PCM = AudioFormat()
ULAW = AudioFormat(Encoding.G711_ULAW, 8000)
ALAW = AudioFormat(Encoding.G711_ALAW, 8000)
SECOND = {8000: numbered(0, 8000), 24_000: numbered(0, 24_000)}


def test_what_is_in_the_right_form_already_is_not_touched():
    assert encoder(24_000, PCM) is None
    assert decoder(PCM, 24_000) is None


@pytest.mark.parametrize(("form", "encode"), [(ULAW, encode_ulaw), (ALAW, encode_alaw)])
def test_g711_at_the_sessions_rate_is_only_encoded(form, encode):
    assert encoder(8000, form)(SECOND[8000]) == encode(SECOND[8000])


def test_g711_that_arrives_is_only_decoded():
    audio = bytes(range(256))
    assert decoder(ULAW, 8000)("item", audio) == decode_ulaw(audio)


@pytest.mark.parametrize(
    ("rate_hz", "form"), [(24_000, ULAW), (8000, PCM), (24_000, AudioFormat(Encoding.PCM16, 16_000))]
)
def test_another_rate_takes_as_long(rate_hz, form):
    encode = encoder(rate_hz, form)
    sent = b"".join(encode(SECOND[rate_hz][at : at + 960]) for at in range(0, 2 * rate_hz, 960))
    assert len(sent) / form.wire_bytes_per_sample / form.rate_hz == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize(
    ("form", "rate_hz"), [(PCM, 8000), (AudioFormat(Encoding.PCM16, 16_000), 24_000), (ULAW, 24_000)]
)
def test_another_rate_sounds_as_long(form, rate_hz):
    decode = decoder(form, rate_hz)
    wire = bytes(form.rate_hz * form.wire_bytes_per_sample)
    heard = b"".join(decode("item", wire[at : at + 800]) for at in range(0, len(wire), 800))
    assert len(heard) / 2 / rate_hz == pytest.approx(1.0, abs=0.005)


def test_nothing_of_an_item_sounds_in_the_next():
    decode = decoder(PCM, 8000)
    decode("loud", numbered(20_000, 480))
    assert decode("silent", bytes(960)).strip(b"\0") == b""
