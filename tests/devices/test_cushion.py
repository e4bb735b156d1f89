"""What keeps the speaker from running dry and from clicking."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.devices.cushion import MAX_DEPTH, Cushion, Fades, ramped

TONE = np.full(480, 8000, np.int16)


def test_an_underrun_makes_the_cushion_thicker_up_to_a_bound():
    cushion = Cushion()
    depths = []
    for dry in range(10):
        cushion.look(dry, 10 * dry)
        depths.append(cushion.depth)
    assert depths == [2, 3, 4, 5, 6, 6, 6, 6, 6, 6]
    assert depths[-1] == MAX_DEPTH


def test_after_a_quiet_while_it_is_thinner_again_step_by_step():
    cushion = Cushion()
    cushion.look(1, 100)
    cushion.look(2, 200)
    depths = {}
    for written in range(200, 10_000):
        cushion.look(2, written)
        depths.setdefault(cushion.depth, written)
    assert depths == {4: 200, 3: 3200, 2: 6200}


def test_an_underrun_begins_the_quiet_while_anew():
    cushion = Cushion()
    cushion.look(1, 100)
    cushion.look(1, 3000)
    cushion.look(2, 3050)
    cushion.look(2, 6000)
    assert cushion.depth == 4


def shaped(fades, samples):
    pcm, cut = fades.shape(np.asarray(samples, np.int16).tobytes())
    return np.frombuffer(pcm, np.int16), cut


def test_sound_that_goes_on_is_left_as_it_is():
    fades = Fades(48_000)
    for _ in range(3):
        got, cut = shaped(fades, TONE)
        assert (got == TONE).all()
        assert not cut


def test_sound_that_stops_between_two_chunks_is_told_and_fades_in_when_it_goes_on():
    fades = Fades(48_000)
    shaped(fades, TONE)
    assert shaped(fades, 0 * TONE)[1]
    assert not shaped(fades, 0 * TONE)[1], "once"
    got, _ = shaped(fades, TONE)
    assert np.abs(np.diff(got.astype(int), prepend=0)).max() < 50
    assert (got[192:] == 8000).all()
    assert (shaped(fades, TONE)[0] == TONE).all()


def test_sound_that_stops_within_a_chunk_is_faded_there():
    fades = Fades(48_000)
    chunk = TONE.copy()
    chunk[300:] = 0
    got, cut = shaped(fades, chunk)
    assert not cut
    assert np.abs(np.diff(got.astype(int))).max() < 50
    assert (got[:108] == 8000).all()
    assert np.abs(np.diff(shaped(fades, TONE)[0].astype(int), prepend=0)).max() < 50


def test_sound_that_ends_softly_is_left_alone_and_so_is_what_follows():
    fades = Fades(48_000)
    chunk = TONE.copy()
    chunk[200:390], chunk[390:400], chunk[400:] = np.linspace(8000, 40, 190), 40, 0
    assert (shaped(fades, chunk)[0] == chunk).all()
    assert (shaped(fades, TONE)[0] == TONE).all()


def test_a_flush_forgets_what_was_before():
    fades = Fades(48_000)
    shaped(fades, TONE)
    fades.reset()
    assert not shaped(fades, 0 * TONE)[1]
    assert (shaped(fades, TONE)[0] == TONE).all()


@pytest.mark.parametrize("end", [480, 530, 100])
def test_a_ramp_ends_where_it_is_told(end):
    got = np.frombuffer(ramped(TONE.tobytes(), 48_000, end), np.int16)
    assert (got[: max(0, end - 192)] == 8000).all()
    assert not got[end:].any()
    assert np.abs(np.diff(got.astype(int))).max() < 50
