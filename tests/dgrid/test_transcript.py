from __future__ import annotations

from voiceloop.dgrid.transcript import Segment, Transcription


def test_speakers_are_named_in_the_order_in_which_they_began():
    said = [Segment(text="x", start_s=n, end_s=n + 1, speaker=who) for n, who in enumerate(["B", "A", "B", ""])]
    assert Transcription(text="x x x x", segments=said).speakers == ("B", "A")
    assert Transcription(text="").speakers == ()
