"""Reads bytes of a stream as a client does, whole and cut anywhere."""

from __future__ import annotations

from voiceloop.dgrid.chat_answer import Said, Stop
from voiceloop.dgrid.chat_reading import DONE, decoded
from voiceloop.dgrid.sse import EventReader


def follow(dialect, stream):
    """The completion, and all that was said on the way."""
    events, reader, said = EventReader(), dialect.reader(), ""
    for event in events.feed(stream) + events.end():
        if event.data == DONE:
            reader.answer.close()
            break
        said += "".join(delta.text for delta in reader.take(decoded(event), event.event) if isinstance(delta, Said))
    return reader.answer.completion(""), said


def cuts(make, stream, *, stops):
    """Cut a stream at every byte: what was said is kept, and it is truncated if cut before `stops`."""
    whole, said_in_full = follow(make(), stream)
    for cut in range(len(stream)):
        completion, said = follow(make(), stream[:cut])
        assert said_in_full.startswith(said)
        assert completion.text == said
        assert (completion.stop is Stop.TRUNCATED) is (cut < stops), (cut, stream[:cut])
        assert len(completion.tool_calls) <= len(whole.tool_calls)
        for found, full in zip(completion.tool_calls, whole.tool_calls, strict=False):
            assert (found.call_id, found.name) == (full.call_id, full.name)
            assert full.arguments.startswith(found.arguments) or found.arguments == "{}"
