from __future__ import annotations

import json

import pytest

from voiceloop.commandline.listings import plugins, print_rows, schema, show, shown, written
from voiceloop.overlay import env_layer, overlay
from voiceloop.sources import Origins


def test_columns_are_as_wide_as_their_widest_entry(capsys):
    print_rows([("a", "b"), ("long", ""), ("x", "y")])
    assert capsys.readouterr().out == "a     b\nlong\nx     y\n"


def test_plugins_and_schema_are_printed(capsys):
    assert plugins() == 0
    assert "voiceloop.lines" in capsys.readouterr().out
    assert schema() == 0
    assert "properties" in json.loads(capsys.readouterr().out)


def test_settings_are_shown_section_by_section_with_their_origin():
    lines = shown(
        overlay(
            [env_layer({"VOICELOOP_REALTIME__TURN__SILENCE_MS": "700", "VOICELOOP_PLUGINS__WEATHER__CITY": "Bonn"})]
        )
    )
    assert [line for line in lines if line.startswith("[")].count("[realtime]") == 1
    assert "silence_ms = 700  # VOICELOOP_REALTIME__TURN__SILENCE_MS" in lines
    assert lines[-2:] == ["[plugins.weather]", 'city = "Bonn"  # VOICELOOP_PLUGINS__WEATHER__CITY']


def test_what_an_agents_file_says_is_shown_as_its_own(tmp_path, capsys):
    file, config = tmp_path / "clerk_agent.py", tmp_path / "v.toml"
    file.write_text("import voiceloop\nagent = voiceloop.Agent('Mine.', greeting='Hi', patience='low', voice='us')\n")
    config.write_text("[agent]\ngreeting = 'Hello'\n")
    assert show(Origins(config=config, folder=tmp_path), file) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f'instructions = "Mine."  # {file}' in lines
    assert f'greeting = "Hello"  # {config}, line 2' in lines
    assert f'device = "us"  # {file}' in lines
    assert f"silence_ms = 300  # {file}" in lines
    assert 'language = "en"  # default' in lines


def test_a_key_is_never_shown(tmp_path, capsys):
    assert show(Origins(environ={"DGRID_API_KEY": "sk-canary12345"}, folder=tmp_path)) == 0  # pragma: allowlist secret
    out = capsys.readouterr().out
    assert '# api_key = "***"  # DGRID_API_KEY' in out
    assert "canary" not in out


@pytest.mark.parametrize(
    ("value", "text"), [(None, '""'), (True, "true"), (("a",), '["a"]'), (0.5, "0.5"), ("ü", '"ü"')]
)
def test_values_are_written_as_toml(value, text):
    assert written(value) == text
