"""A small program for the environment that `scripts/beta_client_env` makes: OpenAI's client before its second version.

Asks every family of the gateway at argv[1] with the key argv[2] and the recording argv[3], and prints what it got as
one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import openai

WEATHER = {
    "name": "get_weather",
    "description": "Weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
QUESTION = {"role": "user", "content": "Weather in Paris"}


def chat(client):
    """A streamed call, its output, a streamed answer."""
    tools = [{"type": "function", "function": WEATHER}]
    call = {"id": "", "name": "", "arguments": ""}
    with client.chat.completions.create(model="m", messages=[QUESTION], tools=tools, stream=True) as stream:
        for chunk in stream:
            for part in chunk.choices[0].delta.tool_calls or [] if chunk.choices else []:
                call["id"] += part.id or ""
                call["name"] += part.function.name or ""
                call["arguments"] += part.function.arguments or ""
    asked = {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
    messages = [
        QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": call["id"], "content": "rain"},
    ]
    with client.chat.completions.create(
        model="m", messages=messages, tools=tools, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return {"call": [call["name"], call["arguments"]], "text": text, "usage": chunks[-1].usage.completion_tokens > 0}


def responses(client):
    """A streamed call and its follow-up, as responses."""
    tools = [{"type": "function", "strict": False, **WEATHER}]
    with client.responses.create(model="m", input="Weather in Paris", tools=tools, stream=True) as stream:
        events = list(stream)
    call = next(item for item in events[-1].response.output if item.type == "function_call")
    known = [
        QUESTION,
        call.model_dump(exclude_none=True),
        {"type": "function_call_output", "call_id": call.call_id, "output": "rain"},
    ]
    done = client.responses.create(model="m", input=known, tools=tools)
    return {"call": [call.name, call.arguments], "text": done.output_text, "kinds": sorted({e.type for e in events})}


def main():
    """Ask, and print."""
    client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
    recording = Path(sys.argv[3])
    report = {
        "version": openai.__version__,
        "models": len(client.models.list().data),
        "chat": chat(client),
        "responses": responses(client),
        "completion": client.completions.create(model="m", prompt="Hi you").choices[0].text,
        "embeddings": [len(one.embedding) for one in client.embeddings.create(model="m", input=["a", "b"]).data],
        "flagged": client.moderations.create(input="I will kill you").results[0].flagged,
        "picture": len(client.images.generate(model="m", prompt="A lamp", size="256x256").data),
        "speech": len(client.audio.speech.create(model="m", voice="v", input="Hi.", response_format="pcm").content),
        "transcript": client.audio.transcriptions.create(model="m", file=recording).text,
        "translation": client.audio.translations.create(model="m", file=recording).text,
    }
    try:
        client.chat.completions.create(model="m", messages=[])
    except openai.BadRequestError as error:
        report["refused"] = error.param
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
