"""Settings as plain models: what may be set, its default and its unit. Files and the environment are read in `app`.

Sections of a settings file carry the names of the fields of `Settings`. An unknown name is an error everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, SecretStr, model_validator
from typing_extensions import override

from voiceloop.vocabulary import AudioFormat, Encoding, Tier

Dialect = Literal["auto", "beta", "ga"]
EngineChoice = Literal["auto", "realtime", "rest", "device"]
ChatDialect = Literal["openai", "responses", "claude", "gemini", "completions"]
Listener = Literal["transcription", "chat"]
Unclear = Literal["none", "sentence"]
Patience = Literal["low", "normal", "relaxed", "very_relaxed", "high"]
EchoMethod = Literal["webrtc", "half_duplex", "none"]
Sensitivity = Literal["low", "normal", "high"]

_RELAXED: Final[Mapping[str, int | str]] = {"silence_ms": 900, "interrupt_after_ms": 800, "eagerness": "low"}
PATIENCE: Final[Mapping[Patience, Mapping[str, int | str]]] = {
    "low": {"silence_ms": 300, "interrupt_after_ms": 400, "eagerness": "high"},
    "normal": {},
    "relaxed": _RELAXED,
    "very_relaxed": {"silence_ms": 1500, "interrupt_after_ms": 1000, "eagerness": "low"},
    "high": _RELAXED,
}
"""What each patience sets of `TurnSettings`, as far as it is not set itself; normal is its defaults.

Low is for quick exchanges, very relaxed for slow or stuttering speakers; high is the old name of relaxed.
"""

DEAF: Final[frozenset[ChatDialect]] = frozenset({"responses", "claude", "completions"})
"""Dialects that have no words for sound."""


class Section(BaseModel):
    """A frozen group of settings that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_Section = TypeVar("_Section", bound=Section)


class IdleSettings(Section):
    """What happens when nobody says anything."""

    prompt: str | None = None
    """Spoken after `after_s` of silence; None never prompts."""
    after_s: float = Field(default=20.0, gt=0)
    goodbye: str | None = None
    """Spoken after a further `after_s`; then the session ends. None goes on waiting."""


class WaitingSettings(Section):
    """What the listener hears while a reply is late: nothing unless `after_s` is set."""

    after_s: float | None = Field(default=None, gt=0)
    """How late a reply is when the first sound comes; 1.5 is a good start."""
    sound: Literal["tick", "sentence"] = "tick"
    """A soft tick every 1.5 s, or "One moment, please.", once a turn. Both end when the reply begins."""


class LimitSettings(Section):
    """Bounds that keep a session from running away.

    Minutes, tokens and money: a `warning` line at 80 %; at the limit the session ends as soon as nobody speaks and
    nothing is owed, 30 s later at the latest.
    """

    minutes: float = Field(default=60.0, gt=0)
    tool_rounds: int = Field(default=6, ge=0)
    """Follow-up replies with tools that one user turn may cause."""
    tokens: int | None = Field(default=None, gt=0)
    """Input and output of all replies together, as the server counts them; None is no limit."""
    money: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """In the currency of `prices`, which it needs; None is no limit."""
    prices: str | None = None
    """The price file, from the working folder on; None: money is not counted."""


class VoiceSettings(Section):
    """Voice names, one for each tier; a single name stands for all of them. None takes the server's default."""

    realtime: str | None = None
    rest: str | None = None
    device: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_for_all(cls, given: object) -> object:
        if isinstance(given, str) or given is None:
            return dict.fromkeys(("realtime", "rest", "device"), given or None)
        return given

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler.resolve_ref_schema(handler(core_schema))]}

    def on(self, tier: Tier) -> str | None:
        """Return the voice of a tier."""
        voice: str | None = getattr(self, tier.value)
        return voice


class ModelSettings(Section):
    """Model ids, one for each role; None lets the backend's preferences choose."""

    realtime: str | None = None
    """`[realtime] model` wins over it."""
    transcription: str | None = None
    """Also of realtime sessions, unless `[realtime] transcription_model` is set."""
    chat: str | None = None
    speech: str | None = None


class HistorySettings(Section):
    """How much of a conversation the models are given, so that none ever gets more than it can take.

    A record over the limit is summed up in its older part by a chat model, beside the conversation. A server that
    tells how much it holds, sound included, gets the record as text on a fresh connection once that passes the limit.
    """

    limit: int = Field(default=24_000, ge=0)
    """Tokens; 0 is no limit. A realtime model of 32,768 takes 28,224, as 4,096 and more are kept for its reply: that
    leaves room for instructions, tools and one long turn."""
    keep_turns: int = Field(default=6, ge=1)
    """The newest turns are never summed up."""
    chars_per_token: float = Field(default=4.0, gt=0)
    """How tokens of Latin script are estimated; other scripts take more."""
    summary_model: str | None = None
    """Model id; None takes that of the role chat."""


