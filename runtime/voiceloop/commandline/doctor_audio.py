"""`voiceloop doctor --audio`: whether microphone and speaker serve a conversation, and what to change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from voiceloop.audio.chirp import EVERY_MS, Measured, chirps, measure
from voiceloop.audio.ledger import Ledger
from voiceloop.commandline.api_files import print_json
from voiceloop.commandline.doctor_faults import of_error
from voiceloop.commandline.doctor_page import Page
from voiceloop.commandline.doctor_report import Finding, State
from voiceloop.commandline.running import run
from voiceloop.devices.context import LineContext
from voiceloop.devices.exchange import Trouble
from voiceloop.devices.soundcard import sound_card
from voiceloop.errors import DeviceError, VoiceloopError
from voiceloop.settings import AudioSettings
from voiceloop.sources import Origins, read_settings

__all__ = ["doctor_audio", "findings"]

RATE_HZ = 24_000
NO_DEVICE = 6
SLOW_MS, LOUD_ECHO_DB, NOISY_DB, CLIPPED, DRIFT_PPM = 300, -1.0, -45.0, 0.002, 300
MISHAPS = 5
"""In 8 s: the first ones come while the card starts."""


def doctor_audio(origins: Origins, *, as_json: bool = False) -> int:
    """Play chirps, listen, print; return 0, or 6 when no conversation can be heard."""
    page = Page(quiet=as_json)

    async def look() -> int:
        measured: Measured | None = None
        try:
            heard, trouble = await recorded(read_settings(origins).settings.audio)
            measured = measure(heard, RATE_HZ)
            found: Sequence[Finding] = [*findings(measured), buffers(trouble)]
        except VoiceloopError as error:
            found = [of_error("sound card", error)]
        status = next((each.exit_status for each in found if each.exit_status), 0)
        page.section("Microphone and speaker", found)
        if as_json:
            told = None if measured is None else asdict(measured)
            print_json({"exit_status": status, "audio": [each.json for each in found], "measured": told})
        return status

    return run(look)


async def recorded(audio: AudioSettings) -> tuple[bytes, Trouble]:
    """What the microphone hears, as it is, from the moment the chirps are handed over, and what went wrong meanwhile.

    Raises DeviceError; cancelling closes the card.
    """
    heard, lost = bytearray(), asyncio.get_running_loop().create_future()

    class Reports:
        def input_ended(self) -> None:
            """There is no file."""

        def lost(self, detail: str) -> None:
            if not lost.done():
                lost.set_exception(DeviceError(detail))

    def ears(pcm: bytes, first_sample: int) -> int:
        heard.extend(pcm)
        return len(pcm) // 2

    bare = audio.model_copy(update={"echo_cancellation": "none", "noise_suppression": False})
    line, ledger = sound_card(LineContext(audio=bare)), Ledger(RATE_HZ, lambda event: None)
    await line.open(ears, ledger, RATE_HZ, Reports())
    try:
        start = len(heard)
        played = chirps(RATE_HZ)
        ledger.put("chirps", "chirps", 0, played)
        await asyncio.wait([lost], timeout=len(played) / 2 / RATE_HZ + EVERY_MS / 1000)
        if lost.done():
            lost.result()
        return bytes(heard[start:]), line.trouble
    finally:
        lost.cancel()
        await line.close(1.0)


def findings(measured: Measured) -> Iterator[Finding]:
    """Yield in plain words what was measured and what to change."""
    if measured.silent:
        muted = "unmute it, allow this program to use it, or name another: [audio] input_device"
        yield Finding("microphone", State.FAILED, "it gives nothing but zeros", muted, NO_DEVICE)
        return
    yield judged("room", f"{measured.noise_db:.0f} dBFS of noise", "" if measured.noise_db < NOISY_DB else
        "find a quieter place, speak closer to the microphone, or turn its level down")  # fmt: skip
    if measured.echo_loss_db is None or measured.round_trip_ms is None or measured.drift_ppm is None:
        fine = "right with headphones; with a loudspeaker turn it up, or name another: [audio] output_device"
        yield Finding("echo", State.SKIPPED, "the microphone does not hear the speaker", fine)
        return
    loss, trip, drift = measured.echo_loss_db, measured.round_trip_ms, measured.drift_ppm
    yield judged("round trip", f"{trip:.0f} ms from speaker to microphone", "" if trip < SLOW_MS else
        "use devices with a cable: wireless ones are late")  # fmt: skip
    level = f"{abs(loss):.0f} dB {'quieter' if loss >= 0 else 'louder'} in the microphone than it was played"
    yield judged("echo", level, "" if loss >= LOUD_ECHO_DB else
        "turn the speaker or the microphone's level down, move them apart, or use headphones")  # fmt: skip
    yield judged("clipping", f"{100 * measured.clipped:.1f} % of a chirp", "" if measured.clipped < CLIPPED else
        "turn down the microphone's level, then the speaker")  # fmt: skip
    yield judged("clocks", f"{drift:+.0f} ppm apart", "" if abs(drift) < DRIFT_PPM else
        "take microphone and speaker of the same device")  # fmt: skip


def buffers(trouble: Trouble) -> Finding:
    """Return how often sound came too late for the card, or the card too late for sound."""
    detail = f"{trouble.underruns} underruns of the speaker, {trouble.overruns} overruns of the microphone"
    return judged("buffers", detail, "" if trouble.underruns + trouble.overruns <= MISHAPS else
        "close what keeps this machine busy, or wait until it is")  # fmt: skip


def judged(what: str, detail: str, fix: str) -> Finding:
    """Return a finding that is in order where there is nothing to change."""
    return Finding(what, State.DEGRADED if fix else State.OK, detail, fix)
