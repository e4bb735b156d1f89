"""Conversations held as a user holds them: processes of the installed `voiceloop` command, and what they leave."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from journeys.real.listening import Recording, read_recording

KEY = "journey-key-0123456789"
VOICELOOP = Path(sys.executable).with_name("voiceloop")
TESTS = Path(__file__).parents[2]
SPEECH = TESTS / "fixtures" / "speech"
READY = re.compile(r"voiceloop gateway ready (http://\S+)")
LONGEST_S = 75.0
"""No conversation of these tests takes longer; the longest one plays a story of 27 s."""
BLOCK_S = 0.02
"""The recording is written in such blocks: the last one of a reply may end so much after the time its line bears."""
LATE_S = 0.3
"""A line of the transcript bears the time at which its block was noted; a busy machine adds to it."""


@dataclass(frozen=True)
class Journey:
    """What is said to whom.

    `brain` names a gateway of the session; "own" leaves it to `talk` to start one, "none" needs none.
    """

    input: str = ""
    brain: str = "local"
    flags: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (str(VOICELOOP), "talk")
    taped: bool = True


class Held:
    """A conversation that is over, or was cut short: exit status, output and files."""

    def __init__(self, journey: Journey, folder: Path, status: int, stdout: str, stderr: str) -> None:
        self.journey = journey
        self.folder = folder
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    @property
    def wire_hz(self) -> int:
        return 8_000 if self.journey.environ.get("VOICELOOP_AUDIO__FORMAT", "pcm16") != "pcm16" else 24_000

    @property
    def language(self) -> str:
        return self.journey.environ.get("VOICELOOP_AGENT__LANGUAGE", "en")

    @cached_property
    def lines(self) -> list[dict]:
        assert (self.folder / "transcript.jsonl").exists(), f"left {self.status}: {self.stderr}"
        return read_lines(self.folder / "transcript.jsonl")

    @cached_property
    def recording(self) -> Recording:
        assert (self.folder / "out.wav").exists(), f"left {self.status}: {self.stderr}"
        return read_recording(self.folder / "out.wav")

    @property
    def tape(self) -> Path:
        return self.folder / "tape"

    @property
    def end(self) -> dict:
        return self.lines[-1]

    def of(self, *events: str) -> list[dict]:
        return [line for line in self.lines if line["event"] in events]

    def texts(self, event: str) -> list[str]:
        return [line["text"] for line in self.of(event)]

    def story(self) -> str:
        """Transcript and output, for the message of a failed test."""
        return "\n".join([*map(json.dumps, self.lines), self.stderr])

    def playback_of(self, reply_id: str) -> tuple[float, float]:
        """When a reply was heard, as the transcript tells it."""
        times = [
            line["t"]
            for event in ("agent_speech_started", "agent_speech_stopped")
            for line in self.of(event)
            if line["reply_id"] == reply_id
        ]
        assert len(times) == 2, f"{reply_id} was heard at {times}\n{self.story()}"
        return times[0], times[1]

    def stretch_of(self, reply_id: str) -> tuple[float, float]:
        """Where a reply may stand in the recording: from the end of the one before it to the start of the next one.

        A line may bear a time a little after the sound it tells of, so the stretch begins and ends `LATE_S` early, but
        not before this reply's last block, which is none of the next one's stretch.
        """
        start, stop = self.playback_of(reply_id)
        later = [line["t"] for line in self.of("agent_speech_started") if line["t"] > start]
        earlier = [line["t"] for line in self.of("agent_speech_stopped") if line["t"] < start]
        from_s = max([start - LATE_S, *(stopped + BLOCK_S for stopped in earlier)])
        return from_s, max(stop + BLOCK_S, min(later) - LATE_S) if later else self.recording.seconds


def read_lines(path: Path) -> list[dict]:
    """A transcript as it stands; every line must be whole."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Talk:
    """A running conversation. Files stand in `folder`, which is also its working folder and its home."""

    def __init__(self, journey: Journey, folder: Path, base_url: str | None = None, key: str = KEY) -> None:
        self.journey = journey
        self.folder = folder
        command = [*journey.program]
        if journey.input:
            command += ["--input", str(SPEECH / journey.input)]
        if "--text" not in journey.flags:
            command += ["--output", str(folder / "out.wav")]
        command += ["--transcript", str(folder / "transcript.jsonl")]
        if journey.taped:
            command += ["--tape", str(folder / "tape")]
        backend = {} if base_url is None else {"DGRID_BASE_URL": base_url, "DGRID_API_KEY": key}
        self.process = subprocess.Popen(
            [*command, *journey.flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=environ(folder, **backend, **journey.environ),
        )

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def hold(self, within_s: float = LONGEST_S) -> Held:
        """Wait for the end."""
        try:
            stdout, stderr = self.process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still talking after {within_s:g} s\n{self.so_far()}") from None
        return Held(self.journey, self.folder, self.process.returncode, stdout, stderr)

    def until(self, event: str, within_s: float = 30.0, **fields: object) -> dict:
        """Wait for a line of the transcript."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            for line in self._lines():
                if line["event"] == event and fields.items() <= line.items():
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"no {event} {fields or ''}\n{self.so_far()}")

    def until_recorded(self, seconds: float, within_s: float = 30.0) -> None:
        """Wait until the recording on the disk is at least that long."""
        deadline = time.monotonic() + within_s
        path = self.folder / "out.wav"
        while not (path.exists() and path.stat().st_size > 44 + seconds * 24_000 * 4):
            assert time.monotonic() < deadline, f"the recording does not grow\n{self.so_far()}"
            assert self.process.poll() is None, self.so_far()
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def so_far(self) -> str:
        return "\n".join(json.dumps(line) for line in self._lines())

    def _lines(self) -> list[dict]:
        path = self.folder / "transcript.jsonl"
        if not path.exists():
            return []
        whole, _, _ = path.read_text("utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]


class GatewayProcess:
    """`voiceloop gateway`, ready to be talked to."""

    def __init__(self, brain: str, folder: Path, key: str = KEY, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [str(VOICELOOP), "gateway", "--port", str(port), "--key", key, "--brain", brain],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environ(folder),
        )
        try:
            self.base_url = self._ready_url(within_s=60.0)
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> GatewayProcess:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to leave; kill it when it does not."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def _ready_url(self, within_s: float) -> str:
        assert self.process.stdout is not None
        deadline = time.monotonic() + within_s
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())):
                block = os.read(self.process.stdout.fileno(), 4096)
                said += block
                if found := READY.search(said.decode()):
                    return found.group(1)
                if not block:
                    break
        raise AssertionError(f"the gateway is not ready; it said {said!r}")


class Stage:
    """Holds conversations, three at a time, each once; those that will be asked for are begun ahead."""

    def __init__(self, gateways: Mapping[str, str], root: Path) -> None:
        self._gateways = gateways
        self._root = root
        self._pool = ThreadPoolExecutor(3)
        self._held: dict[str, object] = {}

    def begin(self, name: str, journey: Journey) -> None:
        if name not in self._held:
            self._held[name] = self._pool.submit(self._hold, name, journey)

    def held(self, name: str) -> Held:
        return self._held[name].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _hold(self, name: str, journey: Journey) -> Held:
        folder = self._root / name
        folder.mkdir()
        with Talk(journey, folder, self._gateways.get(journey.brain)) as talk:
            return talk.hold()


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    stdout: str
    stderr: str
    took_s: float


def command(
    arguments: Sequence[str | Path],
    folder: Path,
    *,
    program: Sequence[str] = (str(VOICELOOP),),
    within_s: float = 10.0,
    **extra: str,
) -> Done:
    """Run a command to its end; not to end within `within_s` is a failure."""
    began = time.monotonic()
    done = subprocess.run(
        [*program, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environ(folder, **extra),
        timeout=within_s,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def environ(folder: Path, **extra: str) -> dict[str, str]:
    """This process's environment without a word about backends or settings, at home in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DGRID_", "VOICELOOP_", "XDG_"))}
    return {**kept, "HOME": str(folder), "NO_COLOR": "1", **extra}


def descendants(pid: int) -> set[int]:
    """All processes below one, by what /proc says of parents."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    while grown := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= grown
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: set[int], within_s: float) -> set[int]:
    """Wait until none of the processes is alive; return those that still are."""
    deadline = time.monotonic() + within_s
    while (left := {pid for pid in pids if alive(pid)}) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left
