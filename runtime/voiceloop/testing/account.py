"""Where every sample went: what the user said against what servers hold, what servers said against what was heard.

told = account_for(line, gateway, services)
assert told.lost == told.twice == told.played_twice == ()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from voiceloop.errors import MisuseError
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.gateway_items import Item
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.numbers import runs
from voiceloop.testing.service_log import Ending, Recognition
from voiceloop.testing.services import ScriptedServices
from voiceloop.testing.spans import Span, absent, common, merged, repeated, samples_in, spans_of
from voiceloop.vocabulary import UserTurn

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

    With several servers it is that of whichever connection or services had to do with the conversation last; services
    have the history of the newest question. A turn in it may be audio, or text that stands for audio which was
    understood with the same words before.
    """

    said: tuple[Span, ...]
    """What the user said and the microphone has handed over."""
    appended: tuple[tuple[Span, ...], ...]
    """What was appended to each connection, repetitions too; a connection may have what another one had.

    Services come after the connections: what each was asked to recognise."""
    held: tuple[tuple[Turn, ...], ...]
    """The user items with audio of each connection, whatever became of it; then what services have recognised."""
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


def account_for(line: NumberedLine, *servers: ScriptedGateway | ScriptedServices) -> Account:
    """Add up a conversation, during it or after it. Raises MisuseError for G.711, in which numbers are lost."""
    connections = [each for server in servers if isinstance(server, ScriptedGateway) for each in server.connections]
    services = [server for server in servers if isinstance(server, ScriptedServices)]
    for connection in connections:
        if connection.session.input_is_g711 or connection.session.output_is_g711:
            raise MisuseError("G.711 loses the numbers of samples: use pcm16 to account for them")
        if connection.hearing.dropped:
            raise MisuseError("the gateway has forgotten audio: leave keeps_s out to account for it")
    last = _surviving(connections, services)
    spoken = merged([*_spoken(connections), *(sentence.span for each in services for sentence in each.sentences)])
    heard = line.speaker.runs()
    known = [part for span in spans_of(heard) for part in common([span], spoken)]
    taken = line.microphone.taken
    recognised = [each.recognitions for each in services]
    return Account(
        said=merged(Span(run.number, run.number + min(run.samples, taken - run.at)) for run in line.said),
        appended=(
            *(tuple(spans_of(runs(bytes(each.hearing.pcm)))) for each in connections),
            *(tuple(span for asked in each for span in asked.spans) for each in recognised),
        ),
        held=(
            *(tuple(map(_turn, _with_audio([each]))) for each in connections),
            *(tuple(_recognised(asked) for asked in each if asked.ending is Ending.ANSWERED) for each in recognised),
        ),
        turns=tuple(_turns(connections, services, last)),
        pending=tuple(spans_of(runs(last.hearing.buffered))) if isinstance(last, Connection) else (),
        spoken=spoken,
        heard=tuple(known),
        strange=sum(run.samples for run in heard) - samples_in(known),
    )


Survivor = Connection | ScriptedServices | None


def _surviving(connections: Sequence[Connection], services: Sequence[ScriptedServices]) -> Survivor:
    """Who has the conversation: the last that was told of it."""
    set_up = [each for each in connections if each.session.updates]
    used: list[tuple[float, Connection | ScriptedServices]] = [
        (each.used_s, each) for each in set_up if each.used_s is not None
    ]
    asked = [(each.questions[-1].at_s, each) for each in services if each.questions]
    if not asked:
        return set_up[-1] if set_up else None
    return max([*used, *asked], key=itemgetter(0))[1]


def _turns(connections: Sequence[Connection], services: Sequence[ScriptedServices], last: Survivor) -> Iterator[Turn]:
    """The user's turns in a history; text takes the place of what was said with the same words before."""
    if last is None:
        return
    earlier = connections[: connections.index(last)] if isinstance(last, Connection) else connections
    before = _understood(earlier, services)
    for item_id, text, own in _user_turns(last):
        same = next((each for each in before if own is None and each.text == text != ""), None)
        if same is not None:
            before.remove(same)
        yield Turn(item_id, text, same.spans if same else own.spans if own else ())


def _user_turns(last: Connection | ScriptedServices) -> Iterator[tuple[str, str, Turn | None]]:
    """Id and words of each turn of the user's in a history, and the turn itself where it is there as audio."""
    if isinstance(last, Connection):
        for item in last.items:
            if item.body.get("role") == "user":
                yield item.item_id, item.text, _turn(item) if item.speech else None
        return
    question = last.questions[-1].question
    turns = [item for item in last.history if isinstance(item, UserTurn)]
    for turn in turns:
        heard = turn is turns[-1] and question.speech
        own = Turn(turn.turn_id, turn.text, tuple(spans_of(runs(question.speech)))) if heard else None
        yield turn.turn_id, turn.text, own


def _understood(connections: Sequence[Connection], services: Sequence[ScriptedServices]) -> list[Turn]:
    """What was understood so far. Samples that were understood once more, to the same words, count as then."""
    heard = [(each.opened_s, _turn(item), item.words) for each in connections for item in _with_audio([each])]
    asked = [one for each in services for one in each.recognitions if one.ending is Ending.ANSWERED]
    heard += [(one.at_s, _recognised(one), one.text) for one in asked]
    found: list[Turn] = []
    for _, turn, words in sorted(heard, key=lambda each: each[0]):
        found = [each for each in found if each.text != words or not common(each.spans, turn.spans)]
        found.append(Turn(turn.item_id, words, turn.spans))
    return found


def _with_audio(connections: Sequence[Connection]) -> Iterator[Item]:
    return (item for each in connections for item in each.items if item.speech)


def _turn(item: Item) -> Turn:
    return Turn(item.item_id, item.text, tuple(spans_of(item.speech)))


def _recognised(asked: Recognition) -> Turn:
    return Turn("", asked.text, asked.spans)


def _spoken(connections: Sequence[Connection]) -> Iterator[Span]:
    for each in connections:
        for reply in each.replies:
            yield from (Span(item.first_number, item.first_number + item.samples) for item in reply.items)
