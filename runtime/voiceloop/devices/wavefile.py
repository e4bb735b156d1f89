"""A WAV file as the microphone, a recording as the speaker: conversations that sound card and room cannot disturb."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from voiceloop.audio.ledger import Ledger
from voiceloop.audio.resample import Resampler
from voiceloop.clips import WavReader, open_wav
from voiceloop.devices.base import Ears, Line, LineReports, Played
from voiceloop.devices.clock import Subscription, shared_clock
from voiceloop.devices.context import LineContext
from voiceloop.devices.recorder import RECORDING_HZ, Recorder
from voiceloop.errors import MisuseError, SettingsError, UsageError

__all__ = ["BLOCKS_PER_S", "FileMicrophone", "WavLine", "check_paths", "factory"]

BLOCKS_PER_S = 50
_READ_FRAMES = 4096


class FileMicrophone:
    """A WAV file at the session's rate, block by block, then endless silence.

    Reads ahead, so resampling delays nothing. Raises UsageError when the file cannot be used.
    """

    def __init__(self, path: Path, rate_hz: int) -> None:
        self._reader: WavReader | None = open_wav(path)
        self._resampler = Resampler(self._reader.rate_hz, rate_hz)
        self._ready = bytearray()

    @property
    def ended(self) -> bool:
        """The file's last sample was taken."""
        return self._reader is None and not self._ready

    def take(self, samples: int) -> bytes:
        """The next `samples` samples."""
        wanted = 2 * samples
        while len(self._ready) < wanted and self._reader is not None:
            self._read_on(self._reader)
        block = bytes(self._ready[:wanted])
        del self._ready[:wanted]
        return block if len(block) == wanted else block.ljust(wanted, b"\0")

    def close(self) -> None:
        """Close the file; from now on there is only silence. Idempotent."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._ready.clear()

    def _read_on(self, reader: WavReader) -> None:
        pcm = reader.read(_READ_FRAMES)
        if pcm:
            self._ready += self._resampler.feed(pcm)
        else:
            self._ready += self._resampler.drain()
            reader.close()
            self._reader = None


class WavLine:
    """Plays a WAV file as the microphone in real time and records both sides.

    Every 20 ms it hands one block to the ears, pulls the same stretch from the ledger, writes both to the recording
    and acknowledges it: what was pulled has been played, so an interruption is exact to the sample.

    input: None is a microphone in a silent room. output: None plays to nobody, at the same pace.
    """

    def __init__(self, input: Path | None, output: Path | None, warn: Callable[[str, str], None]) -> None:  # noqa: A002
        self._input = input
        self._output = output
        self._warn = warn
        self._microphone: FileMicrophone | None = None
        self._recorder: Recorder | None = None
        self._subscription: Subscription | None = None
        self._ledger: Ledger | None = None
        self._ears: Ears = _deaf
        self._reports: LineReports | None = None
        self._block = 0
        self._sample = 0
        self._closed = False

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Open both files and start. Raises UsageError when one cannot be used; cancelling closes the line."""
        if self._ledger is not None or self._closed:
            raise MisuseError("this line was opened before; make a new one")
        self._block = rate_hz // BLOCKS_PER_S
        self._ears, self._ledger, self._reports = ears, ledger, reports
        try:
            self._open_files(rate_hz)
            self._subscription = shared_clock().subscribe(self._tick)
            # Sample 0 is the moment this returns; the clock says when that is.
            await asyncio.sleep(max(0.0, self._subscription.origin_s - asyncio.get_running_loop().time()))
        except BaseException:
            await self.close(0.0)
            raise

    def flush(self, generation: int) -> None:
        """Nothing to forget: what was pulled has been played."""

    def played(self) -> Played:
        """Exact: all that was pulled."""
        return Played(self._ledger.generation if self._ledger is not None else 0, self._sample, exact=True)

    async def close(self, within_s: float) -> None:
        """Stop and finish the files; takes no time."""
        self._closed = True
        if self._subscription is not None:
            self._subscription.cancel()
        if self._microphone is not None:
            self._microphone.close()
        if self._recorder is not None:
            self._recorder.close()

    def _open_files(self, rate_hz: int) -> None:
        check_paths(self._input, self._output)
        if self._input is not None:
            self._microphone = FileMicrophone(self._input, rate_hz)
        if self._output is not None:
            self._recorder = Recorder(self._output, rate_hz, self._warn)

    def _tick(self) -> None:
        ledger, block, first = self._ledger, self._block, self._sample
        if ledger is None:
            return
        heard = self._hear(block)
        kept = self._ears(heard, first)
        said = ledger.pull(block)
        if self._recorder is not None:
            self._recorder.write(heard, said, kept)
        self._sample = first + block
        ledger.ack(self._sample)
        if self._microphone is not None and self._microphone.ended:
            self._microphone = None
            if self._reports is not None:
                self._reports.input_ended()

    def _hear(self, samples: int) -> bytes:
        if self._microphone is None:
            return bytes(2 * samples)
        try:
            return self._microphone.take(samples)
        except OSError as failure:
            # The rest of the input is lost, which is how it ends: the conversation so far is not.
            self._warn("input_stopped", f"{self._input} cannot be read on: {failure.strerror}")
            self._microphone.close()
            return bytes(2 * samples)


def _deaf(pcm: bytes, first_sample: int) -> int:
    """Nobody listens yet."""
    return 0


def check_paths(input: Path | None, output: Path | None) -> None:  # noqa: A002
    """Find out before a session starts whether its files can be used. Raises UsageError; empties `output`."""
    if input is not None:
        open_wav(input).close()
        if output is not None and output.exists() and output.samefile(input):
            raise UsageError(f"{output} is both input and output; recording would erase it.")
    if output is not None:
        Recorder(output, RECORDING_HZ, lambda _code, _detail: None).close()


def factory(settings: Mapping[str, object], context: LineContext) -> Line:
    """The entry point: reads `context.input`, records to `context.output`. Raises UsageError for bad files."""
    for name in settings:
        raise SettingsError(f"[line.wav] knows no setting {name!r}; files are named with --input and --output")
    check_paths(context.input, context.output)
    return WavLine(context.input, context.output, context.warn)
