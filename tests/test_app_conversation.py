from __future__ import annotations

import asyncio
import contextlib
import io
import json
import wave
from pathlib import Path

import pytest
from rich.console import Console

from voiceloop import app, backend
from voiceloop.agent import Agent
from voiceloop.app import Conversation, Wanted, plan
from voiceloop.commandline.terminal import OpenConsole, Terminal
from voiceloop.devices.wavefile import WavLine
from voiceloop.embedded import EmbeddedGateway
from voiceloop.errors import LanguageError, UnreachableError, VoiceloopError
from voiceloop.screen import Paper, Screen
from voiceloop.sources import Origins
from voiceloop.testing import ScriptedGateway, ScriptedServer
from voiceloop.testing.script import Call, Reply, Spoken
from voiceloop.transcript import problems

SPEECH = Path(__file__).parent / "fixtures" / "speech"


def no_sound():
    return "no microphone and no speaker found"


def sound():
    return ""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make_plan(*, card=no_sound, environ=None, **wanted):
    origins = Origins(environ=environ or {})
    return plan(Wanted(origins=origins, **{"agent": Agent(), **wanted}), sound=card)


async def lines(*texts):
    for text in texts:
        yield text


async def hold(planned, typed=()):
    """Hold a conversation; returns how it ended and what was printed."""
    out = io.StringIO()
    console = Paper(out)
    conversation = Conversation(planned, Screen(console, console), lambda: lines(*typed))
    ended = await conversation.hold()
    return ended, out.getvalue()


@contextlib.asynccontextmanager
async def server(*replies, **options):
    gateway = ScriptedGateway(*replies, **options)
    listening = ScriptedServer(gateway)
    async with listening:
        yield gateway, {"DGRID_BASE_URL": listening.base_url}


def written(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.real
async def test_typed_lines_are_turns_one_after_anothers_reply(tmp_path):
    replies = [Reply(says=(Spoken("One.", 0),)), Reply(says=(Spoken("Two.", 0),)), Reply(says=(Spoken("Three.", 0),))]
    async with server(*replies) as (_, environ):
        planned = make_plan(text=True, environ=environ, say=("first",), transcript=tmp_path / "t.jsonl")
        ended, printed = await hold(planned, ["second", "third"])
    assert (ended.reason, ended.exit_status) == ("input_ended", 0)
    said = [line for line in printed.splitlines() if line.startswith("agent: ")]
    assert said == ["agent: One.", "agent: Two.", "agent: Three."]
    transcript = written(tmp_path / "t.jsonl")
    assert problems(transcript) == []
    order = [line["text"] for line in transcript if line["event"] in {"user_said", "agent_said"}]
    assert order == ["first", "One.", "second", "Two.", "third", "Three."]


@pytest.mark.real
async def test_a_recording_is_held_as_a_conversation_with_all_its_files(tmp_path):
    files = {name: tmp_path / f"a.{name}" for name in ("transcript", "tape")}
    async with server(Reply(says=(Spoken("Noon.", 400),)), listens=True, transcripts=["what time is it"]) as (
        _,
        environ,
    ):
        planned = make_plan(environ=environ, input=SPEECH / "time_question.wav", output=tmp_path / "out.wav", **files)
        ended, printed = await hold(planned)
    assert ended.reason == "input_ended"
    assert "recording: " in printed
    assert "you: what time is it" in printed
    assert "agent: Noon." in printed
    assert problems(written(files["transcript"])) == []
    with wave.open(str(tmp_path / "out.wav")) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, 24_000)
        assert recording.getnframes() > 24_000
    assert files["tape"].read_text().startswith('{"tape":1')


@pytest.mark.real
async def test_the_key_reaches_the_server_and_neither_tape_nor_transcript_nor_screen(tmp_path):
    key = "sk-canary-4711-abcdef"  # pragma: allowlist secret

    def leak() -> str:
        """Tell the key."""
        return f"the key is {key}"

    replies = [Reply(says=(), calls=(Call("leak"),)), Reply(says=(Spoken(f"It is {key}.", 0),))]
    async with server(*replies, key=key) as (gateway, environ):
        files = {name: tmp_path / f"a.{name}" for name in ("transcript", "tape")}
        with_key = {**environ, "DGRID_API_KEY": key}
        planned = make_plan(text=True, agent=Agent(tools=[leak]), environ=with_key, say=(f"is it {key}?",), **files)
        await hold(planned)
        assert gateway.upgrades[0]["Authorization"] == f"Bearer {key}"
    tape = files["tape"].read_text()
    assert "tool_finished" in tape
    assert key not in tape
    assert "abcdef" not in tape


@pytest.mark.real
async def test_a_refused_key_ends_with_status_4():
    async with server(key="sk-right") as (_, environ):  # pragma: allowlist secret
        wrong = {**environ, "DGRID_API_KEY": "sk-wrong-1"}  # pragma: allowlist secret
        ended, _ = await hold(make_plan(text=True, environ=wrong))
    assert ended.exit_status == 4
    assert "sk-wrong-1" not in ended.detail


@pytest.mark.real
async def test_a_server_that_is_not_there_ends_with_status_5(unused_tcp_port):
    environ = {"DGRID_BASE_URL": f"http://127.0.0.1:{unused_tcp_port}"}
    environ["VOICELOOP_TIERS__ORDER"] = "realtime,rest"
    ended, _ = await hold(make_plan(text=True, environ=environ))
    assert ended.exit_status == 5
    assert ended.detail


async def never():
    await asyncio.get_running_loop().create_future()
    yield ""


