"""What a canceller leaves of the echo, told from a user who speaks.

The evidence is the residual-to-echo ratio: how loud the cleaned microphone is beside the microphone as captured. What
the canceller knows it takes away, 20 dB and more; a user who speaks over it stays, even at the echo's own level, though
the canceller may swallow the first syllables. So what another one leaves, that only subtracts, is looked at as well,
once it is known to take enough. A canceller that has not found its echo yet, or has lost it, takes nothing away either,
so it has to prove itself first: until then, 2.5 s at most, what is heard while the agent speaks counts as echo.
"""

from __future__ import annotations

import enum
import math

import numpy as np
from numpy.typing import NDArray

from voiceloop.audio.echomatch import EchoMatch
from voiceloop.audio.echomodel import BAND_EDGES_HZ, EchoModel

__all__ = ["BLOCK_S", "HEARD_DB", "EchoEvidence", "Trust", "Verdict"]

BLOCK_S = 0.01
ECHO_RATIO_DB = -9.0
"""A cleaned microphone that is quieter than this, beside the captured one, holds echo."""
PROOF_RATIO_DB = -12.0
HEARD_DB = -52.0
"""Quieter sound in the cleaned microphone is nobody."""
LOUD_DB = -45.0
FAR_DB = -55.0
ECHO_WITHIN_S = 0.7
"""So long after its sound an echo may come."""
PROOF_S = 0.8
PATIENCE_S = 2.5
LOST_SHARE = 0.3
"""A user who speaks hides less than 0.2 of the expected echo."""
ADDED_DB = 1.0
"""Under 144 sentences said over a known echo subtraction left at most 0.8 dB more than there had been."""
FADES_DB = 0.05
"""What the canceller gets wrong of a loud syllable is heard in the pauses beside it; so much less with each block."""
DOUBT_SHARE = 0.07
VOTES = 2
"""Blocks in favour of the user, less those against, before the gate opens."""
VOTES_IN_DOUBT = 10
VOTES_WHEN_YOUNG = 15
YOUNG_S = 2.5
"""In so much sound of the agent the canceller learns the path, and lets go of it now and then."""
ECHO_SHARE = 0.75
"""A microphone that is so much the loudspeaker's sound, only later than the canceller believes, holds echo."""
MIXED_SHARE = 0.6
"""An echo that just moved is for so long at two delays; a user as loud as it hides half of it."""
LEFT_SHARE = 0.25
"""Where the echo is known well, a user leaves something that is none of it, however loud the echo is beside him."""
OPEN_S = 0.4
"""The gate stays open for so long after the last evidence of a user: longer than the pauses within words."""
SMOOTHING = 0.5
WORTH_DB = 6.0
"""A canceller that only subtracts is worth hearing when it takes so much of an echo that is alone."""
WITNESS_DB = 15.0
"""And when so much, it is a witness too."""
VOTES_WHEN_MOVING = 12
"""For so long an echo that moves looks like a user to the canceller that only subtracts."""
TAKES_RATE = 0.02


class Verdict(enum.Enum):
    """What the newest block of the cleaned microphone holds, if it holds anything."""

    FREE = enum.auto()
    """The loudspeaker is silent: whatever is heard comes from the room."""
    ECHO = enum.auto()
    USER = enum.auto()


class Trust(enum.Enum):
    """What the canceller is known to do."""

    UNPROVEN = enum.auto()
    PROVEN = enum.auto()
    LOST = enum.auto()
    """The echo path has changed; the canceller looks for it."""


