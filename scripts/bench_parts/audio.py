"""What each stage of the audio path costs and holds back, how clean it is, and the virtual sound card end to end."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench_parts.stats import percentile, spread
from bench_parts.table import Table, console

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "tests" / "fixtures" / "speech" / "two_questions.wav"
SESSION_HZ = 24_000
"""webrtcvad refuses it."""
PAIRS = [(8, 24), (24, 8), (8, 16), (16, 8), (16, 24), (24, 16), (24, 48), (48, 24), (16, 48), (48, 16)]
BUDGETS_MS = {"microphone to wire, at most": 35, "wire to speaker, at least": 30, "round trip, measured": 65}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Resamplers beside soxr, the other stages, echo cancellation, the card."""
    rounds = options.rounds
    return {"resamplers": resamplers(rounds), "stages": stages(rounds), "echo": echo(), "card": card(options)}


def micros(step: Callable[[], object], rounds: int, times: int = 300) -> list[float]:
    """Microseconds a call, once a round."""
    step()
    told = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        for _ in range(times):
            step()
        told.append((time.perf_counter_ns() - start) / times / 1000)
    return told


def tone(hz: float, rate_hz: int) -> np.ndarray:
    """A second of a sine at half of full scale."""
    return 16_000 * np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz)


def power_db(samples: np.ndarray) -> float:
    """Mean power."""
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


