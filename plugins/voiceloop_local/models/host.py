"""The model process: `python -P -m voiceloop_local.models.host`, started by `open_models`.

Requests come in on standard input, reports go out on what was standard output; everything libraries print goes to
standard error. The process ends when its input ends, whatever its threads are doing.
"""

from __future__ import annotations

import argparse
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar, assert_never

from voiceloop.errors import DeviceError
from voiceloop_local.models.desks import ListeningDesk, SpeakingDesk
from voiceloop_local.models.protocol import (
    Cancel,
    Failed,
    FrameReader,
    Identify,
    Loaded,
    More,
    Ready,
    Report,
    Request,
    Speak,
    Transcribe,
    encode,
)

__all__ = ["Host", "main"]

_NICE: Final = 5
_READ_BYTES: Final = 1 << 16
_NO_NETWORK: Final = frozenset({"socket.connect", "socket.getaddrinfo", "socket.sendto"})

Part = TypeVar("Part")


class Pipe:
    """Writes whole frames, one thread at a time. A parent that is gone ends this process."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()

    def send(self, report: Report, payload: bytes = b"") -> None:
        """Write one frame; waits while the parent does not read."""
        frame = memoryview(encode(report, payload))
        with self._lock:
            try:
                while frame:
                    frame = frame[os.write(self._fd, frame) :]
            except OSError:
                os._exit(0)


class Host:
    """Reads requests on the calling thread, serves them on one worker thread for each model."""

    def __init__(self, send: Callable[[Report, bytes], None]) -> None:
        self._send = send
        self._listening = ListeningDesk(send)
        self._speaking = SpeakingDesk(send)
        self._loading = 2
        self._lock = threading.Lock()

    def start(self, stt_threads: int, tts_threads: int) -> None:
        """Load both models side by side and serve from then on."""
        for name, work in (
            ("listening", functools.partial(self._listen, stt_threads)),
            ("speaking", functools.partial(self._speak, tts_threads)),
        ):
            threading.Thread(target=work, name=name, daemon=True).start()

    def run(self, fd: int) -> None:
        """Take requests until the input ends."""
        reader: FrameReader[Any] = FrameReader(Request)  # type: ignore[arg-type]  # a union is no type[...] to mypy
        while data := os.read(fd, _READ_BYTES):
            for request, payload in reader.receive(data):
                self._take(request, payload)

    def _take(self, request: Request, payload: bytes) -> None:
        match request:
            case Transcribe() | Identify():
                self._listening.take(request, payload)
            case Speak():
                self._speaking.take(request)
            case More(request_id):
                self._speaking.more(request_id)
            case Cancel(request_id):
                self._speaking.cancel(request_id)
                self._listening.cancel(request_id)
            case never:
                assert_never(never)

    def _listen(self, threads: int) -> None:
        from voiceloop_local.models.ears import Ears  # noqa: PLC0415 - loads beside the other model

        ears = self._load("speech recognition", functools.partial(Ears, threads))
        if ears is None:
            return
        ears.warm_up()
        self._loaded()
        while True:
            self._listening.serve_one(ears.understand)

    def _speak(self, threads: int) -> None:
        from voiceloop_local.models.tts import Voices  # noqa: PLC0415 - loads beside the other model

        voices = self._load("voice", functools.partial(Voices, threads))
        if voices is None:
            return
        self._loaded()
        while True:
            self._speaking.serve_one(voices.narrate)

    def _load(self, part: str, load: Callable[[], Part]) -> Part | None:
        began = time.monotonic()
        try:
            loaded = load()
        except Exception as error:  # noqa: BLE001 - whatever a library raises, the parent must hear of it
            self._send(Failed(0, f"{error}"), b"")
            return None
        self._send(Loaded(part, round(time.monotonic() - began, 2)), b"")
        return loaded

    def _loaded(self) -> None:
        with self._lock:
            self._loading -= 1
            ready = self._loading == 0
        if ready:
            self._send(Ready(), b"")


def claim_pipes() -> tuple[int, int]:
    """Take the two pipes away from the standard streams, so that no library can write between frames."""
    requests, reports = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout = sys.stderr
    return requests, reports


def stay_offline() -> None:
    """Refuse network calls made from Python; the libraries' own switches come with the environment."""

    def refuse(event: str, _: tuple[object, ...]) -> None:
        if event in _NO_NETWORK:
            raise PermissionError(f"the model process does not use the network ({event})")

    sys.addaudithook(refuse)


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the parent, which closes the pipe
    parser = argparse.ArgumentParser(description="Serve voiceloop's models over standard input and output.")
    parser.add_argument("--stt-threads", type=int, default=2)
    parser.add_argument("--tts-threads", type=int, default=1)
    given = parser.parse_args()
    requests, reports = claim_pipes()
    stay_offline()
    if hasattr(os, "nice"):
        os.nice(_NICE)
    host = Host(Pipe(reports).send)
    host.start(given.stt_threads, given.tts_threads)
    status = 0
    try:
        host.run(requests)
    except DeviceError as error:
        sys.stderr.write(f"{error}\n")
        status = error.exit_status
    os._exit(status)  # threads inside native code would hold up an ordinary exit


if __name__ == "__main__":
    main()
