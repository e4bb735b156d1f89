"""Every error a caller can meet.

VoiceloopError
├── UsageError              a file or flag cannot be used (exit status 2)
├── SettingsError           a settings file, variable or flag is wrong (3)
├── BackendError            the other side of the wire
│   ├── RefusedError        key, quota or model refused; never retried in a loop (4)
│   ├── UnreachableError    no answer, or no tier could answer (5)
│   └── DialectError        the server speaks neither realtime dialect (5)
├── DeviceError             microphone, speaker, PortAudio or a model package is missing (6)
│   └── LanguageError       what a language needs besides is not installed (6)
├── ToolError               raised by a tool's author to tell the model what went wrong
├── TapeError               a tape cannot be read, or does not replay to the same commands
└── MisuseError             the caller broke a documented rule
    └── SessionEndedError   the session has ended; nothing more can be asked of it

Each message is one line that says what is wrong and what to do about it.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BackendError",
    "DeviceError",
    "DialectError",
    "LanguageError",
    "MisuseError",
    "RefusedError",
    "SessionEndedError",
    "SettingsError",
    "TapeError",
    "ToolError",
    "UnreachableError",
    "UsageError",
    "VoiceloopError",
    "error_of",
]


class VoiceloopError(Exception):
    """Base of everything voiceloop raises on purpose."""

    exit_status: ClassVar[int] = 1


class UsageError(VoiceloopError):
    """A flag, file or port that was named cannot be used."""

    exit_status = 2


class SettingsError(VoiceloopError):
    """A settings file, environment variable or flag holds a wrong name or value."""

    exit_status = 3

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        """`path` is the setting at fault, for a message that does not say where it stands."""
        super().__init__(message)
        self.path = path


class BackendError(VoiceloopError):
    """The server or the way to it failed."""

    exit_status = 5


class RefusedError(BackendError):
    """The server refuses this key, account or model; trying again does not help."""

    exit_status = 4


class UnreachableError(BackendError):
    """Nobody answered at the base URL, or the connection was lost for good."""


class DialectError(BackendError):
    """The server speaks neither the beta nor the GA realtime dialect."""


class DeviceError(VoiceloopError):
    """A microphone, a speaker, PortAudio or a model package is missing or went away."""

    exit_status = 6


class LanguageError(DeviceError):
    """What this machine needs to hear or speak a language is not installed; the message holds the fix."""


class ToolError(VoiceloopError):
    """Raise this in a tool: the message goes to the model as the tool's error output."""


class TapeError(VoiceloopError):
    """A tape is unreadable, of another version, or replays to other commands."""


class MisuseError(VoiceloopError):
    """The caller broke a rule that the called thing documents."""


class SessionEndedError(MisuseError):
    """The session has ended."""


def error_of(exit_status: int, detail: str) -> VoiceloopError:
    """Return the error that ends a process with this status; the general one for a status of no family."""
    families = (UsageError, SettingsError, RefusedError, UnreachableError, DeviceError)
    kinds: dict[int, type[VoiceloopError]] = {kind.exit_status: kind for kind in families}
    return kinds.get(exit_status, VoiceloopError)(detail)
