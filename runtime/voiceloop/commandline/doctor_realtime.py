"""Opens a realtime session as a conversation would, asks nothing, and says how far it came."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from voiceloop.commandline.doctor_faults import of_error, of_failure, of_loss, too_late
from voiceloop.commandline.doctor_port import opened
from voiceloop.commandline.doctor_report import Finding, State, TierFound
from voiceloop.commandline.doctor_services import Bounds
from voiceloop.dgrid.failures import read_failure
from voiceloop.engines.base import Seed
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.engines.refusals import UpgradeRefusedError
from voiceloop.engines.socket import Socket, connect
from voiceloop.errors import VoiceloopError
from voiceloop.events import EngineLost, EngineReady
from voiceloop.network.route import route_to
from voiceloop.screen import clean
from voiceloop.settings import BackendSettings, Settings
from voiceloop.vocabulary import Tier
from voiceloop.wire.lenient import child, text
from voiceloop.wire.session_fields import SessionFields, read_session

__all__ = ["check_realtime"]

WHAT: Final = "session"
OPEN, CREATED, UPDATED = "websocket", "session.created", "session.updated"


class Dialling:
    """Dials as the engine does, and notes what came when."""

    def __init__(self, backend: BackendSettings) -> None:
        """Raises SettingsError for a proxy or certificates of no use."""
        assert backend.base_url is not None, "without a backend nobody dials"
        self._route = route_to(backend.base_url, os.environ, backend)
        self.reached_s: dict[str, float] = {}
        """Seconds from the first dial to each step."""
        self.refusal: UpgradeRefusedError | None = None
        """What the last dial was answered in place of a websocket."""
        self.session = SessionFields()
        """The newest settings the server told."""
        self._began_s: float | None = None

    @property
    def steps(self) -> str:
        """How far it came, in words."""
        return ", ".join(f"{step} {at_s:.2f} s" for step, at_s in self.reached_s.items())

    async def __call__(self, url: str, **how: Any) -> Socket:  # noqa: ANN401 - see `Connect`
        """Open a socket; see `voiceloop.engines.socket.connect`."""
        receive: Callable[[bytes], None] = how.pop("on_message")

        def noted(frame: bytes) -> None:
            self._note(frame)
            receive(frame)

        self._began_s = self._began_s or asyncio.get_running_loop().time()
        self.refusal = None
        try:
            socket = await connect(url, on_message=noted, route=self._route, **how)
        except UpgradeRefusedError as error:
            self.refusal = error
            raise
        self._reached(OPEN)
        return socket

    def _note(self, frame: bytes) -> None:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
            raw = msgspec.json.decode(frame)
            if isinstance(raw, dict) and (kind := text(raw, "type")) in {CREATED, UPDATED}:
                self._reached(kind)
                self.session = read_session(child(raw, "session"))

    def _reached(self, step: str) -> None:
        assert self._began_s is not None, "it was dialled"
        self.reached_s[step] = asyncio.get_running_loop().time() - self._began_s


async def check_realtime(settings: Settings, seed: Seed, bounds: Bounds) -> TierFound:
    """Open a session with settings that name their models; it is told everything and asked nothing. Safe to cancel."""
    now = asyncio.get_running_loop().time
    began = now()
    found = TierFound(Tier.REALTIME, (), settings.realtime.model or "", seed.voice or "")
    try:
        dialling = Dialling(settings.backend)
        async with (
            asyncio.timeout(bounds.open_s),
            opened(RealtimeEngine(settings, dial=dialling), seed) as (_, outcome),
        ):
            took_s = now() - began
    except TimeoutError:
        return replace(found, checks=(too_late(WHAT, bounds.open_s),))
    except VoiceloopError as error:
        return replace(found, checks=(of_error(WHAT, error),))
    if isinstance(outcome, EngineLost):
        return replace(found, checks=(stopped(outcome, dialling, settings, took_s),))
    voice = dialling.session.voice
    return replace(
        found,
        checks=(ready(outcome, dialling, settings, bounds.slow_s, took_s),),
        model=clean(outcome.model),
        voice=clean(voice) if isinstance(voice, str) else found.voice,
    )


def stopped(lost: EngineLost, dialling: Dialling, settings: Settings, took_s: float) -> Finding:
    """Return why there is no session."""
    refusal, key = dialling.refusal, settings.backend.api_key
    if refusal is not None:
        secrets = () if key is None else (key.get_secret_value(),)
        body = refusal.body.encode()
        return of_failure(WHAT, read_failure(refusal.status, refusal.headers, body, secrets, datetime.now(UTC)), took_s)
    found = of_loss(WHAT, lost, took_s)
    return replace(found, detail=f"{found.detail} ({dialling.steps})") if dialling.steps else found


def ready(engine: EngineReady, dialling: Dialling, settings: Settings, slow_s: float, took_s: float) -> Finding:
    """Return how well the session took what it was told."""
    model = clean(engine.transcription_model)
    words = f"words by {model}" if model else "no words of the user"
    detail = f"{dialling.steps}; dialect {engine.dialect}, {words}"
    flaw = flaws(engine, dialling, settings)
    if not flaw and took_s > slow_s:
        detail, flaw = f"slow: {detail}", "a conversation begins late; another network or model may be quicker"
    return Finding(WHAT, State.DEGRADED if flaw else State.OK, detail, flaw, took_s=took_s)


def flaws(engine: EngineReady, dialling: Dialling, settings: Settings) -> str:
    """Return what the server made of the settings that was not meant, with the fix; empty when all is well."""
    voice, asked = dialling.session.voice, settings.agent.voice.on(Tier.REALTIME)
    if UPDATED not in dialling.reached_s:
        return "it confirms no settings: what it made of voice, tools and turns is not known"
    if asked is not None and isinstance(voice, str) and voice != asked:
        return f"it speaks in voice {clean(voice)} and not {asked}: name one that it has in [agent.voice] realtime"
    if settings.realtime.transcription_model and not engine.transcription_model:
        return "it writes down no words of the user: name its model in VOICELOOP_REALTIME__TRANSCRIPTION_MODEL"
    return ""
