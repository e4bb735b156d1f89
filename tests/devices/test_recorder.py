"""What a recording holds, also when the process is killed or the disk is full."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import wave
from array import array
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.devices.duplex import Microphone
from voiceloop.devices.recorder import Recorder, interleaved
from voiceloop.errors import UsageError


def read(path):
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 24_000)
        frames = np.frombuffer(file.readframes(10**9), np.int16).reshape(-1, 2)
    return frames[:, 0], frames[:, 1]


def noise(samples, seed=1):
    return np.random.default_rng(seed).integers(-8000, 8000, samples).astype(np.int16)


def never(code, detail):
    pytest.fail(f"{code}: {detail}")


def record(path, rate_hz, left, right, block):
    recorder = Recorder(path, rate_hz, never)
    for start in range(0, len(left), block):
        recorder.write(left[start : start + block].tobytes(), right[start : start + block].tobytes(), block)
    recorder.close()
    recorder.close()
    return read(path)


def test_at_24_khz_both_sides_are_kept_bit_for_bit(tmp_path):
    left, right = noise(24_000), noise(24_000, seed=2)
    got_left, got_right = record(tmp_path / "out.wav", 24_000, left, right, 480)
    assert (got_left == left).all()
    assert (got_right == right).all()


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 48_000])
def test_other_rates_are_resampled_in_place(tmp_path, rate_hz):
    time_s = np.arange(2 * rate_hz) / rate_hz
    burst = np.where((time_s > 0.5) & (time_s < 0.75), np.sin(2 * np.pi * 600 * time_s), 0)
    left = np.rint(burst * 16_000).astype(np.int16)
    got_left, got_right = record(tmp_path / "out.wav", rate_hz, left, -left, rate_hz // 50)
    assert len(got_left) == 48_000
    wanted_s = np.arange(48_000) / 24_000
    wanted = np.where((wanted_s > 0.5) & (wanted_s < 0.75), np.sin(2 * np.pi * 600 * wanted_s), 0) * 16_000
    lag = np.argmax(np.correlate(got_left.astype(float), wanted, "full")) - (len(wanted) - 1)
    assert lag == 0
    assert np.abs(got_left.astype(int) + got_right).max() <= 1


@pytest.mark.parametrize("rate_hz", [8000, 24_000, 48_000])
def test_an_interruption_is_exact_zeros_from_the_last_heard_sample(tmp_path, rate_hz):
    block = rate_hz // 50
    loud = np.full(100 * block, 20_000, np.int16)
    loud[::2] = -20_000 if rate_hz == 24_000 else 15_000
    loud[60 * block :] = 0
    loud[80 * block :] = 9000
    _, agent = record(tmp_path / "out.wav", rate_hz, np.zeros_like(loud), loud, block)
    assert not agent[60 * 480 : 80 * 480].any()
    assert agent[60 * 480 - 1]
    assert agent[80 * 480]


def test_the_file_is_private_even_if_it_was_not(tmp_path):
    path = tmp_path / "out.wav"
    path.write_bytes(b"old")
    path.chmod(0o644)
    recorder = Recorder(path, 24_000, never)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    recorder.close()
    assert len(read(path)[0]) == 0


def test_a_device_keeps_its_mode():
    before = Path("/dev/null").stat().st_mode
    recorder = Recorder(Path("/dev/null"), 24_000, never)
    recorder.write(bytes(960), bytes(960), 480)
    recorder.close()
    assert Path("/dev/null").stat().st_mode == before


@pytest.mark.parametrize("name", ["", "missing/out.wav"])
def test_a_path_that_cannot_be_written_is_a_usage_error(tmp_path, name):
    with pytest.raises(UsageError, match="cannot be written"):
        Recorder(tmp_path / name, 24_000, never)


def test_a_pipe_is_a_usage_error(tmp_path):
    reading, writing = os.pipe()
    with pytest.raises(UsageError, match="not a file"):
        Recorder(Path(f"/dev/fd/{writing}"), 24_000, never)
    os.close(reading)
    os.close(writing)


def test_a_full_disk_ends_the_recording_once_and_not_the_conversation():
    warnings = []
    recorder = Recorder(Path("/dev/full"), 24_000, lambda code, detail: warnings.append((code, detail)))
    for _ in range(200):
        recorder.write(bytes(960), bytes(960), 480)
    recorder.close()
    assert len(warnings) == 1
    assert warnings[0][0] == "recording_stopped"
    assert "No space left" in warnings[0][1]
    assert not recorder.recording


def test_a_disk_that_fills_up_later_leaves_what_was_written_readable(tmp_path):
    warnings = []
    path = tmp_path / "out.wav"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        recorder = Recorder(path, 24_000, lambda code, detail: warnings.append(code))
        for _ in range(300):
            recorder.write(noise(480).tobytes(), noise(480).tobytes(), 480)
        recorder.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert warnings == ["recording_stopped"]
    assert len(read(path)[0]) >= 48_000


def test_what_nobody_hears_is_silence_and_the_agent_beside_it_stays(tmp_path):
    left, right = noise(72_000), noise(72_000, seed=2)
    recorder = Recorder(tmp_path / "out.wav", 24_000, never)
    for start in range(0, 72_000, 480):
        heard = 0 if start < 48_000 else 480
        recorder.write(left[start : start + 480].tobytes(), right[start : start + 480].tobytes(), heard)
    recorder.close()
    got_left, got_right = read(tmp_path / "out.wav")
    assert not got_left[:48_000].any()
    assert (got_left[48_000:] == left[48_000:]).all()
    assert (got_right == right).all()


def test_of_a_muted_sound_card_nothing_is_recorded(tmp_path):
    recorder = Recorder(tmp_path / "out.wav", 24_000, never)
    microphone = Microphone(lambda pcm, first: 0 if 1920 <= first < 3840 else 480, 24_000, 24_000)
    microphone.record(recorder, 0)
    for _ in range(20):
        microphone.block(noise(240).tobytes(), None)
    recorder.close()
    left, _ = read(tmp_path / "out.wav")
    assert [bool(left[at : at + 480].any()) for at in range(0, 4800, 480)] == [True] * 4 + [False] * 4 + [True] * 2


@pytest.mark.real
def test_a_killed_process_leaves_a_readable_file_that_lost_at_most_a_second(tmp_path):
    path = tmp_path / "out.wav"
    program = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from voiceloop.devices.recorder import Recorder\n"
        f"recorder = Recorder(Path({str(path)!r}), 24000, print)\n"
        "for n in range(170):\n    recorder.write(bytes([1, 1]) * 480, bytes([2, 2]) * 480, 480)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == -9
    left, right = read(path)
    assert 3.4 - len(left) / 24_000 <= 1.0
    assert set(left) == {0x0101}
    assert set(right) == {0x0202}


SAMPLES = st.lists(st.integers(-32768, 32767), max_size=50)


@given(SAMPLES, SAMPLES)
def test_interleaving_fills_the_shorter_side_with_silence(left, right):
    stereo = array("h", interleaved(array("h", left).tobytes(), array("h", right).tobytes())).tolist()
    frames = max(len(left), len(right))
    assert stereo[0::2] == left + [0] * (frames - len(left))
    assert stereo[1::2] == right + [0] * (frames - len(right))
