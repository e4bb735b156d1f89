"""What is public: importable, documented, and nothing besides."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import voiceloop
from voiceloop import cli, tape
from voiceloop.caller import BUSY, FAILED, MAX_SOUND_BYTES, MAX_TEXT_BYTES, NORMAL, POLICY, TOO_BIG
from voiceloop.devices.websocketline import ACK_PATIENCE_S, RATES_HZ
from voiceloop.transcript import FIELDS

DOCS = Path(__file__).parents[1] / "docs"
STABILITY = (DOCS / "stability.md").read_text()
WEBSOCKET = (DOCS / "websocket-line.md").read_text()
NAMES = ["Agent", "Session", "asgi", "errors", "events", "run", "settings", "testing", "tool"]


def in_a_new_process(program):
    """Run a program that prints JSON."""
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    return json.loads(ran.stdout)


# Python ---------------------------------------------------------------------------------------------------------------


def test_the_names_are_these_sorted_and_all_of_them_documented():
    assert voiceloop.__all__ == NAMES == sorted(NAMES)
    listed = re.search(r"`voiceloop\.__all__`: (.*?)\. Of these", STABILITY, re.DOTALL)
    assert re.findall(r"`(\w+)`", listed[1]) == NAMES


def test_what_can_be_imported_is_what_is_listed():
    shown = in_a_new_process("import json, voiceloop; print(json.dumps(dir(voiceloop)))")
    assert [name for name in shown if not name.startswith("_")] == NAMES
    got = in_a_new_process("import json\nfrom voiceloop import *\nprint(json.dumps([n for n in dir() if n[0] != '_']))")
    assert got == [*NAMES[:3], "errors", "events", "json", *NAMES[5:]]
    there = in_a_new_process("import json, voiceloop; print(json.dumps([n for n in vars(voiceloop) if n[0] != '_']))")
    assert there == ["annotations"], "of the language itself"


@pytest.mark.parametrize("name", NAMES)
def test_each_name_can_be_had_alone(name):
    assert in_a_new_process(f"from voiceloop import {name}; print(int({name} is not None))") == 1
    assert getattr(voiceloop, name).__doc__


def test_other_names_are_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'voiceloop' has no attribute 'Sesion'"):
        _ = voiceloop.Sesion


def test_importing_it_loads_nothing_heavy():
    heavy = ["numpy", "httpx", "rich", "typer", "uvloop", "pydantic", "websockets", "asyncio"]
    assert (
        in_a_new_process(f"import json, sys, voiceloop; print(json.dumps([n for n in {heavy} if n in sys.modules]))")
        == []
    )


def test_each_name_of_testing_can_be_had():
    assert voiceloop.testing.__all__ == sorted(voiceloop.testing.__all__)
    for name in voiceloop.testing.__all__:
        assert getattr(voiceloop.testing, name).__doc__, name
    with pytest.raises(AttributeError):
        _ = voiceloop.testing.nothing


def test_the_seams_of_extensions_are_where_the_page_says():
    for module in re.findall(r"`voiceloop\.(engines\.base|devices\.base)`", STABILITY):
        assert importlib.import_module(f"voiceloop.{module}").__all__


# The pages ------------------------------------------------------------------------------------------------------------


def test_every_transcript_event_is_listed_with_its_fields():
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", STABILITY, re.MULTILINE)
    assert {event: re.findall(r"`(\w+)`", fields) for event, fields in rows} == {
        event: list(fields) for event, fields in FIELDS.items()
    }


def test_every_command_listed_is_there():
    listed = re.search(r"The commands (.*), their\s+arguments", STABILITY, re.DOTALL)
    commands = typer.main.get_command(cli.app).commands
    assert set(re.findall(r"`(\w+)`", listed[1])) <= set(commands)


def test_the_tapes_format_is_the_one_that_is_promised():
    assert f"A tape is format {tape.FORMAT}." in STABILITY


def test_the_websocket_page_tells_the_rates_bounds_and_codes_there_are():
    assert [int(rate) for rate in re.findall(r"\b(\d+)\b", re.search(r"rate: (.*)", WEBSOCKET)[1])] == list(RATES_HZ)
    assert f"{MAX_SOUND_BYTES // 1024} KiB" in WEBSOCKET
    assert f"{MAX_TEXT_BYTES // 1024} KiB" in WEBSOCKET
    assert f"{ACK_PATIENCE_S:g} s after the last one" in WEBSOCKET
    codes = {int(code) for code in re.findall(r"^\| (\d{4}) \|", WEBSOCKET, re.MULTILINE)}
    assert codes == {NORMAL, POLICY, TOO_BIG, FAILED, BUSY}
