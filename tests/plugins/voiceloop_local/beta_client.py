"""A small program for the environment that `scripts/beta_client_env` makes: the last stock client of the beta dialect.

Speaks to the gateway at argv[1] with the key argv[2] and prints what it saw as one JSON object.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path

from openai import AsyncOpenAI

TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


async def read(connection, seen, until):
    async for event in connection:
        seen.append((type(event).__name__, event.type))
        if event.type == until:
            return event
    raise SystemExit("the connection ended")


async def main(base_url, key, pcm_file):
    seen = []
    # Left to itself this client takes wss for every base URL.
    client = AsyncOpenAI(base_url=base_url, api_key=key, websocket_base_url=base_url.replace("http", "ws", 1))
    async with client.beta.realtime.connect(model="any-realtime-preview") as connection:
        created = await read(connection, seen, "session.created")
        session = {
            "modalities": ["text", "audio"],
            "tools": [TOOL],
            "input_audio_transcription": {"model": "whisper-1"},
        }
        await connection.session.update(session=session)
        await read(connection, seen, "session.updated")

        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi you"}]}
        await connection.conversation.item.create(item=item)
        await connection.response.create()
        text = await read(connection, seen, "response.done")

        item["content"][0]["text"] = "Weather in Paris"
        await connection.conversation.item.create(item=item)
        await connection.response.create()
        tool = await read(connection, seen, "response.done")
        call = tool.response.output[0]
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        followed = await read(connection, seen, "response.done")

        pcm = Path(pcm_file).read_bytes()  # noqa: ASYNC240 - nothing else runs here
        for start in range(0, len(pcm), 9600):
            await connection.input_audio_buffer.append(audio=base64.b64encode(pcm[start : start + 9600]).decode())
        heard = await read(connection, seen, "conversation.item.input_audio_transcription.completed")
        spoken = await read(connection, seen, "response.done")
    report = {
        "model": created.session.model,
        "text": text.response.output[0].content[0].transcript,
        "usage": text.response.usage.total_tokens,
        "call": [call.name, call.arguments],
        "followed": followed.response.output[0].content[0].transcript,
        "heard": heard.transcript,
        "spoken": spoken.response.output[0].content[0].transcript,
        "seen": seen,
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
