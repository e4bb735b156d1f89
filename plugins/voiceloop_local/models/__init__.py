"""Models on this machine: recognition, a voice and a brain without a network, in a process of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from voiceloop_local.models.client import ModelProcess, Progress, host_command
from voiceloop_local.seams import Brain, Speaker, Transcriber

__all__ = ["ModelProcess", "Models", "Progress", "open_models"]

_LEFTOVER_S: Final = 2.0
"""The process has ended by then; what is left is the closing of its pipes."""


@dataclass(frozen=True, slots=True)
class Models:
    """What `open_models` yields; good until its context ends."""

    process: ModelProcess

    @property
    def transcriber(self) -> Transcriber:
        """Speech to text: whisper tiny.en for English, base for other languages once one is asked for."""
        return self.process

    @property
    def speaker(self) -> Speaker:
        """Text to speech, one voice for each language."""
        return self.process

    def brain(self) -> Brain:
        """A new brain that answers with the phrases tools declare. Raises DeviceError when hassil is missing."""
        from voiceloop_local.models.brain import PhraseBrain  # noqa: PLC0415 - not needed by who only transcribes

        return PhraseBrain()


@asynccontextmanager
async def open_models(
    *, stt_threads: int = 2, tts_threads: int = 1, within_s: float = 30.0, progress: Progress | None = None
) -> AsyncIterator[Models]:
    """Start the model process, wait until it has loaded, and end it with the context.

    `progress` is called with one line for each model that is loaded. Raises DeviceError when a package is missing, a
    model file is not the pinned one, or loading takes more than `within_s` seconds. Safe to cancel.
    """
    process = ModelProcess(host_command(stt_threads, tts_threads), within_s=within_s, progress=progress)
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(process.run(), name="model process")
        try:
            await process.ready()
            yield Models(process)
        except Exception as error:  # noqa: BLE001 - raised below, where the group cannot wrap it
            failure = error
        finally:
            await process.close()
            await asyncio.wait({running}, timeout=_LEFTOVER_S)
            running.cancel()
    if failure is not None:
        raise failure
