"""`voiceloop api`: the server's endpoints by hand. What does the work is imported when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from voiceloop.commandline.options import ConfigOption, KeyFileOption, command, origins

__all__ = ["app"]

app = typer.Typer(help="The server's endpoints by hand.")

Dialect = Literal["openai", "responses", "claude", "gemini"]
Form = Literal["json", "text", "srt", "vtt", "verbose_json"]
AnyForm = Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"]
Sound = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
Drawing = Literal["openai", "qwen", "chat", "gemini"]
Vendor = Literal["openai", "gemini"]

RecordingArgument = Annotated[str, typer.Argument(help="A recording; - is standard input.", metavar="FILE")]
TextArgument = Annotated[str, typer.Argument(help="- is standard input.", metavar="TEXT")]
TextsArgument = Annotated[list[str], typer.Argument(help="- is standard input.", metavar="TEXT...")]
PromptArgument = Annotated[str, typer.Argument(help="What to draw; - is standard input.", metavar="PROMPT")]
ModelOption = Annotated[str | None, typer.Option("--model", help="Model id; else the best that is listed.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]
StreamOption = Annotated[bool, typer.Option("--stream", help="Print the answer as it comes.")]
OutputOption = Annotated[Path | None, typer.Option("--output", help="Write into this file.", metavar="FILE")]
HintOption = Annotated[str | None, typer.Option("--prompt", help="What was said before, or words to expect.")]
TemperatureOption = Annotated[float | None, typer.Option("--temperature", help="0 is the steadiest.", min=0, max=2)]
TokensOption = Annotated[int | None, typer.Option("--max-tokens", help="The longest answer.", min=1)]
CountOption = Annotated[int | None, typer.Option("--n", help="How many pictures.", min=1, max=10)]
SizeOption = Annotated[str | None, typer.Option("--size", help="Such as 1024x1024.")]
VendorOption = Annotated[Vendor, typer.Option("--dialect", help="How it is asked for.")]
DrawingOption = Annotated[Drawing, typer.Option("--dialect", help="How it is asked for.")]


def call(module: str, name: str, config: Path | None, key_file: Path | None, *given: Any, **options: Any) -> int:  # noqa: ANN401 - what the command takes
    """Import a command, run it, return its exit status."""
    status: int = command(module, name)(origins(config, key_file), *given, **options)
    return status


# Sound ---------------------------------------------------------------------------------------------------------------


@app.command()
def transcribe(  # noqa: PLR0913, PLR0917 - the documented options
    file: RecordingArgument,
    model: ModelOption = None,
    language: Annotated[str | None, typer.Option(help="What is spoken, such as en.")] = None,
    prompt: HintOption = None,
    form: Annotated[AnyForm | None, typer.Option("--format", help="What to print.")] = None,
    temperature: TemperatureOption = None,
    stream: StreamOption = False,  # noqa: FBT002
    output: OutputOption = None,
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Write down what is said in a recording.

    voiceloop api transcribe call.mp3 --language en --format srt
    """
    return call(
        "api_audio", "transcribe", config, key_file, file,
        model=model, language=language, prompt=prompt, form=form, temperature=temperature, stream=stream,
        output=output, as_json=as_json,
    )  # fmt: skip


