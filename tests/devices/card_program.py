"""Run in a process of its own by test_soundcard.py: one scene with a real sound card, what was measured as JSON.

PortAudio looks for devices once per process, so the environment must be right before it is loaded.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
import time
import wave
from pathlib import Path

import numpy as np

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.context import LineContext
from voiceloop.devices.portaudio import has_soundcard, list_devices
from voiceloop.devices.soundcard import factory
from voiceloop.errors import DeviceError
from voiceloop.events import PlaybackFinished, PlaybackStarted
from voiceloop.settings import AudioSettings

RATE_HZ = 24_000
SOUND_PEER = Path(__file__).parents[2] / "scripts" / "sound_peer"
SPEECH = Path(__file__).parent.parent / "fixtures" / "speech"
SOFT = np.sin(np.minimum(1.0, np.minimum(np.arange(1200), np.arange(1200)[::-1]) / 240) * np.pi / 2) ** 2
CHIRP = (12_000 * SOFT * np.sin(2 * np.pi * (400 + 1500 * np.arange(1200) / 1200) * np.arange(1200) / RATE_HZ)).astype(
    np.int16
)
"""Its ends are soft: a hard one would be faded."""


class Scene:
    """A line with ears that keep everything."""

    def __init__(self, **context):
        self.heard = bytearray()
        self.events = []
        self.lost_at = None
        self.lost_detail = ""
        self.gone = asyncio.Event()
        self.ledger = Ledger(RATE_HZ, lambda event: self.events.append((time.monotonic(), event)))
        self.told = []
        self.line = factory({}, LineContext(warn=self.warn, **context))
        self.opened_s = 0.0

    def ears(self, pcm, first_sample):
        assert first_sample == len(self.heard) // 2
        self.heard += pcm
        return len(pcm) // 2

    def input_ended(self):
        pass

    def warn(self, code, detail):
        self.told.append((time.monotonic(), code, detail))

    async def until(self, code):
        async with asyncio.timeout(20):
            while code not in [each for _, each, _ in self.told]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return next(at_s for at_s, each, _ in self.told if each == code)

    def lost(self, detail):
        self.lost_at = time.monotonic()
        self.lost_detail = detail
        self.gone.set()

    async def open(self):
        await self.line.open(self.ears, self.ledger, RATE_HZ, self)
        self.opened_s = time.monotonic()

    @property
    def samples(self):
        return np.frombuffer(bytes(self.heard), np.int16).astype(float)

    def behind_s(self):
        """Wall clock less sample clock."""
        return time.monotonic() - self.opened_s - len(self.heard) / 2 / RATE_HZ

    def figures(self):
        trouble = self.line.trouble
        return {
            "behind_s": self.behind_s(),
            "latency_s": self.line.latency_s,
            "echo": self.line.echo_status,
            "underflows": trouble.card_underflows,
            "gone": self.lost_detail,
            "told": [code for _, code, _ in self.told if code != "microphone_silent"],  # a null sink in a silent room
            "dry": trouble.dry_blocks,
            "lost": trouble.lost_blocks,
        }


def level_db(samples):
    return 10 * np.log10(np.mean((samples / 32768) ** 2) + 1e-12)


async def listing():
    return {"has": has_soundcard(), "names": [device.name for device in list_devices()]}


async def round_trip():
    scene = Scene(audio=AudioSettings(echo_cancellation="none", noise_suppression=False))
    await scene.open()
    marks = []
    for number in range(10):
        await asyncio.sleep(0.4)
        marks.append((time.monotonic(), len(scene.heard) // 2))
        scene.ledger.put(f"r{number}", "i", 0, CHIRP.tobytes())
        scene.ledger.seal(f"r{number}")
    await asyncio.sleep(0.5)
    figures = scene.figures()
    await scene.line.close(1.0)
    match = np.correlate(scene.samples, CHIRP.astype(float), "valid") / float(CHIRP.astype(float) @ CHIRP)
    heard = [event.spans[0].heard_ms for _, event in scene.events if isinstance(event, PlaybackFinished)]
    started = [at_s for at_s, event in scene.events if isinstance(event, PlaybackStarted)]
    places = [int(np.argmax(match[at : at + RATE_HZ // 3])) for _, at in marks]
    return figures | {
        "round_trip_ms": [place / 24 for place in places],
        "started_ms": [1000 * (there - here) for there, (here, _) in zip(started, marks, strict=True)],
        "match": [float(match[at + place]) for place, (_, at) in zip(places, marks, strict=True)],
        "heard_ms": heard,
    }


async def interruption():
    scene = Scene(audio=AudioSettings(echo_cancellation="none", noise_suppression=False))
    await scene.open()
    errors, silences = [], []
    tone = (8000 * np.sin(2 * np.pi * 500 * np.arange(RATE_HZ * 3) / RATE_HZ)).astype(np.int16).tobytes()
    for number in range(8):
        begin = len(scene.heard) // 2
        scene.ledger.put(f"r{number}", "i", 0, tone)
        await asyncio.sleep(0.8 + number * 0.0137)
        scene.ledger.ack(scene.line.played().sample)
        decided = len(scene.heard) // 2
        span = scene.ledger.flush()[0]
        scene.line.flush(scene.ledger.generation)
        await asyncio.sleep(0.4)
        loud = np.flatnonzero(np.abs(scene.samples[begin:]) > 1000)
        errors.append((loud[-1] - loud[0]) / 24 - span.heard_ms)
        silences.append((begin + loud[-1] - decided) / 24)
    figures = scene.figures()
    await scene.line.close(1.0)
    return figures | {"played_after_decision_ms": errors, "heard_until_ms": silences}


async def stall():
    scene = Scene(audio=AudioSettings(echo_cancellation="none", noise_suppression=False))
    await scene.open()
    await asyncio.sleep(1.5)
    before = scene.behind_s()
    time.sleep(0.5)  # noqa: ASYNC251  (the loop is stalled on purpose, the callback is not)
    await asyncio.sleep(1.5)
    loop_only = scene.behind_s() - before
    ctypes.PyDLL(None).usleep(900_000)  # keeps the interpreter's lock, so the callback cannot run either
    await asyncio.sleep(3)
    figures = scene.figures()
    await scene.line.close(1.0)
    return figures | {"after_stall_s": loop_only, "after_lock_s": figures["behind_s"] - before}


async def comes_back(folder):
    scene = Scene()
    await scene.open()
    await asyncio.sleep(0.5)
    scene.ledger.put("r", "i", 0, np.tile(CHIRP, 60).tobytes())
    scene.ledger.seal("r")
    await asyncio.sleep(1.0)
    pid = Path(folder) / "pid"
    os.kill(int(pid.read_text()), signal.SIGKILL)
    pid.unlink()  # nobody may have reaped it yet, which looks as if it ran
    killed = time.monotonic()
    noticed = await scene.until("device_lost")
    await asyncio.sleep(1.0)
    starting = await asyncio.create_subprocess_exec(str(SOUND_PEER), "start", folder, stdout=asyncio.subprocess.DEVNULL)
    assert await starting.wait() == 0
    started = time.monotonic()
    back = await scene.until("device_replaced")
    await asyncio.sleep(2.5)
    figures = scene.figures()
    await scene.line.close(1.0)
    heard = [event.spans[0].heard_ms for _, event in scene.events if isinstance(event, PlaybackFinished)]
    return figures | {"noticed_s": noticed - killed, "back_s": back - started, "heard_ms": heard}


async def pactl(*arguments):
    asked = await asyncio.create_subprocess_exec("pactl", *arguments, stdout=asyncio.subprocess.PIPE)
    told, _ = await asked.communicate()
    return told.decode().strip()


async def moves():
    async def playing():
        names = {
            line.split("\t")[0]: line.split("\t")[1] for line in (await pactl("list", "short", "sinks")).splitlines()
        }
        (stream,) = [line.split("\t") for line in (await pactl("list", "short", "sink-inputs")).splitlines()]
        return names[stream[1]]

    scene = Scene()
    await scene.open()
    await asyncio.sleep(0.5)
    sinks = [await playing()]
    module = await pactl("load-module", "module-null-sink", "sink_name=other", "norewinds=1", "rate=48000")
    await pactl("set-default-sink", "other")
    await asyncio.sleep(0.7)
    sinks.append(await playing())
    await pactl("unload-module", module)
    await asyncio.sleep(1.5)
    sinks.append(await playing())
    figures = scene.figures()
    await scene.line.close(1.0)
    return figures | {"sinks": sinks}


async def echo(cancel):
    """The agent speaks for 8 s; a caller says `timer.wav` over it after 5 s."""
    from voiceloop.clips import decode  # noqa: PLC0415

    names = ("two_questions_b", "timer_b", "order_b", "hello_b")
    said = b"".join(decode((SPEECH / f"{name}.wav").read_bytes(), RATE_HZ) for name in names)
    samples = np.frombuffer(said, np.int16)
    busy = np.convolve(np.abs(samples), np.ones(480) / 480, "same") > 30
    scene = Scene(
        audio=AudioSettings(echo_cancellation="webrtc" if cancel == "on" else "none", noise_suppression=False)
    )
    await scene.open()
    scene.ledger.put("r", "i", 0, samples[busy].tobytes() * 2)
    await asyncio.sleep(5)
    caller = await asyncio.create_subprocess_exec(
        "paplay", "--latency-msec=40", "--device=room", str(SPEECH / "timer.wav")
    )
    await asyncio.sleep(4)
    await caller.wait()
    figures = scene.figures()
    await scene.line.close(1.0)
    levels = [float(level_db(scene.samples[n : n + RATE_HZ // 2])) for n in range(0, 9 * RATE_HZ, RATE_HZ // 2)]
    return figures | {"levels_db": levels}


async def one_way(folder):
    """A file speaks to the real speaker, then the real microphone is recorded with an agent who has no speaker."""
    ended = []
    scene = Scene(input=SPEECH / "time_question.wav")
    scene.input_ended = lambda: ended.append(len(scene.heard) // 2)
    await scene.open()
    scene.ledger.put("r", "i", 0, CHIRP.tobytes())
    scene.ledger.seal("r")
    await asyncio.sleep(2.5)
    speaker = scene.figures() | {"ended": ended, "heard_ms": scene.events[-1][1].spans[0].heard_ms}
    await scene.line.close(1.0)
    target = Path(folder) / "out.wav"
    scene = Scene(output=target)
    await scene.open()
    scene.ledger.put("r", "i", 0, CHIRP.tobytes())
    await asyncio.sleep(1.0)
    scene.ledger.flush()
    await scene.line.close(1.0)
    with wave.open(str(target)) as file:
        frames = np.frombuffer(file.readframes(10**6), np.int16).reshape(-1, 2)
    return {
        "speaker": speaker,
        "recorded_s": len(frames) / RATE_HZ,
        "whole": CHIRP.tobytes() in frames[:, 1].tobytes(),
        "same": frames[:, 0].tobytes() == bytes(scene.heard),
    }


async def no_such_device():
    try:
        await Scene(audio=AudioSettings(input_device="a device nobody has")).open()
    except DeviceError as failure:
        return {"error": str(failure)}
    return {}


SCENES = {
    scene.__name__: scene
    for scene in (listing, round_trip, interruption, stall, comes_back, moves, echo, one_way, no_such_device)
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(SCENES[sys.argv[1]](*sys.argv[2:]))) + "\n")
