"""The command line: arguments, exit statuses, and one line for every error.

Commands are imported when they run, so `voiceloop --version` stays quick. Exit statuses: 0 ended well, 1 internal error
or replay mismatch, 2 usage, 3 settings, 4 refused by the backend, 5 unreachable, 6 device or package missing,
130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.metadata
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer
import typer.main
from typer.core import TyperGroup

from voiceloop.commandline.options import ConfigOption, KeyFileOption, command, origins
from voiceloop.errors import VoiceloopError

if TYPE_CHECKING:
    from voiceloop.agent import Agent

__all__ = ["main", "run"]

INTERNAL, USAGE, INTERRUPTED = 1, 2, 130
NEW_OBJECTS = 200_000
"""Python looks for garbage after so many while a command is imported, which makes none: its usual 700 cost a tenth of
the start. `command` sets what holds from then on."""
DEBUG = "VOICELOOP_DEBUG"
ClickError: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for wrong arguments; newer versions of it bring their own click."""


class Endpoints(TyperGroup):
    """The commands of `voiceloop api`: so many that they are looked at only when one of them, or their help, is."""

    @property  # type: ignore[explicit-override]  # a property with a setter cannot say so to mypy
    def commands(self) -> Any:  # noqa: ANN401 - typer's, or click's in its older versions
        """By name."""
        return endpoints()

    @commands.setter
    def commands(self, given: object) -> None:
        """Typer knows of none here."""


@functools.cache
def endpoints() -> Any:  # noqa: ANN401 - as above
    """Return the commands of `voiceloop api`, by name."""
    group: Any = typer.main.get_command(importlib.import_module("voiceloop.commandline.api").app)
    return group.commands


app = typer.Typer(name="voiceloop", help="Realtime voice agents.", pretty_exceptions_enable=False)
config_app = typer.Typer(help="The effective settings and what can be set.")
app.add_typer(config_app, name="config")
app.add_typer(typer.Typer(cls=Endpoints, help="The server's endpoints by hand."), name="api")

AgentArgument = Annotated[Path | None, typer.Argument(help="Python file with an agent.", metavar="[AGENT.py]")]
Role = Literal["realtime", "transcription", "chat", "speech", "embedding", "image", "moderation"]


def wake_words(incomplete: str) -> list[str]:
    """Complete the name of a wake word."""
    from voiceloop.wakemodels import WAKE_WORDS  # noqa: PLC0415 - only a Tab key needs it

    return [name for name in WAKE_WORDS if name.startswith(incomplete)]


