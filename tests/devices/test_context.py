"""What a line is told about the place it runs in."""

from __future__ import annotations

import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.cardline import CardLine
from voiceloop.devices.context import LineContext
from voiceloop.errors import DeviceError


def test_warnings_go_to_the_log_unless_someone_takes_them(caplog):
    LineContext().warn("recording_stopped", "the disk is full")
    assert caplog.messages == ["recording_stopped: the disk is full"]


@pytest.mark.parametrize(
    ("told", "opened"),
    [
        ({}, True),
        ({"output": True}, False),
        ({"output": True, "tee": True}, True),
        ({"speaker": False}, False),
        ({"output": True, "tee": True, "speaker": False}, False),
    ],
)
async def test_a_card_opens_its_speaker_only_where_something_is_to_be_heard(tmp_path, told, opened):
    wanted = []

    def make(*, speaker, **_):
        wanted.append(speaker)
        raise DeviceError("there is no card")

    files = {"output": tmp_path / "out.wav"} if told.pop("output", False) else {}
    line = CardLine(LineContext(**files, **told), make)
    with pytest.raises(DeviceError):
        await line.open(lambda pcm, first_sample: None, Ledger(24_000, print), 24_000, None)
    assert set(wanted) == {opened}
