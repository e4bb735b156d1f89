"""The bakery inside a web application, beside its other pages.

`pip install fastapi 'uvicorn[standard]'`, then here: `uvicorn web:app`. Calls come in at ws://127.0.0.1:8000/voice/
(docs/websocket-line.md). The backend is DGRID_API_KEY or DGRID_BASE_URL.
"""

from bakery import agent
from fastapi import FastAPI

import voiceloop

voice = voiceloop.asgi(agent, max_sessions=20)
app = FastAPI()
app.mount("/voice", voice)


@app.get("/busy")
async def busy() -> dict[str, int]:
    """How many are on the phone."""
    return {"calls": voice.sessions}
