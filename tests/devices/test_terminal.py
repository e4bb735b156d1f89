"""The line without sound."""

from __future__ import annotations

import asyncio

import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.terminal import TextLine
from voiceloop.errors import MisuseError
from voiceloop.events import PlaybackFinished


@pytest.mark.real
async def test_a_long_reply_is_read_at_once():
    finished = asyncio.get_running_loop().create_future()

    def notify(event):
        if isinstance(event, PlaybackFinished):
            finished.set_result(event)

    ledger = Ledger(24_000, notify)
    line = TextLine()
    assert line.played().sample == 0
    await line.open(lambda *_: pytest.fail("it has no microphone"), ledger, 24_000, None)
    ledger.put("r", "i", 0, bytes(2 * 24_000 * 30))
    ledger.seal("r")
    event = await asyncio.wait_for(finished, 5)
    assert event.spans[0].heard_ms == 30_000
    line.flush(0)
    assert line.played().sample == ledger.position
    with pytest.raises(MisuseError):
        await line.open(lambda *_: None, ledger, 24_000, None)
    await line.close(1.0)
    await line.close(1.0)
