"""The user's spoken turns on their way from sound to words. Pure.

Recognition begins while the gate still waits whether the turn is over. What it brings counts if nothing more was said;
else it is dropped and begun anew at the next pause, a few times at most, since each try is paid for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from voiceloop.engines.cascade.ear import Ear, Noticed
from voiceloop.engines.cascade.orders import Deadlines, Drop, Failed, Order, Outcome, Tell, TellSoFar, Transcribe
from voiceloop.engines.cascade.record import Record, SpokenTurn, Words
from voiceloop.engines.cascade.tongue import Tongue
from voiceloop.engines.cascade.troubles import is_of_this_request, may_be_tried_again
from voiceloop.engines.services.seams import Transcript
from voiceloop.events import EngineComplained, EngineLost, TranscriptionFailed, TurnCommitted, UserTranscribed
from voiceloop.languages.utterances import only_sounds
from voiceloop.turn.machine import NO_TURN
from voiceloop.vocabulary import Cause, Usage

__all__ = ["Listening"]

MOST_GUESSES: Final = 3
"""Of one turn: each is a request."""


@dataclass(slots=True)
class Guess:
    """Recognition of what was said so far of a turn that may go on."""

    job: int
    until: int
    """How far it reaches, as `Ear.end` counts."""
    came: Outcome | None = None


@dataclass(slots=True)
class Recognition:
    """Recognition of a turn that is over."""

    turn: SpokenTurn
    pcm: bytes
    recalled: bool
    """An earlier engine did not get to its words."""
    tries: int = 1


class Listening:
    """Collects speech and has it recognised, or keeps it for a model that listens itself."""

    def __init__(
        self,
        ear: Ear,
        record: Record,
        tongue: Tongue,
        new_job: Callable[[], int],
        *,
        transcribes: bool,
        deadlines: Deadlines,
    ) -> None:
        self._ear = ear
        self._record = record
        self._tongue = tongue
        self._new_job = new_job
        self._transcribes = transcribes
        self._deadlines = deadlines
        self._guess: Guess | None = None
        self._guesses = 0
        self._running: dict[int, Recognition] = {}

    def hear(self, pcm: bytes, first_sample: int) -> list[Order]:
        """Take captured speech."""
        match self._ear.take(pcm, first_sample):
            case Noticed.WENT_ON:
                return self._drop_guess()
            case Noticed.ANEW:
                self._guesses = 0
                return self._drop_guess()
            case Noticed.PAUSE if self._transcribes and self._guesses < MOST_GUESSES:
                dropped = self._drop_guess()
                self._guesses += 1
                self._guess = Guess(self._new_job(), self._ear.end)
                return [*dropped, Transcribe(self._guess.job, self._ear.so_far())]
            case Noticed.PAUSE if self._transcribes:
                return [TellSoFar("")]
            case _:
                return []

    def commit(self, turn_id: str, spoken_to_s: float | None = None) -> list[Order]:
        """The turn is over; its last word ended at `spoken_to_s` of the capture clock."""
        out: list[Order] = []
        if not self._ear.end:
            return [Tell(EngineComplained(NO_TURN, "nothing was heard of this turn"))]
        guess, self._guess, self._guesses = self._guess, None, 0
        if guess is not None and not self._serves(guess, spoken_to_s):
            out, guess = [Drop(guess.job)], None
        heard = self._ear.hand_over()
        out.append(Tell(TurnCommitted(turn_id)))
        if heard.lost_s:
            detail = f"the user spoke for so long that the first {heard.lost_s:.0f} s were left out"
            out.append(Tell(EngineComplained("turn_too_long", detail)))
        turn = self._record.spoken(turn_id)
        if guess is None:
            return out + self._recognise(turn, heard.pcm)
        self._running[guess.job] = Recognition(turn, heard.pcm, recalled=False)
        return out if guess.came is None else out + self.outcome(guess.job, guess.came)

    def recall(self, turn: SpokenTurn, pcm: bytes) -> list[Order]:
        """An earlier turn has no words yet."""
        if not pcm:
            turn.words = Words.KNOWN
            return []
        return self._recognise(turn, pcm, recalled=True)

    def forget(self, turn_id: str) -> list[Order]:
        """The turn was not meant."""
        jobs = [job for job, recognition in self._running.items() if recognition.turn.turn_id == turn_id]
        for job in jobs:
            del self._running[job]
        return [Drop(job) for job in jobs]

    def runs(self, job: int) -> bool:
        """Whether a job is one of recognition that somebody waits for."""
        return job in self._running or (self._guess is not None and self._guess.job == job)

    def outcome(self, job: int, outcome: Outcome) -> list[Order]:
        """Recognition that runs has ended, well or not."""
        if self._guess is not None and self._guess.job == job:
            self._guess.came = outcome
            return [TellSoFar(outcome.text if isinstance(outcome, Transcript) else "")]
        match outcome:
            case Transcript():
                return self._known(job, outcome)
            case Failed():
                return self._failed(job, outcome)
            case _:
                return []

    def _recognise(self, turn: SpokenTurn, pcm: bytes, *, recalled: bool = False) -> list[Order]:
        if not self._transcribes:
            earlier = self._record.listened()
            if earlier is not None:
                earlier.speech = b""
            turn.words, turn.speech = Words.UNWRITTEN, pcm
            return [Tell(UserTranscribed(turn.turn_id, ""))]
        job = self._new_job()
        self._running[job] = Recognition(turn, pcm, recalled)
        return [Transcribe(job, pcm)]

    def _known(self, job: int, transcript: Transcript) -> list[Order]:
        turn = self._running.pop(job).turn
        text = transcript.text.strip()
        turn.words, turn.text = Words.KNOWN, "" if only_sounds(text) else text  # nobody answers a laugh
        self._tongue.heard(transcript.language)
        return [Tell(UserTranscribed(turn.turn_id, text, transcript.usage or Usage()))]

    def _failed(self, job: int, failed: Failed) -> list[Order]:
        recognition, trouble = self._running.pop(job), failed.trouble
        if may_be_tried_again(failed, recognition.tries, self._deadlines):
            recognition.tries += 1
            again = self._new_job()
            self._running[again] = recognition
            return [Transcribe(again, recognition.pcm)]
        # A turn that keeps recognition busy for too long would cost the next engine too.
        hopeless = recognition.recalled and trouble.cause is Cause.SLOW_MODEL and self._deadlines.gives_up == "turn"
        if hopeless or is_of_this_request(trouble, self._deadlines):
            recognition.turn.words = Words.MISSING
            return [Tell(TranscriptionFailed(recognition.turn.turn_id, trouble.detail))]
        return [Tell(EngineLost(trouble.cause, trouble.detail, endpoint="transcribe"))]

    def _serves(self, guess: Guess, spoken_to_s: float | None) -> bool:
        return not isinstance(guess.came, Failed) and self._ear.was_all_said(guess.until, spoken_to_s)

    def _drop_guess(self) -> list[Order]:
        guess, self._guess = self._guess, None
        return [] if guess is None else [Drop(guess.job)]
