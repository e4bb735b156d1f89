"""The bounds in pyproject.toml and the versions CI installs belong together."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NEEDED = [*PROJECT["dependencies"], *(need for needs in PROJECT["optional-dependencies"].values() for need in needs)]
LOCK = (ROOT / "requirements" / "ci.txt").read_text("utf-8")
BOUNDS = runpy.run_path(str(ROOT / "scripts" / "lib" / "bounds.py"))


@pytest.fixture(scope="module")
def locked():
    """Version by package."""
    lines = [line.partition("==") for line in LOCK.splitlines() if "==" in line]
    return {canonicalize_name(name): version for name, _, version in lines}


@pytest.mark.parametrize("text", sorted(set(NEEDED)))
def test_what_the_project_needs_is_locked_at_a_version_it_allows(locked, text):
    need = Requirement(text)
    python = re.search(r"with Python (\d+\.\d+)", LOCK)[1]
    if need.marker is not None and not need.marker.evaluate({"python_version": python}):
        return  # the lock was made where nobody needs it
    name = canonicalize_name(need.name)
    assert name in locked, "run scripts/lock"
    assert need.specifier.contains(locked[name]), "run scripts/lock"


def test_the_lock_names_no_file_and_no_address():
    assert [line for line in LOCK.splitlines() if " @ " in line or "://" in line or line.startswith("-")] == []


def test_every_dependency_has_a_lowest_version():
    lowest = list(BOUNDS["lowest"](NEEDED))
    assert len(lowest) == len(set(NEEDED))
    assert "hibari-tts==0.2.1" in lowest
    with pytest.raises(SystemExit, match="websockets: a dependency needs a lower bound"):
        list(BOUNDS["lowest"](["websockets"]))