class AgentSettings(Section):
    """Who the agent is.

    Instructions, greeting and the idle texts may hold `{{ name }}`: templates.py tells which names there are.
    """

    instructions: str = "You are a helpful voice assistant. Answer in one or two short sentences."
    greeting: str | None = None
    """Spoken first; None waits for the user."""
    greeting_interruptible: bool = True
    language: str = "en"
    voice: VoiceSettings = VoiceSettings()
    """One name, or a table with a name per tier."""
    models: ModelSettings = ModelSettings()
    vocabulary: tuple[str, ...] = ()
    """Words recognition should expect."""
    pronounce: dict[str, str] = Field(default_factory=dict)
    """How words sound that are spoken otherwise than they are written."""
    patience: Patience = "normal"
    """How long a pause ends a turn and how easily the agent is interrupted; `[realtime.turn]` wins value by value."""
    unclear: Unclear = "sentence"
    """What follows speech of which no word is understood: "Sorry, I didn't catch that.", once until a turn is
    understood, or silence. Nothing is said with the language auto, and where the engine answers all the same."""
    tools: tuple[str, ...] = ("basics", "end_conversation")
    """Names of tool plugins to load."""
    idle: IdleSettings = IdleSettings()
    waiting: WaitingSettings = WaitingSettings()
    limits: LimitSettings = LimitSettings()
    history: HistorySettings = HistorySettings()


class BackendSettings(Section):
    """Where the models are. The key never stands in a file."""

    base_url: str | None = None
    api_key: SecretStr | None = None
    allow_plaintext: bool = False
    """Allow `http`/`ws` to other machines; the key and the conversation are then readable on the way."""
    ca_file: str | None = None
    """A PEM file of the certificate authorities to trust, in place of the system's and of SSL_CERT_FILE."""
    client_cert: str | None = None
    """A PEM file with our certificate, for servers that want to know who connects."""
    client_key: str | None = None
    """A PEM file with the key of `client_cert`; None: it stands in the same file."""
    client_key_password_file: str | None = None
    """A file with the password of an encrypted key."""


class TurnSettings(Section):
    """When a turn ends and what counts as an interruption."""

    detection: Literal["server_vad", "semantic_vad", "manual", "push_to_talk"] = "server_vad"
    """Manual: the local voice activity gate ends turns. With push_to_talk a key does, for all engines."""
    replies: Literal["server", "client"] = "server"
    """Who starts the reply when a turn ends."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    prefix_padding_ms: int = Field(default=300, ge=0)
    silence_ms: int = Field(default=500, ge=50)
    """A pause this long ends the turn."""
    ending: Literal["adaptive", "fixed"] = "adaptive"
    """Where this machine ends turns: adaptive takes less than `silence_ms` after a whole sentence and more after "and",
    "um" or digits; fixed takes `silence_ms` always."""
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    interrupt_after_ms: int = Field(default=600, ge=0)
    """Speech longer than this interrupts the agent, which goes on quieter until then."""
    interrupt_by: Literal["words", "length"] = "words"
    """Whether words count: by them shorter speech interrupts, unless they are none or only show that somebody listens
    ("mm-hmm"), and those of listeners take longer speech back. By length alone shorter speech never interrupts."""


class RealtimeSettings(Section):
    """The realtime engine."""

    model: str | None = None
    dialect: Dialect = "auto"
    transcription_model: str | None = "auto"
    """Puts the user's words into writing; auto takes the preferred one, None writes nothing down."""
    turn: TurnSettings = TurnSettings()
    connect_timeout_s: float = Field(default=10.0, gt=0)
    configure_timeout_s: float = Field(default=5.0, gt=0)
    reply_start_timeout_s: float = Field(default=5.0, gt=0)
    """A reply must begin within this, or within twice what most replies of the session took."""
    first_audio_timeout_s: float = Field(default=8.0, gt=0)
    """What has begun must bring something within this, or within twice what most replies of the session took."""
    reconnect_within_s: float = Field(default=60.0, ge=0)
    """A session whose engine is lost for longer ends."""
    roll_over_after_s: float = Field(default=3300.0, gt=0)
    """A connection whose server does not tell its end is replaced after this, in a quiet moment."""


class RestSettings(Section):
    """The engine of requests; its models are those of `[agent.models]`."""

    chat_dialect: ChatDialect = "openai"
    """How the chat model is asked: `/v1/chat/completions`, `/v1/responses`, `/v1/messages`, Gemini's
    `:streamGenerateContent`, or `/v1/completions`, which knows no tools."""
    listener: Listener = "transcription"
    """Who hears the user: a transcription model, or the chat model itself, which then needs to understand sound."""

    @model_validator(mode="after")
    def _can_be_heard(self) -> Self:
        if self.listener == "chat" and self.chat_dialect in DEAF:
            raise ValueError(
                f"the dialect {self.chat_dialect} carries no sound: choose openai or gemini,"
                " or let a transcription model listen"
            )
        return self


