from __future__ import annotations

from voiceloop.testing.gateway_hearing import Hearing
from voiceloop.testing.numbers import numbered
from voiceloop.testing.script import Utterance

MS = 24


def feed(hearing, duration_ms, *, sound=False, silence_ms=500):
    pcm = numbered(0, duration_ms * MS) if sound else bytes(duration_ms * MS * 2)
    return [(heard.what, heard.clock_ms) for heard in hearing.append(pcm, silence_ms)]


def test_utterances_are_heard_in_order_of_time():
    hearing = Hearing(listens=False)
    hearing.expect(Utterance(2000, 2100))
    hearing.expect(Utterance(100, 200))
    assert hearing.unheard == 2
    assert feed(hearing, 100) == [("started", 100)]
    assert feed(hearing, 700) == [("stopped", 700)]
    assert hearing.unheard == 1


def test_one_big_append_holds_a_whole_utterance():
    hearing = Hearing(listens=False)
    hearing.expect(Utterance(100, 200))
    assert feed(hearing, 3000) == [("started", 100), ("stopped", 700)]


def test_without_turn_detection_nothing_is_heard_until_taken():
    hearing = Hearing(listens=False)
    hearing.expect(Utterance(0, 100, "by hand"))
    assert feed(hearing, 500, silence_ms=None) == []
    assert hearing.take_speech().text == "by hand"
    assert hearing.take_speech() == Utterance(0, 500)


def test_listening_finds_onset_and_end_to_the_millisecond():
    hearing = Hearing(listens=True)
    feed(hearing, 40)
    pcm = bytes(10 * MS * 2) + numbered(0, 5 * MS) + bytes(5 * MS * 2)
    assert [(heard.what, heard.clock_ms) for heard in hearing.append(pcm, 500)] == [("started", 50)]
    assert feed(hearing, 480) == []
    assert feed(hearing, 20) == [("stopped", 555)]


def test_a_pause_shorter_than_the_silence_does_not_end_speech():
    hearing = Hearing(listens=True)
    heard = feed(hearing, 100, sound=True) + feed(hearing, 400) + feed(hearing, 100, sound=True) + feed(hearing, 480)
    assert heard == [("started", 0)]
    assert feed(hearing, 20) == [("stopped", 1100)]


def test_the_buffer_is_counted_from_the_last_commit():
    hearing = Hearing(listens=False)
    feed(hearing, 200)
    assert (hearing.clock_ms, hearing.buffered_ms) == (200, 200)
    hearing.empty_buffer()
    feed(hearing, 50)
    assert (hearing.clock_ms, hearing.buffered_ms) == (250, 50)


def test_one_append_may_hold_several_turns():
    hearing = Hearing(listens=True)
    word, silence = numbered(0, 100 * MS), bytes(600 * MS * 2)
    found = [(heard.what, heard.clock_ms) for heard in hearing.append(word + silence + word + silence, 500)]
    assert found == [("started", 0), ("stopped", 600), ("started", 700), ("stopped", 1300)]


def test_a_gateway_for_long_sessions_forgets_old_audio_and_counts_on():
    hearing = Hearing(listens=True, keeps_s=1.0)
    for _ in range(100):
        feed(hearing, 100)
    feed(hearing, 300, sound=True)
    assert (hearing.clock_ms, hearing.buffered_ms) == (10_300, 10_300)
    assert len(hearing.pcm) + hearing.dropped == hearing.written
    assert 1000 <= len(hearing.pcm) // hearing.bytes_per_ms <= 2000
    assert hearing.buffered.endswith(numbered(0, 300 * MS))
    assert feed(hearing, 600) == [("stopped", 10_800)]
