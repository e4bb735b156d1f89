"""Every family of endpoints: how it is asked, what that sends, what each of its recorded answers says.

The answers are files in `shapes/`, a folder for each family: `documented` by DGrid, `upstream` as vendors send them,
`odd` as imitators do. All answers of one family say the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dgrid import sounds
from dgrid.drawings import FILE, LINK, PNG
from voiceloop.dgrid.chat import Chat
from voiceloop.dgrid.chat_answer import Said
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.completions import CompletionRequest, Completions
from voiceloop.dgrid.completions_reading import Continued
from voiceloop.dgrid.dialects.claude import Claude
from voiceloop.dgrid.dialects.gemini import Gemini
from voiceloop.dgrid.dialects.openai import OpenAI
from voiceloop.dgrid.dialects.responses import Responses
from voiceloop.dgrid.embeddings import EmbeddingsRequest, embed
from voiceloop.dgrid.gemini_embeddings import GeminiEmbeddingsRequest, embed_content
from voiceloop.dgrid.gemini_pictures import GeminiPictureRequest, draw_content
from voiceloop.dgrid.gemini_speech import GeminiSpeech, GeminiSpeechRequest
from voiceloop.dgrid.image_request import ImageEdit, ImageRequest, QwenRequest
from voiceloop.dgrid.images import Images
from voiceloop.dgrid.models import list_models
from voiceloop.dgrid.moderations import ModerationRequest, moderate
from voiceloop.dgrid.speech import Speech, SpeechRequest
from voiceloop.dgrid.tokens import mint_token
from voiceloop.dgrid.transcript import TextGrew
from voiceloop.dgrid.transcriptions import TranscriptionRequest, Transcriptions
from voiceloop.dgrid.translations import TranslationRequest, Translations

SHAPES = Path(__file__).parent / "shapes"
GREETING = "Grüße 🙂"
"""Letters of two and of four bytes, to be cut in the middle."""

Ask = Callable[[Client], Awaitable[object]]
Part = tuple[str, str | None, str, bytes]


@dataclass(frozen=True)
class Family:
    """One row."""

    name: str
    path: str
    ask: Ask
    """Asks and returns what the answer says."""
    sends: Mapping[str, object] | Sequence[Part] | None
    """A JSON object, the parts of a form, or nothing."""
    says: object
    follow: Ask | None = None
    """The same, streamed."""
    streams: Mapping[str, object] = field(default_factory=dict)
    """What is sent beside it then."""
    stream_path: str = ""
    """Where it is asked for, if elsewhere."""
    headers: Mapping[str, str] = field(default_factory=dict)
    shapes: str = ""
    """The folder, where it is not named like the family."""
    method: str = "POST"

    def answers(self, *endings: str) -> list[Path]:
        """The recorded answers, those with these endings only."""
        folder = SHAPES / (self.shapes or self.name.replace(" ", "_"))
        return sorted(path for path in folder.iterdir() if not endings or path.suffix in endings)


# How each is asked ---------------------------------------------------------------------------------------------------

HELLO = ChatRequest(model="m", messages=[{"role": "user", "content": "Hello"}])
HELLO_JSON = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
ONCE = CompletionRequest(model="m", prompt="Once")
SAY = SpeechRequest(model="m", input="Hello", voice="alloy", response_format="wav")
HEAR = TranscriptionRequest(model="m", audio=sounds.WAV)
HEARD: list[Part] = [("model", None, "text/plain", b"m"), ("file", "audio.wav", "audio/wav", sounds.WAV)]
GEMINI_SAY = GeminiSpeechRequest(model="m", input="Hello")
CAT = [{"role": "user", "content": "A cat"}]
CAT_JSON = {"model": "m", "input": {"messages": CAT}}


def chat(dialect):
    async def ask(client):
        return (await Chat(client, dialect()).complete(HELLO)).text

    async def follow(client):
        async with Chat(client, dialect()).stream(HELLO) as deltas:
            return "".join([delta.text async for delta in deltas if isinstance(delta, Said)])

    return {"ask": ask, "follow": follow}


async def complete(client):
    return (await Completions(client).complete(ONCE)).text


async def complete_streamed(client):
    async with Completions(client).stream(ONCE) as pieces:
        return "".join([piece.text async for piece in pieces if isinstance(piece, Continued)])


async def speak(client):
    return (await Speech(client).whole(SAY)).audio


async def speak_streamed(client):
    async with Speech(client).stream(SAY) as speaking:
        return b"".join([audio async for audio in speaking])


async def transcribe(client):
    return (await Transcriptions(client).whole(HEAR)).text


async def transcribe_streamed(client):
    async with Transcriptions(client).stream(HEAR) as deltas:
        return "".join([delta.text async for delta in deltas if isinstance(delta, TextGrew)])


async def translate(client):
    return (await Translations(client).whole(TranslationRequest(model="m", audio=sounds.WAV))).text


def embedded(given, **more):
    async def ask(client):
        found = await embed(client, EmbeddingsRequest(model="m", input=given), **more)
        return [list(vector) for vector in found.vectors]

    return ask


def drawn(method, request):
    async def ask(client):
        drawing = await getattr(Images(client), method)(request)
        return [one.picture for one in drawing.pictures]

    return ask


async def gemini_speak(client):
    return (await GeminiSpeech(client).whole(GEMINI_SAY)).audio


async def gemini_speak_streamed(client):
    async with GeminiSpeech(client).stream(GEMINI_SAY) as speaking:
        return b"".join([audio async for audio in speaking])


def gemini_embedded(texts):
    async def ask(client):
        found = await embed_content(client, GeminiEmbeddingsRequest(model="m", texts=texts))
        return [list(vector) for vector in found.vectors]

    return ask


async def gemini_drawn(client):
    drawing = await draw_content(client, GeminiPictureRequest(model="m", prompt="Hello"))
    return [one.picture for one in drawing.pictures]


async def judge(client):
    (verdict,) = (await moderate(client, ModerationRequest(input="I hate you"))).verdicts
    return verdict.flagged, [name for name, found in verdict.categories.items() if found]


async def listed(client):
    found = await list_models(client.base_url, client._key)
    return None if found is None else [model.id for model in found]


async def mint(client):
    return (await mint_token(client, "m")).value.get_secret_value()


# The table -----------------------------------------------------------------------------------------------------------

STREAM = {"stream": True}
USAGE_TOO = {"stream": True, "stream_options": {"include_usage": True}}
CLAUDE_JSON = {"model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": "Hello"}]}
GEMINI_JSON = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
GEMINI_SPOKEN = GEMINI_JSON | {"generationConfig": {"responseModalities": ["AUDIO"]}}
GEMINI_DRAWN = GEMINI_JSON | {"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}
GEMINI_TEXT = {"content": {"parts": [{"text": "a"}]}}
RESPONSES_JSON = {"model": "m", "input": "Hello", "store": False}
VECTORS = [[0.5, -0.25, 1.0], [1.0, 2.0, 3.0]]
REALTIME = {"type": "realtime", "model": "m"}
IMAGE: Part = ("image", "image1.png", "image/png", PNG)
EDIT: list[Part] = [("prompt", None, "text/plain", b"A hat"), IMAGE]
SPOKEN = {"model": "m", "input": "Hello", "voice": "alloy", "response_format": "wav"}

FAMILIES = [
    Family("chat", "/v1/chat/completions", **chat(OpenAI), sends=HELLO_JSON, says=GREETING, streams=USAGE_TOO),
    Family("responses", "/v1/responses", **chat(Responses), sends=RESPONSES_JSON, says=GREETING, streams=STREAM),
    Family("claude", "/v1/messages", **chat(Claude), sends=CLAUDE_JSON, says=GREETING, streams=STREAM,
           headers={"anthropic-version": "2023-06-01"}),
    Family("gemini", "/v1/models/m:generateContent", **chat(Gemini), sends=GEMINI_JSON, says=GREETING,
           stream_path="/v1/models/m:streamGenerateContent?alt=sse"),
    Family("speech of Gemini", "/v1/models/m:generateContent", gemini_speak, GEMINI_SPOKEN, sounds.PCM,
           gemini_speak_streamed, stream_path="/v1/models/m:streamGenerateContent?alt=sse"),
    Family("embedding of Gemini", "/v1/models/m:embedContent", gemini_embedded(["a"]), GEMINI_TEXT, VECTORS[:1]),
    Family("embeddings of Gemini", "/v1/models/m:batchEmbedContents", gemini_embedded(["a", "a"]),
           {"requests": [{"model": "models/m", **GEMINI_TEXT}] * 2}, VECTORS),
    Family("pictures of Gemini", "/v1/models/m:generateContent", gemini_drawn, GEMINI_DRAWN, [FILE]),
    Family("completions", "/v1/completions", complete, {"model": "m", "prompt": "Once"}, GREETING, complete_streamed,
           USAGE_TOO),
    Family("speech", "/v1/audio/speech", speak, SPOKEN, sounds.WAV, speak_streamed),
    Family("transcriptions", "/v1/audio/transcriptions", transcribe, HEARD, GREETING, transcribe_streamed,
           {"stream": "true"}),
    Family("translations", "/v1/audio/translations", translate, HEARD, "Hello."),
    Family("embeddings", "/v1/embeddings", embedded(["a", "b"]), {"model": "m", "input": ["a", "b"]}, VECTORS),
    Family("engine", "/v1/engines/m/embeddings", embedded("a", engine="m"), {"model": "m", "input": "a"}, VECTORS[:1]),
    Family("images", "/v1/images/generations", drawn("draw", ImageRequest(prompt="A cat")), {"prompt": "A cat"},
           [LINK, FILE]),
    Family("images of Qwen", "/v1/images/generations", drawn("draw", QwenRequest(model="m", messages=CAT)), CAT_JSON,
           [LINK, FILE], shapes="images"),
    Family("edits", "/v1/images/edits", drawn("edit", ImageEdit(prompt="A hat", images=[FILE])), EDIT, [LINK, FILE],
           shapes="images"),
    Family("edits of Qwen", "/v1/images/edits", drawn("edit", QwenRequest(model="m", messages=CAT)), CAT_JSON,
           [LINK, FILE], shapes="images"),
    Family("chat images", "/v1/chat/completions", drawn("draw_in_chat", HELLO), HELLO_JSON, [LINK, FILE]),
    Family("moderations", "/v1/moderations", judge, {"input": "I hate you"}, (True, ["hate"])),
    Family("models", "/v1/models", listed, None, ["openai/gpt-5.4"], method="GET"),
    Family("tokens", "/v1/realtime/client_secrets", mint, {"session": REALTIME}, "ek_example"),
    Family("older tokens", "/v1/realtime/sessions", mint, {"model": "m"}, "ek_example", shapes="tokens"),
]  # fmt: skip
"""What is not there is not asked for: a new endpoint gets a row, or the test of the table fails."""
