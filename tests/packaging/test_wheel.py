"""What people install: the wheel, looked into, and then used in an empty environment away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import wave
import zipfile
from pathlib import Path

import pytest

from voiceloop.transcript import problems

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKED = ROOT / "requirements" / "ci.txt"
CORE_MB, CORE_PACKAGES = 130, 32
"""What the core may cost, from the budgets in the design."""

pytestmark = pytest.mark.real
slow = pytest.mark.skipif(
    not {"CI", "VOICELOOP_SLOW"} & set(os.environ), reason="installs 500 MB; set VOICELOOP_SLOW=1 to run it"
)


def run(*command, **more):
    options = {"capture_output": True, "text": True, "timeout": 300, **more}
    check = options.pop("check", True)
    return subprocess.run([*map(str, command)], check=check, **options)


def tracked(*folders):
    """The files of some folders that are under version control, or would be."""
    listed = run(
        "git", "ls-files", "--cached", "--others", "--exclude-standard", *folders, cwd=ROOT
    ).stdout.splitlines()
    return [Path(name) for name in listed if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", ROOT, "--no-deps", "--disable-pip-version-check", "-q", "-w", folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_file_of_the_packages_is_in_the_wheel(contents):
    sources = [*tracked("runtime", "plugins")]
    assert sources
    missing = {path.relative_to(path.parts[0]).as_posix() for path in sources} - contents
    assert missing == set()


def test_the_example_configurations_are_in_the_wheel(contents):
    missing = {f"voiceloop/{path.as_posix()}" for path in tracked("configs")} - contents
    assert missing == set()


def test_what_a_first_conversation_needs_is_named(contents):
    assert {
        "voiceloop/samples/hello.wav",
        "voiceloop/starter/agent.py",
        "voiceloop/starter/test_agent.py",
        "voiceloop/configs/desktop.toml",
        "voiceloop/configs/examples/bakery.py",
        "voiceloop/languages/data/en.toml",
        "voiceloop/languages/data/de.toml",
        "voiceloop_local/models/SHA256SUMS",
        "voiceloop/py.typed",
    } <= contents
    assert any(name.startswith("voiceloop/data/models-") for name in contents)


def test_nothing_else_is_in_the_wheel(contents):
    homes = ("voiceloop/", "voiceloop_", f"voiceloop-{PROJECT['version']}.dist-info/")
    assert [name for name in contents if not name.startswith(homes)] == []
    assert [name for name in contents if "__pycache__" in name or name.endswith((".pyc", ".so", ".env"))] == []


def test_the_wheel_runs_on_every_system_and_names_its_extras(wheel):
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        told = archive.read(f"voiceloop-{PROJECT['version']}.dist-info/METADATA").decode()
    assert {line.split()[1] for line in told.splitlines() if line.startswith("Provides-Extra")} == set(
        PROJECT["optional-dependencies"]
    )
    assert "Requires-Python: <3.15,>=3.11" in told


# Installed ------------------------------------------------------------------------------------------------------------


class Installed:
    """An environment of its own, and a working folder that holds nothing."""

    def __init__(self, folder, wheel):
        self.folder = folder / "work"
        self.folder.mkdir()
        self.bin = folder / "venv" / "bin"
        self.wheel = wheel
        run(sys.executable, "-m", "venv", folder / "venv")
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("VOICELOOP_", "DGRID_", "PYTHON"))
        }
        self.environ = {**kept, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}

    def pip(self, *arguments):
        """Install; the versions are those that CI tests with."""
        locked = ["-c", LOCKED] if os.environ.get("CI") and LOCKED.is_file() else []
        command = [self.bin / "pip", "install", "-q", "--disable-pip-version-check", *locked, *arguments]
        run(*command, env=self.environ)

    def packages(self):
        listed = run(
            self.bin / "pip", "list", "--format", "json", "--disable-pip-version-check", env=self.environ
        ).stdout
        return {package["name"] for package in json.loads(listed)} - {"pip", "setuptools"}

    def __call__(self, *arguments, **more):
        return run("voiceloop", *arguments, cwd=self.folder, env=self.environ, **{"check": False, **more})


@pytest.fixture(scope="module")
def core(tmp_path_factory, wheel):
    """The core alone; `local` comes on top of it."""
    installed = Installed(tmp_path_factory.mktemp("installed"), wheel)
    installed.pip(wheel)
    return installed


@slow
@pytest.mark.timeout(300)
class TestTheCore:
    def test_stays_within_its_budget(self, core):
        packages = core.packages()
        assert len(packages) <= CORE_PACKAGES, packages
        site = next((core.bin.parent / "lib").glob("python*/site-packages"))
        size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file() and not path.is_symlink())
        came_with_python = sum(
            path.stat().st_size
            for name in ("pip", "setuptools", "pkg_resources")
            for path in (site / name).rglob("*")
            if path.is_file()
        )
        assert (size - came_with_python) / 1e6 <= CORE_MB

    def test_says_what_the_local_models_need(self, core):
        done = core("talk", "--text", input="")
        assert done.returncode == 6, done.stderr
        assert "pip install 'voiceloop[local]'" in done.stderr
        assert "Traceback" not in done.stderr

    def test_starts_no_conversation_to_tell_its_settings(self, core):
        done = core("config", "show", "--config", core.folder.parent / "none.toml")
        assert done.returncode == 2
        assert 'engine = "auto"' in core("config", "show").stdout


@pytest.fixture(scope="module")
def local(core):
    core.pip(f"{core.wheel}[local]", "pytest")
    return core


@slow
@pytest.mark.models
@pytest.mark.timeout(300)
class TestWithLocalModels:
    def test_the_first_conversation_is_held_with_what_the_wheel_brought(self, local):
        sample = next((local.bin.parent / "lib").glob("python*/site-packages/voiceloop/samples/hello.wav"))
        done = local("talk", "--input", sample, "--output", "out.wav", "--transcript", "t.jsonl")
        assert done.returncode == 0, done.stderr
        assert "Try to say" in done.stderr
        assert "agent: " in done.stdout
        lines = [json.loads(line) for line in (local.folder / "t.jsonl").read_text("utf-8").splitlines()]
        assert problems(lines) == []
        assert {"user_said", "tool_called", "agent_said"} <= {line["event"] for line in lines}
        with wave.open(str(local.folder / "out.wav")) as recording:
            assert recording.getnchannels() == 2

    def test_a_new_agent_is_made_answers_and_passes_its_test(self, local):
        assert local("init", "bakery").returncode == 0
        folder = local.folder / "bakery"
        done = run(
            "voiceloop", "talk", "agent.py", "--config", "voiceloop.toml", "--text",
            cwd=folder, env=local.environ, input="where is order 7\n",
        )  # fmt: skip
        assert "agent: Order 7 leaves today." in done.stdout
        tested = run(local.bin / "python", "-m", "pytest", "-q", cwd=folder, env=local.environ)
        assert "3 passed" in tested.stdout

    def test_a_shipped_configuration_is_understood(self, local):
        configs = next((local.bin.parent / "lib").glob("python*/site-packages/voiceloop/configs"))
        done = local("talk", "--config", configs / "offline.toml", "--text", "--say", "what is two plus two", input="")
        assert done.returncode == 0, done.stderr
        assert "agent: " in done.stdout

    def test_nothing_came_from_the_checkout(self, local):
        code = "import voiceloop, voiceloop_local, voiceloop_basics as b; print(voiceloop.__file__, b.__file__)"
        told = run(local.bin / "python", "-c", code, cwd=local.folder, env=local.environ).stdout
        assert str(ROOT) not in told
