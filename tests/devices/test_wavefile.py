"""A conversation through WAV files: in real time, exact to the sample."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest
import uvloop

from voiceloop.audio.ledger import Ledger
from voiceloop.clips import to_wav
from voiceloop.devices.context import LineContext
from voiceloop.devices.wavefile import FileMicrophone, WavLine, factory
from voiceloop.errors import MisuseError, SettingsError, UsageError
from voiceloop.events import PlaybackFinished, PlaybackStarted

SPEECH = Path(__file__).parent.parent / "fixtures" / "speech"


def noise(samples, seed=1):
    return np.random.default_rng(seed).integers(-8000, 8000, samples).astype(np.int16).tobytes()


def read(path):
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(10**9), np.int16).reshape(-1, 2)
    return frames[:, 0].tobytes(), frames[:, 1].tobytes()


class Room:
    """Ears and reports that keep what they are told; `until(samples)` waits for that much audio."""

    def __init__(self, rate_hz=24_000):
        self.rate_hz = rate_hz
        self.pcm = b""
        self.ended_at = []
        self.lost_details = []
        self.warnings = []
        self.events = []
        self.ledger = Ledger(rate_hz, self.events.append)
        self.waiting = []
        self.when_heard = []
        self.muted = False

    def ears(self, pcm, first_sample):
        assert first_sample == len(self.pcm) // 2
        assert len(pcm) == 2 * self.rate_hz // 50
        self.pcm += pcm
        for call in self.when_heard:
            call(first_sample)
        for samples, done in self.waiting:
            if len(self.pcm) // 2 >= samples and not done.done():
                done.set_result(None)
        return 0 if self.muted else len(pcm) // 2

    def input_ended(self):
        self.ended_at.append(len(self.pcm) // 2)

    def lost(self, detail):
        self.lost_details.append(detail)

    def warn(self, code, detail):
        self.warnings.append((code, detail))

    async def until(self, samples):
        done = asyncio.get_running_loop().create_future()
        self.waiting.append((samples, done))
        await asyncio.wait_for(done, samples / self.rate_hz + 10)

    async def open(self, input_path, output_path):
        line = WavLine(input_path, output_path, self.warn)
        await line.open(self.ears, self.ledger, self.rate_hz, self)
        return line


def test_a_file_microphone_gives_every_sample_in_place_and_then_silence(tmp_path):
    path = tmp_path / "in.wav"
    path.write_bytes(to_wav(noise(24_100), 24_000))
    microphone = FileMicrophone(path, 24_000)
    blocks = [microphone.take(480) for _ in range(50)]
    assert not microphone.ended
    blocks.append(microphone.take(480))
    assert microphone.ended
    assert b"".join(blocks) == noise(24_100).ljust(51 * 960, b"\0")
    assert microphone.take(480) == bytes(960)


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 16_000, 44_100, 48_000])
def test_a_file_at_any_rate_is_neither_shifted_nor_shortened(tmp_path, rate_hz):
    seconds = np.arange(rate_hz) / rate_hz
    path = tmp_path / "in.wav"
    path.write_bytes(to_wav(np.rint(np.sin(2 * np.pi * 500 * seconds) * 10_000).astype(np.int16).tobytes(), rate_hz))
    microphone = FileMicrophone(path, 24_000)
    pieces = []
    while not microphone.ended:
        pieces.append(microphone.take(480))
    got = np.frombuffer(b"".join(pieces), np.int16)[:24_000]
    assert len(pieces) in (50, 51)
    wanted = np.sin(2 * np.pi * 500 * np.arange(24_000) / 24_000) * 10_000
    assert np.abs(got - wanted)[480:-480].max() < 30


@pytest.mark.real
async def test_a_conversation_is_in_real_time_and_recorded_bit_for_bit(tmp_path):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    source.write_bytes(to_wav(noise(12_300), 24_000))
    room = Room()
    loop = asyncio.get_running_loop()
    line = await room.open(source, target)
    begun = loop.time()
    said = noise(9600, seed=2)
    room.when_heard.append(lambda first: room.ledger.put("r", "i", 0, said) if first == 4800 else None)
    room.when_heard.append(lambda first: room.ledger.seal("r") if first == 9600 else None)
    await room.until(24_000)
    took = loop.time() - begun
    await line.close(1.0)
    assert 0.99 <= took < 1.5
    assert room.pcm.startswith(noise(12_300))
    assert room.ended_at == [12_480]
    left, right = read(target)
    assert left == room.pcm
    assert right == bytes(2 * 4800) + said + bytes(len(left) - 2 * 4800 - len(said))
    assert [type(event) for event in room.events] == [PlaybackStarted, PlaybackFinished]
    assert room.events[1].spans[0].heard_ms == 400


@pytest.mark.real
async def test_an_interruption_is_exact(tmp_path):
    target = tmp_path / "out.wav"
    room = Room()
    line = await room.open(None, target)
    spans = []

    def talk(first):
        if first == 4800:
            room.ledger.put("r", "i", 0, noise(48_000, seed=3))
        if first == 14_400:
            room.ledger.ack(line.played().sample)
            spans.extend(room.ledger.flush())
            line.flush(room.ledger.generation)
            room.ledger.put("r", "i", 0, noise(4800))

    room.when_heard.append(talk)
    await room.until(19_200)
    assert line.played().exact
    assert line.played().sample == len(room.pcm) // 2
    assert line.played().generation == 1
    await line.close(1.0)
    _, right = read(target)
    assert spans[0].heard_ms == 400
    assert right[2 * 4800 : 2 * 14_400] == noise(48_000, seed=3)[: 2 * 9600]
    assert not right[2 * 14_400 :].strip(b"\0")


@pytest.mark.real
async def test_without_an_output_playing_still_counts():
    room = Room()
    line = await room.open(SPEECH / "time_question.wav", None)
    room.ledger.put("r", "i", 0, noise(2400))
    room.ledger.seal("r")
    await room.until(9600)
    await line.close(1.0)
    await line.close(1.0)
    assert room.events[-1].spans[0].heard_ms == 100


@pytest.mark.real
async def test_at_8_khz_the_recording_is_still_24_khz_and_as_long(tmp_path):
    target = tmp_path / "out.wav"
    room = Room(rate_hz=8000)
    line = await room.open(SPEECH / "hello.wav", target)
    await room.until(4000)
    await line.close(1.0)
    left, _ = read(target)
    assert len(left) == 3 * len(room.pcm)


@pytest.mark.real
async def test_after_closing_nothing_is_heard(tmp_path):
    room = Room()
    line = await room.open(None, tmp_path / "out.wav")
    await room.until(960)
    await line.close(1.0)
    heard = len(room.pcm)
    other = Room()
    other_line = await other.open(None, None)
    await other.until(2400)
    await other_line.close(1.0)
    assert len(room.pcm) == heard


async def test_bad_files_are_usage_errors_and_leave_nothing_open(tmp_path):
    (tmp_path / "text.wav").write_text("hello, this is no audio")
    room = Room()
    with pytest.raises(UsageError, match="not a WAV file"):
        await room.open(tmp_path / "text.wav", tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()
    with pytest.raises(UsageError, match="cannot be written"):
        await room.open(SPEECH / "hello.wav", tmp_path / "no" / "out.wav")


async def test_recording_over_the_input_is_refused(tmp_path):
    path = tmp_path / "in.wav"
    path.write_bytes(to_wav(noise(480), 24_000))
    (tmp_path / "link.wav").symlink_to(path)
    with pytest.raises(UsageError, match="both input and output"):
        await Room().open(path, tmp_path / "link.wav")
    assert path.read_bytes() == to_wav(noise(480), 24_000)


async def test_a_line_opens_once():
    room = Room()
    line = await room.open(None, None)
    with pytest.raises(MisuseError):
        await line.open(room.ears, room.ledger, 24_000, room)
    await line.close(1.0)


@pytest.mark.real
async def test_an_input_that_cannot_be_read_on_ends_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "in.wav"
    path.write_bytes(to_wav(noise(24_000), 24_000))
    room = Room()
    line = await room.open(path, None)

    def broken(samples):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(line._microphone, "take", broken)
    await room.until(960)
    await line.close(1.0)
    assert room.warnings == [("input_stopped", f"{path} cannot be read on: Input/output error")]
    assert room.ended_at == [480]


@pytest.mark.real
def test_runs_on_uvloop_too():
    async def talk():
        room = Room()
        line = await room.open(SPEECH / "hello.wav", None)
        await room.until(4800)
        await line.close(1.0)
        return room

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert len(runner.run(talk()).pcm) >= 9600


def test_the_entry_point_takes_paths_and_no_settings(tmp_path):
    assert isinstance(factory({}, LineContext(SPEECH / "hello.wav", tmp_path / "out.wav")), WavLine)
    with pytest.raises(SettingsError, match="volume"):
        factory({"volume": 3}, LineContext())


async def test_the_recording_is_silent_while_the_microphone_is_muted(tmp_path):
    path, room = tmp_path / "in.wav", Room()
    path.write_bytes(to_wav(noise(24_000), 24_000))
    room.when_heard = [lambda first_sample: setattr(room, "muted", 4800 <= first_sample < 9600)]
    line = await room.open(path, tmp_path / "out.wav")
    await room.until(14_400)
    await line.close(1.0)
    left, _ = read(tmp_path / "out.wav")
    assert left[: 2 * 4800] == noise(24_000)[: 2 * 4800]
    assert not any(left[2 * 4800 : 2 * 9600])
    assert left[2 * 9600 : 2 * 14_400] == noise(24_000)[2 * 9600 : 2 * 14_400]
