"""What lies between a card's rings and the session, without a card."""

from __future__ import annotations

import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.fakespeaker import RATES, Speaker, tone
from voiceloop.devices.duplex import BlockTimes, Microphone, Playback, Sent
from voiceloop.devices.echopath import EchoPath
from voiceloop.devices.recorder import Recorder
from voiceloop.devices.rings import SILENT, Rendered


@pytest.mark.parametrize("rate_hz", RATES)
def test_what_the_card_gets_is_what_the_ledger_gave(rate_hz):
    speaker = Speaker(rate_hz)
    speaker.ledger.put("r", "i", 0, tone(rate_hz, 0.5).tobytes())
    speaker.feed.top_up()
    card, said, ends = b"", b"", []
    for _ in range(80):
        pcm, sent = speaker.callback()
        card += pcm
        said += sent.pcm
        ends.append(sent.end)
    assert said == tone(rate_hz, 0.5).tobytes().ljust(80 * rate_hz // 50, b"\0")
    assert ends == [rate_hz // 100 * n for n in range(1, 81)]
    wanted = tone(48_000, 0.5)
    got = np.frombuffer(card, np.int16)[: len(wanted)]
    assert np.abs(got.astype(int) - wanted)[480:-480].max() < 40, "not shifted by a sample"


def test_only_two_blocks_and_the_filter_are_ahead_of_the_card():
    speaker = Speaker()
    for _ in range(20):
        speaker.feed.top_up()
        speaker.callback()
    assert speaker.ring.waiting == 2
    assert speaker.ledger.position == 22 * 240 + 24


def test_a_late_loop_makes_the_ring_one_block_deeper():
    speaker = Speaker()
    speaker.feed.top_up()
    for _ in range(4):
        speaker.ring.render(memoryview(speaker.out))
    speaker.feed.top_up()
    assert speaker.ring.waiting == 3


def test_after_a_flush_old_audio_is_silence_and_new_audio_is_whole():
    speaker = Speaker()
    speaker.speaks(tone(24_000, 1.0), blocks=10)
    speaker.ledger.flush()
    speaker.feed.flush(speaker.ledger.generation)
    speaker.feed.top_up()
    before = speaker.ledger.position
    new = tone(24_000, 0.2, hz=700)
    speaker.ledger.put("new", "i", 0, new.tobytes())
    said, ends = b"", []
    for _ in range(40):
        pcm, sent = speaker.callback()
        if sent is None:
            assert not pcm.strip(b"\0")
            continue
        said += sent.pcm
        ends.append(sent.end)
    assert new.tobytes() in said
    assert not said.replace(new.tobytes(), b"").strip(b"\0")
    assert ends == sorted(ends)
    assert ends[0] > before - 4 * 240


def test_positions_match_what_the_ledger_counts_across_flushes():
    speaker = Speaker()
    speaker.ledger.put("a", "i", 0, tone(24_000, 0.1).tobytes())
    speaker.feed.top_up()
    for _ in range(3):
        speaker.callback()
    speaker.ledger.flush()
    speaker.feed.flush(1)
    speaker.ledger.put("b", "i", 0, tone(24_000, 0.1).tobytes())
    started = speaker.ledger.position
    sent = None
    while sent is None or not sent.pcm.strip(b"\0"):
        _, sent = speaker.callback()
    assert sent.end - 240 == started, "the first block of b begins where the ledger pulled its first sample"
    speaker.ledger.ack(sent.end)
    assert speaker.ledger.heard("b")[0].heard_ms == 10


class Feed:
    """Gives block n the positions 240 n to 240 (n + 1) and samples of value n + 1."""

    def take(self, number):
        pcm = np.full(240, number + 1, np.int16).tobytes()
        return Sent(number, pcm, 240 * (number + 1), pcm)


def make_playback(latency_s=0.0):
    return Playback(Feed(), 24_000, latency_s)


def test_played_is_what_was_taken_less_the_latency():
    playback = make_playback(latency_s=0.03)
    for number in range(10):
        playback.rendered(Rendered(number, 1.0 + number / 100))
    assert playback.heard(1.09) == pytest.approx(240 * 6, abs=1)
    assert playback.heard(1.0950) == pytest.approx(240 * 6.5, abs=1)
    assert playback.heard(1.0) == pytest.approx(240 * 6.5, abs=1), "it never steps back"
    assert playback.heard(9.0) == 2400


@pytest.mark.parametrize("burst", [1, 3])
def test_the_streams_own_clock_says_when_a_block_sounds_also_when_callbacks_are_late(burst):
    playback = make_playback(latency_s=0.02)
    for number in range(400):
        due_s = 1.0 + number / 100
        at_s = 1.0 + (number // burst * burst + burst - 1) / 100
        playback.rendered(Rendered(number, at_s, 0.05 - (at_s - due_s)))
    assert playback.heard(1.0 + 3.95) == pytest.approx(240 * 390, abs=24), "50 ms later, not 20"


@pytest.mark.parametrize("delay_s", [0.0, -3.0, 1e5])
def test_a_stream_without_a_clock_of_its_own_leaves_the_reported_latency(delay_s):
    playback = make_playback(latency_s=0.02)
    for number in range(400):
        playback.rendered(Rendered(number, 1.0 + number / 100, delay_s))
    assert playback.heard(1.0 + 3.95) == pytest.approx(240 * 393, abs=24)


def test_callbacks_in_bursts_do_not_shake_the_listeners_place():
    playback = make_playback(latency_s=0.02)
    for number in range(100):
        playback.rendered(Rendered(number, 1.0 + number // 4 * 0.04 + 0.03))
        now = 1.0 + number // 4 * 0.04 + 0.03
        if number % 4 == 3 and number > 3:
            assert playback.heard(now) == pytest.approx(240 * (number - 2), abs=1), "the last of four is on time"


def test_silence_moves_no_position():
    playback = make_playback()
    assert playback.heard(5.0) == 0
    assert np.frombuffer(playback.rendered(Rendered(0, 1.0)), np.int16).tolist() == [1] * 240
    assert not playback.rendered(Rendered(SILENT, 1.01)).strip(b"\0")
    assert playback.heard(1.015) == 240
    assert playback.heard(9.0) == 240


@given(
    st.floats(0.0, 0.2),
    st.lists(st.tuples(st.booleans(), st.floats(0.0, 0.05), st.floats(0.0, 0.3)), min_size=1, max_size=150),
)
def test_played_never_passes_what_was_taken_nor_steps_back(latency_s, steps):
    playback = make_playback(latency_s)
    now, taken, last = 100.0, 0, 0
    for speaks, step_s, ask_after_s in steps:
        now += step_s
        playback.rendered(Rendered(taken if speaks else SILENT, now))
        taken += speaks
        heard = playback.heard(now + ask_after_s)
        assert last <= heard <= 240 * taken
        last = heard


def test_blocks_on_time_or_in_bursts_are_not_missing():
    times = BlockTimes()
    for number in range(1000):
        assert times.block(5.0 + (number // 4) * 0.04 + (0.3 if number % 97 == 0 else 0.0)) == 0
    assert times.missing_blocks == 0
    assert times.blocks == 1000
    assert times.start_s == pytest.approx(4.97)


def test_a_hole_is_found_within_a_second_and_counted_once():
    times = BlockTimes()
    found = [times.block(number / 100 + (0.25 if number >= 130 else 0.0)) for number in range(400)]
    assert sum(found) == times.missing_blocks == 25
    assert times.blocks == 425
    assert next(n for n, missing in enumerate(found) if missing) <= 200
    assert times.start_s == pytest.approx(0.0)


def test_a_hole_that_the_speaker_admits_is_filled_at_once_but_for_its_prefill():
    times = BlockTimes(prefill_blocks=3)
    for number in range(100):
        times.block(number / 100)
    times.alarm()
    # 200 ms are gone; then the card asks for three blocks at once and goes on in time.
    late_s = [0.23, 0.22, 0.21] + [0.2] * 97
    found = [times.block(number / 100 + late) for number, late in zip(range(100, 200), late_s, strict=True)]
    assert found[0] == 20
    assert sum(found) == 20


def test_a_hole_that_the_microphone_admits_is_found_within_a_tenth_of_a_second():
    times = BlockTimes()
    for number in range(100):
        times.block(number / 100)
    times.alarm()
    found = [times.block(number / 100 + 0.15) for number in range(100, 200)]
    assert found[9] == 15
    assert sum(found) == 15


def test_a_backlog_is_not_missing_however_long_it_is():
    times = BlockTimes()
    for number in range(100):
        times.block(number / 100)
    times.alarm()
    assert sum(times.block(3.0) for _ in range(200)) == 0
    assert sum(times.block(number / 100) for number in range(300, 500)) == 0


def test_an_alarm_without_a_hole_changes_nothing():
    times = BlockTimes()
    for number in range(60):
        times.block(number / 100)
    times.alarm()
    assert sum(times.block(number / 100 + (0.02 if number == 63 else 0)) for number in range(60, 200)) == 0


def test_lost_blocks_take_their_time():
    times = BlockTimes()
    for number in range(100):
        times.block(number / 100)
    for _ in range(30):
        times.lost()
    assert all(times.block(number / 100) == 0 for number in range(130, 300))


@pytest.mark.parametrize("ppm", [-200, 200])
def test_drift_between_two_clocks_is_no_gap(ppm):
    times = BlockTimes()
    assert sum(times.block(number * 0.01 * (1 + ppm / 1e6)) for number in range(60_000)) == 0


def values(pcm):
    return np.frombuffer(pcm, np.int16)[0]


def test_each_captured_block_meets_what_was_played_then_and_each_played_block_once():
    playback, times = make_playback(), BlockTimes()
    path = EchoPath(playback, times, round_trip_s=0.03)
    assert not path.far(0).strip(b"\0"), "nothing was played yet"
    met = []
    for number in range(500):
        playback.rendered(Rendered(number, 1.0 + number / 100 + (number % 3) * 0.003))
        times.block(1.0 + number / 100 + 0.004)
        met.append(values(path.far(times.blocks - 1)))
    assert met[0] == 0
    assert met[1:] == list(range(1, 500)), "one block behind, without a step"
    assert path.echo_after_s == pytest.approx(0.02)


def test_a_microphone_that_started_later_still_meets_the_right_block():
    playback, times = make_playback(), BlockTimes()
    path = EchoPath(playback, times, round_trip_s=0.06)
    for number in range(300):
        playback.rendered(Rendered(number, 1.0 + number / 100))
        if number >= 37:
            times.block(1.0 + number / 100 + 0.001)
            assert values(path.far(times.blocks - 1)) == number - 1, "two behind where the card delays more"


def test_a_captured_backlog_meets_what_was_played_when_it_was_captured():
    playback, times = make_playback(), BlockTimes()
    path = EchoPath(playback, times, round_trip_s=0.03)
    for number in range(200):
        playback.rendered(Rendered(number, 1.0 + number / 100))
        if number < 100:
            times.block(1.0 + number / 100)
            path.far(times.blocks - 1)
    for number in range(100, 200):
        times.block(3.0)
        assert values(path.far(times.blocks - 1)) == number, "one behind: block n has the value n + 1"


def test_streams_that_drift_apart_are_kept_together():
    playback, times = make_playback(), BlockTimes()
    path = EchoPath(playback, times, round_trip_s=0.03)
    steps, last = 0, None
    for number in range(30_000):
        playback.rendered(Rendered(number % 30_000, 1.0 + number / 100 * 1.0001))
        times.block(1.0 + number / 100)
        shift = path._shift
        far = path.far(times.blocks - 1)
        steps += last is not None and path._shift != shift
        last = values(far)
    assert 1 <= steps <= 4, "300 s at 100 ppm are three blocks"


class Ears:
    def __init__(self):
        self.pcm = b""
        self.sizes = set()

    def __call__(self, pcm, first_sample):
        assert first_sample == len(self.pcm) // 2
        self.sizes.add(len(pcm))
        self.pcm += pcm
        return len(pcm) // 2


@pytest.mark.parametrize("rate_hz", RATES)
def test_ears_get_20_ms_frames_as_soon_as_their_last_block_is_there(rate_hz):
    ears = Ears()
    microphone = Microphone(ears, rate_hz, 48_000)
    captured = tone(48_000, 1.0)
    for start in range(0, 48_000, 480):
        microphone.block(captured[start : start + 480].tobytes(), None)
        assert len(ears.pcm) == (start // 480 + 1) // 2 * (rate_hz // 25)
    assert ears.sizes == {rate_hz // 25}
    assert microphone.last == ears.pcm[-rate_hz // 25 :]
    got = np.frombuffer(ears.pcm, np.int16).astype(float)
    lag = np.argmax(np.correlate(got[rate_hz // 4 :], tone(rate_hz, 0.5).astype(float), "valid")[: rate_hz // 500])
    assert lag <= rate_hz // 250, "at most the filter's delay, 4 ms"


def test_lost_blocks_are_silence_in_their_place():
    ears = Ears()
    microphone = Microphone(ears, 24_000, 48_000)
    for number in range(20):
        microphone.block(None if 8 <= number < 12 else bytes([0, 16]) * 480, None)
    got = np.frombuffer(ears.pcm, np.int16)
    assert len(got) == 20 * 240
    assert abs(got[9 * 240 : 11 * 240]).max() < 10
    assert abs(got[13 * 240 :] - 4096).max() < 10


class Subtract:
    """A canceller that takes the far end off as it is: shows that both stand at the same sample."""

    def process(self, near, far):
        return (np.frombuffer(near, np.int16) - np.frombuffer(far, np.int16)).tobytes()


def test_the_canceller_gets_both_sides_in_step():
    ears = Ears()
    microphone = Microphone(ears, 48_000, 48_000)
    microphone.canceller = Subtract()
    voice = tone(48_000, 0.2)
    for start in range(0, 9600, 480):
        block = voice[start : start + 480].tobytes()
        microphone.block(block, block)
    assert ears.pcm == bytes(2 * 9600)


def read(path):
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(10**9), np.int16).reshape(-1, 2)
    return frames[:, 0], frames[:, 1]


def test_the_recording_holds_the_microphone_as_captured_and_the_agent_beside_its_echo(tmp_path):
    recorder = Recorder(tmp_path / "out.wav", 24_000, lambda *_: None)
    microphone = Microphone(Ears(), 24_000, 24_000)
    microphone.canceller = Subtract()
    microphone.record(recorder, round_trip_samples=960)
    voice = tone(24_000, 0.2)
    near = np.concatenate((np.zeros(960, np.int16), voice))
    far = np.concatenate((voice, np.zeros(960, np.int16)))
    for start in range(0, len(near), 240):
        microphone.block(near[start : start + 240].tobytes(), far[start : start + 240].tobytes())
    recorder.close()
    left, right = read(tmp_path / "out.wav")
    assert len(left) == len(near) // 480 * 480
    assert (left == near[: len(left)]).all()
    assert (right == left).all()


def test_without_a_speaker_the_agent_goes_to_paper_frame_by_frame(tmp_path):
    recorder = Recorder(tmp_path / "out.wav", 24_000, lambda *_: None)
    order = []
    microphone = Microphone(lambda *_: order.append("ears") or 480, 24_000, 24_000)
    microphone.record(recorder, 0)

    def paper(samples):
        order.append("paper")
        return b"\x07\x00" * samples

    microphone.paper = paper
    for _ in range(4):
        microphone.block(bytes(480), None)
    recorder.close()
    _, right = read(tmp_path / "out.wav")
    assert order == ["ears", "paper"] * 2, "an interruption that the ears decide on is not played any more"
    assert set(right) == {7}
