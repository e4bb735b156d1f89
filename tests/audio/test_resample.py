"""Sample rate conversion: nothing shifted, nothing added, and the same however the input was cut."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceloop.audio.resample import Resampler
from voiceloop.errors import DeviceError, MisuseError

FILTERED = [
    (8_000, 16_000),
    (16_000, 8_000),
    (8_000, 24_000),
    (24_000, 8_000),
    (8_000, 48_000),
    (48_000, 8_000),
    (16_000, 24_000),
    (24_000, 16_000),
    (16_000, 48_000),
    (48_000, 16_000),
    (24_000, 48_000),
    (48_000, 24_000),
    (44_100, 24_000),
    (24_000, 44_100),
    (44_100, 8_000),
    (8_000, 44_100),
    (22_050, 24_000),
]
SOXR = [(48_000, 24_001), (12_345, 24_000)]
DOWN = [pair for pair in [*FILTERED, *SOXR] if pair[1] < pair[0]]
UP = [pair for pair in [*FILTERED, *SOXR] if pair[1] > pair[0]]


def convert(from_hz: int, to_hz: int, pcm: bytes, block: int | None = None) -> np.ndarray:
    resampler = Resampler(from_hz, to_hz)
    step = 2 * (block or from_hz // 50)
    out = b"".join(resampler.feed(pcm[at : at + step]) for at in range(0, len(pcm), step))
    return np.frombuffer(out + resampler.drain(), np.int16).astype(np.float64)


def rms_db(samples: np.ndarray) -> float:
    return 10 * np.log10(np.mean(samples**2) + 1e-12)


def middle(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Without the edges, where the tone is switched on and off."""
    return samples[rate_hz // 10 : -rate_hz // 10]


@pytest.mark.parametrize(("from_hz", "to_hz"), [*FILTERED, *SOXR])
def test_a_tone_comes_out_in_place_with_80_db_to_noise(from_hz, to_hz, tone, pcm16):
    out = convert(from_hz, to_hz, pcm16(tone(1000, from_hz, 1)))
    assert abs(len(out) - to_hz) <= 1
    ideal = 32767 * tone(1000, to_hz, 1)[: len(out)]
    error = middle(out[: len(ideal)] - ideal, to_hz)
    assert rms_db(middle(ideal, to_hz)) - rms_db(error) >= 80


def too_high_for(from_hz, to_hz, beyond):
    """A tone that the lower rate cannot hold and the higher one can."""
    return min(beyond * to_hz / 2, 0.98 * from_hz / 2)


@pytest.mark.parametrize(
    ("from_hz", "to_hz", "hz"),
    [
        (from_hz, to_hz, too_high_for(from_hz, to_hz, beyond))
        for from_hz, to_hz in DOWN
        for beyond in (1.06, 1.4)
        if too_high_for(from_hz, to_hz, beyond) >= 1.05 * to_hz / 2
    ],
)
def test_what_the_lower_rate_cannot_hold_is_70_db_down(from_hz, to_hz, hz, tone, pcm16):
    source = tone(hz, from_hz, 1)
    out = convert(from_hz, to_hz, pcm16(source))
    assert rms_db(middle(out, to_hz)) - rms_db(32767 * source) <= -70


@pytest.mark.parametrize(("from_hz", "to_hz"), UP)
def test_no_image_appears_above_the_old_band(from_hz, to_hz, tone, pcm16):
    out = middle(convert(from_hz, to_hz, pcm16(tone(0.4 * from_hz, from_hz, 1))), to_hz)
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    beyond = np.fft.rfftfreq(len(out), 1 / to_hz) > from_hz / 2 * 1.05
    if beyond.any():
        assert 20 * np.log10(spectrum[beyond].max() / spectrum.max()) <= -70


@pytest.mark.parametrize(("from_hz", "to_hz"), FILTERED)
def test_voice_passes_unchanged_up_to_85_percent_of_the_band(from_hz, to_hz, tone, pcm16):
    source = tone(0.84 * min(from_hz, to_hz) / 2, from_hz, 1)
    out = middle(convert(from_hz, to_hz, pcm16(source)), to_hz)
    assert abs(rms_db(out) - rms_db(32767 * source)) <= 0.05


@pytest.mark.parametrize(("from_hz", "to_hz"), [*FILTERED, *SOXR])
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_the_split_of_the_input_does_not_matter(from_hz, to_hz, data):
    length = data.draw(st.integers(0, 4000))
    pcm = np.random.default_rng(length).integers(-32768, 32768, length).astype(np.int16).tobytes()
    edges = [0, *sorted(data.draw(st.lists(st.integers(0, length), max_size=6))), length]
    resampler = Resampler(from_hz, to_hz)
    pieces = [resampler.feed(pcm[2 * a : 2 * b]) for a, b in itertools.pairwise(edges)]
    whole = Resampler(from_hz, to_hz)
    assert b"".join([*pieces, resampler.drain()]) == whole.feed(pcm) + whole.drain()


@pytest.mark.parametrize(("from_hz", "to_hz"), FILTERED)
@settings(max_examples=20, deadline=None)
@given(length=st.integers(0, 3000))
def test_the_length_is_right_after_the_drain(from_hz, to_hz, length):
    assert len(convert(from_hz, to_hz, bytes(2 * length))) == -(-length * to_hz // from_hz)


@pytest.mark.parametrize(("from_hz", "to_hz"), [*FILTERED, *SOXR])
def test_never_holds_back_more_than_it_says(from_hz, to_hz):
    resampler = Resampler(from_hz, to_hz)
    block = bytes(2 * (from_hz // 100))
    given_ms = 0.0
    for count in range(1, 101):
        given_ms += len(resampler.feed(block)) / 2 * 1000 / to_hz
        fed_ms = count * (from_hz // 100) * 1000 / from_hz
        assert fed_ms - given_ms <= resampler.delay_ms + 1000 / to_hz


@pytest.mark.parametrize("pair", list(itertools.permutations((8_000, 16_000, 24_000, 48_000), 2)))
def test_the_rates_of_a_conversation_are_held_back_by_3_ms_at_most(pair):
    assert 0 < Resampler(*pair).delay_ms <= 3


def test_a_constant_stays_that_constant_in_every_phase():
    for from_hz, to_hz in FILTERED:
        out = middle(convert(from_hz, to_hz, np.full(from_hz, 12_345, np.int16).tobytes()), to_hz)
        assert set(out) == {12_345.0}


def test_full_scale_noise_is_clipped_and_does_not_wrap():
    square = np.repeat(np.array([32767, -32768] * 50, np.int16), 40).tobytes()
    smooth = convert(24_000, 48_000, square)
    assert (smooth.max(), smooth.min()) == (32767, -32768)
    assert np.abs(np.diff(smooth)).max() < 60_000
    assert (smooth[20:60] > 20_000).all()


def test_a_long_recording_is_converted_like_its_blocks(tone, pcm16):
    pcm = pcm16(tone(440, 24_000, 3))
    assert (convert(24_000, 8_000, pcm, block=len(pcm)) == convert(24_000, 8_000, pcm)).all()


@pytest.mark.parametrize("pair", [(24_000, 8_000), (48_000, 24_001), (8_000, 8_000)])
def test_after_a_drain_a_new_stream_begins(pair, tone, pcm16):
    resampler = Resampler(*pair)
    pcm = pcm16(tone(1000, pair[0], 0.2))
    first = resampler.feed(pcm) + resampler.drain()
    assert resampler.feed(pcm) + resampler.drain() == first


def test_equal_rates_pass_through():
    resampler = Resampler(24_000, 24_000)
    assert resampler.feed(b"abcd") == b"abcd"
    assert resampler.drain() == b""
    assert resampler.delay_ms == 0.0


@pytest.mark.parametrize("pair", [(0, 8_000), (8_000, -1)])
def test_a_rate_that_is_none_is_refused(pair):
    with pytest.raises(MisuseError, match="rates must be positive"):
        Resampler(*pair)


def test_a_missing_soxr_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(DeviceError, match="pip install soxr") as caught:
        Resampler(48_000, 24_001)
    assert isinstance(caught.value.__cause__, ImportError)


def test_the_usual_pairs_do_not_load_soxr(monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    for pair in FILTERED:
        Resampler(*pair)
