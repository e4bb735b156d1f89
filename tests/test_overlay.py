from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.errors import SettingsError
from voiceloop.overlay import env_layer, env_name, flag_layer, leaves, line_numbers, overlay, toml_layer
from voiceloop.settings import Settings, VoiceSettings
from voiceloop.vocabulary import Encoding

DESKTOP = """\
# a desktop assistant
[agent]
instructions = \"\"\"
You are kind.
model = "not a setting, just text"
\"\"\"
tools = [
    "basics",  # first
    "knowledge",
]

[realtime]
model = "m-file"
turn.threshold = 0.7
turn = { silence_ms = 400 }
"""


def effective(*layers):
    return overlay(layers)


def test_without_layers_everything_is_default():
    result = effective()
    assert result.settings == Settings()
    assert result.where(("realtime", "model")) == "default"


def test_later_layers_win_value_by_value():
    file = toml_layer('[realtime]\nmodel = "m-file"\ndialect = "beta"\nconnect_timeout_s = 3\n', "a.toml")
    environ = env_layer({"VOICELOOP_REALTIME__MODEL": "m-env", "VOICELOOP_REALTIME__DIALECT": "ga", "HOME": "/root"})
    flags = flag_layer({("realtime", "model"): ("--model", "m-flag"), ("tiers", "engine"): ("--engine", None)})
    result = effective(file, environ, flags)
    assert result.settings.realtime.model == "m-flag"
    assert result.settings.realtime.dialect == "ga"
    assert result.settings.realtime.connect_timeout_s == 3
    assert result.settings.tiers.engine == "auto"
    assert result.where(("realtime", "model")) == "--model"
    assert result.where(("realtime", "dialect")) == "VOICELOOP_REALTIME__DIALECT"
    assert result.where(("realtime", "connect_timeout_s")) == "a.toml, line 4"


def test_variables_become_what_their_settings_want():
    settings = effective(
        env_layer(
            {
                "VOICELOOP_AUDIO__FORMAT": "g711_ulaw",
                "VOICELOOP_AUDIO__ECHO_CANCELLATION": "false",
                "VOICELOOP_AGENT__VOCABULARY": "Strudel, Brezel,",
                "VOICELOOP_AGENT__IDLE__AFTER_S": " 7.5 ",
                "VOICELOOP_REALTIME__TRANSCRIPTION_MODEL": "",
                "VOICELOOP_REALTIME__TURN__SILENCE_MS": "700",
                "VOICELOOP_PLUGINS__WEATHER__DAYS": "3",
                "VOICELOOP_PLUGINS__WEATHER__CITY": "Bonn",
                "VOICELOOP_DEBUG": "1",
            }
        )
    ).settings
    assert settings.audio.format is Encoding.G711_ULAW
    assert settings.audio.wire.rate_hz == 8000
    assert settings.audio.echo_cancellation == "none"
    assert settings.agent.vocabulary == ("Strudel", "Brezel")
    assert settings.agent.idle.after_s == 7.5
    assert settings.realtime.transcription_model is None
    assert settings.realtime.turn.silence_ms == 700
    assert settings.plugins == {"weather": {"days": 3, "city": "Bonn"}}


def test_the_backend_has_variables_of_its_own_which_count_only_when_filled():
    settings = effective(env_layer({"DGRID_API_KEY": "sk-1", "DGRID_BASE_URL": " "})).settings
    assert settings.backend.api_key.get_secret_value() == "sk-1"
    assert settings.backend.base_url is None
    assert "sk-1" not in repr(settings)


@pytest.mark.parametrize("path", [leaf for leaf in leaves(Settings) if leaf[0] != "plugins"], ids=env_name)
def test_every_setting_has_a_variable(path):
    name = env_name(path)
    assert set(env_layer({name: "x"}).values) == {path}
    try:
        effective(env_layer({name: "x"}))
    except SettingsError as error:
        assert str(error).startswith(f"{name}: ")  # noqa: PT017 - many accept any text


def test_the_line_of_every_path_is_found():
    lines = line_numbers(DESKTOP.replace("turn = { silence_ms = 400 }\n", 'voice = { name = "x" }\n'))
    assert lines["agent",] == 2
    assert lines["agent", "instructions"] == 3
    assert lines["agent", "tools"] == 7
    assert lines["realtime",] == 12
    assert lines["realtime", "model"] == 13
    assert lines["realtime", "turn", "threshold"] == 14
    assert lines["realtime", "voice", "name"] == 15


