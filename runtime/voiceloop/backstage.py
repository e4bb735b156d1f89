"""What a session's parts may do to it: report and run tasks. Not for applications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.base import Line
from voiceloop.errors import VoiceloopError
from voiceloop.events import Event, LineEnded, LineLost, LineOpened
from voiceloop.hearing import Hearing
from voiceloop.settings import AudioSettings

__all__ = ["Backstage"]


class Backstage:
    """The session's side of `LineReports`, and its tasks.

    `failed` is told of a task that raised: whatever a task can foresee it reports as an event, so that is a mistake.
    """

    def __init__(
        self,
        happened: Callable[[Event], None],
        failed: Callable[[BaseException], None],
        ledger: Ledger,
        hearing: Hearing,
        audio: AudioSettings,
    ) -> None:
        self.group: asyncio.TaskGroup | None = None
        """Set while the session runs."""
        self._ledger = ledger
        self._happened = happened
        self._failed = failed
        self._hearing = hearing
        self._audio = audio
        self._tasks: set[asyncio.Task[None]] = set()

    def happened(self, event: Event) -> None:
        """Report an event to the core."""
        self._happened(event)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a named task that ends with the session; before and after it, nothing is run."""
        if self.group is None:
            work.close()
            return
        task = self.group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def open_line(self, line: Line | None, opened: asyncio.Event, *, captions_only: bool) -> None:
        """Open the line, if there is one, and report how that went; sets `opened` when it went well."""
        if line is not None:
            try:
                await self._open(line)
            except VoiceloopError as error:
                self.happened(LineLost(str(error), error.exit_status))
                return
        self.happened(LineOpened(captions_only=captions_only))
        opened.set()

    async def _open(self, line: Line) -> None:
        """Open it to the hearing, behind a wake word if there is one and no key says when to listen."""
        hearing, ledger = self._hearing, self._ledger
        if self._audio.wake_word is None or hearing.key is not None:
            await line.open(hearing.take, ledger, ledger.rate_hz, self)
            return
        from voiceloop.wakeword import wake_ears  # noqa: PLC0415 - few sessions wait for one

        ears = wake_ears(
            self._audio.wake_word,
            self._audio,
            hearing.take,
            ledger,
            closed=lambda: hearing.closed,
            tell=self.happened,
        )
        # What is captured goes out late while nobody is awake, so that loading beside it makes nobody wait.
        loading = asyncio.get_running_loop().run_in_executor(None, ears.load)
        try:
            await line.open(ears, ledger, ledger.rate_hz, self)
            await loading
        finally:
            loading.cancel()

    async def stop(self, within_s: float) -> None:
        """Cancel what runs, start nothing new, and give what was cancelled `within_s` to end."""
        self.group = None
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)

    def input_ended(self) -> None:
        """The line's input is over."""
        self.happened(LineEnded())

    def lost(self, detail: str) -> None:
        """The line is gone."""
        self.happened(LineLost(detail))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.group = None  # the group is ending: it takes no more tasks
            self._failed(error)
