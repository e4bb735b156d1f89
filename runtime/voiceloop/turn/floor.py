"""Who has the floor: the user's ear state, the agent's mouth state, and the hold between them while it is unclear.

Speech over the agent ducks it, and silences it when it lasts; a reply that has not sounded yet is kept back. The hold
ends in one of two ways: the speech was not meant (playback goes on as before) or it was an interruption (the machine
cancels the reply and flushes).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from voiceloop.commands import ClearDeadline, Command, DuckPlayback, PausePlayback, ResumePlayback, SetDeadline
from voiceloop.turn.doubts import Doubt, Doubts
from voiceloop.turn.interruption import TABLE, Interruptions, Length, Verdict, Words
from voiceloop.turn.states import EAR, MOUTH, Ear, EarTrigger, Mouth, MouthTrigger, advance
from voiceloop.vocabulary import Flow

__all__ = ["BARGE_IN", "WORDS_DUE", "Floor"]

BARGE_IN = "barge_in"
WORDS_DUE = "words_due"
WORDS_WITHIN_S = 4.0
"""From the end of speech over the agent to its words; without them only long speech is an interruption."""
SURELY_MEANT_S = 1.4
"""Nobody only shows that he listens, or laughs, for so much longer than what counts as long."""


class Hold(StrEnum):
    """How the agent waits for it to become clear whether the user means to interrupt."""

    NONE = "none"
    PAUSED = "paused"
    """What was about to sound is kept back."""
    DUCKED = "ducked"
    """It goes on, quieter."""
    EASED = "eased"
    """It goes on as always: the user has paused, and may have finished."""
    SILENCED = "silenced"
    """It waits for words: the user has spoken for so long that he most likely interrupts."""

    @property
    def overlapped(self) -> bool:
        """The user speaks, or has just spoken, over the agent's words."""
        return self in {Hold.DUCKED, Hold.EASED, Hold.SILENCED}

    @property
    def length(self) -> Length:
        """What speech counts as while only its words can tell whether it is meant."""
        return Length.LONG if self is Hold.SILENCED else Length.SHORT


ENDED: Final[Mapping[Hold, tuple[Command, ...]]] = {
    Hold.NONE: (),
    Hold.PAUSED: (ResumePlayback(),),
    Hold.DUCKED: (DuckPlayback(1.0),),
    Hold.EASED: (DuckPlayback(1.0),),
    Hold.SILENCED: (DuckPlayback(1.0), ResumePlayback()),
}
"""What makes the agent go on as it did before the hold."""


