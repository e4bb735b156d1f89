from __future__ import annotations

import dataclasses
import io
import json
import stat
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop import commands as c
from voiceloop import events as e
from voiceloop.errors import TapeError, UsageError
from voiceloop.redact import MASK, Redactor
from voiceloop.tape import (
    COMMANDS,
    EVENTS,
    WORDS,
    Step,
    TapeWriter,
    command_of,
    compare,
    event_of,
    read_tape,
    replay,
    to_plain,
)
from voiceloop.vocabulary import ToolCall

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), FINITE, st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
PLAIN = {
    str: st.text(),
    int: st.integers(-(2**53), 2**53),
    float: FINITE,
    bool: st.booleans(),
    bytes: st.binary(max_size=9),
    type(None): st.none(),
    typing.Any: JSON,
}


def values(hint):  # noqa: PLR0911 - one return for each kind of type
    """Every value a type hint allows."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(values, args))
    if origin is typing.Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(values(args[0]), values(args[1]), max_size=3)
    if issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{name: values(hints[name]) for name in hint.__match_args__})


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS.keys())
@given(data=st.data())
def test_every_event_survives_the_way_through_json(kind, data):
    event = data.draw(values(kind))
    assert event_of(json.loads(json.dumps(to_plain(event)))) == event


@pytest.mark.parametrize("kind", COMMANDS.values(), ids=COMMANDS.keys())
@given(data=st.data())
def test_every_command_survives_the_way_through_json(kind, data):
    command = data.draw(values(kind))
    assert command_of(json.loads(json.dumps(to_plain(command)))) == command


def test_the_tag_takes_no_fields_name():
    for kind in (*EVENTS.values(), *COMMANDS.values()):
        assert "type" not in kind.__struct_fields__


def test_every_text_is_known_as_words_or_as_an_opaque_name():
    """A new field with people's words must be added to WORDS, else it reaches tapes unredacted."""
    opaque = {"ask_id", "call_id", "code", "dialect", "endpoint", "event", "item_id", "model", "name", "previous_id"}
    opaque |= {"media_type", "notice_id", "open_turn", "reason", "rehearse", "reply_id", "source", "turn_id"}
    opaque |= {"state", "transcription_model"}

    def texts(kind):
        for field, hint in typing.get_type_hints(kind).items():
            if dataclasses.is_dataclass(hint):
                yield from texts(hint)
            elif hint in (str, str | None) or typing.get_origin(hint) is typing.Literal:
                yield field

    assert {name for kind in (*EVENTS.values(), *COMMANDS.values()) for name in texts(kind)} - opaque <= WORDS


# A small core that behaves like the real one: commands carry the texts of events.


@dataclass(frozen=True, slots=True)
class Profile:
    greeting: str = "call 555 123 4567 now"
    model: str = "m-realtime"
    minutes: float = 3
    seed: int = 7


class Parrot:
    """Says back what it hears; joins the pieces of a reply."""

    def __init__(self, settings):
        self.greeting = settings["greeting"]
        self.text = ""

    def step(self, event, now):
        match event:
            case e.SessionOpened():
                return [c.AskReply("ask-1", self.greeting), c.SetDeadline("idle", now + 1.5)]
            case e.ReplyTextArrived(delta=delta):
                self.text += delta
                return []
            case e.ReplyFinished(reply_id=reply_id):
                return [
                    c.WriteLine(
                        "agent_said", now, {"reply_id": reply_id, "text": self.text, "items": ({"text": self.text},)}
                    )
                ]
            case e.EndAsked(reason=reason):
                return [c.EndSession(reason)]
            case _:
                return [c.SendText("t", getattr(event, "text", ""))]


TALK = [
    (0.0, e.SessionOpened()),
    (1.25, e.UserTranscribed("t1", "my key is sk-abcdefgh1234 and canary-77")),
    (2, e.ReplyTextArrived("r1", "i1", 0, "mail jane@exam")),
    (2.5, e.ReplyTextArrived("r1", "i1", 0, "ple.com or 555 12")),
    (2.5, e.ReplyTextArrived("r1", "i1", 0, "3 45 67, not can")),
    (2.5, e.ReplyTextArrived("r1", "i1", 0, "ary-77")),
    (3.0, e.ReplyFinished("r1", "completed")),
    (4.0, e.EndAsked("done")),
]


def record(target, talk=TALK, core=Parrot, redact=None):
    core = core(dataclasses.asdict(Profile()))
    with TapeWriter(target, Profile(), redact=redact or Redactor(["canary-77"])) as tape:
        for now, event in talk:
            tape.step(now, event, core.step(event, now))
    return target


@pytest.fixture
def tape_file(tmp_path):
    return record(tmp_path / "talk.tape")


