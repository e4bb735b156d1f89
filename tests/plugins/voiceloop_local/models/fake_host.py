"""The real host with stand-ins for the models: what it hears it says back, what it says is the text itself.

Its one argument is how it behaves: `good`, `refuses`, `babbles`, `slow` or `dies` (at the word "die").
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

from voiceloop_local.models import host
from voiceloop_local.models.protocol import Failed, Identify, Loaded, Ready, Transcribe, Translate

BEHAVIOUR = sys.argv[1]


def recognise(request: Transcribe | Identify, pcm: bytes) -> str | tuple[str, float]:
    if pcm == b"die!":
        sys.stderr.write("it hurts\n")
        sys.stderr.flush()
        os._exit(7)
    if pcm == b"bad!":
        raise ValueError("this is\nno speech")
    if isinstance(request, Identify):
        return request.among[-1], 0.75
    if isinstance(request, Translate):
        return f"{len(pcm)} bytes of {request.language} in English"
    return f"{len(pcm)} bytes at {request.rate_hz} in {request.language} {' '.join(request.vocabulary)}".strip()


def narrate(text: str, language: str) -> Iterator[bytes]:
    if text == "bad":
        raise ValueError("unspeakable")
    print("a library prints this")  # noqa: T201 - as libraries do
    if language != "en":
        text += f" ({language})"
    for word in text.split():
        yield word.encode()


def main() -> None:
    requests, reports = host.claim_pipes()
    pipe = host.Pipe(reports)
    if BEHAVIOUR == "refuses":
        pipe.send(Failed(0, "no model here; install one"))
    elif BEHAVIOUR == "babbles":
        os.write(reports, b"Loading model, please wait...")
    elif BEHAVIOUR == "slow":
        time.sleep(60)
    fake = host.Host(pipe.send)
    if BEHAVIOUR in ("good", "dies"):
        threading.Thread(target=serve, args=(fake._listening, recognise), daemon=True).start()
        threading.Thread(target=serve, args=(fake._speaking, narrate), daemon=True).start()
        pipe.send(Loaded("a stand-in", 0.5))
        pipe.send(Ready())
    if BEHAVIOUR == "dies":
        os._exit(3)
    fake.run(requests)
    os._exit(0)


def serve(desk: object, work: object) -> None:
    while True:
        desk.serve_one(work)


main()