class Floor:
    """Keeps ear and mouth; `onset_s` and `at_s` are seconds on the capture clock, `now` on the monotonic one."""

    def __init__(self, interruptions: Interruptions, silence_s: float) -> None:
        """`silence_s` is what the engine waits for before it says that speech stopped."""
        self.ear = Ear.QUIET
        self.mouth = Mouth.QUIET
        self.speaking_turn = ""
        """The turn the ear is about; empty while the user is quiet."""
        self.doubts = Doubts()
        self.out_of_order: list[str] = []
        """Steps that stand in no table, by name; for the caller to report and clear."""
        self._interruptions = interruptions
        self._silence_s = silence_s
        self._onset_s = 0.0
        self._held_from_s = 0.0
        self._hold = Hold.NONE
        self._words = Words.UNKNOWN

    @property
    def quiet(self) -> bool:
        """Nobody speaks."""
        return self.ear is Ear.QUIET and self.mouth is Mouth.QUIET

    @property
    def free(self) -> bool:
        """The agent may begin to answer: the user is silent and nothing is held."""
        return self.ear is Ear.QUIET and not self.held

    @property
    def held(self) -> bool:
        """It is not clear yet whether the user means to interrupt."""
        return self._hold is not Hold.NONE

    @property
    def silenced(self) -> bool:
        """The agent is silent in the middle of its words, and goes on where it was if those of the user are none."""
        return self._hold is Hold.SILENCED

    @property
    def paused(self) -> bool:
        """The user has paused meanwhile."""
        return self._hold is Hold.EASED

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

    # The hold ----------------------------------------------------------------------------------------------------

    def hold(self, now: float) -> list[Command]:
        """Speak quieter, or not begin, until it is clear whether this speech is meant."""
        if not self.held:
            self._held_from_s = self._onset_s
        self._words = Words.UNKNOWN
        if self.silenced:
            return [SetDeadline(BARGE_IN, now + self._interruptions.after_s + SURELY_MEANT_S)]
        # Whoever is still speaking when a stop would long have been reported has spoken long enough.
        due = SetDeadline(BARGE_IN, now + self._interruptions.after_s + self._silence_s)
        if self.mouth is Mouth.SPEAKING:
            self._hold = Hold.DUCKED
            return [DuckPlayback(self._interruptions.duck_gain), due]
        self._hold = Hold.PAUSED
        self.speak(MouthTrigger.HOLD)
        return [PausePlayback(), due]

    def overlaps(self, turn_id: str) -> bool:
        """Whether this turn is being spoken over the agent's words."""
        return self._hold.overlapped and turn_id == self.speaking_turn

    def silence(self, now: float) -> list[Command]:
        """Be silent until the words of speech that lasts are known, or it has lasted too long for doubts."""
        self._hold, self._words = Hold.SILENCED, Words.UNKNOWN
        self.speak(MouthTrigger.HOLD)
        return [PausePlayback(), SetDeadline(BARGE_IN, now + SURELY_MEANT_S)]

    def flows(self, turn_id: str, flow: Flow) -> list[Command]:
        """Be as loud as before while the user pauses; quieter again when that was not all."""
        if not self.overlaps(turn_id):
            return []
        if flow is Flow.PAUSED and self._hold is Hold.DUCKED:
            self._hold = Hold.EASED
            return [DuckPlayback(1.0)]
        if flow is Flow.WENT_ON and self.silenced:
            self._words = Words.UNKNOWN
        if flow is Flow.WENT_ON and self._hold is Hold.EASED:
            self._hold, self._words = Hold.DUCKED, Words.UNKNOWN
            return [DuckPlayback(self._interruptions.duck_gain)]
        return []

    def words(self, text: str) -> Verdict:
        """Judge what was said so far; later words may change it."""
        if not text or not self._hold.overlapped:
            return Verdict.WAIT
        self._words = self._interruptions.words_in(text)
        return TABLE[self._words][self._hold.length]

    def meant(self, text: str | None) -> bool:
        """Whether speech that is over was meant, by its words; None: nobody knows them, so its length tells."""
        if text is None:
            return self.silenced
        return TABLE[self._interruptions.words_in(text)][self._hold.length] is Verdict.STOP

    def judge(self, at_s: float) -> Verdict:
        """Judge speech under the hold that has ended at `at_s`."""
        spoken_s = at_s - self._held_from_s
        if self.silenced:
            return TABLE[self._words][self._hold.length]
        if self._hold.overlapped:
            # In a pause it is known that what came before it was not long; the pauses between count for nothing.
            longest = Length.SHORT if self.paused else Length.LONG
            length = self._interruptions.length(spoken_s, longest)
            return Verdict.STOP if length is Length.LONG else TABLE[self._words][length]
        # Nothing had sounded: who goes on speaking goes on with the turn before.
        return Verdict.GO_ON if spoken_s < self._interruptions.cough_s else Verdict.STOP

    def go_on(self, turn_id: str, verdict: Verdict, now: float, *, sounding: bool) -> list[Command]:
        """End the hold and go on speaking, if anything was being said: the turn was not meant, or it has to be seen."""
        out: list[Command] = [ClearDeadline(BARGE_IN)]
        if verdict is Verdict.WAIT:
            self.doubts.note(turn_id, Doubt.SPOKEN)
            out.append(SetDeadline(WORDS_DUE, now + WORDS_WITHIN_S))
        else:
            out += self.doubts.dismiss(turn_id)
        return out + self.resume(sounding=sounding)

    def resume(self, *, sounding: bool) -> list[Command]:
        """End the hold; a silence stays while the user speaks once more, or words of his are still to come."""
        if self.silenced and (self.ear is Ear.SPEAKING or self.doubts.open):
            return []
        hold, self._hold = self._hold, Hold.NONE
        if hold in {Hold.PAUSED, Hold.SILENCED}:
            self.speak(MouthTrigger.RESUME_SPEAKING if sounding else MouthTrigger.RESUME_QUIET)
        return [*ENDED[hold]]

    def said_all(self, *, more: bool) -> list[Command]:
        """The agent has finished what it said; `more`: it works on more, which is kept back while the user speaks."""
        self.speak(MouthTrigger.FINISHED)
        if not self._hold.overlapped:
            return []
        hold, self._hold = self._hold, Hold.PAUSED if more else Hold.NONE
        if more:
            self.speak(MouthTrigger.HOLD)
            return [DuckPlayback(1.0), PausePlayback()]
        if hold is Hold.SILENCED:
            self.speak(MouthTrigger.RESUME_QUIET)
        return [ClearDeadline(BARGE_IN), *ENDED[hold]]

    def give_up(self) -> None:
        """The agent loses the floor."""
        self._hold = Hold.NONE
        self.speak(MouthTrigger.FLUSH)
