from __future__ import annotations

from voiceloop.wire.counts import Counts


def test_unknown_events_are_counted_by_type_for_the_first_types_only():
    counts = Counts()
    for number in range(66):
        counts.saw_unknown(f"vendor.{number}")
    counts.saw_unknown("vendor.3")
    assert counts.unknown == 67
    assert len(counts.unknown_types) == 64
    assert (counts.unknown_types["vendor.3"], counts.unknown_types.get("vendor.65")) == (2, None)