class Watched(io.StringIO):
    """What was printed; `seen` is set as soon as a text is part of it."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.seen = asyncio.Event()

    def write(self, text):
        written = super().write(text)
        if self.text in self.getvalue():
            self.seen.set()
        return written


@pytest.mark.real
async def test_an_end_that_was_asked_for_comes_at_once():
    async with server() as (_, environ):
        out = Watched("realtime, model")
        console = Paper(out)
        planned = make_plan(text=True, environ=environ)
        conversation = Conversation(planned, Screen(console, console), never)
        conversation.request_end("too early to matter")
        assert not conversation.open
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            holding = group.create_task(conversation.hold())
            await out.seen.wait()
            assert conversation.open
            conversation.request_end("interrupted")
            ended = await holding
    assert ended.reason == "interrupted"
    assert "ended: interrupted" in out.getvalue()


@pytest.mark.real
async def test_a_microphone_has_a_meter_on_a_terminal(monkeypatch):
    asked = []

    def silent_card(group, name, settings, context):
        asked.append((group, name, context.input, context.tee))
        context.warn("card_late", "blocks were late")
        return WavLine(None, None, context.warn)

    monkeypatch.setattr(app, "load", silent_card)
    async with server() as (_, environ):
        out = Watched("mic ....")
        console = Terminal(Console(file=out, width=200, force_terminal=True))
        conversation = Conversation(make_plan(card=sound, environ=environ), Screen(console, console), never)
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            holding = group.create_task(conversation.hold())
            await out.seen.wait()
            conversation.request_end("enough")
            await holding
    assert asked == [("voiceloop.lines", "soundcard", None, True)]
    assert "card_late: blocks were late" in out.getvalue()
    assert out.getvalue().rstrip().endswith("ended: enough\x1b[0m")


@pytest.mark.parametrize(("text", "told"), [(False, "de needs babel: pip install it"), (True, "started")])
async def test_a_spoken_conversation_in_a_language_that_lacks_something_ends_before_anything_is_started(
    monkeypatch, text, told
):
    async def starts(stack, tell, **options):
        raise UnreachableError("started")

    monkeypatch.setattr(app, "embedded_backend", starts)
    monkeypatch.setattr("voiceloop.engines.device.language_missing", lambda tag: f"{tag} needs babel: pip install it")
    planned = make_plan(agent=Agent(language="de"), text=text, input=None if text else SPEECH / "de_time.wav")
    with pytest.raises(VoiceloopError, match=told) as error:
        await hold(planned)
    assert isinstance(error.value, LanguageError) is not text


@pytest.mark.real
async def test_without_backend_the_embedded_gateway_is_started_and_used(monkeypatch):
    key = "k" * 32
    gateway = ScriptedGateway(Reply(says=(Spoken("Local.", 0),)), key=key)
    listening = ScriptedServer(gateway, models=["local-realtime"])
    stopped = []

    @contextlib.asynccontextmanager
    async def embedded(told, *, brain, language):
        assert (brain, language) == (None, "en")
        told(1.0)
        async with listening:
            yield EmbeddedGateway(listening.base_url, key)
        stopped.append(True)

    monkeypatch.setattr(backend, "embedded_gateway", embedded)
    monkeypatch.setattr(backend, "CHAT_SERVERS", ())
    ended, printed = await hold(make_plan(text=True, say=("hello",)))
    assert ended.exit_status == 0
    assert "starting the embedded gateway" in printed
    assert "voiceloop talk --brain URL" in printed
    assert "loading models, 1 s" in printed
    assert "realtime, model local-realtime" in printed
    assert "VOICELOOP_REALTIME__MODEL" not in printed
    assert "agent: Local." in printed
    assert key not in printed
    assert stopped


@pytest.mark.real
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
async def test_a_transcript_on_a_full_disk_is_told_and_the_conversation_goes_on():
    async with server(Reply(says=(Spoken("Yes.", 0),))) as (_, environ):
        planned = make_plan(
            text=True, environ=environ, say=("hello",), transcript=Path("/dev/full"), tape=Path("/dev/full")
        )
        out = io.StringIO()
        console = Paper(out)
        conversation = Conversation(planned, Screen(console, console), lines)
        ended = await conversation.hold()
    assert ended.exit_status == 0
    assert "agent: Yes." in out.getvalue()
    assert "No space left" in str(conversation.trouble)


@pytest.mark.real
async def test_a_screen_nobody_reads_ends_the_conversation():
    class Closed(io.StringIO):
        def write(self, text):
            if "Yes" in text:
                raise BrokenPipeError
            return super().write(text)

    async with server(Reply(says=(Spoken("Yes.", 0),))) as (_, environ):
        console = Terminal(OpenConsole(file=Closed(), width=200))
        planned = make_plan(text=True, environ=environ, say=("hello",))

        async with asyncio.timeout(5):
            ended = await Conversation(planned, Screen(console, console), never).hold()
    assert ended.reason == "output_closed"


@pytest.mark.real
async def test_typed_turns_without_end_of_input_leave_a_spoken_conversation_to_its_recording(tmp_path):
    replies = [Reply(says=(Spoken("Typed.", 100),)), Reply(says=(Spoken("Spoken.", 100),))]
    async with server(*replies, listens=True, transcripts=["what time is it"]) as (_, environ):
        planned = make_plan(
            environ=environ, input=SPEECH / "time_question.wav", say=("hello",), transcript=tmp_path / "t"
        )
        ended, printed = await hold(planned)
    assert ended.reason == "input_ended"
    assert "you: what time is it" in printed
    assert problems(written(tmp_path / "t")) == []
