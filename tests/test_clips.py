"""Recordings of every kind to PCM and back."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop import clips
from voiceloop.audio import g711
from voiceloop.clips import Clip, WavReader, compress, decode, open_wav, read_wav, to_wav, wav_header
from voiceloop.errors import UsageError

SPEECH = Path(__file__).parent / "fixtures" / "speech"

FFMPEG = shutil.which("ffmpeg")
if FFMPEG is None and os.environ.get("CI") == "true":
    raise RuntimeError("ffmpeg is missing; install it: apt-get install ffmpeg")
needs_ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="ffmpeg IS MISSING: compressed audio is not tested here")


def tone(rate_hz=16_000, seconds=0.5, hz=440.0, level=0.5):
    return level * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)


def to_pcm(samples):
    return np.rint(samples * 32767).astype(np.int16).tobytes()


def wav(body, *, tag=1, channels=1, rate_hz=16_000, bits=16, size=None, before=b"", extensible=False):
    """A WAV file put together by hand."""
    frame = channels * bits // 8
    fields = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate_hz, rate_hz * frame, frame, bits)
    if extensible:
        fields += struct.pack("<HHIH", 22, bits, 0, tag) + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
    chunks = b"WAVEfmt " + struct.pack("<I", len(fields)) + fields + before
    chunks += b"data" + struct.pack("<I", len(body) if size is None else size) + body
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def read(data):
    reader = WavReader(io.BytesIO(data), "test")
    pieces = []
    while piece := reader.read(100):
        pieces.append(piece)
    assert sum(map(len, pieces)) == 2 * reader.frames
    return np.frombuffer(b"".join(pieces), np.int16)


@given(
    st.binary(max_size=400).map(lambda b: b[: len(b) // 2 * 2]).filter(bool), st.sampled_from([8000, 24_000, 44_100])
)
def test_what_is_written_reads_back(pcm, rate_hz):
    reader = WavReader(io.BytesIO(to_wav(pcm, rate_hz)), "test")
    assert (reader.rate_hz, reader.frames) == (rate_hz, len(pcm) // 2)
    assert reader.read(1000) == pcm
    assert reader.read(1000) == b""


def test_the_standard_library_reads_what_is_written():
    with wave.open(io.BytesIO(to_wav(to_pcm(tone()), 16_000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        assert file.readframes(10**6) == to_pcm(tone())


def test_a_header_never_overflows():
    assert len(wav_header(24_000, 2, 10**12)) == 44


BODIES = {
    "unsigned 8-bit": (wav((np.rint(tone() * 127) + 128).astype(np.uint8).tobytes(), bits=8), 300),
    "16-bit": (wav(to_pcm(tone())), 1),
    "24-bit": (
        wav(b"".join(int(v).to_bytes(3, "little", signed=True) for v in np.rint(tone() * 8388607)), bits=24),
        2,
    ),
    "32-bit": (wav(np.rint(tone() * 2147483647).astype("<i4").tobytes(), bits=32), 2),
    "float": (wav(tone().astype("<f4").tobytes(), tag=3, bits=32), 2),
    "double": (wav(tone().astype("<f8").tobytes(), tag=3, bits=64), 2),
    "extensible 16-bit": (wav(to_pcm(tone()), extensible=True), 1),
    "extensible float": (wav(tone().astype("<f4").tobytes(), tag=3, bits=32, extensible=True), 2),
    "mu-law": (wav(g711.encode_ulaw(to_pcm(tone())), tag=7, bits=8), 700),
    "A-law": (wav(g711.encode_alaw(to_pcm(tone())), tag=6, bits=8), 700),
    "chunks before and an odd one": (wav(to_pcm(tone()), before=b"LIST\x05\x00\x00\x00abcde\x00"), 1),
    "written to a pipe": (wav(to_pcm(tone()), size=0xFFFF_FFFF), 1),
    "espeak's pipe": (wav(to_pcm(tone()), size=0x7FFF_F000), 1),
}


@pytest.mark.parametrize("kind", BODIES)
def test_every_common_kind_is_read(kind):
    data, tolerance = BODIES[kind]
    samples = read(data)
    assert len(samples) == 8000
    assert np.abs(samples - tone() * 32767).max() <= tolerance


def test_channels_are_mixed_to_their_mean():
    stereo = np.column_stack((tone(level=0.8), np.zeros(8000)))
    samples = read(wav(to_pcm(stereo.ravel()), channels=2))
    assert np.abs(samples - tone(level=0.4) * 32767).max() <= 1
    six = np.repeat(tone()[:, None], 6, axis=1)
    samples = read(wav(six.astype("<f4").tobytes(), tag=3, bits=32, channels=6, extensible=True))
    assert np.abs(samples - tone() * 32767).max() <= 2


def test_floats_beyond_full_scale_are_clipped_and_no_numbers_are_silence():
    samples = read(wav(np.array([2.0, -2.0, np.nan], "<f4").tobytes(), tag=3, bits=32))
    assert samples.tolist() == [32767, -32768, 0]


WRONG = {
    b"": "is empty",
    b"RIFF": "not a WAV file",
    b"ID3 and then some music": "not a WAV file",
    wav(b"")[:30]: "broken format chunk",
    wav(b"")[:36]: "ends before its audio",
    wav(b""): "no samples",
    wav(b"\x00"): "no samples",
    wav(to_pcm(tone()))[:-8000]: r"cut off: 0\.50 s announced, 0\.25 s there",
    wav(to_pcm(tone()), tag=2, bits=4): "unknown kind",
    wav(to_pcm(tone()), tag=1, bits=12): "unknown kind",
    wav(to_pcm(tone()), rate_hz=0): "broken format chunk",
    wav(to_pcm(tone()), channels=0): "broken format chunk",
    b"RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00abcd": "no format chunk",
}


@pytest.mark.parametrize("data", WRONG, ids=range(len(WRONG)))
def test_what_cannot_be_used_is_said_in_one_line_with_the_name(data, tmp_path):
    path = tmp_path / "input.wav"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=WRONG[data]) as caught:
        open_wav(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(body):
    for data in (body, b"RIFF0000WAVE" + body, b"RIFF0000WAVEfmt \x10\x00\x00\x00" + body):
        try:
            reader = WavReader(io.BytesIO(data), "test")
        except UsageError:
            continue
        assert len(reader.read(10**6)) == 2 * reader.frames


def test_missing_files_and_folders_are_usage_errors(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        open_wav(tmp_path / "none.wav")
    with pytest.raises(UsageError, match="is not a file"):
        read_wav(tmp_path)


def test_an_unreadable_file_is_a_usage_error(tmp_path, monkeypatch):
    path = tmp_path / "input.wav"
    path.write_bytes(to_wav(to_pcm(tone()), 16_000))

    def refuse(*_arguments, **_options):  # root may read everything, so the file's mode cannot say it
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UsageError, match="cannot be read"):
        open_wav(path)


def test_a_file_that_shrinks_while_it_is_read_ends_early(tmp_path):
    path = tmp_path / "input.wav"
    path.write_bytes(to_wav(bytes(200_000), 16_000))
    reader = open_wav(path)
    reader.read(10)
    os.truncate(path, 100_001)
    rest = 0
    while piece := reader.read(1000):
        assert len(piece) % 2 == 0
        rest += len(piece)
    assert 20 + rest <= 100_001 - 44
    reader.close()


def test_a_fixture_is_read_whole():
    clip = read_wav(SPEECH / "hello.wav")
    assert clip.rate_hz == 16_000
    assert clip.seconds == pytest.approx(2.07, abs=0.01)


def test_decode_brings_wav_to_the_rate_asked_for():
    out = np.frombuffer(decode(to_wav(to_pcm(tone()), 16_000), 24_000), np.int16)
    assert len(out) == 12_000
    inner = slice(1200, -1200)
    assert np.abs(out[inner] - tone(24_000)[inner] * 32767).max() < 60
    assert decode(to_wav(to_pcm(tone()), 16_000), 16_000) == to_pcm(tone())


def encoded(pcm, *arguments):
    command = [FFMPEG, "-v", "error", "-i", "pipe:0", *arguments, "pipe:1"]
    return subprocess.run(command, input=to_wav(pcm, 24_000), check=True, capture_output=True, timeout=60).stdout


COMPRESSED = {
    "mp3": ("-f", "mp3"),
    "mp3 without tags": ("-id3v2_version", "0", "-write_xing", "0", "-f", "mp3"),
    "opus": ("-c:a", "libopus", "-f", "ogg"),
    "flac": ("-f", "flac"),
    "24-bit flac": ("-sample_fmt", "s32", "-f", "flac"),
    "aac": ("-f", "adts"),
    "webm": ("-c:a", "libopus", "-f", "webm"),
    "stereo mp3": ("-ac", "2", "-f", "mp3"),
}


@needs_ffmpeg
@pytest.mark.real
@pytest.mark.parametrize("kind", COMPRESSED)
def test_compressed_audio_is_decoded_with_ffmpeg(kind):
    sound = tone(24_000, seconds=1.0)
    out = np.frombuffer(decode(encoded(to_pcm(sound), *COMPRESSED[kind]), 16_000), np.int16)
    assert len(out) == pytest.approx(16_000, abs=1600)
    middle = out[4000:12_000].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 16_000 / len(middle) == pytest.approx(440, abs=4)
    level = np.sqrt(np.mean(middle**2)) / (0.5 * 32767 / np.sqrt(2))
    assert 0.65 < level < 1.1, "ffmpeg puts 0.7 of a mono sound into each of two channels"


@needs_ffmpeg
@pytest.mark.real
@pytest.mark.parametrize("data", [b"ID3\x03" + bytes(200), b"OggS" + bytes(200), b"\xff\xfb" + bytes(10)])
def test_what_ffmpeg_cannot_decode_is_a_usage_error(data):
    with pytest.raises(UsageError, match="finds no audio"):
        decode(data, 24_000)


def test_a_playlist_never_reaches_ffmpeg():
    with pytest.raises(UsageError, match="no WAV, MP3"):
        decode(b"#EXTM3U\nhttp://127.0.0.1/secret\n", 24_000)


@pytest.mark.real
def test_without_ffmpeg_compressed_audio_names_it_and_wav_still_works():
    program = (
        "from voiceloop.clips import decode, to_wav\n"
        "from voiceloop.errors import UsageError\n"
        "assert decode(to_wav(b'ab' * 100, 24000), 24000) == b'ab' * 100\n"
        "try:\n    decode(b'ID3' + bytes(100), 24000)\n"
        "except UsageError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "PATH": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "needs ffmpeg" in done.stdout
    assert done.stdout.count("\n") == 1


def test_an_enormous_answer_is_refused(monkeypatch):
    monkeypatch.setattr(clips, "MAX_CLIP_BYTES", 1000)
    with pytest.raises(UsageError, match="larger than"):
        decode(bytes(1001), 24_000)


def test_a_clip_knows_its_length():
    assert Clip(bytes(48_000), 24_000).seconds == 1.0


@needs_ffmpeg
@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "begins"), [("mp3", (b"ID3", b"\xff")), ("opus", b"OggS"), ("aac", b"\xff\xf1"), ("flac", b"fLaC")]
)
def test_what_is_compressed_is_of_that_kind_and_sounds_the_same(kind, begins):
    packed = compress(to_pcm(tone(24_000, seconds=1.0)), 24_000, kind)
    assert packed.startswith(begins)
    out = np.frombuffer(decode(packed, 24_000), np.int16)
    assert len(out) == pytest.approx(24_000, abs=2400)
    middle = out[6000:18_000].astype(float)
    assert np.argmax(np.abs(np.fft.rfft(middle))) * 24_000 / len(middle) == pytest.approx(440, abs=4)


def test_without_ffmpeg_nothing_is_compressed_and_the_fix_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match=r"mp3 audio needs ffmpeg; install it .*, or ask for WAV or PCM"):
        compress(bytes(4800), 24_000, "mp3")


def test_a_recording_as_long_as_allowed_is_decoded_and_a_longer_one_refused():
    assert len(decode(to_wav(bytes(32_000), 16_000), 16_000, longest_s=1)) == 32_000
    with pytest.raises(UsageError, match="longer than 1 s"):
        decode(to_wav(bytes(32_002), 16_000), 16_000, longest_s=1)


@needs_ffmpeg
@pytest.mark.real
def test_hours_packed_into_little_are_not_unpacked(monkeypatch):
    packed = compress(bytes(2 * 8000 * 60), 8000, "flac")
    assert len(packed) < 100_000
    unpacked = []
    resampled = clips._read_compressed

    def watched(data, longest_s):
        unpacked.append(resampled(data, longest_s))
        return unpacked[-1]

    monkeypatch.setattr(clips, "_read_compressed", watched)
    with pytest.raises(UsageError, match="longer than 3 s"):
        decode(packed, 16_000, longest_s=3)
    assert unpacked[0].seconds == pytest.approx(4, abs=0.1)
