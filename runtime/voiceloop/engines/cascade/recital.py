"""The sentences of one reply on their way from words to sound. Pure; `now` is seconds on the caller's clock.

Each sentence is a content part of its own: its words are told when its turn has come, then its sound is handed over,
and nothing of the next one before all of it has arrived. So the length of a sentence is known exactly, and what was
heard of it nearly so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from voiceloop.engines.cascade.orders import Deadlines, Drop, Failed, Order, Play, Speak, Tell, Trouble, WakeAt
from voiceloop.engines.cascade.troubles import FINAL, may_be_tried_again
from voiceloop.events import ReplyAudioStarted, ReplyTextArrived
from voiceloop.vocabulary import Cause

__all__ = ["MOST_SENTENCES", "Playhead", "Recital"]

AGAIN_AFTER_S: Final = 1.0
"""So long after another failure a sentence is asked for again, while there is something to hear."""
AHEAD: Final = 2
"""So many sentences are made before they are due: speech that is cut off was paid for."""
MOST_SENTENCES: Final = 200
LONGEST_S: Final = 60.0
"""Speech of one sentence; a service that goes on is not listened to any more."""
SAMPLE_BYTES: Final = 2
SILENT: Final = Trouble(Cause.BROKEN_PEER, "the speech service made no sound")


class Playhead:
    """About how far playback is: as far as time has come since sound was handed over."""

    def __init__(self, rate_hz: int) -> None:
        self.second = rate_hz * SAMPLE_BYTES
        self.over_at_s = 0.0
        """When all will be played that was handed over."""

    def handed_over(self, pcm: bytes, now: float) -> None:
        """More sound was handed over."""
        self.over_at_s = max(self.over_at_s, now) + len(pcm) / self.second

    def flushed(self) -> None:
        """What was not played will not be."""
        self.over_at_s = 0.0


@dataclass(slots=True)
class Sentence:
    """One content part of the reply."""

    text: str
    """As it is written, which captions and history hold."""
    spoken: str
    job: int = 0
    """The request that speaks it; 0 while none does."""
    tries: int = 0
    again_at_s: float = 0.0
    """Not asked for before this."""
    told: bool = False
    waiting: list[bytes] = field(default_factory=list)
    """Sound whose turn has not come."""
    received_bytes: int = 0
    arrived: bool = False
    """All of it is here, or never will be."""
    over_at_s: float | None = None
    """When it is played; None until all of it was handed over."""


class Recital:
    """Speaks one reply."""

    def __init__(
        self, reply_id: str, item_id: str, playhead: Playhead, new_job: Callable[[], int], deadlines: Deadlines
    ) -> None:
        self.sounded = 0
        """How many sentences have sound that was handed over."""
        self.full = False
        """No more sentences are taken."""
        self._reply_id = reply_id
        self._item_id = item_id
        self._playhead = playhead
        self._new_job = new_job
        self._deadlines = deadlines
        self._unspoken = ""
        """Text that holds nothing to speak, to be told with what follows."""
        self._sentences: list[Sentence] = []
        self._due = 0
        """The sentence whose turn it is."""

    @property
    def sounding(self) -> bool:
        """There is sound of it, handed over or waiting."""
        return any(sentence.received_bytes for sentence in self._sentences)

    @property
    def done(self) -> bool:
        """All there is was handed over."""
        return self._due == len(self._sentences)

    def speaks(self, job: int) -> bool:
        """Whether this job speaks one of the sentences."""
        return any(sentence.job == job for sentence in self._sentences)

    def add(self, text: str, spoken: str) -> None:
        """One more sentence, as it is written and as it is spoken; what comes after the 200th is left out."""
        self._unspoken += text
        if not any(character.isalnum() for character in spoken):
            return
        if len(self._sentences) < MOST_SENTENCES:
            self._sentences.append(Sentence(self._unspoken, spoken))
        else:
            self.full = True
        self._unspoken = ""

    def go_on(self, now: float) -> list[Order]:
        """Hand over what is due and ask for what comes next."""
        out = self._hand_over(now)
        blocking = [each for each in self._sentences if each.job or each.arrived]
        open_ = [each for each in blocking if each.over_at_s is None or each.over_at_s > now]
        for sentence in [each for each in self._sentences if not each.job and not each.arrived]:
            if len(open_) > AHEAD:
                ends = [each.over_at_s for each in open_ if each.over_at_s is not None]
                out += [WakeAt(min(ends))] if ends else []
                break
            if sentence.again_at_s > now:
                out.append(WakeAt(sentence.again_at_s))
                break
            open_.append(sentence)
            out.append(self._speak(sentence))
        return out

    def arrived(self, job: int, pcm: bytes) -> list[Order]:
        """More of a sentence's sound came."""
        sentence = self._of(job)
        sentence.waiting.append(pcm)
        sentence.received_bytes += len(pcm)
        if sentence.received_bytes < LONGEST_S * self._playhead.second:
            return []
        sentence.arrived, sentence.job = True, 0
        return [Drop(job)]

    def finished(self, job: int) -> Trouble | None:
        """A sentence was spoken to its end; returns what is wrong with that."""
        sentence = self._of(job)
        if not sentence.received_bytes:
            return SILENT
        sentence.arrived, sentence.job = True, 0
        return None

    def again(self, job: int, failed: Failed, now: float) -> list[Order]:
        """A sentence could not be spoken: ask once more, and more often while others play. Empty: it is of no use."""
        sentence = self._of(job)
        if sentence.received_bytes or failed.trouble.cause in FINAL:
            return []
        if may_be_tried_again(failed, sentence.tries, self._deadlines):
            return [self._speak(sentence)]
        if not self.sounded or self._playhead.over_at_s <= now:
            return []
        sentence.job, sentence.again_at_s = 0, now + AGAIN_AFTER_S
        return [WakeAt(sentence.again_at_s)]

    def break_off(self, job: int) -> list[Order]:
        """End with what there is of the sentence of this job, or before it."""
        place = next(at for at, each in enumerate(self._sentences) if each.job == job)
        sentence = self._sentences[place]
        sentence.job, sentence.arrived = 0, True
        dropped = self._drops(self._sentences[place + 1 :])
        del self._sentences[place + bool(sentence.received_bytes) :]
        self.full = True
        return dropped

    def stop(self) -> list[Order]:
        """Say no more."""
        self.full = True
        dropped = self._drops(self._sentences)
        del self._sentences[self._due :]
        return dropped

    def _hand_over(self, now: float) -> list[Order]:
        out: list[Order] = []
        while not self.done:
            sentence = self._sentences[self._due]
            if not sentence.told:
                sentence.told = True
                out.append(Tell(ReplyTextArrived(self._reply_id, self._item_id, self._due, sentence.text)))
            if sentence.waiting and not self.sounded:
                out.append(Tell(ReplyAudioStarted(self._reply_id, self._item_id)))
            for pcm in sentence.waiting:
                self.sounded = self._due + 1
                self._playhead.handed_over(pcm, now)
                out.append(Play(self._reply_id, self._item_id, self._due, pcm))
            sentence.waiting.clear()
            if not sentence.arrived:
                break
            sentence.over_at_s = self._playhead.over_at_s
            self._due += 1
        return out

    def _speak(self, sentence: Sentence) -> Speak:
        sentence.job = self._new_job()
        sentence.tries += 1
        return Speak(sentence.job, sentence.spoken)

    def _drops(self, sentences: list[Sentence]) -> list[Order]:
        running = [sentence for sentence in sentences if sentence.job]
        dropped: list[Order] = [Drop(sentence.job) for sentence in running]
        for sentence in running:
            sentence.job = 0
        return dropped

    def _of(self, job: int) -> Sentence:
        return next(sentence for sentence in self._sentences if sentence.job == job)
