"""Where every sample went: what the user said against what servers hold, what servers said against what was heard.

told = account(line, gateway)
assert told.lost == told.twice == told.played_twice == ()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voiceloop.errors import MisuseError
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.gateway_items import Item
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import runs
from voiceloop.testing.spans import Span, absent, common, merged, repeated, samples_in, spans_of

__all__ = ["Account", "Turn", "account_for"]


@dataclass(frozen=True, slots=True)
class Turn:
    """A user turn in a history, and which of the user's samples it stands for."""

    item_id: str
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Sample numbers, as spans in order. The history that survives is the one of the last connection that was set up.

    There a turn may be audio, or text that stands for the audio of an earlier connection's item with the same words.
    """

    said: tuple[Span, ...]
    """What the user said and the microphone has handed over."""
    appended: tuple[tuple[Span, ...], ...]
    """What was appended to each connection, repetitions too; a connection may have what another one had."""
    held: tuple[tuple[Turn, ...], ...]
    """The user items with audio of each connection, whatever became of it."""
    turns: tuple[Turn, ...]
    """The user's turns in the history that survives."""
    pending: tuple[Span, ...]
    """In the input buffer of the last connection, not part of a turn yet."""
    spoken: tuple[Span, ...]
    """What servers said: every sample sent on any connection."""
    heard: tuple[Span, ...]
    """What the listener heard of it, in order, repetitions too."""
    strange: int
    """Samples that were heard and were neither silence nor any server's."""

    @property
    def unsent(self) -> tuple[Span, ...]:
        """User speech that no connection got, neither appended nor in an item."""
        items = (span for turns in self.held for turn in turns for span in turn.spans)
        return absent(self.said, [*items, *(span for spans in self.appended for span in spans)])

    @property
    def lost(self) -> tuple[Span, ...]:
        """User speech that is in no turn of the history that survives, and not about to be."""
        return absent(self.said, [*self._in_turns(), *self.pending])

    @property
    def twice(self) -> tuple[Span, ...]:
        """User speech that is in that history more than once."""
        return repeated([*self._in_turns(), *self.pending])

    @property
    def played_twice(self) -> tuple[Span, ...]:
        """What the listener heard more than once."""
        return repeated(self.heard)

    @property
    def never_played(self) -> tuple[Span, ...]:
        """What a server said and nobody heard: cut off, or lost."""
        return absent(self.spoken, self.heard)

    def _in_turns(self) -> Iterator[Span]:
        return (span for turn in self.turns for span in turn.spans)


def account_for(line: NumberedLine, gateway: ScriptedGateway) -> Account:
    """Add up a conversation, during it or after it. Raises MisuseError for G.711, in which numbers are lost."""
    for connection in gateway.connections:
        if connection.session.input_is_g711 or connection.session.output_is_g711:
            raise MisuseError("G.711 loses the numbers of samples: use pcm16 to account for them")
        if connection.hearing.dropped:
            raise MisuseError("the gateway has forgotten audio: leave keeps_s out to account for it")
    last = _surviving(gateway.connections)
    spoken = merged(_spoken(gateway.connections))
    heard = line.speaker.runs()
    known = [part for span in spans_of(heard) for part in common([span], spoken)]
    taken = line.microphone.taken
    return Account(
        said=merged(Span(run.number, run.number + min(run.samples, taken - run.at)) for run in line.said),
        appended=tuple(tuple(spans_of(runs(bytes(each.hearing.pcm)))) for each in gateway.connections),
        held=tuple(tuple(map(_turn, _with_audio([each]))) for each in gateway.connections),
        turns=() if last is None else tuple(_turns(gateway.connections, last)),
        pending=() if last is None else tuple(spans_of(runs(last.hearing.buffered))),
        spoken=spoken,
        heard=tuple(known),
        strange=sum(run.samples for run in heard) - samples_in(known),
    )


def _surviving(connections: Sequence[Connection]) -> Connection | None:
    return next((each for each in reversed(connections) if each.session.updates), None)


def _turns(connections: Sequence[Connection], last: Connection) -> Iterator[Turn]:
    """The user's turns on the last connection; text takes the place of what was said with the same words before."""
    before = list(_with_audio(connections[: connections.index(last)]))
    for item in last.items:
        if item.body.get("role") != "user":
            continue
        same = next((each for each in before if not item.speech and each.words == item.text != ""), None)
        if same is not None:
            before.remove(same)
        yield Turn(item.item_id, item.text, _turn(same or item).spans)


def _with_audio(connections: Sequence[Connection]) -> Iterator[Item]:
    return (item for each in connections for item in each.items if item.speech)


def _turn(item: Item) -> Turn:
    return Turn(item.item_id, item.text, tuple(spans_of(item.speech)))


def _spoken(connections: Sequence[Connection]) -> Iterator[Span]:
    for each in connections:
        for reply in each.replies:
            yield from (Span(item.first_number, item.first_number + item.samples) for item in reply.items)