class EchoEvidence:
    """Judges blocks of 10 ms: whether what is left of the microphone is the user or the agent's own echo."""

    def __init__(self, rate_hz: int) -> None:
        self.trust = Trust.UNPROVEN
        self.ratio_db = 0.0
        """Residual to echo: the cleaned microphone's level less the captured one's, over some 20 ms."""
        self.clean_db = 0.0
        """The cleaned microphone's level, over the same."""
        self.takes_db = 0.0
        """What the canceller that only subtracts takes of an echo that is alone."""
        self.verdict = Verdict.FREE
        samples = round(rate_hz * BLOCK_S)
        # Of two blocks, or the strokes of a deep voice would be lost where one block ends and the next begins.
        self._sound = np.zeros((4, 2 * samples))
        self._window = np.hanning(2 * samples)
        hz = np.fft.rfftfreq(2 * samples, 1 / rate_hz)
        low, high = np.array(BAND_EDGES_HZ[:-1]), np.array(BAND_EDGES_HZ[1:])
        power = 2 / (self._window**2).sum() / (2 * samples)
        self._bands = ((hz[:, None] >= low) & (hz[:, None] < high)) * power
        self.model = EchoModel()
        self._match = EchoMatch(rate_hz)
        self._levels = np.zeros(4)
        self._near_db = self._remains_db = self._recent_db = 0.0
        self._echo_until_s = 0.0
        self._proof_s = self._tried_s = self._learned_s = 0.0
        self._votes = 0
        self._open_s = 0.0

    @property
    def subtracts(self) -> bool:
        """What the canceller that only subtracts leaves is worth hearing."""
        return self.takes_db > WORTH_DB

    def judge(self, blocks: NDArray[np.float64]) -> Verdict:
        """Take 10 ms of the microphone, of the loudspeaker, of the cleaned microphone and of what subtraction leaves.

        Four rows of samples from -1 to 1.
        """
        self._match.follow(blocks[0], blocks[1], blocks[3])
        powers = self._powers(blocks)
        self._levels += SMOOTHING * (powers.sum(axis=1) - self._levels)
        self._near_db, _, self.clean_db, self._remains_db = (_db(level) for level in self._levels)
        self._recent_db = max(self._near_db, self._recent_db - FADES_DB)
        self.ratio_db = self.clean_db - self._near_db
        far_is_loud = _db(powers[1].sum()) > FAR_DB
        self._echo_until_s = ECHO_WITHIN_S if far_is_loud else self._echo_until_s - BLOCK_S
        self._learned_s += BLOCK_S * far_is_loud
        if self._echo_until_s <= 0.0:
            # Who speaks when the agent begins is not cut off.
            self._votes, self._open_s = 0, OPEN_S if self.clean_db > HEARD_DB else self._open_s - BLOCK_S
            self.verdict = Verdict.FREE
        else:
            self._weigh_trust(powers, far_is_loud=far_is_loud)
            self.verdict = Verdict.USER if self._user_is_heard() else Verdict.ECHO
        return self.verdict

    def _powers(self, blocks: NDArray[np.float64]) -> NDArray[np.float64]:
        self._sound = np.concatenate((self._sound[:, blocks.shape[1] :], blocks), axis=1)
        spectrum = np.fft.rfft(self._sound * self._window, axis=1)
        powers: NDArray[np.float64] = (spectrum.real**2 + spectrum.imag**2) @ self._bands
        return powers

    @property
    def _subtraction_testifies(self) -> bool:
        """It is known to take so much of an echo that what it leaves of one says something."""
        return self.takes_db > WITNESS_DB

    @property
    def _subtraction_adds(self) -> bool:
        """It takes away an echo that is not there any more: a user, whatever he says, adds to both."""
        believed_db = self._recent_db - 0.5 * self.takes_db
        adds = self._remains_db > max(LOUD_DB, believed_db, self._near_db + ADDED_DB)
        return self._subtraction_testifies and adds and self._match.share_left() > LEFT_SHARE

    @property
    def _left_db(self) -> float:
        """How loud the microphone is without its echo, as far as that is known."""
        believed = self._subtraction_testifies and self._remains_db <= self._near_db + ADDED_DB
        return max(self.clean_db, self._remains_db) if believed else self.clean_db

    def _weigh_trust(self, powers: NDArray[np.float64], *, far_is_loud: bool) -> None:
        near_db, far_db = 10 * np.log10(powers[:2] + 1e-10)
        loud = self._near_db > LOUD_DB
        removed = self.ratio_db < PROOF_RATIO_DB
        self.model.follow(near_db, far_db, echo_alone=loud and self._left_db - self._near_db < ECHO_RATIO_DB)
        if self.trust is Trust.PROVEN:
            if loud and removed and self.verdict is Verdict.ECHO:
                self.takes_db += TAKES_RATE * (self._near_db - self._remains_db - self.takes_db)
            if self.model.missing > LOST_SHARE or self._subtraction_adds:
                self.trust = Trust.LOST
                self._proof_s = self._tried_s = self.takes_db = 0.0
            return
        self._tried_s += BLOCK_S
        if self.clean_db > HEARD_DB and not removed:
            self._proof_s = max(0.0, self._proof_s - 5 * BLOCK_S)
        elif loud or (self.trust is Trust.UNPROVEN and far_is_loud):
            # Silence proves nothing of a canceller that is known to be wrong.
            self._proof_s += BLOCK_S
        if self._proof_s >= PROOF_S or self._tried_s >= PATIENCE_S:
            if self.trust is Trust.LOST:
                self.model.forget()
            self.trust = Trust.PROVEN

    def _user_is_heard(self) -> bool:
        heard = self._stands_out(self._left_db) and (
            self._match.share() < (ECHO_SHARE if self._open_s > 0.0 else MIXED_SHARE) or self._subtraction_left_a_user()
        )
        if self.trust is Trust.LOST:
            self._votes, self._open_s = 0, 0.0
        elif self.trust is Trust.PROVEN:
            self._votes = min(self._votes + 1, VOTES_WHEN_YOUNG) if heard else max(self._votes - 1, 0)
        self._open_s -= BLOCK_S
        if heard and (self._votes >= self._votes_needed or self._open_s > 0.0):
            self._open_s = OPEN_S
        return self._open_s > 0.0

    def _stands_out(self, db: float) -> bool:
        return db > HEARD_DB and db - self._near_db > ECHO_RATIO_DB

    def _subtraction_left_a_user(self) -> bool:
        stands_out = self._subtraction_testifies and self._stands_out(self._remains_db)
        return stands_out and self._match.share_left() < LEFT_SHARE

    @property
    def _votes_needed(self) -> int:
        if self._learned_s < YOUNG_S:
            return VOTES_WHEN_YOUNG
        if self.ratio_db <= ECHO_RATIO_DB:
            return VOTES_WHEN_MOVING
        return VOTES if self.subtracts and self.model.missing < DOUBT_SHARE else VOTES_IN_DOUBT


def _db(power: float) -> float:
    return 10.0 * math.log10(power + 1e-10)
