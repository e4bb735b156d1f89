"""Run in a process of its own by test_echo.py: the agent speaks into its own microphone, then the user speaks over it.

    python echo_program.py SECONDS_ALONE USER_DB

Prints what was noticed, and how loud the microphone was before and after cleaning, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from voiceloop.audio.gate import Gate, SpeechOnset
from voiceloop.audio.ledger import Ledger
from voiceloop.audio.vad import webrtc_detector
from voiceloop.clips import decode
from voiceloop.devices.context import LineContext
from voiceloop.devices.soundcard import factory
from voiceloop.settings import AudioSettings

RATE_HZ = 24_000
SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
STORY = ("two_questions_b", "timer_b", "order_b", "hello_b")
USER = "time_question_c"


def spoken(*names: str) -> np.ndarray:
    """Recordings one after the other, without their silence."""
    said = np.concatenate(
        [np.frombuffer(decode((SPEECH / f"{name}.wav").read_bytes(), RATE_HZ), np.int16) for name in names]
    )
    return said[np.convolve(np.abs(said.astype(float)), np.ones(480) / 480, "same") > 30]


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean((samples / 32768) ** 2) + 1e-12))


class Reports:
    """A card that ends by itself spoils the scene."""

    def input_ended(self) -> None:
        pass

    def lost(self, detail: str) -> None:
        raise RuntimeError(detail)


async def main(alone_s: float, user_db: float) -> dict[str, object]:
    story, user = spoken(*STORY), spoken(USER)
    user = user * 10 ** ((level_db(story) + user_db - level_db(user)) / 20)
    gate, heard = Gate(RATE_HZ, webrtc_detector(RATE_HZ)), bytearray()
    onsets: list[int] = []

    def ears(pcm: bytes, first_sample: int) -> int:
        heard.extend(pcm)
        noticed = [each for each in gate.feed(pcm, first_sample) if isinstance(each, SpeechOnset)]
        onsets.extend(len(heard) // 2 for _ in noticed)
        return len(pcm) // 2

    with tempfile.TemporaryDirectory() as folder:
        said, recording = Path(folder) / "user.wav", Path(folder) / "captured.wav"
        with wave.open(str(said), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(np.clip(user, -32768, 32767).astype(np.int16).tobytes())
        ledger = Ledger(RATE_HZ, lambda _event: None)
        line = factory({}, LineContext(audio=AudioSettings(), output=recording, tee=True))
        await line.open(ears, ledger, RATE_HZ, Reports())
        await asyncio.sleep(0.5)
        begun = len(heard) // 2
        ledger.put("r", "i", 0, np.resize(story, int((alone_s + 6) * RATE_HZ)).tobytes())
        await asyncio.sleep(alone_s)
        asked = len(heard) // 2
        speaking = await asyncio.create_subprocess_exec("paplay", "--latency-msec=40", "--device=room", str(said))
        await speaking.wait()
        await asyncio.sleep(1.0)
        trouble = line.trouble  # type: ignore[attr-defined]
        await line.close(2.0)
        with wave.open(str(recording)) as file:
            frames = np.frombuffer(file.readframes(10**9), np.int16).reshape(-1, 2)
    near, clean = frames[:, 0].astype(float), np.frombuffer(bytes(heard), np.int16).astype(float)
    match = np.correlate(near[asked : asked + 2 * RATE_HZ], user[: RATE_HZ // 2], "valid")
    onset = asked + int(match.argmax())
    settled = slice(begun + 3 * RATE_HZ, asked)
    return {
        "false_onsets_s": [(at - begun) / RATE_HZ for at in onsets if at < onset],
        "noticed_s": [(at - onset) / RATE_HZ for at in onsets if at >= onset],
        "echo_db": level_db(near[settled]),
        "left_db": level_db(clean[settled]),
        "trouble": [trouble.card_underflows, trouble.dry_blocks, trouble.lost_blocks],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(float(sys.argv[1]), float(sys.argv[2])))) + "\n")