@given(
    st.lists(
        st.sampled_from(["# note", "", "a{} = 1", 'b{} = """\nx = 2\n"""', "c{} = [\n 1,\n\n 2]", "[t{}]"]), max_size=12
    )
)
def test_line_numbers_point_at_the_line_that_names_the_path(blocks):
    text = "\n".join(block.format(number) for number, block in enumerate(blocks))
    lines = text.splitlines()
    for path, number in line_numbers(text).items():
        assert path[-1] in lines[number - 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[realtime]\n\nmodle = 'x'",
            "a.toml, line 3: there is no setting realtime.modle; did you mean realtime.model?",
        ),
        (
            "[agent]\nlimits.minuts = 3",
            "a.toml, line 2: there is no setting agent.limits.minuts; did you mean agent.limits.minutes?",
        ),
        ("model = 'x'", "a.toml, line 1: there is no setting model; did you mean realtime.model?"),
        ("[realtme]\nmodel = 'x'", "a.toml, line 1: there is no setting realtme; did you mean realtime?"),
        (
            "[audio]\nzzz = 1",
            "a.toml, line 2: there is no setting audio.zzz; known here: earcon, echo_cancellation, ",
        ),
        (
            "[tiers]\nagent.voices = 1",
            "a.toml, line 2: there is no setting tiers.agent; known here: apology_after_s, engine",
        ),
        (
            "[realtime]\nturnreplies = 1",
            "a.toml, line 2: there is no setting realtime.turnreplies; did you mean realtime.turn.replies?",
        ),
        ("[agent.zzz.yyy]\nxxx = 1", "a.toml, line 1: there is no setting agent.zzz; known here: "),
    ],
)
def test_an_unknown_name_is_placed_and_corrected(text, message):
    with pytest.raises(SettingsError) as error:
        effective(toml_layer(text, "a.toml"))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[realtime.turn]\nthreshold = 3",
            "a.toml, line 2: realtime.turn.threshold = 3 is wrong: it should be less than or equal to 1",
        ),
        (
            "[tiers]\nengine = 'cloud'",
            "a.toml, line 2: tiers.engine = 'cloud' is wrong: it should be 'auto', 'realtime', 'rest' or 'device'",
        ),
        (
            "[audio]\nformat = 'mp3'",
            "a.toml, line 2: audio.format = 'mp3' is wrong: it should be 'pcm16', 'g711_ulaw' or 'g711_alaw'",
        ),
        ("realtime = 5", "a.toml, line 1: realtime = 5 is wrong: it should be a table"),
        ("[[agent]]\nvoice = 'x'", "a.toml, line 1: agent = [{'voice': 'x'}] is wrong: it should be a table"),
        ("[agent]\ntools = [\n 'a',\n 5]", "a.toml, line 2: agent.tools = 5 is wrong: it should be a text in quotes"),
        ("[agent]\nvoice = " + repr(list(range(99))), "a.toml, line 2: agent.voice = [0, 1, 2"),
        ("[realtime]\nmodel=1\n[audio]\nformat=2", "(and 1 more)"),
    ],
)
def test_a_wrong_value_is_placed_with_what_is_allowed(text, message):
    with pytest.raises(SettingsError) as error:
        effective(toml_layer(text, "a.toml"))
    assert message in str(error.value)
    assert len(str(error.value)) < 250
    assert "\n" not in str(error.value)


def test_a_wrong_variable_is_named_and_corrected_as_a_variable():
    with pytest.raises(SettingsError, match=r"VOICELOOP_REALTIME__MODLE: .*did you mean VOICELOOP_REALTIME__MODEL\?"):
        effective(env_layer({"VOICELOOP_REALTIME__MODLE": "x"}))
    with pytest.raises(SettingsError, match=r"\.env, line 2: .*did you mean VOICELOOP_TIERS__ENGINE\?"):
        effective(env_layer({"VOICELOOP_ENGINE": "x"}, lambda name: ".env, line 2"))


def test_a_value_where_a_table_belongs_is_placed_even_when_another_layer_fills_the_table():
    file = toml_layer("realtime = 5", "a.toml")
    with pytest.raises(SettingsError, match=r"a\.toml, line 1: realtime must be a table"):
        effective(file, env_layer({"VOICELOOP_REALTIME__MODEL": "x"}))