def test_a_tape_replays_to_the_same_commands_although_its_texts_are_redacted(tape_file):
    report = replay(read_tape(tape_file), Parrot)
    assert report.mismatch is None
    assert (report.steps, report.commands, report.cut) == (8, 5, False)


def test_a_planted_key_is_not_on_the_tape(tape_file):
    text = tape_file.read_text()
    for secret in ("canary-77", "sk-abcdefgh1234", "abcdefgh", "jane@", "example.com", "555 123 4567"):
        assert secret not in text
    assert MASK in text


def test_line_one_tells_format_version_settings_and_seed(tape_file):
    header = json.loads(tape_file.read_text().splitlines()[0])
    assert header["tape"] == 1
    assert header["version"] == "0.1.0"
    assert header["seed"] == 7
    assert header["settings"]["model"] == "m-realtime"
    assert "555" not in header["settings"]["greeting"]


def test_steps_stand_as_an_event_and_its_commands(tape_file):
    lines = [json.loads(line) for line in tape_file.read_text().splitlines()[1:4]]
    assert lines[0] == {"at": 0.0, "event": {"type": "SessionOpened"}}
    assert lines[1]["command"]["type"] == "AskReply"
    assert lines[2] == {"command": {"type": "SetDeadline", "name": "idle", "at_s": 1.5}}


def test_a_tape_is_private_to_its_owner(tape_file):
    assert stat.S_IMODE(tape_file.stat().st_mode) == 0o600


def test_a_stream_takes_a_tape_and_stays_open():
    stream = io.StringIO()
    record(stream)
    assert not stream.closed
    assert stream.getvalue().count("\n") == 14


def test_the_profile_may_come_later(tmp_path):
    tape = TapeWriter(tmp_path / "later.tape")
    tape.begin(Profile())
    tape.close()
    tape.close()
    tape.step(0.0, e.SessionOpened(), [])
    assert read_tape(tmp_path / "later.tape").steps == ()


def test_a_changed_decision_is_named_with_line_expected_and_got(tape_file):
    class Shy(Parrot):
        def step(self, event, now):
            return [c.EndSession("shy")] if isinstance(event, e.EndAsked) else super().step(event, now)

    mismatch = replay(read_tape(tape_file), Shy).mismatch
    assert mismatch.line == 14
    assert mismatch.sentence.startswith('line 14: expected {"type":"EndSession","reason":"done"')
    assert ', got {"type":"EndSession","reason":"shy"' in mismatch.sentence


def test_a_missing_and_a_further_command_are_mismatches(tape_file):
    class Silent(Parrot):
        def step(self, event, now):
            return super().step(event, now)[:-1]

    class Chatty(Parrot):
        def step(self, event, now):
            return [*super().step(event, now), c.PausePlayback()]

    tape = read_tape(tape_file)
    assert replay(tape, Silent).mismatch.sentence.endswith("got no command")
    assert replay(tape, Silent).mismatch.line == 4
    assert replay(tape, Chatty).mismatch.sentence == 'line 4: expected no further command, got {"type":"PausePlayback"}'
    bare = compare(Step(9, 0.0, e.SessionOpened(), ()), [{"type": "PausePlayback"}], may_be_cut=False)
    assert bare.line == 9


@pytest.mark.parametrize(
    ("recorded", "given", "equal"),
    [
        ({"a": [1, "x"]}, {"a": [1, "x"]}, True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": True}, {"a": True}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": 11111111}, {"a": 5551234.5}, True),
        ({"a": 1111}, {"a": 5551}, False),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": None}, {"a": ""}, False),
        ({"a": f"{MASK}b"}, {"a": "ab"}, True),
        ({"a": f"{MASK}b"}, {"a": "abc"}, False),
    ],
)
def test_commands_are_equal_when_their_unmasked_values_are(recorded, given, equal):
    step = Step(2, 0.0, e.SessionOpened(), ((3, recorded),))
    assert (compare(step, [given], may_be_cut=False) is None) is equal


@given(st.data())
def test_a_tape_cut_anywhere_replays_as_far_as_it_goes(data):
    stream = io.StringIO()
    record(stream)
    text = stream.getvalue()
    first = text.index("\n") + 1
    path = Path(__file__).parent / "never"
    cut = data.draw(st.integers(first, len(text) - 1))
    tape = read_text(path, text[:cut])
    report = replay(tape, Parrot)
    assert report.cut
    assert report.mismatch is None


def read_text(path, text):
    class File(type(path)):
        def read_text(self, encoding=None):
            return text

    return read_tape(File(path))


def test_every_prefix_of_nothing_is_no_tape(tmp_path):
    for text in ("", '{"tape":1'):
        with pytest.raises(TapeError, match="empty or cut in its first line"):
            read_text(tmp_path, text)


