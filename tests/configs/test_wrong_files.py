"""Wrong settings files, each met with its line and what is right; nothing in a file is ignored."""

from __future__ import annotations

import pytest

from voiceloop.errors import SettingsError, UsageError
from voiceloop.sources import Origins, read_settings

NAMES = {
    "[agent]\ngreting = 'Hi'": (2, "agent.greting; did you mean agent.greeting?"),
    "[agent]\nGreeting = 'Hi'": (2, "agent.Greeting; did you mean agent.greeting?"),
    "[agent]\n\n# my own\nlang = 'de'": (4, "agent.lang; did you mean agent.language?"),
    "[agent]\ninstruction = 'x'": (2, "agent.instruction; did you mean agent.instructions?"),
    "[agent]\nsystem_prompt = 'x'": (2, "agent.system_prompt; did you mean agent.instructions?"),
    "[agent]\nprompt = 'x'": (2, "agent.prompt; did you mean agent.idle.prompt?"),
    "[agent]\nmodel = 'x'": (2, "agent.model; did you mean realtime.model?"),
    "[agent]\nvoice = { realtme = 'x' }": (2, "agent.voice.realtme; did you mean agent.voice.realtime?"),
    "[agent.models]\nstt = 'x'": (2, "agent.models.stt; did you mean agent.models.transcription?"),
    "[agent.models]\ntts = 'x'": (2, "agent.models.tts; did you mean agent.models.speech?"),
    "[agent.idle]\nafter = 4": (2, "agent.idle.after; did you mean agent.idle.after_s?"),
    "[agent.idle]\ntimeout = 4": (2, "agent.idle.timeout; known here: after_s, goodbye, prompt"),
    "[agent.limits]\nmax_minutes = 3": (2, "agent.limits.max_minutes; did you mean agent.limits.minutes?"),
    "[agent]\nlimits.minuts = 3": (2, "agent.limits.minuts; did you mean agent.limits.minutes?"),
    "[agent.history]\nkeep = 3": (2, "agent.history.keep; did you mean agent.history.keep_turns?"),
    "[backend]\nbase_ulr = 'http://x'": (2, "backend.base_ulr; did you mean backend.base_url?"),
    "[backend]\nurl = 'http://x'": (2, "backend.url; did you mean backend.base_url?"),
    "[realtime]\nvoice = 'x'": (2, "realtime.voice; did you mean agent.voice?"),
    "[realtime]\nturn_detection = 'x'": (2, "realtime.turn_detection; did you mean realtime.turn.detection?"),
    "[realtime.turn]\nsilence = 300": (2, "realtime.turn.silence; did you mean realtime.turn.silence_ms?"),
    "[realtime.turns]\nsilence_ms = 300": (1, "realtime.turns; did you mean realtime.turn?"),
    "\n[turn]\nsilence_ms = 300": (2, "turn; did you mean realtime.turn?"),
    "[limits]\nminutes = 3": (1, "limits; did you mean agent.limits?"),
    "[rest]\ndialect = 'claude'": (2, "rest.dialect; did you mean rest.chat_dialect?"),
    "[audio]\necho_cancelation = true": (2, "audio.echo_cancelation; did you mean audio.echo_cancellation?"),
    "[audio]\ninput = 'mic'": (2, "audio.input; did you mean audio.input_device?"),
    "[tiers]\nfallback = ['rest']": (2, "tiers.fallback; known here: apology_after_s, engine, notice, order"),
    "[agnet]\ngreeting = 'x'": (1, "agnet; did you mean agent?"),
    "greeting = 'x'": (1, "greeting; did you mean agent.greeting?"),
    "[plugin.basics]\nunits = 'metric'": (1, "plugin; did you mean plugins?"),
    "[phone]\nnumber = 1": (1, "phone; known here: agent, audio, backend, "),
}
"""A file with a wrong name, its line, and what is said of it."""

