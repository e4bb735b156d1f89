from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voiceloop_local.realtime.narration import FASTEST, Pace


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 100)), min_size=1, max_size=50))
def test_in_no_stretch_of_time_more_leaves_than_may(steps):
    pace, now_s = Pace(), 100.0
    sent = []
    for pause_s, duration_ms in steps:
        now_s += pause_s
        now_s += pace.wait_s(duration_ms, now_s)
        sent.append((now_s, duration_ms / 1000))
    for first in range(len(sent)):
        total_s = 0.0
        for at_s, duration_s in sent[first:]:
            assert total_s <= FASTEST * (at_s - sent[first][0]) + 1e-6
            total_s += duration_s


def test_audio_that_is_late_leaves_at_once():
    pace = Pace()
    assert pace.wait_s(100, 5.0) == 0
    assert pace.wait_s(100, 9.0) == 0
    assert round(pace.wait_s(100, 9.0), 6) == round(0.1 / FASTEST, 6)
