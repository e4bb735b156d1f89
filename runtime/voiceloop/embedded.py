"""The embedded gateway as a child process: started when there is neither a key nor a base URL, gone when we are gone.

The child gets its random key as the first line of its standard input, where no process list shows it, and ends when
that pipe closes: on our exit, even a hard one, the operating system closes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import IO

from voiceloop.errors import DeviceError, SettingsError, UnreachableError, UsageError, VoiceloopError
from voiceloop.machine import child_options

__all__ = ["READY", "EmbeddedGateway", "embedded_gateway"]

READY = re.compile(rb"voiceloop gateway ready (http://\S+)\r?\n")
START_WITHIN_S = 120.0
STOP_WITHIN_S = 0.3
TELL_EVERY_S = 1.0
COMMAND = (sys.executable, "-P", "-m", "voiceloop", "gateway", "--port", "0", "--child")
ERRORS: dict[int, type[VoiceloopError]] = {
    kind.exit_status: kind for kind in (UsageError, SettingsError, UnreachableError, DeviceError)
}


@dataclass(frozen=True, slots=True)
class EmbeddedGateway:
    """Where the child listens and what it wants as its key."""

    base_url: str
    key: str


@contextlib.asynccontextmanager
async def embedded_gateway(
    told: Callable[[float], None],
    *,
    brain: str | None = None,
    language: str = "en",
    command: Sequence[str] = COMMAND,
    within_s: float = START_WITHIN_S,
) -> AsyncIterator[EmbeddedGateway]:
    """Run the gateway while the block runs. `told` gets the seconds waited, about once a second, until it is ready.

    `brain` says who thinks: None is the local one, else what `voiceloop gateway --brain` takes. `language` is a tag
    or `auto`, for sessions that name none.

    Raises UnreachableError when it is not ready `within_s` seconds, or the error the child ended with. Cancelling
    stops the child.
    """
    key = secrets.token_urlsafe(24)
    environ = {name: value for name, value in os.environ.items() if name != "DGRID_API_KEY"}
    with tempfile.TemporaryFile() as complaints:
        child = await asyncio.create_subprocess_exec(
            *command,
            *(() if brain is None else ("--brain", brain)),
            *(() if language == "en" else ("--language", language)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
            env=environ,
            **child_options(),  # the child must outlive the polite end
        )
        try:
            yield EmbeddedGateway(await ready_url(child, key, told, complaints, within_s=within_s), key)
        finally:
            await stop(child)


async def ready_url(
    child: asyncio.subprocess.Process,
    key: str,
    told: Callable[[float], None],
    complaints: IO[bytes],
    *,
    within_s: float,
) -> str:
    """Hand over the key and wait for the ready line."""
    assert child.stdin is not None, "it was asked to be a pipe"
    assert child.stdout is not None, "it was asked to be a pipe"
    child.stdin.write(f"{key}\n".encode())
    loop = asyncio.get_running_loop()
    began = loop.time()
    pending = bytearray()
    while (waited := loop.time() - began) < within_s:
        try:
            async with asyncio.timeout(min(TELL_EVERY_S, within_s - waited)):
                read = await child.stdout.read(4096)
        except TimeoutError:
            told(loop.time() - began)
            continue
        if not read:
            raise await failure(child, complaints)
        pending += read
        if ready := READY.search(pending):
            return ready.group(1).decode()
    raise UnreachableError(f"the embedded gateway was not ready within {within_s:g} s; see: voiceloop gateway")


async def failure(child: asyncio.subprocess.Process, complaints: IO[bytes]) -> VoiceloopError:
    """Return what the child died of."""
    await stop(child)
    complaints.seek(0)
    lines = complaints.read().decode("utf-8", "replace").strip().splitlines()
    why = lines[-1].removeprefix("voiceloop: ") if lines else f"it said nothing and left {child.returncode}"
    return ERRORS.get(child.returncode or 0, UnreachableError)(f"the embedded gateway did not start: {why}")


async def stop(child: asyncio.subprocess.Process) -> None:
    """Close the child's pipe, give it a moment, then end it."""
    assert child.stdin is not None, "it was asked to be a pipe"
    child.stdin.close()
    if child.returncode is not None:
        return
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
