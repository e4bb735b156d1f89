"""A server that ends sessions for their age finds another one in their place, also while the user speaks on."""

from journeys.outage_rigs import RollOver, roll_over
from journeys.outage_talk import Talk
from voiceloop.testing.clock import virtual_time

FRAME_MS = 20


@virtual_time
async def test_speech_without_a_pause_goes_from_one_session_to_the_next():
    told = await roll_over(RollOver(), Talk)
    assert len(told.gaps_ms) >= 5
    assert max(told.gaps_ms) <= FRAME_MS
    assert (told.lost_ms, told.twice_ms) == (0, 0)
    assert told.warnings == []
