"""Settings as plain models: what may be set, its default and its unit. Files and the environment are read in `app`.

Sections of a settings file carry the names of the fields of `Settings`. An unknown name is an error everywhere.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from voiceloop.vocabulary import AudioFormat, Encoding

Dialect = Literal["auto", "beta", "ga"]
EngineChoice = Literal["auto", "realtime", "rest", "device"]


class Section(BaseModel):
    """A frozen group of settings that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IdleSettings(Section):
    """What happens when nobody says anything."""

    prompt: str | None = None
    """Spoken after `after_s` of silence; None never prompts."""
    after_s: float = Field(default=20.0, gt=0)
    goodbye: str | None = None
    """Spoken after a further `after_s`; then the session ends. None goes on waiting."""


class LimitSettings(Section):
    """Bounds that keep a session from running away."""

    minutes: float = Field(default=60.0, gt=0)
    tool_rounds: int = Field(default=6, ge=0)
    """Follow-up replies with tools that one user turn may cause."""


class AgentSettings(Section):
    """Who the agent is."""

    instructions: str = "You are a helpful voice assistant. Answer in one or two short sentences."
    greeting: str | None = None
    """Spoken first; None waits for the user."""
    greeting_interruptible: bool = True
    language: str = "en"
    voice: str | None = None
    """Voice name, mapped by each tier; None takes the server's default."""
    vocabulary: tuple[str, ...] = ()
    """Words recognition should expect."""
    tools: tuple[str, ...] = ("basics",)
    """Names of tool plugins to load."""
    idle: IdleSettings = IdleSettings()
    limits: LimitSettings = LimitSettings()


class BackendSettings(Section):
    """Where the models are. The key never stands in a file."""

    base_url: str | None = None
    api_key: SecretStr | None = None
    allow_plaintext: bool = False
    """Allow `http`/`ws` to other machines; the key and the conversation are then readable on the way."""


class TurnSettings(Section):
    """When a turn ends and what counts as an interruption."""

    detection: Literal["server_vad", "semantic_vad", "manual"] = "server_vad"
    """Manual: the local voice activity gate ends turns."""
    replies: Literal["server", "client"] = "server"
    """Who starts the reply when a turn ends."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    prefix_padding_ms: int = Field(default=300, ge=0)
    silence_ms: int = Field(default=500, ge=50)
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    interrupt_after_ms: int = Field(default=250, ge=0)
    """Speech shorter than this while the agent speaks is a cough: playback pauses and goes on."""


class RealtimeSettings(Section):
    """The realtime engine."""

    model: str | None = None
    dialect: Dialect = "auto"
    transcription_model: str | None = "whisper-1"
    turn: TurnSettings = TurnSettings()
    connect_timeout_s: float = Field(default=10.0, gt=0)
    configure_timeout_s: float = Field(default=5.0, gt=0)
    reply_start_timeout_s: float = Field(default=10.0, gt=0)


class AudioSettings(Section):
    """Audio on the wire and on this machine."""

    format: Encoding = Encoding.PCM16
    input_device: str | None = None
    output_device: str | None = None
    echo_cancellation: bool = True

    @property
    def wire(self) -> AudioFormat:
        """The wire format these settings choose."""
        return AudioFormat(self.format, 24_000 if self.format is Encoding.PCM16 else 8_000)


class TierSettings(Section):
    """Which engine answers."""

    engine: EngineChoice = "auto"


class Settings(Section):
    """Everything a session can be told."""

    agent: AgentSettings = AgentSettings()
    backend: BackendSettings = BackendSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    audio: AudioSettings = AudioSettings()
    tiers: TierSettings = TierSettings()
    plugins: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """One table per plugin, validated by the plugin itself."""
