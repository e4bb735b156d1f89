from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib

import pytest

from voiceloop.commandline.init import FILES, SCHEMA, init
from voiceloop.commandline.schema import schema_text
from voiceloop.errors import UsageError
from voiceloop.overlay import overlay, toml_layer
from voiceloop.sources import agent_from_file


def test_the_files_are_there_and_can_be_used(tmp_path, capsys):
    folder = tmp_path / "new" / "bakery"
    assert init(folder) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES.values(), SCHEMA])
    assert agent_from_file(folder / "agent.py").settings.greeting.startswith("Good morning")
    settings = overlay([toml_layer((folder / "voiceloop.toml").read_text(), "voiceloop.toml")]).settings
    assert settings.agent.idle.after_s == 30.0
    assert ".env\n" in (folder / ".gitignore").read_text()
    assert (folder / "voiceloop.toml").read_text().startswith(f"#:schema ./{SCHEMA}\n")
    assert (folder / SCHEMA).read_text("utf-8") == schema_text()


def test_the_commands_to_type_next_are_printed_ready_to_paste(tmp_path, capsys):
    folder = tmp_path / "my bakery"
    init(folder)
    told = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert told[0] == f"cd {shlex.quote(str(folder))}"
    assert told[1:3] == [
        "voiceloop talk agent.py --config voiceloop.toml --text",
        "voiceloop talk agent.py --config voiceloop.toml --watch",
    ]
    assert told[3] == "python -m pip install pytest && python -m pytest"


@pytest.mark.parametrize("name", [*FILES.values(), SCHEMA])
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=f"already has {name}; name another folder"):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_link_to_nowhere_is_a_file_too(tmp_path):
    (tmp_path / "agent.py").symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"already has agent\.py"):
        init(tmp_path)


def test_a_folder_with_other_files_will_do(tmp_path):
    (tmp_path / "README").write_text("mine")
    assert init(tmp_path) == 0


def test_a_place_where_no_folder_can_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write .*file"):
        init(tmp_path / "file" / "below")


def test_no_key_is_asked_for_in_a_file_of_settings(tmp_path):
    init(tmp_path)
    assert "api_key" not in str(tomllib.loads((tmp_path / "voiceloop.toml").read_text()))
    assert "DGRID_API_KEY=\n" in (tmp_path / ".env.example").read_text()


@pytest.mark.real
def test_the_shipped_test_passes_where_it_was_put_whatever_stands_above_it(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\nasyncio_debug = true\nno_such_option = true\n")
    folder = tmp_path / "bakery"
    init(folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOICELOOP_", "DGRID_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        cwd=folder,
        env=kept,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