VALUES = {
    "[agent]\ngreeting = 5": (2, "agent.greeting = 5 is wrong: it should be a text in quotes"),
    "[agent]\npatience = 'hight'": (
        2,
        "agent.patience = 'hight' is wrong: it should be 'low', 'normal', 'relaxed', 'very_relaxed' or 'high'",
    ),
    "[agent]\ntools = 'basics'": (2, "agent.tools = 'basics' is wrong: it should be a list"),
    "[agent]\nmodels = 'gpt'": (2, "agent.models = 'gpt' is wrong: it should be a table"),
    "[agent]\npronounce = ['a']": (2, "agent.pronounce = ['a'] is wrong: it should be a table"),
    "[[agent]]\nlanguage = 'de'": (1, "agent = [{'language': 'de'}] is wrong: it should be a table"),
    "[agent.idle]\nafter_s = -1": (2, "agent.idle.after_s = -1 is wrong: it should be greater than 0"),
    "[agent.limits]\nminutes = 'ten'": (2, "agent.limits.minutes = 'ten' is wrong: it should be a valid number"),
    "[realtime]\ndialect = 'GA'": (2, "realtime.dialect = 'GA' is wrong: it should be 'auto', 'beta' or 'ga'"),
    "[realtime.turn]\nsilence_ms = 3.5": (2, "silence_ms = 3.5 is wrong: it should be a valid integer"),
    "[realtime.turn]\nthreshold = 3": (2, "threshold = 3 is wrong: it should be less than or equal to 1"),
    "[audio]\nformat = 'mp3'": (2, "audio.format = 'mp3' is wrong: it should be 'pcm16', 'g711_ulaw' or 'g711_alaw'"),
    "[audio]\necho_cancellation = 'maybe'": (2, "= 'maybe' is wrong: it should be 'webrtc', 'half_duplex' or 'none'"),
    "[audio]\ninput_device = 3": (2, "audio.input_device = 3 is wrong: it should be a text in quotes"),
    "[tiers]\nengine = 'cascade'": (2, "it should be 'auto', 'realtime', 'rest' or 'device'"),
    "[tiers]\norder = ['rest', 'cloud']": (
        2,
        "tiers.order = 'cloud' is wrong: it should be 'realtime', 'rest' or 'device'",
    ),
    "[rest]\nchat_dialect = 'claude'\nlistener = 'chat'": (1, "is wrong: the dialect claude carries no sound: choose "),
    "[plugins]\nbasics = 5": (2, "plugins.basics = 5 is wrong: it should be a table"),
    "[backend]\nbase_url = 'ftp://x'": (2, "'ftp://x' is no base URL; write it like https://"),
    "[backend]\nbase_url = 'http://x.example'": (2, "use https, or set backend.allow_plaintext"),
    "[backend]\napi_key = 'abc'": (2, "holds a secret, which does not belong in a settings file; remove it and set "),
}
"""A file with a wrong value, its line, and what is said of it."""


def refused(folder, text):
    """What is said of a file."""
    file = folder / "my.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as error:
        read_settings(Origins(config=file, folder=folder))
    assert "\n" not in str(error.value)
    place, _, said = str(error.value).partition(": ")
    name, _, line = place.rpartition(", line ")
    assert name == str(file)
    return int(line), said


@pytest.mark.parametrize("text", NAMES)
def test_a_wrong_name_is_placed_and_corrected(tmp_path, text):
    line, said = refused(tmp_path, text)
    assert line == NAMES[text][0]
    assert said.startswith(f"there is no setting {NAMES[text][1]}")


@pytest.mark.parametrize("text", VALUES)
def test_a_wrong_value_is_placed_with_what_would_be_right(tmp_path, text):
    line, said = refused(tmp_path, text)
    assert line == VALUES[text][0]
    assert VALUES[text][1] in said


@pytest.mark.parametrize(
    ("text", "line"),
    [("[agent\nvoice = 'x'", 1), ("[agent]\nvoice = x", 2), ("[agent]\nvoice = 'a'\nvoice = 'b'", 3), ("[a]\n[a]", 2)],
)
def test_what_is_no_toml_is_placed(tmp_path, text, line):
    file = tmp_path / "my.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=rf"my\.toml: not valid TOML: .*\(at line {line}, "):
        read_settings(Origins(config=file, folder=tmp_path))


def test_an_empty_file_is_an_error(tmp_path):
    (tmp_path / "my.toml").write_text(" \n")
    with pytest.raises(UsageError, match=r"the settings file .*my\.toml is empty"):
        read_settings(Origins(config=tmp_path / "my.toml", folder=tmp_path))


def test_the_mark_that_windows_begins_a_file_with_is_no_error(tmp_path):
    (tmp_path / "my.toml").write_text("[agent]\ngreeting = 'Hi'\n", "utf-8-sig")
    (tmp_path / ".env").write_text("VOICELOOP_AGENT__LANGUAGE=de\n", "utf-8-sig")
    settings = read_settings(Origins(config=tmp_path / "my.toml", folder=tmp_path)).settings
    assert (settings.agent.greeting, settings.agent.language) == ("Hi", "de")