HEADER = '{"tape":1,"version":"0.1.0","settings":{},"seed":null}\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hello\n", "line 1: not a JSON object"),
        ("[1]\n", "line 1: not a JSON object"),
        ('{"event":"session_started"}\n', "line 1: this is no tape; record one with voiceloop talk --tape FILE"),
        ('{"tape":2,"version":"9.0"}\n', "line 1: tape format 2 of voiceloop 9.0; this one reads format 1"),
        ('{"tape":1,"version":"0.1.0"}\n', "line 1: settings or version are missing"),
        (HEADER + "oops\n" + HEADER, "line 2: not a JSON object"),
        (HEADER + '{"command":{"type":"PausePlayback"}}\n', "line 2: neither an event nor a command after one"),
        (HEADER + '{"at":0,"event":{"type":"Sneezed"}}\n', "line 2: unknown type 'Sneezed'"),
        (HEADER + '{"at":0,"event":{"type":"LineLost"}}\n', "line 2: LineLost: Object missing required field"),
        (HEADER + '{"at":0,"event":{"type":"LineLost","detail":"","x":1}}\n', "line 2: LineLost has no field x"),
        (HEADER + '{"at":0,"event":{"type":"LineLost","detail":5}}\n', "line 2: LineLost: Expected `str`"),
        (
            HEADER + '{"at":0,"event":{"type":"LineEnded"}}\n{"command":{"type":"Dance"}}\n',
            "line 3: unknown type 'Dance'",
        ),
    ],
)
def test_what_is_wrong_with_a_tape_is_named_with_its_line(tmp_path, text, problem):
    path = tmp_path / "bad.tape"
    path.write_text(text)
    with pytest.raises(TapeError) as error:
        read_tape(path)
    assert str(error.value).startswith(f"{path}, {problem}")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(TapeError, match=r"cannot read the tape .*none\.tape: No such file"):
        read_tape(tmp_path / "none.tape")
    (tmp_path / "bytes.tape").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TapeError, match="not text"):
        read_tape(tmp_path / "bytes.tape")


def test_a_tape_that_cannot_be_created_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot write the tape"):
        TapeWriter(tmp_path / "missing" / "talk.tape")


def test_a_full_disk_ends_the_tape_and_not_the_conversation():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    tape = TapeWriter(Path("/dev/full"), Profile())
    tape.step(0.0, e.SessionOpened(), [])
    tape.close()
    assert "No space left" in str(tape.failure)


def test_words_are_redacted_and_ids_are_not():
    stream = io.StringIO()
    tape = TapeWriter(stream, Profile())
    call = ToolCall("call_1234567890", "dial", '{"number": "555 123 4567"}')
    tape.step(
        0.0,
        e.ToolCalled("resp_5551234567", call),
        [c.RunTool(call), c.SendToolOutput("call_1234567890", "sk-abcdefgh12")],
    )
    text = stream.getvalue().split("\n", 1)[1]
    assert text.count("call_1234567890") == 3
    assert "resp_5551234567" in text
    assert "555 123" not in text
    assert "sk-abc" not in text


@pytest.mark.parametrize("arguments", [r'{"a": "\ud800"}', '{"a": ' + "[" * 5000, '{"a": NaN}'])
def test_whatever_a_model_writes_as_arguments_can_be_written_and_read(arguments):
    called = e.ToolCalled("r1", ToolCall("c1", "clock", arguments))
    TapeWriter(stream := io.StringIO()).step(1.0, called, [])
    assert event_of(json.loads(stream.getvalue())["event"]) == called


def test_arguments_hide_the_same_as_text_and_as_object_and_stay_json():
    class Clerk(Parrot):
        def step(self, event, now):
            fields = {"call_id": event.call.call_id, "arguments": arguments(event.call.arguments)}
            return [c.RunTool(event.call), c.WriteLine("tool_called", now, fields)]

    def arguments(text):
        try:
            return json.loads(text)
        except ValueError:
            return text

    texts = [
        '{"password":"opensesame", "n":5551234567, "list": [1, 49301234567], "ok": true}',
        '{"deep": {"text": ["sk-abcdefgh12"]}}',
        '{"to": "\\u006aane@example.com"}',
        '{"broken": "jane@example.com"',
        "jane@example.com",
        '{"amount": 1234567.25}',
    ]
    talk = [(0.0, e.ToolCalled("r", ToolCall(f"c{n}", "t", text))) for n, text in enumerate(texts)]
    text = record(io.StringIO(), talk, Clerk).getvalue()
    for secret in ("opensesame", "5551234567", "49301234567", "abcdefgh", "jane", "u006aane", "1234567"):
        assert secret not in text
    assert json.loads(json.loads(text.splitlines()[1])["event"]["call"]["arguments"])["ok"] is True
    assert replay(read_text(Path("x"), text), Clerk).mismatch is None
