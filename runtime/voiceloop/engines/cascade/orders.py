"""What the pure middle of a cascade wants done, and what it hears back. One closed union each way.

A job is one request to a service. Each `Transcribe`, `AskChat` and `Speak` is answered by outcomes that bear its
number, until it is dropped; outcomes of jobs that nobody waits for any more change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voiceloop.dgrid.chat_answer import ChatDelta
from voiceloop.engines.services.seams import Question, Transcript
from voiceloop.events import Event
from voiceloop.vocabulary import Cause

__all__ = [
    "Arrived",
    "AskChat",
    "Deadlines",
    "Drop",
    "Failed",
    "Finished",
    "Order",
    "Outcome",
    "Play",
    "Speak",
    "Tell",
    "TellSoFar",
    "Transcribe",
    "Trouble",
    "WakeAt",
    "Wrote",
]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a request may take before it counts as failed, in seconds, and what is put up with else."""

    transcription_s: float = 10.0
    """From the request to the words."""
    first_token_s: float = 8.0
    """From the question to anything of the answer; thinking counts."""
    first_words_s: float = 30.0
    """From the question to the first word or call: a model that only thinks is waited for this long."""
    stream_silence_s: float = 5.0
    """Between two pieces of an answer, or of speech; of speech that comes too slowly, all gaps together."""
    first_audio_s: float = 5.0
    """From a sentence to its first sound."""
    again_within_s: float = 60.0
    """A request that failed is made once more only if it did so within this time."""
    gives_up: Literal["turn", "engine"] = "turn"
    """What is given up where a request is refused as it is, or takes its time with each engine that makes it: the
    answer to one turn, or the engine, since one of another kind may answer."""

    @classmethod
    def hurried(cls) -> Deadlines:
        """Return those of a conversation that another tier can go on with: sooner there than late here."""
        return cls(
            transcription_s=4.0,
            first_token_s=5.0,
            first_words_s=12.0,
            stream_silence_s=3.0,
            first_audio_s=3.0,
            again_within_s=1.0,
            gives_up="engine",
        )


# Orders --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tell:
    """Report an event to the session."""

    event: Event


@dataclass(frozen=True, slots=True)
class TellSoFar:
    """Report the words of a turn that may go on; empty when none will come before its end."""

    text: str


@dataclass(frozen=True, slots=True)
class Play:
    """Hand sound of a reply over, unless the reply was cancelled since."""

    reply_id: str
    item_id: str
    content_index: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Put speech into words; answered by `Transcript` or `Failed`."""

    job: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class AskChat:
    """Ask the chat model; answered by `Wrote`, `Ended` among them, or `Failed`."""

    job: int
    question: Question


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak a sentence; answered by `Arrived` and at last `Finished`, or `Failed`."""

    job: int
    text: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the request at once, if it still runs."""

    job: int


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Call `woke` at this time on the caller's clock; of several the earliest counts."""

    at_s: float


Order = Tell | TellSoFar | Play | Transcribe | AskChat | Speak | Drop | WakeAt

# Outcomes ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wrote:
    """The chat model wrote more."""

    delta: ChatDelta


@dataclass(frozen=True, slots=True)
class Arrived:
    """More of a sentence's sound, 16-bit PCM at the session's rate."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """The sentence was spoken to its end."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a request failed. `detail` is one line for a person."""

    cause: Cause
    detail: str
    repeated: bool = False
    """The service has made the request again by itself before it gave up."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The request brings nothing more."""

    trouble: Trouble
    after_s: float = 0.0
    """Since it was made."""


Outcome = Transcript | Wrote | Arrived | Finished | Failed
