"""Files of settings with one mistake each: the line it stands on and what it should be are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voiceloop.errors import SettingsError
from voiceloop.sources import Origins, read_settings

DESKTOP = (Path(__file__).parents[1] / "configs" / "desktop.toml").read_text("utf-8")


def with_line(section, line):
    """The desktop's settings with a line of a section replaced or added; returns text and line number."""
    name = line.partition("=")[0].strip()
    lines = DESKTOP.splitlines()
    header = f"[{section}]"
    start = next((i for i, each in enumerate(lines, 1) if each.startswith(header)), 0)
    if not start:
        return "\n".join([*lines, header, line]), len(lines) + 2
    end = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
    for number in range(start, end):
        if re.match(rf"{re.escape(name)}\s*=", lines[number]):
            if '"""' in lines[number]:
                close = next(i for i in range(number + 1, end) if '"""' in lines[i])
                del lines[number + 1 : close + 1]
            lines[number] = line
            return "\n".join(lines), number + 1
    lines.insert(start, line)
    return "\n".join(lines), start + 1


MISTAKES = [
    # Names that are nearly right.
    ("agent", 'instruction = "Be kind."', "did you mean agent.instructions?"),
    ("agent", 'greetings = "Hi"', "did you mean agent.greeting?"),
    ("agent", "greeting_interruptable = false", "did you mean agent.greeting_interruptible?"),
    ("agent", 'lang = "de"', "did you mean agent.language?"),
    ("agent", 'Language = "de"', "did you mean agent.language?"),
    ("agent", 'voices = "marin"', "did you mean agent.voice?"),
    ("agent", 'vocabulery = ["Ada"]', "did you mean agent.vocabulary?"),
    ("agent", 'tool = ["basics"]', "did you mean agent.tools?"),
    ("agent", 'patient = "high"', "did you mean agent.patience?"),
    ("agent", 'pronunciation = { SQL = "sequel" }', "did you mean agent.pronounce?"),
    ("agent.idle", 'promt = "Hello?"', "did you mean agent.idle.prompt?"),
    ("agent.idle", "after = 5.0", "did you mean agent.idle.after_s?"),
    ("agent.idle", "after_ms = 5000", "did you mean agent.idle.after_s?"),
    ("agent.idle", 'good_bye = "Bye."', "did you mean agent.idle.goodbye?"),
    ("agent.limits", "minute = 5", "did you mean agent.limits.minutes?"),
    ("agent.limits", "rounds = 5", "did you mean agent.limits.tool_rounds?"),
    ("agent.limits", "max_tokens = 5", "did you mean agent.limits.tokens?"),
    ("agent.limits", 'price = "p.toml"', "did you mean agent.limits.prices?"),
    ("backend", 'url = "https://a.example"', "did you mean backend.base_url?"),
    ("backend", 'baseurl = "https://a.example"', "did you mean backend.base_url?"),
    ("backend", "allow_plain_text = true", "did you mean backend.allow_plaintext?"),
    ("backend", 'cafile = "a.pem"', "did you mean backend.ca_file?"),
    ("backend", 'client_certificate = "a.pem"', "did you mean backend.client_cert?"),
    ("tiers", 'engines = "auto"', "did you mean tiers.engine?"),
    ("realtime", 'models = "m"', "did you mean realtime.model?"),
    ("realtime", 'dialekt = "ga"', "did you mean realtime.dialect?"),
    ("realtime", 'transcribe_model = "m"', "did you mean realtime.transcription_model?"),
    ("realtime", "connect_timeout = 5", "did you mean realtime.connect_timeout_s?"),
    ("realtime", "connect_timeout_ms = 5000", "did you mean realtime.connect_timeout_s?"),
    ("realtime.turn", "treshold = 0.4", "did you mean realtime.turn.threshold?"),
    ("realtime.turn", "silence_s = 1", "did you mean realtime.turn.silence_ms?"),
    ("realtime.turn", "silence_duration_ms = 400", "did you mean realtime.turn.silence_ms?"),
    ("realtime.turn", "interrupt_after = 400", "did you mean realtime.turn.interrupt_after_ms?"),
    ("audio", "echo_cancelation = true", "did you mean audio.echo_cancellation?"),
    ("audio", 'input = "mic"', "did you mean audio.input_device?"),
    ("audio", 'fmt = "pcm16"', "did you mean audio.format?"),
    # Names in the wrong place.
    ("agent", "silence_ms = 400", "did you mean realtime.turn.silence_ms?"),
    ("agent", "minutes = 4", "did you mean agent.limits.minutes?"),
    ("realtime", "echo_cancellation = true", "did you mean audio.echo_cancellation?"),
    ("realtime", "threshold = 0.4", "did you mean realtime.turn.threshold?"),
    ("audio", 'dialect = "ga"', "did you mean realtime.dialect?"),
    ("line.phone", "port = 5", "there is no setting line; known here: agent, audio, backend, "),
    ("audoi", 'format = "pcm16"', "did you mean audio?"),
    # Values.
    ("agent", "greeting = 5", "agent.greeting = 5 is wrong: it should be a text in quotes"),
    ("agent", 'patience = "endless"', "it should be 'low', 'normal', 'relaxed', 'very_relaxed' or 'high'"),
    ("agent", 'tools = "basics"', "agent.tools = 'basics' is wrong: it should be a list"),
    ("agent.idle", "after_s = 0", "it should be greater than 0"),
    ("agent.limits", 'minutes = "long"', "agent.limits.minutes = 'long' is wrong: it should be a valid number"),
    ("agent.limits", "tool_rounds = -1", "it should be greater than or equal to 0"),
    ("backend", 'base_url = "api.dgrid.ai"', "is no base URL; write it like https://api.dgrid.ai"),
    ("backend", 'base_url = "http://a.example"', "use https, or set backend.allow_plaintext"),
    ("backend", 'allow_plaintext = "perhaps"', "it should be a valid boolean"),
    ("backend", "client_cert = 5", "backend.client_cert = 5 is wrong: it should be a text in quotes"),
    (
        "backend",
        'client_key_password = "hush"',
        "backend.client_key_password holds a secret",
    ),  # pragma: allowlist secret
    (
        "backend",
        'api_key = "hush"',
        "remove it and set DGRID_API_KEY in the environment or in .env",
    ),  # pragma: allowlist secret
    ("tiers", 'engine = "cloud"', "it should be 'auto', 'realtime', 'rest' or 'device'"),
    ("realtime", 'dialect = "alpha"', "it should be 'auto', 'beta' or 'ga'"),
    ("realtime.turn", 'detection = "vad"', "it should be 'server_vad', 'semantic_vad', 'manual' or 'push_to_talk'"),
    ("realtime.turn", "silence_ms = 0.5", "realtime.turn.silence_ms = 0.5 is wrong: it should be a valid integer"),
    ("realtime.turn", "threshold = 50", "it should be less than or equal to 1"),
    ("audio", 'format = "opus"', "it should be 'pcm16', 'g711_ulaw' or 'g711_alaw'"),
    ("audio", "input_device = 3", "audio.input_device = 3 is wrong: it should be a text in quotes"),
]


@pytest.mark.parametrize(("section", "line", "told"), MISTAKES, ids=[f"{s}: {line}" for s, line, _ in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_what_is_right(tmp_path, section, line, told):
    text, number = with_line(section, line)
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        read_settings(Origins(config=path, folder=tmp_path))
    message = str(error.value)
    # A section that is unknown as a whole is told where it begins.
    begins = number - 1 if section in {"audoi", "line.phone"} else number
    assert message.startswith(f"{path}, line {begins}: ")
    assert told in message
    assert "\n" not in message
    assert "hush" not in message


def test_the_desktops_settings_have_no_mistake_without_these():
    assert len(MISTAKES) >= 40
    assert len({line for _, line, _ in MISTAKES}) == len(MISTAKES)