# Entry points --------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None, agent: Agent | None = None) -> NoReturn:
    """Run the command line and leave the process."""
    gc.set_threshold(NEW_OBJECTS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows few letters gets question marks
    status = outcome(sys.argv[1:] if arguments is None else arguments, agent)
    try:
        sys.stdout.flush()
    except OSError:  # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def run(agent: Agent) -> NoReturn:
    """Talk with an agent: what `voiceloop talk` does, with the options of this program's command line."""
    main(["talk", *sys.argv[1:]], agent)


def outcome(arguments: Sequence[str], agent: Agent | None = None) -> int:
    """Run a command and return its exit status; errors become one line on standard error."""
    try:
        status = app(args=list(arguments), obj=agent, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as left:  # click leaves by itself when nobody reads the output, which is no error
        return 0 if isinstance(left.__context__, BrokenPipeError) else status_of(left)
    except Exception as error:  # noqa: BLE001 - whatever happens, a person gets one line and a script a status
        return tell(single(error))
    return status if isinstance(status, int) else 0


def status_of(left: SystemExit) -> int:
    """Return the status a library wanted to leave with."""
    return left.code if isinstance(left.code, int) else INTERNAL


def single(error: BaseException) -> BaseException:
    """Return the first error of a task group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def tell(error: BaseException) -> int:
    """Print an error on one line and return its exit status; the traceback only for those who ask for it."""
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    if isinstance(error, VoiceloopError):
        text, status = str(error), error.exit_status
    elif isinstance(error, ClickError):
        wrong: str = getattr(error, "format_message", error.__str__)()
        text, status = f"{wrong.replace('Value error, ', '')} (see voiceloop --help)", USAGE
    else:
        text = f"internal error: {type(error).__name__}: {error} (set {DEBUG}=1 for the traceback)"
        status = INTERNAL
    sys.stderr.write(f"voiceloop: {' '.join(text.split())}\n")
    return status


# Commands ------------------------------------------------------------------------------------------------------------


def print_version(value: bool) -> None:  # noqa: FBT001 - typer hands it over
    """Print the version and leave."""
    if value:
        typer.echo(f"voiceloop {importlib.metadata.version('voiceloop')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[  # noqa: FBT002
        bool, typer.Option("--version", is_eager=True, callback=print_version, help="Print the version.")
    ] = False,
) -> None:
    """Realtime voice agents that survive failure and know what the listener heard."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def talk(  # noqa: PLR0913, PLR0917 - the documented options
    context: typer.Context,
    agent: AgentArgument = None,
    config: ConfigOption = None,
    source: Annotated[str | None, typer.Option("--input", help="mic or FILE.wav", metavar="mic|FILE.wav")] = None,
    output: Annotated[str | None, typer.Option(help="speaker or FILE.wav", metavar="speaker|FILE.wav")] = None,
    transcript: Annotated[Path | None, typer.Option(help="Write the transcript.", metavar="FILE.jsonl")] = None,
    tape: Annotated[Path | None, typer.Option(help="Record for voiceloop replay.", metavar="FILE")] = None,
    engine: Annotated[Literal["auto", "realtime", "rest", "device"] | None, typer.Option(help="Who answers.")] = None,
    dialect: Annotated[Literal["auto", "beta", "ga"] | None, typer.Option(help="Realtime dialect.")] = None,
    model: Annotated[str | None, typer.Option(help="Realtime model id.")] = None,
    key_file: KeyFileOption = None,
    text: Annotated[bool, typer.Option("--text", help="Type turns, read replies; no sound.")] = False,  # noqa: FBT002
    captions_only: Annotated[bool, typer.Option("--captions-only", help="Speak, read replies.")] = False,  # noqa: FBT002
    type_: Annotated[bool, typer.Option("--type", help="Typed lines are turns while talking.")] = False,  # noqa: FBT002
    push_to_talk: Annotated[  # noqa: FBT002
        bool, typer.Option("--push-to-talk", help="Enter begins and ends what you say.")
    ] = False,
    wake_word: Annotated[
        str | None,
        typer.Option(
            help="Hear nothing before it: okay_nabu, hey_jarvis, ...", metavar="NAME|FILE", autocompletion=wake_words
        ),
    ] = None,
    say: Annotated[list[str] | None, typer.Option(help="A typed turn, sent when ready; repeatable.")] = None,
    brain: Annotated[str | None, typer.Option(help="Who thinks without a key.", metavar="local|scripted|URL")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Start again when a file is saved.")] = False,  # noqa: FBT002
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False,  # noqa: FBT002
) -> int:
    """Hold one conversation on this machine."""
    options = command("talk", "Options")(
        agent_file=agent,
        config=config,
        input=source,
        output=output,
        transcript=transcript,
        tape=tape,
        engine=engine,
        dialect=dialect,
        model=model,
        key_file=key_file,
        text=text,
        captions_only=captions_only,
        type=type_,
        push_to_talk=push_to_talk,
        wake_word=wake_word,
        say=tuple(say or ()),
        brain=brain,
        watch=watch,
        color=not no_color,
    )
    status: int = command("talk", "talk")(options, context.obj)
    return status


@app.command()
def gateway(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 picks a free one.", min=0, max=65_535)] = 8_080,
    key: Annotated[str | None, typer.Option(help="Key that callers must send.")] = None,
    brain: Annotated[str, typer.Option(help="Who thinks.", metavar="local|scripted|URL")] = "local",
    language: Annotated[str, typer.Option(help="Language of callers that name none.", metavar="TAG|auto")] = "en",
    child: Annotated[bool, typer.Option("--child", hidden=True)] = False,  # noqa: FBT002
) -> int:
    """Serve on-device models as a DGrid-compatible gateway."""
    status: int = command("gateway", "gateway")(host, port, key, brain, language=language, child=child)
    return status


@app.command()
def replay(tape: Annotated[Path, typer.Argument(help="A file recorded with talk --tape.")]) -> int:
    """Step a recorded session again and compare every decision."""
    status: int = command("replay", "replay")(tape)
    return status


@app.command()
def devices() -> int:
    """List the sound devices of this machine."""
    status: int = command("sound", "devices")()
    return status


@app.command()
def plugins() -> int:
    """List the installed plugins."""
    status: int = command("listings", "plugins")()
    return status


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Where to put it.", metavar="DIR")]) -> int:
    """Make an agent to start from: its file, its settings, its test."""
    status: int = command("init", "init")(folder)
    return status


@app.command()
def login(
    url: Annotated[str | None, typer.Option("--base-url", help="Whose key it is.", metavar="URL")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the key.")] = False,  # noqa: FBT002
) -> int:
    """Keep the key in the keyring of this system: typed, or from standard input."""
    status: int = command("login", "login")(os.environ, url, forget=forget)
    return status


@app.command()
def models(
    role: Annotated[Role | None, typer.Option(help="Only what fits this role.")] = None,
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """List the backend's models, which ones are taken, and how to pin others."""
    status: int = command("models", "models")(origins(config, key_file), role)
    return status


@app.command()
def doctor(
    agent: AgentArgument = None,
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no server.")] = False,  # noqa: FBT002
    audio: Annotated[bool, typer.Option("--audio", help="Play chirps and judge microphone and speaker.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002
) -> int:
    """Tell what works here and at the backend, what does not, and what a conversation does then."""
    if audio:
        heard: int = command("doctor_audio", "doctor_audio")(origins(config, key_file), as_json=as_json)
        return heard
    status: int = command("doctor", "doctor")(origins(config, key_file), agent, offline=offline, as_json=as_json)
    return status


@config_app.command()
def show(agent: AgentArgument = None, config: ConfigOption = None, key_file: KeyFileOption = None) -> int:
    """Print the effective settings, each with where it came from; with AGENT.py, those of its agent."""
    status: int = command("listings", "show")(origins(config, key_file), agent)
    return status


@config_app.command()
def schema() -> int:
    """Print the JSON schema of a settings file."""
    status: int = command("listings", "schema")()
    return status
