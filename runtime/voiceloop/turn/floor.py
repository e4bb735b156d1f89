"""Who has the floor: the user's ear state, the agent's mouth state, and the hold between them while it is unclear.

Speech over the agent holds playback. The hold ends in one of two ways: the speech was too short to be meant (a cough,
playback goes on) or it was an interruption (the machine cancels the reply and flushes).
"""

from __future__ import annotations

from collections import deque

from voiceloop.commands import ClearDeadline, Command, PausePlayback, ResumePlayback, SetDeadline
from voiceloop.turn.states import EAR, MOUTH, Ear, EarTrigger, Mouth, MouthTrigger, advance

__all__ = ["BARGE_IN", "Floor"]

BARGE_IN = "barge_in"
MAX_COUGHS = 16


class Floor:
    """Keeps ear and mouth; `onset_s` and `at_s` are seconds on the capture clock, `now` on the monotonic one."""

    def __init__(self, interrupt_after_s: float, silence_s: float) -> None:
        self.ear = Ear.QUIET
        self.mouth = Mouth.QUIET
        self.speaking_turn = ""
        """The turn the ear is about; empty while the user is quiet."""
        self.out_of_order: list[str] = []
        """Steps that stand in no table, by name; for the caller to report and clear."""
        self._interrupt_after_s = interrupt_after_s
        self._silence_s = silence_s
        self._onset_s = 0.0
        self._held_from_s: float | None = None
        self._coughs: deque[str] = deque(maxlen=MAX_COUGHS)

    @property
    def quiet(self) -> bool:
        """Nobody speaks."""
        return self.ear is Ear.QUIET and self.mouth is Mouth.QUIET

    @property
    def free(self) -> bool:
        """The agent may begin to answer: the user is silent and nothing is held."""
        return self.ear is Ear.QUIET and self.mouth is not Mouth.HELD

    @property
    def held(self) -> bool:
        """Playback waits for it to become clear whether the user means to interrupt."""
        return self._held_from_s is not None

    def hear(self, trigger: EarTrigger) -> None:
        """Something happened to the user's speech."""
        step = advance(EAR, self.ear, trigger)
        if step is None:
            self.out_of_order.append(f"ear: {trigger} while {self.ear}")
        else:
            self.ear = step
        if self.ear is Ear.QUIET:
            self.speaking_turn = ""

    def speak(self, trigger: MouthTrigger) -> None:
        """Something happened to the agent's speech."""
        step = advance(MOUTH, self.mouth, trigger)
        if step is None:
            self.out_of_order.append(f"mouth: {trigger} while {self.mouth}")
        else:
            self.mouth = step

    def speech_began(self, turn_id: str, at_s: float) -> None:
        """The user began to speak."""
        self.hear(EarTrigger.STARTED)
        self.speaking_turn = turn_id
        self._onset_s = at_s

    def hold(self, now: float) -> list[Command]:
        """Pause the agent until it is clear whether this speech is meant."""
        if self._held_from_s is None:
            self._held_from_s = self._onset_s
        self.speak(MouthTrigger.HOLD)
        # Whoever is still speaking when a stop would long have been reported has spoken long enough.
        return [PausePlayback(), SetDeadline(BARGE_IN, now + self._interrupt_after_s + self._silence_s)]

    def too_short(self, turn_id: str, at_s: float) -> bool:
        """Speech under the hold stopped at `at_s`: was it a cough? Coughs are remembered by their turn."""
        if self._held_from_s is None or at_s - self._held_from_s >= self._interrupt_after_s:
            return False
        self._coughs.append(turn_id)
        return True

    def was_cough(self, turn_id: str) -> bool:
        """True for a turn that is noise."""
        return turn_id in self._coughs

    def resume(self, *, sounding: bool) -> list[Command]:
        """End the hold and go on speaking, if anything was being said."""
        self._held_from_s = None
        self.speak(MouthTrigger.RESUME_SPEAKING if sounding else MouthTrigger.RESUME_QUIET)
        return [ClearDeadline(BARGE_IN), ResumePlayback()]

    def give_up(self) -> None:
        """The agent loses the floor."""
        self._held_from_s = None
        self.speak(MouthTrigger.FLUSH)
