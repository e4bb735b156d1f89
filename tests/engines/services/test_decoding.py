from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.clips import to_wav
from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.engines.services.decoding import decoder_of
from voiceloop.errors import UsageError

FFMPEG = shutil.which("ffmpeg")
if FFMPEG is None and os.environ.get("CI") == "true":
    raise RuntimeError("ffmpeg is missing; install it: apt-get install ffmpeg")
needs_ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="ffmpeg IS MISSING: compressed audio is not tested here")


def tone(rate_hz, seconds=0.5, hz=440.0):
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)


def pcm_of(samples):
    return np.rint(samples * 32767).astype("<i2").tobytes()


def wav(body, *, tag=1, channels=1, rate_hz=24_000, bits=16, size=None, before=b"", after=b""):
    frame = channels * bits // 8
    fields = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits)
    chunks = b"WAVE" + before + b"fmt " + struct.pack("<I", len(fields)) + fields
    return (
        b"RIFF\xff\xff\xff\xff"
        + chunks
        + b"data"
        + struct.pack("<I", size if size is not None else len(body))
        + body
        + after
    )


def decoded(kind, data, to_hz=24_000, *, from_hz=None, size=777):
    decoder = decoder_of(kind, from_hz, to_hz)
    pieces = [decoder.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join([*pieces, decoder.drain()])


def alike(pcm, expected, to_within=0.02):
    heard, wanted = np.frombuffer(pcm, "<i2") / 32768, expected
    assert abs(len(heard) - len(wanted)) <= 2
    shared = min(len(heard), len(wanted))
    inner = slice(200, shared - 200)
    assert np.abs(heard[:shared] - wanted[:shared])[inner].max() < to_within


def test_pcm_is_passed_on_as_it_is_or_at_another_rate():
    data = pcm_of(tone(24_000))
    assert decoded(AudioKind.PCM, data, from_hz=24_000, size=1000) == data
    alike(decoded(AudioKind.PCM, data, 8_000, from_hz=24_000, size=1000), tone(8_000))


@pytest.mark.parametrize("size", [1, 7, 50, 100_000])
@pytest.mark.parametrize("claimed", [None, 0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_file_is_decoded_while_it_comes(size, claimed):
    data = pcm_of(tone(24_000, 0.05))
    file = wav(data, size=claimed, before=b"LIST\x03\0\0\0abc\0")
    assert decoded(AudioKind.WAV, file, size=size) == data


def test_the_first_samples_do_not_wait_for_the_last():
    decoder = decoder_of(AudioKind.WAV, None, 24_000)
    assert decoder.feed(to_wav(pcm_of(tone(24_000)), 24_000)[:1044]) == pcm_of(tone(24_000))[:1000]


@pytest.mark.parametrize(
    ("tag", "bits", "channels", "write"),
    [
        (1, 8, 1, lambda samples: (np.rint(samples * 127) + 128).astype(np.uint8)),
        (1, 16, 2, lambda samples: np.repeat(np.rint(samples * 32767), 2).astype("<i2")),
        (1, 24, 1, lambda samples: np.rint(samples * 2**31).astype("<i4").view(np.uint8).reshape(-1, 4)[:, 1:]),
        (1, 32, 2, lambda samples: np.repeat(np.rint(samples * (2**31 - 1)), 2).astype("<i4")),
        (3, 32, 1, lambda samples: samples.astype("<f4")),
    ],
)
def test_a_wav_file_of_any_depth_and_rate_becomes_what_the_session_plays(tag, bits, channels, write):
    file = wav(write(tone(16_000)).tobytes(), tag=tag, bits=bits, channels=channels, rate_hz=16_000)
    alike(decoded(AudioKind.WAV, file, size=333), tone(24_000))


def test_what_follows_the_samples_is_no_sound_and_a_file_cut_off_ends_there():
    data = pcm_of(tone(24_000, 0.05))
    assert decoded(AudioKind.WAV, wav(data, after=b"LIST\x08\0\0\0artefact")) == data
    assert decoded(AudioKind.WAV, wav(data)[:-3]) == data[:-4]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"RIFF\xff\xff\xff\xffWAVE", "ends before its audio begins"),
        (b"\0\0\0\0 no wave", "called a WAV file and is none"),
        (wav(b"12", tag=85), "unknown kind"),
        (wav(b"12", rate_hz=0), "broken format"),
        (wav(b"12", rate_hz=1), "claims 1 samples a second"),
        (b"RIFF1234WAVEdata\x02\0\0\0ab", "broken format"),
        (b"RIFF1234WAVEjunk" + struct.pack("<I", 2**31) + bytes(70_000), "audio does not begin"),
    ],
)
def test_a_wav_file_that_lies_is_refused(file, why):
    with pytest.raises(UsageError, match=why):
        decoded(AudioKind.WAV, file)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (AudioKind.MP3, ["-f", "mp3"]),
        (AudioKind.OGG, ["-c:a", "libopus", "-f", "ogg"]),
        (AudioKind.AAC, ["-f", "adts"]),
        (AudioKind.FLAC, ["-f", "flac"]),
        (AudioKind.WEBM, ["-c:a", "libopus", "-f", "webm"]),
    ],
)
def test_compressed_speech_is_decoded_when_all_of_it_is_there(kind, options):
    made = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "wav", "-i", "-", *options, "-"],
        input=to_wav(pcm_of(tone(24_000)), 24_000),
        capture_output=True,
        check=True,
    ).stdout
    heard = np.frombuffer(decoded(kind, made, 16_000), "<i2") / 32768
    assert 0.45 < len(heard) / 16_000 < 0.65
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(spectrum.argmax() * 16_000 / len(heard) - 440) < 5
    assert 0.2 < np.sqrt((heard**2).mean()) < 0.4


def test_compressed_speech_without_any_is_refused():
    with pytest.raises(UsageError, match="no WAV, MP3"):
        decoded(AudioKind.MP3, b"this is no sound at all")
    with pytest.raises(UsageError, match="larger than 64 MB"):
        decoder_of(AudioKind.FLAC, None, 24_000).feed(bytes(65 * 1024 * 1024))


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_are_sound_or_refused(data, size):
    with contextlib.suppress(UsageError):
        assert len(decoded(AudioKind.WAV, b"RIFF1234WAVE" + data, size=size)) % 2 == 0