def test_a_text_that_is_not_toml_is_refused_with_its_line():
    with pytest.raises(SettingsError, match=r"a.toml: not valid TOML: .*line 2"):
        toml_layer("[agent]\nvoice = \n", "a.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[backend]\napi_key = 'x'",
        "[plugins.phone]\nauth_token = 'x'",
        "[plugins.phone]\nsecret = 'x'",
        "[realtime]\nmodel = 'sk-abcdefgh1234'",
    ],
)
def test_a_key_in_a_file_is_refused_without_repeating_it(text):
    with pytest.raises(SettingsError, match=r"a\.toml, line 2: .*DGRID_API_KEY") as error:
        toml_layer(text, "a.toml")
    assert "sk-a" not in str(error.value)


def test_one_voice_takes_the_place_of_a_table_of_voices():
    file = toml_layer('[agent.voice]\nrealtime = "a"\ndevice = "b"\n', "a.toml")
    result = effective(file, env_layer({"VOICELOOP_AGENT__VOICE": "c"}))
    assert result.settings.agent.voice == VoiceSettings(realtime="c", rest="c", device="c")
    assert result.where(("agent", "voice", "device")) == "VOICELOOP_AGENT__VOICE"
    part = effective(file, env_layer({"VOICELOOP_AGENT__VOICE__DEVICE": "c"}))
    assert part.settings.agent.voice == VoiceSettings(realtime="a", device="c")
    assert part.where(("agent", "voice")) == "a.toml, line 2"


def test_words_are_pronounced_as_file_and_environment_say():
    file = toml_layer('[agent]\npronounce = { "DGrid" = "dee grid", "SQL" = "sequel" }\n', "a.toml")
    result = effective(file, env_layer({"VOICELOOP_AGENT__PRONOUNCE__YORK": "Yorrick"}))
    assert result.settings.agent.pronounce == {"DGrid": "dee grid", "SQL": "sequel", "york": "Yorrick"}
    assert result.where(("agent", "pronounce", "SQL")) == "a.toml, line 2"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[agent.voice]\nrealtim = 'x'", "a.toml, line 2: there is no setting agent.voice.realtim; did you mean "),
        ("[agent]\nvoice = 5", "a.toml, line 2: agent.voice = 5 is wrong: it should be a table"),
        ("[agent]\npatience = 'endless'", "a.toml, line 2: agent.patience = 'endless' is wrong: it should be 'low'"),
        (
            "[agent.pronounce]\nSQL = 5",
            "a.toml, line 2: agent.pronounce.SQL = 5 is wrong: it should be a text in quotes",
        ),
    ],
)
def test_what_an_agent_cannot_be_is_placed(text, told):
    with pytest.raises(SettingsError) as refused:
        effective(toml_layer(text, "a.toml"))
    assert str(refused.value).startswith(told)


def test_empty_text_means_none_only_where_none_is_allowed():
    settings = effective(toml_layer("[agent]\nvoice = ''\ninstructions = ''", "a.toml")).settings
    assert settings.agent.voice == VoiceSettings()
    assert settings.agent.instructions == ""


def test_an_empty_plugin_table_stays_and_can_be_filled_by_a_variable():
    file = toml_layer("[plugins.weather]\n", "a.toml")
    assert effective(file).settings.plugins == {"weather": {}}
    for _ in range(2):
        filled = effective(file, env_layer({"VOICELOOP_PLUGINS__WEATHER__DAYS": "[1, 2]"}))
        assert filled.settings.plugins == {"weather": {"days": [1, 2]}}
    assert effective(file).settings.plugins == {"weather": {}}


def test_a_setting_that_only_sounds_like_a_secret_is_none():
    settings = overlay([toml_layer("[agent.history]\nchars_per_token = 3.5\n", "a.toml")]).settings
    assert settings.agent.history.chars_per_token == 3.5
    with pytest.raises(SettingsError, match=r"chars_per_token = 'many' is wrong"):
        overlay([toml_layer("[agent.history]\nchars_per_token = 'many'\n", "a.toml")])


def test_an_error_that_comes_later_is_placed_where_its_setting_was_set():
    result = effective(toml_layer("[agent.idle]\nafter_s = 3\nprompt = '{{ x }}'\n", "a.toml"))
    with pytest.raises(SettingsError, match=r"^a\.toml, line 3: no x$"), result.placing():
        raise SettingsError("no x", ("agent", "idle", "prompt"))
    for path in ((), ("agent", "greeting")):
        with pytest.raises(SettingsError, match=r"^no x$"), result.placing():
            raise SettingsError("no x", path)