def _named_method(given: object) -> object:
    """True and false are older than the names."""
    told = str(given).lower()
    return {"true": "webrtc", "false": "none"}.get(told, given)


class AudioSettings(Section):
    """Audio on the wire and on this machine."""

    format: Encoding = Encoding.PCM16
    input_device: str | None = None
    output_device: str | None = None
    echo_cancellation: Annotated[
        EchoMethod, BeforeValidator(_named_method, json_schema_input_type=EchoMethod | bool)
    ] = "webrtc"
    """How the agent's own voice is kept out of the microphone of the sound card: webrtc takes it out, so that the user
    can interrupt on open speakers; half_duplex is deaf while the agent speaks; none suits headphones. True stands for
    webrtc, false for none."""
    noise_suppression: bool = True
    """Turn steady noise, such as a fan, down in the microphone of the sound card, by some 6 dB."""
    wake_word: str | None = None
    """Nothing is heard before it: okay_nabu, hey_jarvis, hey_mycroft, alexa, or the .json file of a microWakeWord
    model. Needs the extra `wake`; with push_to_talk the key decides."""
    wake_sensitivity: Sensitivity = "normal"
    """How readily the wake word is taken for said: normal is what its model's maker chose, high hears it more often,
    and in other words too, low wakes less often by mistake."""
    follow_up_s: float = Field(default=8.0, gt=0)
    """How long after the last word of either side no wake word is needed."""
    earcon: bool = True
    """A soft sound when the wake word was heard, and a fainter one when it is needed again."""

    @property
    def wire(self) -> AudioFormat:
        """The wire format these settings choose."""
        return AudioFormat(self.format, 24_000 if self.format is Encoding.PCM16 else 8_000)


class TierSettings(Section):
    """Who answers, and who does when that one cannot."""

    engine: EngineChoice = "auto"
    """Auto takes the tiers of `order`; any other answers alone, and its outages are waited for."""
    order: tuple[Tier, ...] = Field(default=(Tier.REALTIME, Tier.REST, Tier.DEVICE), min_length=1)
    """The best one first. The conversation falls to the next when one fails, and returns when it is back. The models
    of this machine are left out where the extra `local` is not installed."""
    notice: Literal["none", "earcon", "sentence"] = "none"
    """What the listener hears when a lower tier has answered for 2 s; the way back up is a sound at most."""
    apology_after_s: float | None = Field(default=8.0, gt=0)
    """A listener who waits while no engine exists is asked for patience after this, and told goodbye when none will
    come; recorded, so that nothing but the line is needed. None says neither."""

    @property
    def wanted(self) -> tuple[Tier, ...]:
        """The tiers that may answer, each once, installed or not."""
        return tuple(dict.fromkeys(self.order)) if self.engine == "auto" else (Tier(self.engine),)


class Settings(Section):
    """Everything a session can be told."""

    agent: AgentSettings = AgentSettings()
    backend: BackendSettings = BackendSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    rest: RestSettings = RestSettings()
    audio: AudioSettings = AudioSettings()
    tiers: TierSettings = TierSettings()
    plugins: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """One table per plugin, validated by the plugin itself."""

    @property
    def wake_word(self) -> str | None:
        """The wake word that is waited for: none where a key says when to listen."""
        return None if self.realtime.turn.detection == "push_to_talk" else self.audio.wake_word

    def of(self, who: AgentSettings) -> Settings:
        """Return the settings of a session with this agent: what it says, where the sections say nothing else.

        Doing it twice changes nothing; the result belongs to this agent and is no start for another one.
        """
        who, realtime = laid_under(who, self.agent), self.realtime
        wishes: dict[str, Any] = {"model": realtime.model or who.models.realtime}
        if who.models.transcription is not None and "transcription_model" not in realtime.model_fields_set:
            wishes["transcription_model"] = who.models.transcription
        told = realtime.turn.model_fields_set
        patient = {name: value for name, value in PATIENCE[who.patience].items() if name not in told}
        wishes["turn"] = realtime.turn.model_copy(update=patient)
        return self.model_copy(update={"agent": who, "realtime": realtime.model_copy(update=wishes)})


def laid_under(below: _Section, above: _Section) -> _Section:
    """Return `below` with everything that was set in `above` in its place, value by value."""
    values = {name: getattr(above, name) for name in above.model_fields_set}
    for name, value in values.items():
        if isinstance(value, Section):
            values[name] = laid_under(getattr(below, name), value)
        elif isinstance(value, dict):
            values[name] = {**getattr(below, name), **value}
    return below.model_copy(update=values)