def resamplers(rounds: int) -> dict[str, Any]:
    """Delay, cost, noise and the worst of a sweep over what must not pass, with soxr's cost beside each."""
    import soxr  # noqa: PLC0415

    from voiceloop.audio.resample import Resampler  # noqa: PLC0415

    table = Table(
        "Resamplers, each 20 ms", ["kHz", "holds back", "cost", "soxr", "SNR at 1 kHz", "worst alias or image"]
    )
    told: dict[str, Any] = {}
    for from_hz, to_hz in ((1000 * a, 1000 * b) for a, b in PAIRS):
        ours, theirs = Resampler(from_hz, to_hz), soxr.ResampleStream(from_hz, to_hz, 1, "int16", "HQ")
        frame = tone(1000, from_hz)[: from_hz // 50].astype(np.int16)
        pcm = frame.tobytes()
        cost = micros(lambda feed=ours.feed, pcm=pcm: feed(pcm), rounds)  # type: ignore[misc]
        floor = micros(lambda feed=theirs.resample_chunk, frame=frame: feed(frame), rounds)  # type: ignore[misc]
        snr, stop = cleanness(from_hz, to_hz)
        name = f"{from_hz // 1000} to {to_hz // 1000}"
        told[name] = {"delay_ms": ours.delay_ms, "us": cost, "soxr_us": floor, "snr_db": snr, "alias_db": stop}
        costs = (spread(cost, " us", 1), spread(floor, " us", 1))
        table.row(name, f"{ours.delay_ms:.2f} ms", *costs, f"{snr:.0f} dB", f"{stop:.0f} dB")
    table.print()
    return told


def cleanness(from_hz: int, to_hz: int) -> tuple[float, float]:
    """Signal to noise of 1 kHz, and the loudest thing that comes out where nothing should, in dB."""
    from voiceloop.audio.resample import Resampler  # noqa: PLC0415

    def converted(samples: np.ndarray) -> np.ndarray:
        each = Resampler(from_hz, to_hz)
        out = each.feed(np.rint(samples).astype(np.int16).tobytes()) + each.drain()
        return np.frombuffer(out, np.int16).astype(float)[to_hz // 10 : -to_hz // 10]

    ideal = tone(1000, to_hz)[to_hz // 10 : -to_hz // 10]
    snr = power_db(ideal) - power_db(converted(tone(1000, from_hz)) - ideal)
    if to_hz < from_hz:
        sweep = np.linspace(1.06 * to_hz / 2, 0.98 * from_hz / 2, 25)
        return snr, max(power_db(converted(tone(hz, from_hz))) - power_db(tone(hz, from_hz)) for hz in sweep)
    worst = -200.0
    for hz in np.linspace(300, 0.94 * from_hz / 2, 25):
        out = converted(tone(hz, from_hz))
        spectrum = np.abs(np.fft.rfft(out * np.blackman(len(out)))) ** 2
        beyond = np.fft.rfftfreq(len(out), 1 / to_hz) > 1.06 * from_hz / 2
        worst = max(worst, float(10 * np.log10(spectrum[beyond].max() / spectrum.max())))
    return snr, worst


def stages(rounds: int) -> dict[str, Any]:  # noqa: PLR0915 - one stage after the other
    """Cost of the rest per 20 ms; beside the gate what webrtcvad alone takes."""
    import webrtcvad  # noqa: PLC0415

    from voiceloop.audio import g711  # noqa: PLC0415
    from voiceloop.audio.cleaning import make_cleaner  # noqa: PLC0415
    from voiceloop.audio.gate import Gate  # noqa: PLC0415
    from voiceloop.audio.ledger import Ledger  # noqa: PLC0415
    from voiceloop.audio.vad import webrtc_detector  # noqa: PLC0415

    told: dict[str, Any] = {}
    table = Table("Other stages, each 20 ms", ["stage", "cost", "floor"])

    def note(name: str, cost: list[float], floor: list[float] | None = None) -> None:
        told[name] = {"us": cost, "floor_us": floor}
        table.row(name, spread(cost, " us", 1), spread(floor or [], " us", 1))

    for rate_hz in (8_000, 16_000, 24_000, 48_000):
        pcm = tone(300, rate_hz)[: rate_hz // 50].astype(np.int16).tobytes()
        gate, place = Gate(rate_hz, webrtc_detector(rate_hz)), [0]

        def judge(gate: Gate = gate, pcm: bytes = pcm, place: list[int] = place) -> None:
            gate.feed(pcm, place[0])
            place[0] += len(pcm) // 2

        low, low_hz = (pcm, rate_hz) if rate_hz != SESSION_HZ else (pcm[:320], 8_000)
        vad = webrtcvad.Vad(2)
        bare = micros(lambda vad=vad, low=low, hz=low_hz: vad.is_speech(low, hz), rounds)  # type: ignore[misc]
        note(f"gate at {rate_hz // 1000} kHz (floor: webrtcvad)", micros(judge, rounds), bare)
    pcm = tone(300, 24_000)[:480].astype(np.int16).tobytes()
    for method, quiet in (("webrtc", True), ("none", True)):
        cleaner = make_cleaner(method, 24_000, noise_suppression=quiet)  # type: ignore[arg-type]
        if cleaner is not None:
            note(f"cleaner {method}, 24 kHz", micros(lambda c=cleaner: c.process(pcm, pcm), rounds))  # type: ignore[misc]
    note("mu-law both ways, 8 kHz", micros(lambda: g711.encode_ulaw(g711.decode_ulaw(bytes(160))), rounds))
    ledger = Ledger(24_000, lambda event: None)

    def play() -> None:
        ledger.put("r", "i", 0, pcm)
        ledger.ack(ledger.position)
        ledger.pull(480)

    note("ledger put, ack, pull", micros(play, rounds))
    table.print()
    return told


ECHO_PATHS = {  # delay in ms, drift in ppm, a jump in ms after half of the time, clipped at this share of the loudest
    "60 ms": (60, 0, 0, 1.0),
    "150 ms": (150, 0, 0, 1.0),
    "350 ms": (350, 0, 0, 1.0),
    "drift of 100 ppm": (60, 100, 0, 1.0),
    "jump of 120 ms": (60, 0, 120, 1.0),
    "clipped speaker": (60, 0, 0, 0.25),
}


def echo() -> dict[str, dict[str, float]]:
    """How much of the agent's own voice goes, at its own loudness in a quiet room, after 3 s."""
    from voiceloop.audio.cleaning import make_cleaner  # noqa: PLC0415
    from voiceloop.audio.echo import make_echo_canceller  # noqa: PLC0415
    from voiceloop.clips import decode  # noqa: PLC0415

    rate_hz = SESSION_HZ
    far = np.resize(np.frombuffer(decode(SPEECH.read_bytes(), rate_hz), np.int16), 16 * rate_hz).astype(float)
    said, since = far.astype(np.int16), 3 * rate_hz
    table = Table("Echo at 0 dB: taken away after 3 s", ["path", "canceller", "canceller and gate"])
    told: dict[str, dict[str, float]] = {}
    for path, shape in ECHO_PATHS.items():
        heard = echoed(far, rate_hz, *shape)
        told[path] = {}
        for name, canceller in (
            ("canceller", make_echo_canceller(rate_hz)),
            ("canceller and gate", make_cleaner("webrtc", rate_hz, noise_suppression=True)),
        ):
            assert canceller is not None
            frames = range(0, len(said) - 479, 480)
            out = b"".join(canceller.process(heard[n : n + 480].tobytes(), said[n : n + 480].tobytes()) for n in frames)
            rest = np.frombuffer(out, np.int16).astype(float)[since:]
            told[path][name] = power_db(heard[since:].astype(float)) - power_db(rest)
        table.row(path, *(f"{db:.0f} dB" for db in told[path].values()))
    table.print()
    return told


def echoed(
    far: np.ndarray, rate_hz: int, delay_ms: float, drift_ppm: float, jump_ms: float, clipped: float
) -> np.ndarray:
    """What the microphone hears of the loudspeaker."""
    dice, at = np.random.default_rng(4), np.arange(len(far))
    loudest = clipped * np.abs(far).max()
    late_ms = delay_ms + jump_ms * (at > len(far) // 2)
    times = at * (1 - drift_ppm * 1e-6) - late_ms * rate_hz / 1000
    direct = np.interp(times, at, np.clip(far, -loudest, loudest), left=0.0)
    room = np.concatenate([[1.0], 0.2 * dice.normal(size=400) * np.exp(-np.arange(400) / 80)])
    heard = np.convolve(direct, room)[: len(far)] + dice.normal(size=len(far)) * 3
    clear: np.ndarray = np.clip(heard, -32768, 32767).astype(np.int16)
    return clear


def card(options: argparse.Namespace) -> dict[str, Any]:
    """Through PulseAudio's null sinks, in a process of its own: PortAudio looks for devices once."""
    if shutil.which("pulseaudio") is None:
        console.print("no PulseAudio: the virtual sound card was NOT measured", style="yellow")
        return {}
    peer = str(ROOT / "scripts" / "sound_peer")
    with tempfile.TemporaryDirectory() as folder:
        started = subprocess.run([peer, "start", folder], check=True, capture_output=True, text=True, timeout=60)
        server = started.stdout.strip().removeprefix("export PULSE_SERVER=")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bench_parts.audio_card", "6" if options.quick else "20"],
                env={**os.environ, "PULSE_SERVER": server, "PULSE_SOURCE": "speaker.monitor"},
                check=True, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
        finally:
            subprocess.run([peer, "stop", folder], check=True, timeout=60)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    table = Table(f"Virtual sound card with echo cancellation, {told['frames']} frames", ["", "p50", "p95", "budget"])
    for name in (
        "microphone to wire, at most",
        "wire to speaker, at least",
        "wire to booked as heard",
        "card alone, in",
        "card alone, out",
        "round trip, measured",
    ):
        each = told[name]
        budget = f"{BUDGETS_MS[name]} ms p95" if name in BUDGETS_MS else ""
        table.row(name, *(f"{percentile(each, percent):.1f} ms" for percent in (50, 95)), budget)
    table.print()
    return told
