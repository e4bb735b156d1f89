"""The conversation as the chat model must see it. Pure.

It is not the session's record, which enters only what is over: here stands also what is still being said, recognised
and carried out, in the order and form that chat models accept: each call directly before its output, a call that runs
with a word that it does, a spoken turn only once its words are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from voiceloop.heard import Piece, heard_text
from voiceloop.vocabulary import (
    AssistantTurn,
    HeardSpan,
    Item,
    Summary,
    ToolCall,
    ToolOutput,
    UserImage,
    UserTurn,
)

__all__ = ["Calls", "Due", "Record", "Said", "SpokenTurn", "Words"]

MOST_ENTRIES: Final = 2_000
MOST_IMAGES: Final = 8
STILL_RUNNING: Final = "Not finished yet: the output follows as soon as it is there."
UNWRITTEN: Final = "(Something was said here that nobody wrote down.)"
"""An earlier turn, where the model listens itself."""


class Words(StrEnum):
    """What is known of a spoken turn."""

    AWAITED = "awaited"
    KNOWN = "known"
    """Maybe that there are none."""
    MISSING = "missing"
    """They will never come."""
    UNWRITTEN = "unwritten"
    """The model hears the speech itself."""


class Due(StrEnum):
    """What a reply that is asked for now would answer."""

    WORDS = "words"
    """Not to be known yet: somebody said something that is still being recognised."""
    ANSWER = "answer"
    NOTHING = "nothing"
    """Somebody was heard, and said nothing."""
    APOLOGY = "apology"
    """Somebody said something that could not be recognised."""


@dataclass(slots=True)
class SpokenTurn:
    """What the user said."""

    turn_id: str
    words: Words = Words.AWAITED
    text: str = ""
    speech: bytes = b""
    """Kept for a model that listens itself."""


@dataclass(slots=True)
class Said:
    """What the agent said, sentence by sentence."""

    reply_id: str
    parts: list[str] = field(default_factory=list)
    whole: bool = False
    """All of it was made."""

    @property
    def text(self) -> str:
        """As one."""
        return " ".join(words for part in self.parts if (words := part.strip()))


@dataclass(slots=True)
class Calls:
    """The tools one answer called."""

    calls: list[ToolCall]
    id_suffix: str = ""
    """Ends our ids of them and not the model's, which some servers know their own thoughts by."""
    outputs: dict[str, str] = field(default_factory=dict)
    news: bool = False
    """The last output came after the newest reply was asked for."""


Entry = Summary | UserTurn | UserImage | AssistantTurn | SpokenTurn | Said | Calls
_E = TypeVar("_E")