@app.command()
def translate(  # noqa: PLR0913, PLR0917 - the documented options
    file: RecordingArgument,
    model: ModelOption = None,
    prompt: HintOption = None,
    form: Annotated[Form | None, typer.Option("--format", help="What to print.")] = None,
    temperature: TemperatureOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Write down in English what is said in a recording.

    voiceloop api translate anruf.mp3
    """
    return call(
        "api_audio", "translate", config, key_file, file,
        model=model, prompt=prompt, form=form, temperature=temperature, output=output, as_json=as_json,
    )  # fmt: skip


@app.command()
def say(  # noqa: PLR0913, PLR0917 - the documented options
    text: TextArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write into this file; its ending says the format.")
    ] = None,
    play: Annotated[bool, typer.Option("--play", help="Over the speaker, as it comes.")] = False,  # noqa: FBT002
    model: ModelOption = None,
    dialect: VendorOption = "openai",
    voice: Annotated[str | None, typer.Option(help="A voice of the server.")] = None,
    instructions: Annotated[str | None, typer.Option(help="How to say it.")] = None,
    form: Annotated[Sound | None, typer.Option("--format", help="Where no ending says it.")] = None,
    speed: Annotated[float | None, typer.Option(help="1 is normal.", min=0.25, max=4)] = None,
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Have words said.

    voiceloop api say "Your order is ready." --output ready.mp3
    """
    return call(
        "api_speech", "say", config, key_file, text,
        output=output, play=play, model=model, dialect=dialect, voice=voice, instructions=instructions, form=form,
        speed=speed, as_json=as_json,
    )  # fmt: skip


# Text ----------------------------------------------------------------------------------------------------------------


@app.command()
def chat(  # noqa: PLR0913, PLR0917 - the documented options
    text: TextArgument,
    model: ModelOption = None,
    dialect: Annotated[Dialect, typer.Option(help="How the model is asked.")] = "openai",
    system: Annotated[str | None, typer.Option(help="How it is to behave.")] = None,
    image: Annotated[
        list[str] | None, typer.Option(help="A picture to look at; repeatable.", metavar="FILE|URL")
    ] = None,
    audio: Annotated[
        list[str] | None, typer.Option(help="WAV or MP3 to listen to; repeatable.", metavar="FILE")
    ] = None,
    max_tokens: TokensOption = None,
    temperature: TemperatureOption = None,
    stream: StreamOption = False,  # noqa: FBT002
    thoughts: Annotated[bool, typer.Option("--thoughts", help="On standard error, if it tells.")] = False,  # noqa: FBT002
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Ask a chat model.

    voiceloop api chat "What is on this picture?" --image desk.jpg --stream
    """
    return call(
        "api_chat", "chat", config, key_file, text,
        model=model, dialect=dialect, system=system, images=image or (), audio=audio or (), max_tokens=max_tokens,
        temperature=temperature, stream=stream, thoughts=thoughts, as_json=as_json,
    )  # fmt: skip


@app.command()
def complete(  # noqa: PLR0913, PLR0917 - the documented options
    text: TextArgument,
    model: ModelOption = None,
    suffix: Annotated[str | None, typer.Option(help="What comes after the part to be written.")] = None,
    stop: Annotated[list[str] | None, typer.Option(help="Where to end; repeatable.")] = None,
    max_tokens: TokensOption = None,
    temperature: TemperatureOption = None,
    stream: StreamOption = False,  # noqa: FBT002
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Have a model go on with a text.

    voiceloop api complete "Once upon a time" --max-tokens 40
    """
    return call(
        "api_texts", "complete", config, key_file, text,
        model=model, suffix=suffix, stop=stop or (), max_tokens=max_tokens, temperature=temperature, stream=stream,
        as_json=as_json,
    )  # fmt: skip


@app.command()
def embed(  # noqa: PLR0913, PLR0917 - the documented options
    texts: TextsArgument,
    model: ModelOption = None,
    dialect: VendorOption = "openai",
    dimensions: Annotated[int | None, typer.Option(help="How long the vectors are to be.", min=1)] = None,
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Turn texts into vectors, one a line.

    voiceloop api embed "a bakery" "a butcher"
    """
    return call(
        "api_texts", "embed", config, key_file, texts,
        model=model, dialect=dialect, dimensions=dimensions, as_json=as_json,
    )  # fmt: skip


@app.command()
def moderate(
    texts: TextsArgument,
    model: Annotated[str | None, typer.Option(help="Model id; else the server chooses.")] = None,
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Judge whether texts are fit to be said.

    voiceloop api moderate "You are a fool."
    """
    return call("api_texts", "moderate", config, key_file, texts, model=model, as_json=as_json)


# Pictures ------------------------------------------------------------------------------------------------------------


@app.command()
def image(  # noqa: PLR0913, PLR0917 - the documented options
    prompt: PromptArgument,
    output: OutputOption = None,
    model: ModelOption = None,
    dialect: DrawingOption = "openai",
    n: CountOption = None,
    size: SizeOption = None,
    quality: Annotated[str | None, typer.Option(help="standard, hd, or a word of the model.")] = None,
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Have a picture drawn, into image-1.png unless --output says otherwise.

    voiceloop api image "A loaf of bread with a crown" --output loaf.png
    """
    return call(
        "api_pictures", "image", config, key_file, prompt,
        output=output, model=model, dialect=dialect, n=n, size=size, quality=quality, as_json=as_json,
    )  # fmt: skip


@app.command()
def edit_image(  # noqa: PLR0913, PLR0917 - the documented options
    file: Annotated[str, typer.Argument(help="The picture; - is standard input.", metavar="FILE")],
    prompt: PromptArgument,
    mask: Annotated[str | None, typer.Option(help="Transparent where to draw.", metavar="FILE")] = None,
    output: OutputOption = None,
    model: ModelOption = None,
    dialect: DrawingOption = "openai",
    n: CountOption = None,
    size: SizeOption = None,
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Have a picture drawn on; the original stays as it is.

    voiceloop api edit-image loaf.png "Make it rye" --output rye.png
    """
    return call(
        "api_pictures", "edit_image", config, key_file, file, prompt,
        mask=mask, output=output, model=model, dialect=dialect, n=n, size=size, as_json=as_json,
    )  # fmt: skip


# The server itself ---------------------------------------------------------------------------------------------------


@app.command()
def models(
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """List the models that the key may use.

    voiceloop api models --json
    """
    return call("api_models", "models", config, key_file, as_json=as_json)


@app.command()
def token(
    model: Annotated[str | None, typer.Option(help="Realtime model id.")] = None,
    as_json: JsonOption = False,  # noqa: FBT002
    config: ConfigOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Mint a short-lived token that lets a browser start realtime sessions without the key.

    voiceloop api token --json
    """
    return call("api_token", "token", config, key_file, model, as_json=as_json)
