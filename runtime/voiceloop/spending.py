"""What a session uses, turn by turn and altogether: tokens, sound, minutes, and money where there are prices.

Told what happened, it sums; asked, it answers. What a reply used is known when the engine is done with it, after its
last word was heard perhaps, so a turn's account is complete once the turn is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from voiceloop import events as on
from voiceloop.prices import Cost, PriceList
from voiceloop.recent import Recent
from voiceloop.vocabulary import HeardSpan, ReplyStatus, Usage

__all__ = ["Account", "Spending", "told_money"]

ALWAYS: Final = ("input", "output", "cached", "audio_input", "audio_output")
"""Counts that are told even when they are 0; the others only where the server told them."""
SILENCE: Final = Usage()
"""What a server that tells nothing seems to bill."""


@dataclass(slots=True)
class Account:
    """What one turn, or the session, used."""

    tokens: Counter[str] = field(default_factory=Counter)
    """Of replies, by name; cached ones are also part of the input."""
    untold_replies: int = 0
    """Replies of which the server did not say what they used."""
    transcription: Counter[str] = field(default_factory=Counter)
    """Tokens that putting speech into words used, which is billed apart."""
    transcription_s: float = 0.0
    """The same where it is billed by the length of the sound."""
    input_s: float = 0.0
    """Sound that engines took."""
    output_s: float = 0.0
    """Sound that they gave."""
    played_s: float = 0.0
    """What the listener heard of that."""
    money: Decimal | None = None
    """Of all that has a price; None while nothing has."""
    unpriced: set[str] = field(default_factory=set)
    """What has no price, in words for people."""

    def charge(self, cost: Cost) -> None:
        """Add what something cost."""
        if cost.money is not None:
            self.money = (self.money or Decimal()) + cost.money
        self.unpriced.update(cost.unpriced)

    def fields(self, prices: PriceList | None) -> dict[str, object]:
        """Return the account as it stands in a transcript; what nobody told is absent."""
        found: dict[str, object] = {}
        if self.tokens:
            found["tokens"] = {name: n for name, n in self.tokens.items() if n or name in ALWAYS}
        if self.untold_replies:
            found["untold_replies"] = self.untold_replies
        transcription: dict[str, float] = {name: n for name, n in self.transcription.items() if n}
        if self.transcription_s:
            transcription["seconds"] = round(self.transcription_s, 3)
        if transcription:
            found["transcription"] = transcription
        audio = {"input_s": self.input_s, "output_s": self.output_s, "played_s": self.played_s}
        if any(audio.values()):
            found["audio"] = {name: round(seconds, 3) for name, seconds in audio.items()}
        if prices is not None and self.money is not None:
            found |= {"money": told_money(self.money), "currency": prices.currency}
        if self.unpriced:
            found["unpriced"] = sorted(self.unpriced)
        return found


class Spending:
    """Sums up one session. `now` is seconds on any monotonic clock."""

    def __init__(self, prices: PriceList | None = None) -> None:
        """Without a price list there is no money."""
        self.prices = prices
        self.total = Account()
        self.began_s: float | None = None
        """Since when minutes count; None until the line is open."""
        self._model = self._transcription_model = ""
        self._turns: Recent[Account] = Recent()
        self._closed: Recent[None] = Recent()
        self._turn_of: Recent[str] = Recent()
        self._running: set[str] = set()
        self._handed_over_s = 0.0
        self._earlier_minutes = Decimal()
        self._metered_from_s: float | None = None

    # What happened -----------------------------------------------------------------------------------------------

    def happened(self, event: on.Event, now: float) -> None:
        """Sum up an event; those that use nothing change nothing."""
        match event:
            case on.LineOpened():
                self.began_s = self._metered_from_s = now
            case on.EngineLost():
                self._running.clear()  # what they used will never be told
            case on.ReplyFinished():
                self._reply_finished(event)
            case on.UserTranscribed(turn_id=turn_id, usage=usage):
                self._transcribed(turn_id, usage)
            case on.TurnCommitted(turn_id=turn_id, heard_s=heard_s):
                self._account(turn_id).input_s += heard_s - self._handed_over_s
                self.total.input_s = self._handed_over_s = heard_s
            case on.PlaybackFinished(spans=spans):
                self._played(spans)
            case on.PlaybackFlushed(spans=spans, heard_s=heard_s):
                self.total.input_s = heard_s
                self._played(spans)
            case _:
                pass

    def engine(self, model: str, transcription_model: str, now: float) -> None:
        """Another engine answers from now on: what is used belongs to these models."""
        if self._metered_from_s is not None:
            self._earlier_minutes = self._minutes(now)
            self._metered_from_s = now
        self._model, self._transcription_model = model, transcription_model
        if self.prices is not None and model not in self.prices.models:
            self.total.unpriced.add(model)

    def reply_started(self, reply_id: str, turn_id: str) -> None:
        """A reply to a turn began; an empty `turn_id` for the agent's own words."""
        self._turn_of[reply_id] = turn_id
        self._running.add(reply_id)

    def forget(self, turn_id: str) -> None:
        """The turn was a cough: what it used is the session's alone."""
        self._turns.pop(turn_id, Account())
        self._closed[turn_id] = None

    def _reply_finished(self, event: on.ReplyFinished) -> None:
        self._running.discard(event.reply_id)
        cost = self._cost(self._model, event.usage, talks=True)
        for account in (self.total, self._account(self._turn_of.get(event.reply_id, ""))):
            if event.usage != SILENCE:
                account.tokens.update(_tokens(event.usage))
                account.charge(cost)
            elif event.status is not ReplyStatus.FAILED:
                account.untold_replies += 1

    def _transcribed(self, turn_id: str, usage: Usage) -> None:
        written = replace(usage, details={"output_text_tokens": usage.output_tokens, **usage.details})
        cost = self._cost(self._transcription_model, written)
        for account in (self.total, self._account(turn_id)):
            account.transcription.update({"input": usage.input_tokens, "output": usage.output_tokens})
            account.transcription_s += usage.seconds
            account.charge(cost)

    def _played(self, spans: Sequence[HeardSpan]) -> None:
        for span in spans:
            for account in (self.total, self._account(self._turn_of.get(span.reply_id, ""))):
                account.output_s += span.received_ms / 1000
                account.played_s += span.heard_ms / 1000

    def _account(self, turn_id: str) -> Account:
        if not turn_id or turn_id in self._closed:
            return Account()  # nobody asks for it
        return self._turns.setdefault(turn_id, Account())

    def _cost(self, model: str, usage: Usage, *, talks: bool = False) -> Cost:
        prices = self.prices
        if prices is None or (talks and prices.only_by_the_minute(model)):
            return Cost(None)
        return prices.cost(model, usage)

    # What can be asked -------------------------------------------------------------------------------------------

    def in_doubt(self, turn_id: str) -> bool:
        """More may be used for this turn: the engine is not done with a reply to it."""
        return any(self._turn_of.get(reply_id, "") == turn_id for reply_id in self._running)

    def turn(self, turn_id: str) -> dict[str, object]:
        """Return what a turn used, and close its account: what comes later is the session's alone."""
        self._closed[turn_id] = None
        return self._turns.pop(turn_id, Account()).fields(self.prices)

    def session(self, now: float) -> dict[str, object]:
        """Return what the session used until now; `prices_of` is the price list's date, None where there is no list."""
        minutes = 0.0 if self.began_s is None else (now - self.began_s) / 60
        altogether = replace(self.total, money=self.money(now)).fields(self.prices)
        prices_of = None if self.prices is None else self.prices.date.isoformat()
        return {"minutes": round(minutes, 3), **altogether, "prices_of": prices_of}

    def money(self, now: float) -> Decimal | None:
        """Return what all that has a price cost until now; None while nothing has."""
        by_minutes = self._minutes(now)
        return self.total.money if not by_minutes else by_minutes + (self.total.money or 0)

    @property
    def a_minute(self) -> Decimal:
        """What each minute costs now, beside tokens."""
        return Decimal() if self.prices is None else self.prices.a_minute(self._model)

    def _minutes(self, now: float) -> Decimal:
        if self._metered_from_s is None:
            return self._earlier_minutes
        return self._earlier_minutes + self.a_minute * Decimal(str(round(now - self._metered_from_s, 6))) / 60


def told_money(money: Decimal) -> float:
    """Return money as people are told it: to a millionth, which a JSON number writes exactly."""
    return float(round(money, 6))


def _tokens(usage: Usage) -> dict[str, int]:
    told = usage.details
    return {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cached": usage.cached_tokens,
        "text_input": told.get("input_text_tokens", 0),
        "audio_input": usage.audio_input_tokens,
        "image_input": told.get("input_image_tokens", 0),
        "text_output": told.get("output_text_tokens", 0),
        "audio_output": usage.audio_output_tokens,
        "text_cached": told.get("cached_text_tokens", 0),
        "audio_cached": told.get("cached_audio_tokens", 0),
        "image_cached": told.get("cached_image_tokens", 0),
    }