class Record:
    """The entries of one engine. Of more than 2,000 the oldest goes; of more than 8 pictures too."""

    def __init__(self, id_suffix: str = "") -> None:
        """`id_suffix` ends the id of every call that is made from here on; the model is shown none."""
        self._id_suffix = id_suffix
        self._entries: list[Entry] = []

    # What happened -----------------------------------------------------------------------------------------------

    def begin(self, items: Sequence[Item]) -> list[SpokenTurn]:
        """Take over what was said before. Returns the turns whose words are not known, oldest first."""
        for item in items:
            match item:
                case UserTurn(turn_id=turn_id, text=""):
                    self._add(SpokenTurn(turn_id))
                case ToolCall():
                    self._called_before(item)
                case ToolOutput(call_id=call_id, output=output):
                    self.answered(call_id, output)
                case _:
                    self._add(item)
        for calls in self._of(Calls):
            calls.news = False
        return [turn for turn in self._of(SpokenTurn) if turn.words is Words.AWAITED]

    def spoken(self, turn_id: str) -> SpokenTurn:
        """The user said something; its words are still to come."""
        turn = SpokenTurn(turn_id)
        self._add(turn)
        return turn

    def add(self, item: UserTurn | UserImage | AssistantTurn) -> None:
        """The user typed or showed something, or heard what an earlier engine had said."""
        self._add(item)

    def forget(self, turn_id: str) -> None:
        """The turn was not meant."""
        self._entries = [entry for entry in self._entries if getattr(entry, "turn_id", None) != turn_id]

    def says(self, reply_id: str, content_index: int, text: str) -> None:
        """The agent goes on with these words of a part."""
        said = self._said(reply_id)
        if said is None:
            said = Said(reply_id)
            self._add(said)
        said.parts += [""] * (content_index + 1 - len(said.parts))
        said.parts[content_index] += text

    def ended(self, reply_id: str, sounded: int | None, *, whole: bool) -> None:
        """No more of a reply is made: only its first `sounded` parts have any sound; None where they are read.

        `whole`: it was not cancelled, so the newest part is as long as its sound.
        """
        said = self._said(reply_id)
        if said is not None:
            said.whole = whole
            if sounded is not None:
                said.parts[sounded:] = [""] * len(said.parts[sounded:])

    def trim(self, heard: HeardSpan) -> None:
        """Only so much was heard of a part of a reply; one of an earlier engine is not here."""
        said = self._said(heard.reply_id)
        if said is not None and heard.content_index < len(said.parts):
            whole = said.whole or heard.content_index < len(said.parts) - 1
            pieces = [Piece(said.parts[heard.content_index], 0)]
            text = heard_text(pieces, heard.heard_ms, heard.received_ms, complete=whole)
            said.parts[heard.content_index] = text

    def called(self, calls: Sequence[ToolCall]) -> None:
        """One answer called these tools."""
        self._add(Calls(list(calls), self._id_suffix))

    def answered(self, call_id: str, output: str) -> None:
        """A call has its output. Of calls unknown here there is nothing to tell."""
        for calls in self._of(Calls):
            if any(call.call_id == call_id for call in calls.calls):
                calls.outputs[call_id] = output
                calls.news = len(calls.outputs) == len(calls.calls)

    # What is asked -----------------------------------------------------------------------------------------------

    def due(self) -> Due:
        """What a reply would answer."""
        if any(turn.words is Words.AWAITED for turn in self._of(SpokenTurn)):
            return Due.WORDS
        new: list[Entry] = []
        for entry in reversed(self._entries):
            if not isinstance(entry, UserTurn | UserImage | SpokenTurn):
                break
            new.append(entry)
        turns = [entry for entry in new if isinstance(entry, SpokenTurn) and not _shown(entry)]
        if not turns or len(turns) < len(new) or any(calls.news for calls in self._of(Calls)):
            return Due.ANSWER
        return Due.APOLOGY if any(turn.words is Words.MISSING for turn in turns) else Due.NOTHING

    def question(self) -> tuple[Item, ...]:
        """The items to ask with. What tools found since the last question stands at the end when nobody spoke since."""
        news = [calls for calls in self._of(Calls) if calls.news]
        if news and isinstance(self._newest(), Said | AssistantTurn):
            self._entries = [entry for entry in self._entries if entry not in news] + [*news]
        for calls in news:
            calls.news = False
        newest = self.listened()
        return tuple(item for entry in self._entries for item in _items(entry, newest))

    def listened(self) -> SpokenTurn | None:
        """The newest turn that the model has to listen to itself."""
        unwritten = [turn for turn in self._of(SpokenTurn) if turn.words is Words.UNWRITTEN]
        return unwritten[-1] if unwritten else None

    # Inside ------------------------------------------------------------------------------------------------------

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)
        images = self._of(UserImage)
        if len(images) > MOST_IMAGES:
            self._entries.remove(images[0])
        if len(self._entries) > MOST_ENTRIES:
            del self._entries[1 if isinstance(self._entries[0], Summary) else 0]

    def _called_before(self, call: ToolCall) -> None:
        last = self._entries[-1] if self._entries else None
        if isinstance(last, Calls) and not last.outputs:
            last.calls.append(call)
        else:
            self._add(Calls([call]))

    def _newest(self) -> Entry | None:
        return next((entry for entry in reversed(self._entries) if _shown(entry)), None)

    def _said(self, reply_id: str) -> Said | None:
        return next((said for said in reversed(self._of(Said)) if said.reply_id == reply_id), None)

    def _of(self, kind: type[_E]) -> list[_E]:
        return [entry for entry in self._entries if isinstance(entry, kind)]


def _shown(entry: Entry) -> bool:
    """Whether the model is shown it."""
    match entry:
        case SpokenTurn(words=words, text=text):
            return words is Words.UNWRITTEN or bool(text)
        case Said(text=text) | AssistantTurn(text=text):
            return bool(text)
        case _:
            return True


def _items(entry: Entry, listened: SpokenTurn | None) -> Iterator[Item]:
    if not _shown(entry):
        return
    match entry:
        case SpokenTurn(turn_id=turn_id, words=Words.UNWRITTEN):
            yield UserTurn(turn_id, "" if entry is listened else UNWRITTEN)
        case SpokenTurn(turn_id=turn_id, text=text):
            yield UserTurn(turn_id, text)
        case Said(reply_id=reply_id, text=text):
            yield AssistantTurn(reply_id, text, None)
        case Calls(calls=calls, id_suffix=id_suffix, outputs=outputs):
            shown = {call.call_id: call.call_id.removesuffix(id_suffix) for call in calls}
            yield from (ToolCall(shown[call.call_id], call.name, call.arguments) for call in calls)
            yield from (ToolOutput(name, outputs.get(call_id, STILL_RUNNING)) for call_id, name in shown.items())
        case _:
            yield entry
