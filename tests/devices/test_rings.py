"""The rings between a sound card's callback and the loop."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from voiceloop.devices.rings import SILENT, CaptureRing, RenderLog, SpeakerRing


def block(number):
    return bytes([number % 251 + 1]) * 4


class Speaker:
    def __init__(self):
        self.ring = SpeakerRing(4)
        self.out = bytearray(4)

    def render(self):
        number = self.ring.render(memoryview(self.out))
        return number, bytes(self.out)


def test_blocks_are_played_in_order_and_silence_after_them():
    speaker = Speaker()
    for number in range(3):
        speaker.ring.put(block(number))
    assert [speaker.render() for _ in range(4)] == [(n, block(n)) for n in range(3)] + [(SILENT, bytes(4))]
    assert speaker.ring.dry == 1


def test_mono_goes_left_and_right_and_nowhere_else():
    ring, out = SpeakerRing(4, channels=4), bytearray(16)
    ring.put(b"\1\2\3\4")
    assert ring.render(memoryview(out)) == 0
    assert out == b"\1\2\1\2\0\0\0\0" + b"\3\4\3\4\0\0\0\0"
    assert ring.render(memoryview(out)) == SILENT
    assert out == bytes(16)


def test_a_waiting_block_can_be_read_and_changed_in_every_channel():
    for channels in (1, 2):
        ring, out = SpeakerRing(4, channels), bytearray(4 * channels)
        ring.put(b"\1\2\3\4")
        assert ring.read(0) == b"\1\2\3\4"
        ring.rewrite(0, b"\5\6\7\7")
        assert ring.last == SILENT
        assert ring.render(memoryview(out)) == ring.last == 0
        assert ring.read(0) == b"\5\6\7\7"
        assert out == (b"\5\6" * channels + b"\7\7" * channels)


def test_silence_before_the_first_block_is_no_trouble():
    speaker = Speaker()
    assert speaker.render() == (SILENT, bytes(4))
    assert speaker.ring.dry == 0


def test_blocks_of_an_old_generation_are_never_played():
    speaker = Speaker()
    speaker.ring.put(block(0))
    speaker.ring.put(block(1))
    speaker.ring.generation = 1
    speaker.ring.put(block(2))
    assert speaker.render() == (2, block(2))
    assert speaker.ring.waiting == 0


def test_a_flush_leaves_silence_and_counts_as_no_trouble():
    speaker = Speaker()
    speaker.ring.put(block(0))
    speaker.ring.generation = 1
    assert speaker.render() == (SILENT, bytes(4))
    assert speaker.ring.dry == 0


@given(st.lists(st.sampled_from(["put", "render", "flush"]), max_size=60))
def test_every_block_of_the_right_generation_is_played_once(steps):
    speaker = Speaker()
    expected = []
    put = 0
    for step in steps:
        if step == "put" and speaker.ring.waiting < speaker.ring.SLOTS:
            speaker.ring.put(block(put))
            expected.append(put)
            put += 1
        elif step == "flush":
            speaker.ring.generation += 1
            expected.clear()
        elif step == "render":
            wanted = expected.pop(0) if expected else SILENT
            assert speaker.render() == (wanted, bytes(4) if wanted == SILENT else block(wanted))
        assert 0 <= speaker.ring.waiting <= speaker.ring.SLOTS


def test_captured_blocks_come_in_order_with_their_times():
    ring = CaptureRing(4, capacity=8)
    for number in range(5):
        ring.put(memoryview(block(number)), number / 100)
    assert list(ring.read()) == [(block(n), n / 100) for n in range(5)]
    assert list(ring.read()) == []


def test_overwritten_blocks_are_reported_one_by_one():
    ring = CaptureRing(4, capacity=8)
    for number in range(20):
        ring.put(memoryview(block(number)), 0.0)
    got = list(ring.read())
    assert len(got) == 20
    assert got[:13] == [None] * 13, "the oldest slot may be half overwritten, so it counts as lost as well"
    assert [each.pcm for each in got[13:]] == [block(n) for n in range(13, 20)]


def test_what_came_before_the_start_is_forgotten():
    ring = CaptureRing(4, capacity=8)
    ring.put(memoryview(block(0)), 0.0)
    ring.forget()
    assert list(ring.read()) == []
    log = RenderLog(8)
    log.put(0, 0.0)
    log.forget()
    assert list(log.read()) == []
    assert log.written == 1


def test_the_log_of_the_speaker_drops_its_oldest_entries():
    log = RenderLog(3)
    for number in range(5):
        log.put(number, number / 100)
    assert list(log.read()) == [(2, 0.02, 0.0), (3, 0.03, 0.0), (4, 0.04, 0.0)]
    assert list(log.read()) == []


def test_a_fast_writer_on_another_thread_never_makes_a_torn_block():
    ring = CaptureRing(4096, capacity=4)
    blocks = 20_000

    def write():
        for number in range(blocks):
            ring.put(memoryview(bytes([number % 256]) * 4096), float(number))

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while seen < blocks:
        for captured in ring.read():
            if captured is not None:
                assert captured.pcm == bytes([seen % 256]) * 4096
                assert captured.at_s == seen
            seen += 1
    writer.join()
