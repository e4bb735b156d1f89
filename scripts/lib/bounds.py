"""What pyproject.toml says about dependencies, for scripts/lock and scripts/test_lowest.

`bounds.py extras` names the extras, `bounds.py program` those that are not for developers alone, `bounds.py tools` what
tests need besides. `bounds.py lowest` gives the lowest version of everything the program uses, as constraints for pip;
tools stay as new as they come.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,]+\])?(?:>=|==)(?P<version>[\w.]+)[^;]*(?P<marker>;.*)?")
FOR_DEVELOPERS = "dev"
NOT_FOR_TESTS = {"codespell", "deptry", "detect-secrets", "import-linter", "mypy", "pip-audit", "ruff"}
"""Tools that judge without running; they want newer versions of what they share with the program."""


def main(wanted: str) -> int:
    """Print what was asked for."""
    project: Mapping[str, Any] = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    extras: Mapping[str, list[str]] = project["optional-dependencies"]
    program = [extra for extra in extras if extra != FOR_DEVELOPERS]
    answers = {
        "extras": lambda: ",".join(extras),
        "program": lambda: ",".join(program),
        "tools": lambda: "\n".join(need for need in extras[FOR_DEVELOPERS] if name_of(need) not in NOT_FOR_TESTS),
        "lowest": lambda: "\n".join(lowest([*project["dependencies"], *(n for e in program for n in extras[e])])),
    }
    print(answers[wanted]())
    return 0


def name_of(requirement: str) -> str:
    """Return the package a requirement is about."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def lowest(requirements: list[str]) -> Iterator[str]:
    """Yield the lowest version each requirement allows, as a constraint."""
    for requirement in dict.fromkeys(requirements):
        found = REQUIREMENT.fullmatch(requirement.strip())
        if found is None:
            raise SystemExit(f"{requirement}: a dependency needs a lower bound")
        yield f"{found['name']}=={found['version']}{found['marker'] or ''}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or ["lowest"]))
